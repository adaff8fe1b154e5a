// Runs in the page before its own scripts. Times are milliseconds on the page's clock, which starts with the visit.
// seen: the first frame with the picture. pressed: the last press of the button. Since then,
// painted: the first frame after the first change in .st-key-grid; changed: the last change in .st-key-numbers.
{
  const watch = { seen: 0, pressed: 0, painted: 0, changed: 0 };
  const roots = new WeakSet();
  window.stopwatch = watch;

  const pictures = () => [...document.querySelectorAll(".st-key-grid *")].map((node) => node.shadowRoot).filter(Boolean);

  // The picture is a token grid with cells in it, or the bare app's button.
  window.pictured = () => {
    const bare = document.querySelector(".st-key-grid button");
    const cell = bare ?? pictures().filter((root) => !root.left).map((root) => root.querySelector("[role=gridcell]")).find(Boolean);
    return Boolean(cell?.getBoundingClientRect().height);
  };

  // Before another page is opened: what still stands there of this one is not the other's picture.
  window.leave = () => pictures().forEach((root) => { root.left = true; });

  const look = () => {
    if (window.pictured()) watch.seen = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  const onNextFrame = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  });

  const repainted = new MutationObserver(() => {
    if (watch.painted || !watch.pressed) return;
    const press = watch.pressed;
    onNextFrame(() => { if (press === watch.pressed) watch.painted ||= performance.now(); });
  });

  const changed = new MutationObserver((changes) => {
    const inside = (node) => (node instanceof Element ? node : node.parentElement)?.closest(".st-key-numbers");
    if (changes.some((change) => inside(change.target))) watch.changed = performance.now();
  });

  const everything = { subtree: true, childList: true, characterData: true, attributes: true };

  addEventListener("DOMContentLoaded", () => changed.observe(document.body, everything));
  addEventListener("pointerdown", (event) => {
    Object.assign(watch, { pressed: event.timeStamp, changed: 0, painted: 0 });
    for (const root of pictures().filter((root) => !roots.has(root))) {
      repainted.observe(root, everything);
      roots.add(root);
    }
  }, true);
}
