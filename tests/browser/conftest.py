"""The whole app in a real Chromium. A test with `page` fails on any fault that it does not take out of `faults`."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from benchmarks.chromium import ROOT, Server, executable, launch, serving, settled, wait_until_ready


class View(NamedTuple):
    """One way to look at the app."""

    scheme: str = "light"
    width: int = 1280
    height: int = 800

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}"


VIEWS = [View("light"), View("dark"), View("light", 390, 844), View("dark", 390, 844)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(ROOT / "tests" / "browser")]
    for item in here:
        item.add_marker(pytest.mark.browser)
    if not executable() and not os.environ.get("CI"):
        for item in here:
            item.add_marker(
                pytest.mark.skip(reason="no Chromium: apt-get install chromium, or set CHROMIUM to its path")
            )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """server.py, warm; a traceback in its log fails the run."""
    with serving(ROOT / "server.py") as running:
        wait_until_ready(running)
        yield running
        assert not running.faults()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def faults() -> list[str]:
    """What the browser complained of in this test; it must be empty in the end."""
    return []


@pytest.fixture
def open_view(browser: Browser, server: Server, faults: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens a visitor of its own: `open_view(View("dark"))`."""
    opened = []

    def open_(view: View = View()) -> Page:  # noqa: B008 (a NamedTuple is immutable)
        context = browser.new_context(
            base_url=server.url,
            color_scheme=view.scheme,  # pyright: ignore[reportArgumentType]
            viewport={"width": view.width, "height": view.height},
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened.append(context)
        return watched(context.new_page(), server.url, faults)

    yield open_
    for context in opened:
        context.close()
    assert not faults


@pytest.fixture
def page(open_view: Callable[..., Page]) -> Page:
    """A visitor in light, at 1280 × 800."""
    return open_view()


@pytest.fixture(params=VIEWS, ids=str)
def page_in_each_view(open_view: Callable[..., Page], request: pytest.FixtureRequest) -> Page:
    """A visitor in light and in dark, at a desk and on a phone."""
    return open_view(request.param)


@pytest.fixture
def goto() -> Callable[..., Page]:
    """`goto(page, "causal-lm?shift=2")` opens a page of the app and waits until it has settled."""

    def goto_(page: Page, path: str = "") -> Page:
        page.goto(f"/{path}")
        settled(page)
        return page

    return goto_


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: the accessibility rules that the page breaks, each with its first element."""

    def broken(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [f"{rule['id']} × {len(rule['nodes'])}: {rule['nodes'][0]['html'][:200]}" for rule in found]

    return broken


def watched(page: Page, home: str, faults: list[str]) -> Page:
    """Note the page's console errors, its failed requests and those that leave this machine."""

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:  # those come as responses too
            faults.append(f"console: {message.text}")

    def response(answer: Response) -> None:
        # On a deep link Streamlit's page looks for its server under the page's path before it looks under the root.
        if answer.status >= 400 and "/_stcore/" not in answer.url:
            faults.append(f"{answer.status}: {answer.url}")

    def request(asked: Request) -> None:
        if not asked.url.startswith((home, home.replace("http", "ws"), "data:", "blob:")):
            faults.append(f"foreign request: {asked.url}")

    page.on("console", console)
    page.on("response", response)
    page.on("request", request)
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    return page
