// Runs in the page before its own scripts. Times are milliseconds on the page's clock.
// pressed: the last press of the button. changed: the last change inside .st-key-numbers since then.
// painted: the first frame on screen after the first change inside .st-key-grid since then.
{
  const watch = { pressed: 0, changed: 0, painted: 0, roots: new WeakSet() };
  window.stopwatch = watch;

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
    for (const node of document.querySelectorAll(".st-key-grid *")) {
      if (node.shadowRoot && !watch.roots.has(node)) repainted.observe(node.shadowRoot, everything);
      if (node.shadowRoot) watch.roots.add(node);
    }
  }, true);
}
