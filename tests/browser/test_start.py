"""The server answers, guards itself, and its first page is clean in every view."""

import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page

from benchmarks.chromium import Server


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    with urllib.request.urlopen(server.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "'unsafe-eval'" not in policy and "script-src 'self'" in policy


@pytest.mark.parametrize("path", ["_stcore/metrics", "_stcore/agent/openapi.json", "_stcore/upload_file/a/b"])
def test_routes_without_a_use_are_closed(server: Server, path: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/{path}")


def test_home_is_accessible_and_fits(
    page_in_each_view: Page, goto: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    page = goto(page_in_each_view)
    assert not axe(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth + 1")
