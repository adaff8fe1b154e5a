"""`python -m benchmarks` measures the app and a bare one, in turns, and prints one table."""

import sys
from collections.abc import Callable
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks import measure
from benchmarks.chromium import Server, launch, serving
from benchmarks.measure import BARE, LOSSVIZ, App
from benchmarks.table import Figure, percentile_95, table

STARTS, VISITS, CLICKS, CHANGES, SESSIONS = 3, 5, 30, 7, 10


def starts(browser: Browser) -> list[Figure]:
    """Cold servers, and the visitor who comes as soon as health answers."""
    seen: dict[App, list[tuple[float, float]]] = {BARE: [], LOSSVIZ: []}
    for _ in range(STARTS):
        for app, rows in seen.items():
            with serving(app.script) as server:
                rows.append((1000 * server.seconds_to_health, measure.first_picture(browser, server, app)))
    (bare_health, bare_first), (health, first) = (map(median, zip(*rows, strict=True)) for rows in seen.values())
    return [
        Figure("server start → health", "ms", health, bare_health, target=1.3),
        Figure("first visitor of a cold server → picture", "ms", first, bare_first, target=2),
    ]


def visits(browser: Browser, ours: Server, bare: Server) -> list[Figure]:
    """New visitors of warm servers."""
    in_turns(lambda: measure.first_picture(browser, ours, LOSSVIZ), lambda: 0.0, 1)  # the very first one warms both
    pictures = in_turns(
        lambda: measure.first_picture(browser, ours, LOSSVIZ), lambda: measure.first_picture(browser, bare, BARE), VISITS
    )
    sizes = measure.first_bytes(browser, ours, LOSSVIZ), measure.first_bytes(browser, bare, BARE)
    return [
        Figure("first picture", "ms", *map(median, pictures), target=1.35),
        Figure("bytes of a first visit", "kB", *sizes, target=1.15),
    ]


def in_turns(ours: Callable[[], float], bare: Callable[[], float], times: int) -> tuple[list[float], list[float]]:
    """Both, one after the other, so that a busy moment of the machine meets both."""
    pairs = [(ours(), bare()) for _ in range(times)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def main() -> int:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        figures = starts(browser)
        with serving(LOSSVIZ.script) as ours, serving(BARE.script) as bare:
            figures += visits(browser, ours, bare)
        browser.close()
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
