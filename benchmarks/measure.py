"""One function for one figure. Times are milliseconds, sizes are kB or MB; each is taken from a real browser.

The page itself holds the watch (stopwatch.js): asking from outside whether something is there yet would blur the times.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Locator, Page

from benchmarks.chromium import ROOT, Server, settled

STOPWATCH = Path(__file__).with_name("stopwatch.js")


@dataclass(frozen=True)
class App:
    """What is measured: the script, its page, and what the clicks go to in turn."""

    script: Path
    path: str
    title: str
    targets: str


BARE = App(ROOT / "benchmarks" / "bare.py", "", "", ".st-key-grid button")
LOSSVIZ = App(ROOT / "server.py", "masked-lm", "Masked LM", ".st-key-grid .row.editable [role=gridcell]")


@dataclass(frozen=True)
class Click:
    """One click: to the clicked thing's new look, to the last change of the numbers, and the server's part of it."""

    repaint: float
    numbers: float
    server: float


@contextlib.contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """Somebody who was never here before: empty cache, no cookie."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(path=STOPWATCH)
    yield context.new_page()
    context.close()


def at(page: Page, server: Server, app: App) -> Page:
    """The visitor on the app's page, settled."""
    page.goto(f"{server.url}/{app.path}")
    page.wait_for_function("() => window.stopwatch.seen")
    settled(page)
    return page


def first_picture(browser: Browser, server: Server, app: App) -> float:
    """From entering the address to seeing the picture."""
    with visitor(browser) as page:
        page.goto(f"{server.url}/{app.path}")
        page.wait_for_function("() => window.stopwatch.seen")
        return page.evaluate("window.stopwatch.seen")


def first_bytes(browser: Browser, server: Server, app: App) -> float:
    """Everything that comes over the line until a first visit has settled, in kB."""
    received = []
    with visitor(browser) as page:
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        wire.on("Network.webSocketFrameReceived", lambda event: received.append(size(event["response"])))
        at(page, server, app).wait_for_load_state("networkidle")
    return sum(received) / 1000


def size(frame: dict[str, str]) -> int:
    """Bytes of a websocket frame: the protocol of the browser's tools hands a binary one over in base64."""
    return len(frame["payloadData"]) * 3 // 4


def clicks(page: Page, app: App, times: int) -> list[Click]:
    """Click `times` times, on one target after the other, and wait each time for the new numbers."""
    frames: list[tuple[str, float]] = []
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    for way in ("Sent", "Received"):
        wire.on(f"Network.webSocketFrame{way}", lambda event, way=way: frames.append((way, event["timestamp"])))
    targets = page.locator(app.targets)
    return [click(page, targets.nth(i % targets.count()), frames) for i in range(times)]


def click(page: Page, target: Locator, frames: list[tuple[str, float]]) -> Click:
    before = page.locator(".st-key-numbers").inner_text()
    page.wait_for_timeout(100)  # a person looks before the next click
    frames.clear()
    target.click()
    page.wait_for_function("old => document.querySelector('.st-key-numbers').innerText !== old", arg=before)
    settled(page)
    page.wait_for_timeout(50)
    watch = page.evaluate("window.stopwatch")
    sent = [at for way, at in frames if way == "Sent"]
    received = [at for way, at in frames if way == "Received"]
    return Click(
        repaint=watch["painted"] - watch["pressed"],
        numbers=watch["changed"] - watch["pressed"],
        server=1000 * (received[-1] - sent[0]),
    )


def page_change(page: Page, app: App) -> float:
    """From a click in the menu on the app's page to its picture; the visitor comes from another page."""
    by_menu(page, "causal-lm", "Causal LM")
    return by_menu(page, app.path, app.title)


def by_menu(page: Page, path: str, title: str) -> float:
    """Go to another page of the app by its menu, until its title and its picture stand there; how long that took."""
    page.evaluate("() => leave()")
    page.locator(f"[data-testid=stSidebarNavLink][href$='/{path}']").click()
    there = "title => document.querySelector('h1')?.innerText === title && pictured() && performance.now()"
    seen = page.wait_for_function(there, arg=title).json_value()
    settled(page)
    return seen - page.evaluate("window.stopwatch.pressed")


def memory(server: Server) -> float:
    """Resident memory of the server, in MB."""
    return psutil.Process(server.process.pid).memory_info().rss / 1e6


def memory_per_session(browser: Browser, server: Server, app: App, sessions: int) -> float:
    """What each of some more visitors, all staying, adds to the server, in MB."""
    before = memory(server)
    with contextlib.ExitStack() as stack:
        for _ in range(sessions):
            at(stack.enter_context(visitor(browser)), server, app)
        return (memory(server) - before) / sessions
