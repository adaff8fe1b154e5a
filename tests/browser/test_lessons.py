"""The lessons under mouse and keys, as a learner uses them: every deed shows in the numbers and in the link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.chromium import settled

Goto = Callable[..., Page]


def numbers(page: Page) -> Locator:
    return page.locator(".st-key-numbers")


def chip(page: Page, name: str) -> Locator:
    return page.locator(".st-key-grid").get_by_role("gridcell", name=name, exact=True)


def address(page: Page, *parts: str) -> None:
    """Wait until the link holds each part."""
    for part in parts:
        page.wait_for_function("part => location.search.slice(1).split('&').includes(part)", arg=part)


def test_a_click_hides_a_token_and_the_loss_answers(page: Page, goto: Goto) -> None:
    goto(page, "masked-lm?actions=000000000000")
    expect(numbers(page)).to_contain_text("0 / 12")
    chip(page, "token 6, kite, in the text").click()
    expect(numbers(page)).to_contain_text("1 / 12")
    address(page, "actions=000001000000")
    expect(chip(page, "token 6, kite, hidden, scored")).to_be_visible()


def test_a_shift_click_takes_the_range(page: Page, goto: Goto) -> None:
    goto(page, "masked-lm?actions=000000000000")
    chip(page, "token 2, had, in the text").click()
    address(page, "actions=010000000000")
    chip(page, "token 5, red, in the text").click(modifiers=["Shift"])
    address(page, "actions=011110000000")
    expect(numbers(page)).to_contain_text("4 / 12")


def test_keys_do_what_the_mouse_does(page: Page, goto: Goto) -> None:
    goto(page, "masked-lm?actions=000000000000&at=0")
    chip(page, "token 1, Anna, in the text").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    address(page, "actions=010000000000")
    page.keyboard.press("Enter")
    address(page, "actions=020000000000")
    expect(numbers(page)).to_contain_text("1 / 12")


def test_fast_clicks_are_all_counted(page: Page, goto: Goto) -> None:
    """Each click is sent before the last one is answered; none may undo another."""
    goto(page, "masked-lm?actions=000000000000")
    for token in ("1, Anna", "3, a", "5, red", "8, She", "10, it"):
        chip(page, f"token {token}, in the text").click()
    address(page, "actions=101010010100")
    expect(numbers(page)).to_contain_text("5 / 12")


def test_spans_are_drawn_by_dragging(page: Page, goto: Goto) -> None:
    goto(page, "span-corruption?spans=000000000000")
    start, end = (chip(page, f"token {name}, in the text").bounding_box() for name in ("4, small", "6, kite"))
    assert start and end
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 10, end["y"] + 10, steps=6)
    page.mouse.up()
    address(page, "spans=000111000000")
    expect(numbers(page)).to_contain_text("5 / 13")
    expect(page.locator(".st-key-grid").get_by_text("⟨X⟩").first).to_be_visible()


def test_a_cell_of_the_matrix_opens_and_the_loss_is_computed_again(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm?model=leaky")
    before = numbers(page).inner_text()
    canvas = page.locator(".st-key-matrix canvas")
    box = canvas.bounding_box()
    assert box
    side = box["width"] / 12
    canvas.click(position={"x": 5.5 * side, "y": 4.5 * side})
    address(page, "open=4-5")
    expect(numbers(page)).not_to_have_text(before)


def test_back_undoes_the_last_step(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm")
    before = numbers(page).inner_text()
    page.get_by_text("0, a bug").click()
    address(page, "shift=0")
    expect(numbers(page)).to_contain_text("12 scored")
    page.go_back()
    expect(numbers(page)).to_contain_text("11 scored")
    assert numbers(page).inner_text() == before


@pytest.mark.parametrize(
    "link",
    [
        "causal-lm?text=The+opposite+of+hot+is+cold.&shift=2&padding=2&open=1-3&at=2&guess=5.5&code=1",
        "masked-lm?actions=100200000003&at=3&look=orders",
        "span-corruption?spans=100110000001&final=1&look=lengths&length=256",
    ],
)
def test_a_link_opens_the_same_page_in_another_browser(open_view: Callable[..., Page], goto: Goto, link: str) -> None:
    one, other = open_view(), open_view()
    goto(one, link)
    goto(other, one.url.split("/", 3)[3])
    for part in ("numbers", "panel", "predict", "equation", "grid"):
        assert one.locator(f".st-key-{part}").inner_text() == other.locator(f".st-key-{part}").inner_text()
    assert one.url == other.url


def test_the_button_copies_the_link(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm?shift=2")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_guess_is_locked_and_stays_beside_the_truth(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm")
    page.get_by_label("Your number, nats").fill("5,5")
    page.get_by_role("button", name="Lock").click()
    address(page, "guess=5.5")
    expect(page.locator(".st-key-predict")).to_contain_text("7.92")
    page.reload()
    settled(page)
    expect(page.locator(".st-key-predict")).to_contain_text("5.5")


def test_a_presenter_steps_with_the_keys(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm?present=1")
    bar = page.locator(".st-key-presenter")
    expect(bar).to_contain_text("What do you expect to see?")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    page.keyboard.press("Space")
    expect(bar).not_to_contain_text("What do you expect to see?")
    page.keyboard.press("ArrowRight")
    address(page, "step=1")
    expect(bar.get_by_role("button", name="Back")).to_be_enabled()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => !location.search.includes('step')")


def test_training_with_a_hole_runs_and_can_be_cancelled(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm?mask=hole&look=train")
    panel = page.locator(".st-key-panel")
    panel.get_by_role("button", name="Train with this mask").click()
    expect(panel.get_by_text("running")).to_be_visible(timeout=30_000)
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_text("cancelled")).to_be_visible(timeout=30_000)
    expect(panel.get_by_role("button", name="Train with this mask")).to_be_enabled()


def test_a_proof_leads_to_its_state_in_a_tab_of_its_own(page: Page, goto: Goto) -> None:
    goto(page, "causal-lm")
    link = page.get_by_role("link", name="See it live").nth(1)
    with page.context.expect_page() as opened:
        link.click()
    settled(opened.value)
    expect(numbers(opened.value)).to_contain_text("12 scored")
    assert opened.value.url == f"{page.url}{str(link.get_attribute('href')).removeprefix('causal-lm')}"
