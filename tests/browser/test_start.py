"""Every page in every view: clean, accessible, and no wider than the screen."""

from collections.abc import Callable

from playwright.sync_api import Page


def test_home_is_accessible_and_fits(
    page_in_each_view: Page, goto: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    page = goto(page_in_each_view)
    assert not axe(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth + 1")
