// The token grid: rows of chips, bars and lines over shared columns; a long text wraps into further blocks of the same
// rows. A click is painted at once and sent; what Python answers is the truth.

const GLYPHS = { replaced: "✎", kept: "✓", ignored: "–" };
const grids = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
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
    this.blocks.onfocusin = (event) => this.focused(event);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.root);
    this.watch.observe(this.probe);
  }

  close() {
    this.watch.disconnect();
    clearTimeout(this.talk.late);
  }

  receive({ grid, n }) {
    if (!this.talk.isCurrent(n)) return;
    this.grid = grid;
    this.values = grid.edit?.values ?? [];
    this.chosen = grid.chosen ?? null;
    if (this.stroke) this.stroke.before = this.values;
    this.layout();
  }

  // ---- layout: how wide each column is, and where the text wraps

  resize() {
    const size = `${this.root.clientWidth} ${this.probe.offsetWidth}`;
    if (this.grid && size !== this.size) this.layout();
    this.size = size;
  }

  layout() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const room = this.root.clientWidth;
    const narrow = room < 30 * rem;
    const gap = Math.round(0.25 * rem);
    const least = this.naturalWidths(rem, gap);
    const label = this.labelWidth(rem);
    const free = narrow ? Infinity : room - label - gap;
    const blocks = wrap(least, free - 4, gap, this.goodBreaks());
    const widths = level(least, blocks, free - 4, gap, narrow ? 0 : Math.round(4.5 * rem));
    this.root.classList.toggle("narrow", narrow);
    this.build(blocks);
    this.fit(widths, gap, label);
    this.paint();
  }

  // Labels stand on one line if they can, and on two if that leaves more room to the tokens.
  labelWidth(rem) {
    this.pen.font = `600 ${0.8125 * rem}px ${this.plainFont()}`;
    const texts = this.grid.rows.flatMap((row) => [`${row.strong ?? ""} ${titleOf(row)}`, row.hint ?? ""]);
    const widest = Math.max(...texts.map((text) => this.pen.measureText(text).width));
    return Math.ceil(Math.min(7 * rem, Math.max(3 * rem, widest + 0.75 * rem)));
  }

  plainFont() {
    return getComputedStyle(this.root).fontFamily;
  }

  naturalWidths(rem, gap) {
    const family = getComputedStyle(this.probe).fontFamily;
    const number = `400 ${0.75 * rem}px ${this.plainFont()}`;
    const fonts = {
      chips: `600 ${0.875 * rem}px ${family}`,
      bars: number,
      signed: number,
      lines: `400 ${0.6875 * rem}px ${family}`,
    };
    const least = new Array(this.grid.columns).fill(Math.round(2.75 * rem));
    const wide = [];
    for (const row of this.grid.rows) {
      this.pen.font = fonts[row.kind];
      for (const slot of row.slots ?? []) {
        const need = Math.max(...cellsOf(slot).map((cell) => this.cellWidth(cell, row, rem)));
        const count = slot.cells?.length ?? 1;
        wide.push([slot, need * count + gap * (count - 1)]);
      }
    }
    wide.sort(([one], [other]) => (one.span ?? 1) - (other.span ?? 1));
    for (const [slot, need] of wide) widen(least, slot, need, gap);
    return least;
  }

  cellWidth(cell, row, rem) {
    const glyph = row.kind === "chips" ? glyphOf(cell, row) : "";
    const texts = cell.lines ?? [glyph + (cell.text ?? "")];
    const padding = (row.kind === "chips" ? 0.875 : 0.25) * rem + (glyph && cell.text ? 0.375 * rem : 0);
    return Math.ceil(Math.min(9 * rem, Math.max(...texts.map((text) => this.pen.measureText(text).width)) + padding));
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

  build(blocks) {
    const narrow = this.root.classList.contains("narrow");
    const shape = this.grid.rows.map((row) => [row.kind, (row.slots ?? []).map((s) => [s.start, s.span, s.cells?.length])]);
    const signature = JSON.stringify([blocks, narrow, shape]);
    if (signature === this.signature) return;
    const hadFocus = this.blocks.contains(this.root.getRootNode().activeElement);
    this.signature = signature;
    this.views = [];
    this.blocks.replaceChildren(...blocks.map((block) => this.buildBlock(block)));
    if (hadFocus) this.viewAt(this.at.row, this.at.column)?.element.focus({ preventScroll: true });
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
    const element = make("div", `row ${row.kind}`, block);
    element.setAttribute("role", "row");
    const label = make("div", "label", element);
    label.setAttribute("role", "rowheader");
    make("b", "", label);
    make("span", "", label);
    make("small", "", label);
    for (const part of partsOf(row, block.start, block.end)) this.buildSlot(part, row, r, element, block);
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

  fit(widths, gap, label) {
    this.root.style.setProperty("--label", `${label}px`);
    this.root.style.setProperty("--gap", `${gap}px`);
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
      [...block.querySelectorAll(".row")].forEach((element, r) => paintRow(element, rows[r]));
    }
    while (this.legend.children.length > legend.length) this.legend.lastChild.remove();
    legend.forEach((entry, i) => paintLegend(this.legend.children[i] ?? legendEntry(this.legend), entry));
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
    PAINT[row.kind](view.parts, cell, row);
  }

  paintEdited() {
    for (const view of this.views) if (this.grid.rows[view.r].slots[view.index].faces) this.paintCell(view);
  }

  paintChosen() {
    const first = this.grid.rows.findIndex((row) => row.kind === "chips" && row.selectable !== false);
    for (const view of this.views) {
      const lit = view.column === this.chosen;
      if (this.grid.rows[view.r].selectable !== false) mark(view.element, "aria-selected", lit);
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

  // ---- pointing: a press on an editable row begins a stroke, which takes every column between its ends

  viewOf(element) {
    const cell = element?.closest?.(".cell");
    return this.views.find((view) => view.element === cell);
  }

  press(event) {
    const view = this.viewOf(event.target);
    if (!view || event.button || !this.grid.rows[view.r].editable) return;
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
    this.commit();
    this.talk.expect();
    this.announce(stroke);
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
    if (view && !(this.grid.rows[view.r].editable && event.detail)) this.act(view);
  }

  act(view) {
    const row = this.grid.rows[view.r];
    if (row.editable) {
      this.stroke = this.begin(view.column);
      this.previewStroke();
      this.release();
    } else if (row.selectable !== false && view.column !== this.chosen) {
      this.chosen = view.column;
      this.commit();
      say(this.live, `token ${view.column + 1} chosen`);
    }
  }

  commit() {
    this.paintChosen();
    this.talk.send(this.setStateValue, { values: this.values, chosen: this.chosen });
  }

  announce({ from, to, value }) {
    const [low, high] = [Math.min(from, to) + 1, Math.max(from, to) + 1];
    say(this.live, `${low === high ? `token ${low}` : `tokens ${low} to ${high}`}: ${this.grid.edit.words[value]}`);
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
    if (acts) return event.repeat || this.act(view);
    const next = move();
    next?.element.focus();
    if (next && event.shiftKey && this.grid.rows[view.r].editable) this.extend(view, next);
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
    for (const view of this.views) if (view.element.tabIndex !== (view === stop ? 0 : -1)) view.element.tabIndex = view === stop ? 0 : -1;
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

function widen(least, { start, span = 1 }, need, gap) {
  const have = least.slice(start, start + span).reduce((sum, width) => sum + width, gap * (span - 1));
  const more = Math.ceil(Math.max(0, need - have) / span);
  for (let column = start; column < start + span; column++) least[column] += more;
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
    let end = start + 1;
    for (let used = least[start]; end < least.length && used + gap + least[end] <= free; end++) used += gap + least[end];
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
    fill.hidden = cell.value === undefined && !endless;
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
  return cell.glyph || (cell.text && (cell.role || row.role) === "ignored" ? "" : GLYPHS[cell.role || row.role]) || "";
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

function paintRow(element, row) {
  element.classList.toggle("own", Boolean(row.editable || (row.slots ?? []).some((slot) => slot.faces)));
  element.classList.toggle("editable", Boolean(row.editable));
  element.classList.toggle("selectable", row.selectable !== false);
  mark(element, "data-role", row.role);
  const [strong, label, hint] = element.firstChild.children;
  say(strong, row.strong ? `${row.strong} ` : "");
  say(label, titleOf(row));
  say(hint, row.hint ?? "");
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
