"""Whatever is typed comes back as text: nothing runs, nothing breaks, and nothing is fetched (`page` sees to that)."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from benchmarks.chromium import debounced, settled
from lossviz.lessons.table import LESSONS

CODE = [
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1><svg onload=window.ran=1>",
    '"><iframe srcdoc="<script>parent.ran=1</script>">',
    "![seen](https://example.org/seen.png) [press](javascript:window.ran=1)",
    r"$\href{javascript:window.ran=1}{x}$ $$\includegraphics{https://example.org/x.png}$$ $\frac{",
    "**bold** `code` :red[red] :material/home: # head\n- list | table | --- {{7*7}} {loss:.2f} ${window.ran=1}",
]
TEXT = [
    "",
    "a",
    "word " * 2000,
    "👩\u200d👩\u200d👧\u200d👦 family 🏳️\u200d🌈",
    "שלום \u202eevil\u202c עולם",
    "tab\tNUL\x00 bell\x07 \ufffe \U000e0041",
    "[MASK] <extra_id_0> <s> </s> <pad> <unk>",
    "e\u0301" + "\u0301" * 200,
]


@pytest.mark.parametrize("lesson", LESSONS)
def test_whatever_is_typed_is_shown_and_never_run(page: Page, goto: Callable[..., Page], lesson: str) -> None:
    goto(page, lesson)
    field = page.get_by_role("textbox", name="Your text")
    for text in [*CODE, *TEXT]:
        field.fill(text)
        field.press("Enter")
        debounced(page)
        assert_unharmed(page, text)


@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("text", [CODE[0], CODE[3], TEXT[5], TEXT[6]])
def test_whatever_a_link_carries_is_shown_and_never_run(
    page: Page, goto: Callable[..., Page], lesson: str, text: str
) -> None:
    goto(page, f"{lesson}?text={quote(text)}")
    assert_unharmed(page, text)


def test_a_link_of_nonsense_opens_the_page_with_a_word(page: Page, goto: Callable[..., Page]) -> None:
    goto(page, "causal-lm?text=%ED%A0%80%FF&shift=-1&padding=1e99&open=x&at=NaN&seed=99999999999&what=%3Cscript%3E")
    settled(page)
    assert_unharmed(page, "nonsense")


def assert_unharmed(page: Page, text: str) -> None:
    assert not page.get_by_test_id("stException").count(), f"a traceback for {text[:60]!r}"
    assert page.evaluate("window.ran === undefined"), f"the page ran {text[:60]!r}"
    assert page.get_by_role("heading", level=1).count() == 1, f"the page lost its head over {text[:60]!r}"


TYPE_HALF_A_PAIR = """(field) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, "The \\ud800 cat");
    field.dispatchEvent(new Event("input", { bubbles: true }));
}"""


def test_half_a_surrogate_pair_is_replaced_and_the_rest_is_read(page: Page, goto: Callable[..., Page]) -> None:
    """A browser can hold it, UTF-8 cannot: Streamlit alone would drop the message and the page stay as it was."""
    goto(page, "causal-lm")
    field = page.get_by_role("textbox", name="Your text")
    field.evaluate(TYPE_HALF_A_PAIR)
    field.press("Enter")
    page.wait_for_function("() => location.search.includes('The+%EF%BF%BD+cat')")
    assert_unharmed(page, "half a pair")
