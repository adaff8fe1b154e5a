"""Every page in every view: live, accessible and no wider than the screen; and the first minute of a cold process."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.chromium import ROOT, serving, settled

PATHS = ["", *sorted(path.stem.replace("_", "-") for path in (ROOT / "pages").glob("*.py") if path.stem != "home")]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_live_accessible_and_fits(
    page_in_each_view: Page, goto: Callable[..., Page], axe: Callable[[Page], list[str]], path: str
) -> None:
    page = goto(page_in_each_view, path)
    assert not page.get_by_test_id("stException").count()
    assert not page.get_by_text("Recorded:").count()
    assert not axe(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth + 1")


@pytest.mark.parametrize("script", ["server.py", "app.py"])
def test_the_first_visitor_of_a_cold_process_sees_words_at_once_and_live_numbers_soon(
    browser: Browser, script: str
) -> None:
    with serving(ROOT / script) as server, browser.new_page() as page:
        page.goto(f"{server.url}/causal-lm")
        page.get_by_role("heading", name="Causal LM", level=1).wait_for()
        page.get_by_text("Recorded:").wait_for(state="detached", timeout=60_000)
        settled(page)
        assert page.locator(".st-key-numbers").inner_text()
        assert not server.faults()
