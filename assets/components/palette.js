// What both pictures need: the page's look, small DOM helpers, and the talk with the server.

// Light or dark is read off the page's background, so a switch of the theme needs no reload.
function tint(root) {
  const paper = getComputedStyle(root.querySelector(".probe")).backgroundColor;
  const [red, green, blue] = paper.match(/[\d.]+/g).map(Number);
  root.dataset.theme = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
}

function make(tag, className, parent) {
  const element = document.createElement(tag);
  element.className = className;
  parent?.append(element);
  return element;
}

// Attributes and text are written only where they change: an untouched element costs no layout.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function mark(element, name, value) {
  if (value === null || value === undefined || value === "") element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// Events are numbered, and the server answers with the number it has seen. Less than what was sent is an answer to an
// earlier click, to be passed over; less than what was answered before is a new session, which counts from its start.
class Talk {
  constructor(root) {
    this.root = root;
    this.n = 0;
    this.answered = 0;
    this.late = undefined;
  }

  send(setStateValue, pick) {
    this.n += 1;
    setStateValue("pick", { ...pick, n: this.n });
  }

  isCurrent(n) {
    if (n < this.n && n >= this.answered) return false;
    this.n = this.answered = n;
    clearTimeout(this.late);
    this.root.classList.remove("stale");
    return true;
  }

  // What depends on the answer is dimmed, but only if the answer takes long enough to be noticed.
  expect() {
    clearTimeout(this.late);
    this.late = setTimeout(() => this.root.classList.add("stale"), 150);
  }
}
