"""No accessibility fault in the states that a page can be brought into, in light and in dark."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from benchmarks.chromium import settled
from tests.browser.conftest import View

LONG = quote("The quick brown fox jumped over the lazy dog. " * 8)
STATES = [
    "causal-lm?shift=0&guess=5&code=1&look=denominator",
    "causal-lm?model=leaky&mask=hole&look=continue",
    "causal-lm?open=4-5&padding=2&look=train",
    "causal-lm?present=1&shown=1",
    f"causal-lm?text={LONG}&what=1",
    "causal-lm?model=nobody/nothing",
    "masked-lm?rate=60&look=orders",
    "masked-lm?mask=80&random=40",
    "masked-lm?look=beside",
    "span-corruption?final=1&look=matrices",
    "span-corruption?look=cost&text=",
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.split("text=")[0])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_state_is_accessible(
    open_view: Callable[..., Page],
    goto: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    scheme: str,
    state: str,
) -> None:
    assert not axe(goto(open_view(View(scheme)), state))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_is_accessible(
    open_view: Callable[..., Page], goto: Callable[..., Page], axe: Callable[[Page], list[str]], scheme: str
) -> None:
    page = goto(open_view(View(scheme)), "masked-lm")
    page.get_by_text("9. Explain BERT").click()
    page.get_by_text("In two minutes.").filter(visible=True).wait_for()
    settled(page)
    assert not axe(page)
