"""`python -m benchmarks.screenshot causal-lm docs/causal-lm.png [dark]` takes the README's picture."""

import sys

from playwright.sync_api import sync_playwright

from benchmarks.chromium import ROOT, launch, serving, settled, wait_until_ready


def screenshot(path: str, file: str, scheme: str = "light") -> None:
    """Save what a visitor with a 1280 × 800 window sees of the page at `path`, live and settled."""
    with serving(ROOT / "server.py") as server, sync_playwright() as playwright:
        wait_until_ready(server)
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)  # pyright: ignore
        page.goto(f"{server.url}/{path}")
        settled(page)
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    screenshot(*sys.argv[1:])
