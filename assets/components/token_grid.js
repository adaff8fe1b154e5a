// The token grid: rows of chips, bars and lines over shared columns; a long text wraps into further blocks of the same
// rows. A click is painted at once and sent; what Python answers is the truth.

// From roomy to tight, in rem; a text that fits none of them on one line wraps, roomy.
const SIZES = [
  { type: 0.875, number: 0.75, padding: 0.75, least: 2.75, label: 7, gap: 0.25 },
  { type: 0.875, number: 0.75, padding: 0.5, least: 2.5, label: 5.75, gap: 0.25 },
  { type: 0.8125, number: 0.6875, padding: 0.4375, least: 2.25, label: 5.25, gap: 0.1875 },
];
const LINE = 0.6875;
const GLYPHS = { replaced: "✎", kept: "✓", ignored: "–" };
const grids = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!parentElement.isConnected) return; // taken off the page while this script was on its way
  const root = parentElement.querySelector(".lossviz");
  if (!grids.has(root)) grids.set(root, new TokenGrid(root));
  const grid = grids.get(root);
  grid.setStateValue = setStateValue;
  tint(root);
  grid.receive(data);
  return () => {
    grid.close();
    grids.delete(root);
  };
}

class TokenGrid {
  constructor(root) {
    this.root = root;
    this.probe = root.querySelector(".probe");
    this.blocks = make("div", "blocks", root);
    this.legend = make("ul", "legend", root);
    this.live = make("p", "spoken", root);
    this.live.setAttribute("role", "status");
    this.talk = new Talk(root);
    this.pen = document.createElement("canvas").getContext("2d");
    this.views = [];
    this.at = { row: 0, column: 0 };
    this.listen();
  }

  listen() {
    this.blocks.onpointerdown = (event) => this.press(event);
    this.blocks.onpointermove = (event) => this.drag(event);
    this.blocks.onpointerup = () => this.release();
    this.blocks.onpointercancel = () => this.letGo();
    this.blocks.onclick = (event) => this.click(event);
    this.blocks.onkeydown = (event) => this.key(event);
    this.blocks.addEventListener("focusin", (event) => this.focused(event));
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.root);
    this.watch.observe(this.probe);
  }

  close() {
    this.watch.disconnect();
    clearTimeout(this.talk.late);
  }

  // A picture that stands still shows what it is given and takes no clicks.
  receive({ grid, n, still }) {
    if (!this.talk.isCurrent(n)) return;
    this.grid = grid;
    this.still = still;
    const values = grid.edit?.values ?? [];
    if (String(values) !== String(this.values)) this.anchor = null;
    this.values = values;
    this.chosen = grid.chosen ?? null;
    this.layout();
    if (this.stroke) {
      this.stroke.before = values;
      this.previewStroke();
    }
    if (this.said) say(this.live, [this.said, ...this.numbersOf(this.chosen)].join(", "));
    this.said = "";
  }

  edits(row) {
    return Boolean(row.editable && !this.still);
  }

  selects(row) {
    return row.selectable !== false && !this.still;
  }

  // ---- layout: how wide each column is, and where the text wraps

  resize() {
    const size = `${this.root.clientWidth} ${this.probe.offsetWidth}`;
    if (this.grid && size !== this.size) this.layout();
    this.size = size;
  }

  layout() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const narrow = this.root.clientWidth < 30 * rem;
    const plans = SIZES.map((size) => () => this.plan(size, rem, narrow));
    let plan = plans[0]();
    for (let i = 1; i < plans.length && plan.blocks.length > 1; i++) plan = plans[i]();
    if (plan.blocks.length > 1) plan = plans[0]();
    this.root.classList.toggle("narrow", narrow);
    const isNew = this.build(plan.blocks, narrow);
    this.fit(plan);
    this.paint();
    if (isNew && narrow) this.scrollToChosen();
  }

  plan(size, rem, narrow) {
    const gap = Math.round(size.gap * rem);
    const label = this.labelWidth(size, rem);
    const free = narrow ? Infinity : this.root.clientWidth - label - gap - 4;
    const shares = this.measure(size, rem);
    const least = this.leastWidths(shares, gap, Math.round(size.least * rem));
    const blocks = wrap(least, free, gap, this.goodBreaks());
    const widths = level(least, blocks, free, gap, narrow ? 0 : Math.round(4.5 * rem));
    return { size, gap, label, shares, blocks, widths };
  }

  labelWidth(size, rem) {
    this.pen.font = `600 ${0.8125 * rem}px ${getComputedStyle(this.root).fontFamily}`;
    const texts = this.grid.rows.flatMap((row) => [`${row.strong ?? ""} ${titleOf(row)}`, row.hint ?? ""]);
    const widest = Math.max(...texts.map((text) => this.pen.measureText(text).width));
    return Math.ceil(Math.min(size.label * rem, Math.max(3 * rem, widest + 0.75 * rem)));
  }

  // How wide each cell of a slot wants to be. Slots of one place and number of cells share it over all rows, so that a
  // bar stands under its chip.
  measure(size, rem) {
    const code = getComputedStyle(this.probe).fontFamily;
    const plain = getComputedStyle(this.root).fontFamily;
    const number = `400 ${size.number * rem}px ${plain}`;
    const chips = `600 ${size.type * rem}px ${code}`;
    const fonts = { chips, bars: number, signed: number, lines: `600 ${LINE * rem}px ${plain}` };
    const shares = new Map();
    for (const row of this.grid.rows) {
      this.pen.font = fonts[row.kind];
      const padding = (row.kind === "chips" ? size.padding : 0.125) * rem;
      for (const slot of row.slots ?? []) {
        const wants = cellsOf(slot).map((cell) => Math.min(9 * rem, padding + this.textWidth(cell)));
        addShares(shares, slot, slot.faces ? [Math.max(...wants)] : wants);
      }
    }
    return shares;
  }

  textWidth(cell) {
    return Math.max(0, ...(cell.lines ?? [cell.text ?? ""]).map((text) => this.pen.measureText(text).width));
  }

  leastWidths(shares, gap, least) {
    const widths = new Array(this.grid.columns).fill(least);
    const slots = [...shares.values()].sort((one, other) => one.span - other.span);
    for (const { start, span, wants } of slots) {
      const need = wants.reduce((sum, want) => sum + want + gap, -gap);
      const have = widths.slice(start, start + span).reduce((sum, width) => sum + width + gap, -gap);
      const more = Math.ceil(Math.max(0, need - have) / span);
      for (let column = start; column < start + span; column++) widths[column] += more;
    }
    return widths;
  }

  // A block may begin at any column that neither lies inside a slot nor continues a word.
  goodBreaks() {
    const good = new Array(this.grid.columns + 1).fill(true);
    for (const row of this.grid.rows) {
      for (const slot of row.slots ?? []) {
        for (let column = slot.start + 1; column < slot.start + (slot.span ?? 1); column++) good[column] = false;
        if (cellsOf(slot)[0].joined) good[slot.start] = false;
      }
    }
    return good;
  }

  // ---- building: elements stand as long as the structure stands, so that bars grow and focus stays

  build(blocks, narrow) {
    const shape = this.grid.rows.map((row) => [row.kind, (row.slots ?? []).map(placeOf)]);
    const signature = JSON.stringify([blocks, narrow, shape]);
    if (signature === this.signature) return false;
    const hadFocus = this.blocks.contains(this.root.getRootNode().activeElement);
    this.signature = signature;
    this.views = [];
    this.blocks.replaceChildren(...blocks.map((block) => this.buildBlock(block)));
    if (hadFocus) this.viewAt(this.at.row, this.at.column)?.element.focus({ preventScroll: true });
    return true;
  }

  buildBlock([start, end]) {
    const element = make("div", "block");
    element.setAttribute("role", "grid");
    element.start = start;
    element.end = end;
    element.band = make("div", "band", element);
    element.band.setAttribute("role", "presentation");
    this.grid.rows.forEach((row, r) => this.buildRow(row, r, element));
    return element;
  }

  buildRow(row, r, block) {
    const parts = partsOf(row, block.start, block.end);
    if (!parts.length) return;
    const element = make("div", `row ${row.kind}`, block);
    element.setAttribute("role", "row");
    element.r = r;
    const label = make("div", "label", element);
    label.setAttribute("role", "rowheader");
    make("b", "", label);
    make("span", "", label);
    make("small", "", label);
    for (const part of parts) this.buildSlot(part, row, r, element, block);
  }

  buildSlot({ slot, index, start, end, cells }, row, r, parent, block) {
    const element = make("div", "slot", parent);
    element.setAttribute("role", "presentation");
    element.style.setProperty("--from", start - block.start + 1);
    element.style.setProperty("--span", end - start);
    element.classList.toggle("cut-left", start > slot.start);
    element.classList.toggle("cut-right", end < slot.start + (slot.span ?? 1));
    for (const k of cells) {
      const cell = make("div", "cell", element);
      cell.setAttribute("role", "gridcell");
      cell.tabIndex = -1;
      const column = Math.max(start, columnOf(slot, k));
      cell.setAttribute("aria-colindex", column + 1);
      this.views.push({ element: cell, r, index, k, column, parts: furnish(cell, row.kind) });
    }
  }

  fit({ size, gap, label, shares, widths }) {
    const sizes = { label: `${label}px`, gap: `${gap}px`, type: `${size.type}rem`, number: `${size.number}rem` };
    for (const [name, value] of Object.entries(sizes)) this.root.style.setProperty(`--${name}`, value);
    for (const view of this.views) {
      const slot = this.grid.rows[view.r].slots[view.index];
      view.element.style.flexBasis = `${shares.get(placeOf(slot)).wants[view.k]}px`;
    }
    for (const block of this.blocks.children) {
      const mine = widths.slice(block.start, block.end);
      block.style.setProperty("--columns", mine.map((width) => `${width}px`).join(" "));
      block.lefts = mine.map((_, i) => mine.slice(0, i).reduce((sum, width) => sum + width + gap, 0));
      block.widths = mine;
    }
  }

  // ---- painting: numbers and words into the elements

  paint() {
    this.paintFrame();
    for (const view of this.views) this.paintCell(view);
    this.paintChosen();
    this.rove();
  }

  paintFrame() {
    const { rows, columns, label, legend } = this.grid;
    for (const block of this.blocks.children) {
      const range = this.blocks.children.length > 1 ? `, tokens ${block.start + 1} to ${block.end}` : "";
      mark(block, "aria-label", label + range);
      mark(block, "aria-colcount", columns);
      for (const element of block.querySelectorAll(".row")) this.paintRow(element, rows[element.r]);
    }
    while (this.legend.children.length > legend.length) this.legend.lastChild.remove();
    legend.forEach((entry, i) => paintLegend(this.legend.children[i] ?? legendEntry(this.legend), entry));
  }

  paintRow(element, row) {
    element.classList.toggle("own", Boolean(row.editable || (row.slots ?? []).some((slot) => slot.faces)));
    element.classList.toggle("editable", this.edits(row));
    element.classList.toggle("selectable", this.selects(row));
    mark(element, "data-role", row.role);
    const [strong, label, hint] = element.firstChild.children;
    say(strong, row.strong ? `${row.strong} ` : "");
    say(label, titleOf(row));
    say(hint, row.hint ?? "");
  }

  cellOf(view) {
    const slot = this.grid.rows[view.r].slots[view.index];
    return slot.faces ? slot.faces[this.values[slot.start]] : slot.cells[view.k];
  }

  paintCell(view) {
    const row = this.grid.rows[view.r];
    const cell = this.cellOf(view);
    mark(view.element, "data-role", cell.role || row.role || "plain");
    mark(view.element, "aria-label", nameOf(cell, row));
    view.element.classList.toggle("joined", Boolean(cell.joined));
    view.element.classList.toggle("goes-on", Boolean(this.next(view)?.joined));
    PAINT[row.kind](view.parts, cell, row);
  }

  next(view) {
    const slot = this.grid.rows[view.r].slots[view.index + 1];
    return slot?.start === view.column + 1 ? cellsOf(slot)[0] : undefined;
  }

  paintEdited() {
    for (const view of this.views) if (this.grid.rows[view.r].slots[view.index].faces) this.paintCell(view);
  }

  paintChosen() {
    const first = this.grid.rows.findIndex((row) => row.kind === "chips" && row.selectable !== false);
    for (const view of this.views) {
      const lit = view.column === this.chosen;
      mark(view.element, "aria-selected", this.selects(this.grid.rows[view.r]) ? lit : null);
      view.element.classList.toggle("lit", lit && view.r === first);
    }
    for (const block of this.blocks.children) {
      const inside = this.chosen !== null && this.chosen >= block.start && this.chosen < block.end;
      block.band.hidden = !inside;
      if (!inside) continue;
      block.band.style.setProperty("--left", `${block.lefts[this.chosen - block.start]}px`);
      block.band.style.setProperty("--width", `${block.widths[this.chosen - block.start]}px`);
    }
  }

  scrollToChosen() {
    const block = this.blocks.firstChild;
    const left = block.lefts[this.chosen] ?? 0;
    if (left + block.widths[0] > block.clientWidth) block.scrollLeft = left - block.clientWidth / 2;
  }

  // ---- pointing: a press on an editable row begins a stroke, which takes every column between its ends

  viewOf(element) {
    const cell = element?.closest?.(".cell");
    return this.views.find((view) => view.element === cell);
  }

  press(event) {
    const view = this.viewOf(event.target);
    if (!view || event.button || !this.edits(this.grid.rows[view.r])) return;
    view.element.focus({ preventScroll: true });
    if (event.shiftKey && this.anchor) this.stroke = { ...this.anchor, to: view.column };
    else this.stroke = this.begin(view.column);
    this.blocks.setPointerCapture(event.pointerId);
    this.previewStroke();
  }

  begin(column) {
    const value = (this.values[column] + 1) % this.grid.edit.words.length;
    return { before: this.values, from: column, to: column, value };
  }

  drag(event) {
    if (!this.stroke) return;
    const view = this.viewOf(this.root.getRootNode().elementFromPoint(event.clientX, event.clientY));
    if (!view || view.column === this.stroke.to) return;
    this.stroke.to = view.column;
    this.previewStroke();
  }

  previewStroke() {
    const { before, from, to, value } = this.stroke;
    const inside = (column) => column >= Math.min(from, to) && column <= Math.max(from, to);
    this.values = before.map((old, column) => (inside(column) ? value : old));
    this.paintEdited();
  }

  release() {
    if (!this.stroke) return;
    const { stroke } = this;
    this.stroke = null;
    this.anchor = stroke;
    this.chosen = stroke.to;
    this.commit(this.nameOfStroke(stroke));
    this.talk.expect();
  }

  letGo() {
    if (!this.stroke) return;
    this.values = this.stroke.before;
    this.stroke = null;
    this.paintEdited();
  }

  click(event) {
    const view = this.viewOf(event.target);
    // a click without a pointer comes from assistive technology; with one, the press has done an edit already
    if (view && !(event.detail && this.edits(this.grid.rows[view.r]))) this.act(view);
  }

  act(view) {
    const row = this.grid.rows[view.r];
    if (this.edits(row)) {
      this.stroke = this.begin(view.column);
      this.previewStroke();
      this.release();
    } else if (this.selects(row) && view.column !== this.chosen) {
      this.chosen = view.column;
      this.commit(`token ${view.column + 1} chosen`);
    }
  }

  commit(said) {
    this.paintChosen();
    this.said = said;
    say(this.live, said);
    this.talk.send(this.setStateValue, { values: this.values, chosen: this.chosen });
  }

  // What is said aloud of a stroke, and, once the answer is there, of the numbers under the chosen token.
  nameOfStroke({ from, to, value }) {
    const [low, high] = [Math.min(from, to) + 1, Math.max(from, to) + 1];
    return `${low === high ? `token ${low}` : `tokens ${low} to ${high}`}: ${this.grid.edit.words[value]}`;
  }

  numbersOf(column) {
    const views = this.views.filter((view) => view.column === column && "fill" in view.parts);
    return views.map((view) => nameOf(this.cellOf(view), this.grid.rows[view.r]));
  }

  // ---- keys: one tab stop, arrows rove, Shift takes a range along

  key(event) {
    const view = this.viewOf(event.target);
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = this.moves(view)[event.key];
    const acts = event.key === "Enter" || event.key === " ";
    if (!move && !acts) return;
    event.preventDefault();
    event.stopPropagation();
    if (acts && !event.repeat) this.act(view);
    if (move) this.go(view, move(), event.shiftKey);
  }

  go(view, next, extending) {
    next?.element.focus();
    if (next && extending && this.edits(this.grid.rows[view.r])) this.extend(view, next);
  }

  moves(view) {
    const mine = this.views.filter(({ r }) => r === view.r);
    const i = mine.indexOf(view);
    return {
      ArrowLeft: () => mine[i - 1],
      ArrowRight: () => mine[i + 1],
      ArrowUp: () => this.neighbour(view, -1),
      ArrowDown: () => this.neighbour(view, 1),
      Home: () => mine[0],
      End: () => mine.at(-1),
    };
  }

  neighbour(view, step) {
    for (let r = view.r + step; r >= 0 && r < this.grid.rows.length; r += step) {
      const found = this.viewAt(r, view.column);
      if (found) return found;
    }
  }

  viewAt(r, column) {
    return this.views.find((view) => view.r === r && view.column === column);
  }

  extend(view, next) {
    if (next.r !== view.r) return;
    const from = { before: this.values, from: view.column, value: this.values[view.column] };
    this.stroke = { ...(this.anchor?.to === view.column ? this.anchor : from), to: next.column };
    this.previewStroke();
    this.release();
  }

  focused(event) {
    const view = this.viewOf(event.target);
    if (view) this.at = { row: view.r, column: view.column };
    this.rove();
  }

  rove() {
    const stop = this.viewAt(this.at.row, this.at.column) ?? this.views[0];
    for (const view of this.views) mark(view.element, "tabindex", view === stop ? 0 : -1);
  }
}

// ---- slots and columns

function cellsOf(slot) {
  return slot.faces ?? slot.cells;
}

function columnOf(slot, k) {
  const count = slot.cells?.length ?? 1;
  return slot.start + (count === 1 ? 0 : Math.floor(((k + 0.5) * (slot.span ?? 1)) / count));
}

// The parts of a row's slots that fall into one block; a slot on its edge is cut in two.
function partsOf(row, start, end) {
  const parts = (row.slots ?? []).map((slot, index) => {
    const from = Math.max(start, slot.start);
    const to = Math.min(end, slot.start + (slot.span ?? 1));
    const all = (slot.cells ?? [0]).map((_, k) => k);
    const cells = all.length === 1 ? all : all.filter((k) => columnOf(slot, k) >= from && columnOf(slot, k) < to);
    return { slot, index, start: from, end: to, cells };
  });
  return parts.filter((part) => part.start < part.end);
}

function placeOf({ start, span = 1, cells = [0] }) {
  return `${start} ${span} ${cells.length}`;
}

function addShares(shares, slot, wants) {
  const place = placeOf(slot);
  const before = shares.get(place)?.wants ?? [];
  const larger = wants.map((want, k) => Math.max(want, before[k] ?? 0));
  shares.set(place, { start: slot.start, span: slot.span ?? 1, wants: larger });
}

// As few blocks as fit, then as even as they go, so that no single token is left alone on the last one.
function wrap(least, free, gap, good) {
  let blocks = pack(least, free, gap, good);
  for (let tight = free - 8; blocks.length > 1; tight -= 8) {
    const tighter = pack(least, tight, gap, good);
    if (tighter.length > blocks.length) break;
    blocks = tighter;
  }
  return blocks;
}

function pack(least, free, gap, good) {
  const blocks = [];
  for (let start = 0; start < least.length; ) {
    let [end, used] = [start + 1, least[start]];
    while (end < least.length && used + gap + least[end] <= free) used += gap + least[end++];
    let clean = end;
    while (clean > start && !good[clean]) clean--;
    blocks.push([start, clean > start ? clean : end]);
    start = blocks.at(-1)[1];
  }
  return blocks;
}

// Columns of one width as far as the room allows: narrow ones are lifted, together, to the highest level that fits.
function level(least, blocks, free, gap, highest) {
  const fits = (height) =>
    blocks.every(([start, end]) => {
      const widths = least.slice(start, end).map((width) => Math.max(width, height));
      return widths.reduce((sum, width) => sum + width, gap * (end - start - 1)) <= free;
    });
  let height = highest;
  while (height > 0 && !fits(height)) height--;
  return least.map((width) => Math.max(width, height));
}

// ---- one cell

function furnish(cell, kind) {
  if (kind === "lines") return { lines: cell };
  if (kind === "chips") {
    const glyph = make("span", "glyph", cell);
    const text = make("span", "text", cell);
    text.dir = "auto";
    return { glyph, text };
  }
  return { number: make("span", "number", cell), fill: make("i", "fill", cell) };
}

const PAINT = {
  chips({ glyph, text }, cell, row) {
    say(glyph, glyphOf(cell, row));
    say(text, cell.text ?? "");
    mark(text, "title", (cell.text ?? "").length > 12 ? cell.text : null);
  },
  bars({ number, fill }, cell, row) {
    say(number, cell.text ?? "");
    const endless = cell.text === "∞";
    const part = endless ? 1 : Math.min(1, Math.abs(cell.value ?? 0) / peakOf(row));
    fill.classList.toggle("endless", endless);
    fill.classList.toggle("below", (cell.value ?? 0) < 0);
    fill.parentElement.style.setProperty("--part", part.toFixed(4));
    fill.parentElement.classList.toggle("below", (cell.value ?? 0) < 0);
    fill.hidden = !endless && (cell.value ?? null) === null;
  },
  signed(parts, cell, row) {
    PAINT.bars(parts, cell, row);
  },
  lines({ lines }, cell) {
    const words = cell.lines ?? [];
    while (lines.children.length > words.length) lines.lastChild.remove();
    words.forEach((word, i) => {
      const line = lines.children[i] ?? make("span", "line", lines);
      line.dir = "auto";
      say(line, word);
    });
  },
};

function peakOf(row) {
  const values = (row.slots ?? []).flatMap((slot) => cellsOf(slot).map((cell) => Math.abs(cell.value ?? 0)));
  return row.peak || Math.max(...values) || 1;
}

function glyphOf(cell, row) {
  const role = cell.role || row.role;
  return cell.text && role === "ignored" ? "" : (GLYPHS[role] ?? "");
}

function nameOf(cell, row) {
  if (cell.name) return cell.name;
  if (cell.lines) return cell.lines.join(", ");
  if (row.kind === "chips") return cell.text || "nothing";
  return [row.label, cell.text, row.unit].filter(Boolean).join(" ");
}

// ---- labels and legend

function titleOf(row) {
  return row.unit ? `${row.label}, ${row.unit}` : row.label;
}

function legendEntry(list) {
  const entry = make("li", "", list);
  make("i", "swatch", entry).setAttribute("aria-hidden", "true");
  make("span", "", entry);
  return entry;
}

function paintLegend(entry, { role, word }) {
  mark(entry.firstChild, "data-role", role);
  say(entry.firstChild, role === "mask" ? "" : (GLYPHS[role] ?? ""));
  say(entry.lastChild, word);
}
