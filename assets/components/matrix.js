// The matrix: who may look at whom. Cells on a canvas, one sentence about the cell that is pointed at. A click turns a
// cell over at once and is sent; what Python answers is the truth.

const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838"];
const matrices = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  if (!parentElement.isConnected) return; // taken off the page while this script was on its way
  const root = parentElement.querySelector(".lossviz");
  if (!matrices.has(root)) matrices.set(root, new Matrix(root));
  const matrix = matrices.get(root);
  matrix.setStateValue = setStateValue;
  tint(root);
  matrix.receive(data);
  return () => {
    matrix.close();
    matrices.delete(root);
  };
}

class Matrix {
  constructor(root) {
    this.root = root;
    this.canvas = make("canvas", "", root);
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.scale = make("div", "scale", root);
    for (const tag of ["span", "i", "span"]) make(tag, "", this.scale);
    this.words = make("div", "words", root);
    this.caption = make("p", "caption", this.words);
    this.sentence = make("p", "sentence", this.words);
    this.live = make("p", "spoken", root);
    this.live.setAttribute("role", "status");
    this.talk = new Talk(root);
    this.cursor = [0, 0];
    this.listen();
  }

  listen() {
    this.canvas.onpointermove = (event) => this.point(this.cellAt(event));
    this.canvas.onpointerleave = () => this.point(null);
    this.canvas.onclick = (event) => this.click(this.cellAt(event));
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.onfocus = () => this.canvas.matches(":focus-visible") && this.point(this.cursor);
    this.canvas.onblur = () => this.point(null);
    this.watch = new ResizeObserver(() => this.matrix && this.layout());
    this.watch.observe(this.root);
    this.watch.observe(this.root.querySelector(".probe"));
  }

  close() {
    this.watch.disconnect();
    clearTimeout(this.talk.late);
  }

  // A picture that stands still shows what it is given and takes no clicks.
  receive({ matrix, n, still }) {
    if (this.talk.isCurrent(n)) {
      this.matrix = matrix;
      this.editable = Boolean(matrix.editable && !still);
      this.flips = new Set((matrix.flips ?? []).map(([row, column]) => row * this.columns + column));
      this.chosen = matrix.chosen ?? null;
      this.cursor = [Math.min(this.cursor[0], this.rows - 1), Math.min(this.cursor[1], this.columns - 1)];
      this.peak = Math.max(0, ...(matrix.weights ?? []).flat());
    }
    this.layout();
  }

  get rows() {
    return this.matrix.row_names.length;
  }

  get columns() {
    return this.matrix.column_names.length;
  }

  // ---- what a cell is

  isFlipped(row, column) {
    return this.flips.has(row * this.columns + column);
  }

  isOpen(row, column) {
    return this.reason(row, column).allowed !== this.isFlipped(row, column);
  }

  reason(row, column) {
    return this.matrix.reasons[this.matrix.codes[row][column]];
  }

  why(row, column) {
    if (!this.isFlipped(row, column)) return this.reason(row, column).text;
    return this.isOpen(row, column) ? "you opened it" : "you closed it";
  }

  tell([row, column]) {
    const { row_names, column_names, weights } = this.matrix;
    const open = this.isOpen(row, column);
    const share = open && weights ? ` (weight ${Number((weights[row][column] ?? 0).toPrecision(3))})` : "";
    const may = open ? "may look at" : "may not look at";
    return `«${row_names[row]}» ${may} «${column_names[column]}»${share}: ${this.why(row, column)}.`;
  }

  summary() {
    let [open, opened, closed] = [0, 0, 0];
    this.each((row, column) => {
      open += this.isOpen(row, column);
      opened += this.isFlipped(row, column) && this.isOpen(row, column);
      closed += this.isFlipped(row, column) && !this.isOpen(row, column);
    });
    const changed = [opened && `${opened} opened by you`, closed && `${closed} closed by you`].filter(Boolean);
    const size = `${this.rows} by ${this.columns}, row = token that looks`;
    return `${this.matrix.label}: ${size}; ${[`${open} cells open`, ...changed].join(", ")}`;
  }

  each(visit) {
    for (let row = 0; row < this.rows; row++) for (let column = 0; column < this.columns; column++) visit(row, column);
  }

  // ---- size: whole device pixels, so that every gap is alike

  layout() {
    const style = getComputedStyle(this.root);
    const names = ["ink", "paper", "mask", "loss", "hairline"];
    this.colour = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const dots = window.devicePixelRatio || 1;
    const most = rem * (15 + 0.375 * Math.max(0, Math.max(this.rows, this.columns) - 12));
    const pad = Math.round(3 * dots);
    const room = Math.min(this.root.clientWidth * dots - 2 * pad, most * dots);
    const pitch = Math.max(2, Math.min(Math.floor(1.25 * rem * dots), Math.floor(room / Math.max(this.columns, 1))));
    const airy = pitch >= (Math.max(this.rows, this.columns) <= 16 ? 7 : 10) * dots;
    const gap = airy ? Math.round(2 * dots) : pitch >= 5 * dots ? Math.round(dots) : 0;
    const side = pitch - gap;
    this.size = { dots, pad, pitch, gap, side, radius: airy ? Math.min(3 * dots, side / 4) : 0 };
    this.canvas.width = 2 * pad + this.columns * pitch - gap;
    this.canvas.height = 2 * pad + this.rows * pitch - gap;
    this.canvas.style.width = `${this.canvas.width / dots}px`;
    this.canvas.style.height = `${this.canvas.height / dots}px`;
    this.paintWords();
    this.paint();
  }

  paintWords() {
    const { caption, weights } = this.matrix;
    say(this.caption, caption || "The row's token looks, the column's token is looked at.");
    this.root.classList.toggle("editable", this.editable);
    this.scale.hidden = !weights;
    const [low, bar, high] = this.scale.children;
    say(low, "weight 0");
    say(high, String(Number(this.peak.toPrecision(3))));
    bar.style.background = `linear-gradient(to right, ${CIVIDIS.join(", ")})`;
    mark(this.canvas, "aria-label", this.summary());
    this.describe();
  }

  describe() {
    this.words.classList.toggle("pointed", Boolean(this.pointed));
    say(this.sentence, this.pointed ? this.tell(this.pointed) : "");
  }

  // ---- paint

  paint() {
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const looks = { open: new Path2D(), shut: new Path2D(), opened: new Path2D(), closed: new Path2D() };
    this.each((row, column) => this.addCell(looks[this.look(row, column)], row, column));
    this.fillOpen(pen, looks.open);
    this.outline(pen, looks.shut, this.colour.hairline, 1);
    this.fillOpened(pen, looks.opened);
    this.fillClosed(pen, looks.closed);
    this.ringRow(pen);
    if (this.pointed) this.ring(pen, [this.pointed], this.colour.ink);
  }

  look(row, column) {
    const open = this.isOpen(row, column);
    if (this.isFlipped(row, column)) return open ? "opened" : "closed";
    return open ? "open" : "shut";
  }

  corner(row, column) {
    const { pad, pitch } = this.size;
    return [pad + column * pitch, pad + row * pitch];
  }

  // Outlined cells are half a line smaller, so that filled and outlined ones are of one size.
  addCell(path, row, column) {
    const { side, dots, gap, radius } = this.size;
    const [x, y] = this.corner(row, column);
    const inset = this.look(row, column) === "open" || !gap ? 0 : Math.round(dots) / 2;
    const inner = side - 2 * inset;
    if (radius) path.roundRect(x + inset, y + inset, inner, inner, radius);
    else path.rect(x + inset, y + inset, inner, inner);
  }

  fillOpen(pen, path) {
    pen.fillStyle = this.colour.mask;
    pen.globalAlpha = 0.82;
    if (!this.matrix.weights) pen.fill(path);
    pen.globalAlpha = 1;
    if (this.matrix.weights) this.shade(pen);
  }

  shade(pen) {
    this.each((row, column) => {
      if (!this.isOpen(row, column)) return;
      const cell = new Path2D();
      this.addCell(cell, row, column);
      pen.fillStyle = cividis((this.matrix.weights[row][column] ?? 0) / (this.peak || 1));
      pen.fill(cell);
      if (this.size.gap) this.outline(pen, cell, this.colour.hairline, 1);
    });
  }

  outline(pen, path, colour, width) {
    if (!this.size.gap) return;
    pen.strokeStyle = colour;
    pen.lineWidth = Math.max(1, Math.round(width * this.size.dots));
    pen.stroke(path);
  }

  // Opened by the learner: filled, an orange border, and a dot.
  fillOpened(pen, path) {
    const { side, gap } = this.size;
    pen.fillStyle = gap ? this.colour.mask : this.colour.loss;
    if (!this.matrix.weights || !gap) pen.fill(path);
    this.outline(pen, path, this.colour.loss, 2);
    pen.fillStyle = this.colour.paper;
    for (const [row, column] of gap ? this.cells() : []) {
      if (!this.isOpen(row, column)) continue;
      const [x, y] = this.corner(row, column);
      pen.beginPath();
      pen.arc(x + side / 2, y + side / 2, side * 0.18, 0, 7);
      pen.fill();
    }
  }

  // Closed by the learner: empty, an orange border, and a hatch.
  fillClosed(pen, path) {
    pen.save();
    pen.clip(path);
    const lines = new Path2D();
    for (const [row, column] of this.cells()) {
      const [x, y] = this.corner(row, column);
      const { side } = this.size;
      for (let shift = -side; shift < side; shift += Math.max(2, side / 3)) {
        lines.moveTo(x + shift, y + side);
        lines.lineTo(x + shift + side, y);
      }
    }
    pen.strokeStyle = this.colour.loss;
    pen.lineWidth = Math.max(1, this.size.dots);
    pen.stroke(lines);
    pen.restore();
    this.outline(pen, path, this.colour.loss, 1);
  }

  cells() {
    return [...this.flips].map((flip) => [Math.floor(flip / this.columns), flip % this.columns]);
  }

  // What the chosen token sees, outlined cell by cell.
  ringRow(pen) {
    if (this.chosen === null) return;
    const cells = this.matrix.column_names.map((_, column) => [this.chosen, column]);
    this.ring(pen, cells.filter(([row, column]) => this.isOpen(row, column)), this.colour.loss);
  }

  ring(pen, cells, colour) {
    const { dots, side, radius } = this.size;
    pen.strokeStyle = colour;
    pen.lineWidth = Math.max(1, Math.round((radius ? 2 : 1) * dots));
    const out = pen.lineWidth / 2;
    pen.beginPath();
    for (const [row, column] of cells) {
      const [x, y] = this.corner(row, column);
      pen.roundRect(x - out, y - out, side + 2 * out, side + 2 * out, radius && radius + out);
    }
    pen.stroke();
  }

  // ---- pointing and keys

  cellAt({ offsetX, offsetY }) {
    const { dots, pad, pitch } = this.size;
    const row = Math.floor((offsetY * dots - pad) / pitch);
    const column = Math.floor((offsetX * dots - pad) / pitch);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? [row, column] : null;
  }

  point(cell) {
    if (String(cell) === String(this.pointed)) return;
    this.pointed = cell;
    this.describe();
    this.paint();
  }

  click(cell) {
    if (!cell) return;
    this.cursor = cell;
    this.pointed = cell;
    this.flip(cell);
  }

  flip([row, column]) {
    if (!this.editable) return this.describe();
    const cell = row * this.columns + column;
    if (!this.flips.delete(cell)) this.flips.add(cell);
    this.chosen = row;
    this.paintWords();
    this.paint();
    this.talk.send(this.setStateValue, { flips: this.cells(), chosen: row });
    say(this.live, this.tell([row, column]));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = this.cursor;
    const next = {
      ArrowUp: [Math.max(0, row - 1), column],
      ArrowDown: [Math.min(this.rows - 1, row + 1), column],
      ArrowLeft: [row, Math.max(0, column - 1)],
      ArrowRight: [row, Math.min(this.columns - 1, column + 1)],
      Home: [row, 0],
      End: [row, this.columns - 1],
    }[event.key];
    const acts = event.key === "Enter" || event.key === " ";
    if (!next && !acts) return;
    event.preventDefault();
    event.stopPropagation();
    if (acts && !event.repeat) this.flip(this.cursor);
    if (next) this.go(next);
  }

  go(cell) {
    this.cursor = cell;
    this.point(cell);
    say(this.live, this.tell(cell));
  }
}

function cividis(part) {
  const place = Math.min(1, Math.max(0, part)) * (CIVIDIS.length - 1);
  const low = Math.floor(place);
  return mix(CIVIDIS[low], CIVIDIS[Math.min(low + 1, CIVIDIS.length - 1)], place - low);
}

function mix(one, other, part) {
  const channel = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
  const blend = (at) => Math.round(channel(one, at) + (channel(other, at) - channel(one, at)) * part);
  return `rgb(${blend(1)} ${blend(3)} ${blend(5)})`;
}
