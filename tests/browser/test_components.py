"""Token grid and matrix under mouse and keys: first alone, with a server that the test plays, then in Streamlit."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.chromium import Server, serving
from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, Slot, each, each_of
from lossviz.figures.matrix import Matrix, Reason
from ui.component import ASSETS, HTML

GALLERY = Path(__file__).parent / "gallery.py"
WORDS = tuple("Anna had a small red kite . She lost it in the".split())
STAGE = """async ([html, css, js, width, dark]) => {
    document.body.innerHTML = "";
    document.body.style.margin = 0;
    const host = document.body.appendChild(document.createElement("div"));
    host.style.width = width + "px";
    if (dark) host.style.setProperty("--st-background-color", "#0e1117");
    const root = host.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${css}</style>${html}`;
    const module = await import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
    window.host = host;
    window.sent = [];
    window.leaked = [];
    document.onkeydown = (event) => window.leaked.push(event.key);
    const setStateValue = (name, pick) => window.sent.push(pick);
    window.answer = (data) => window.close_ = module.default({ data, parentElement: root, setStateValue });
}"""


class Stage:
    """One component alone, and the server's part in the hands of the test."""

    def __init__(self, page: Page, name: str, width: int = 1000, *, dark: bool = False) -> None:
        self.page, self.kind = page, "grid" if name == "token_grid" else "matrix"
        css, js = (
            "".join((ASSETS / f"{part}.{kind}").read_text(encoding="utf-8") for part in ("palette", name))
            for kind in ("css", "js")
        )
        page.evaluate(STAGE, [HTML, css, js, width, dark])

    def answer(self, figure: Grid | Matrix, n: int = 0, *, still: bool = False) -> None:
        self.page.evaluate("data => window.answer(data)", {self.kind: figure.to_dict(), "n": n, "still": still})

    @property
    def sent(self) -> list[dict[str, Any]]:
        return self.page.evaluate("window.sent")

    def row(self, number: int) -> Locator:
        return self.page.locator(".row").nth(number).locator(".cell")

    def cell(self, name: str) -> Locator:
        return self.page.get_by_role("gridcell", name=name, exact=True)

    def texts(self, number: int) -> list[str]:
        return self.row(number).locator(".text").all_inner_texts()


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def stage(blank: Page) -> Callable[..., Stage]:
    """`stage("token_grid", width=600)`: the component on an empty page."""
    return lambda name, width=1000, *, dark=False: Stage(blank, name, width, dark=dark)


def masked(values: tuple[int, ...] = (0,) * 12, chosen: int | None = None, losses: bool = True) -> Grid:
    faces = [
        (Cell(word, "context", name=f"{word}, visible"), Cell("[M]", "mask", name=f"{word}, hidden")) for word in WORDS
    ]
    loss = each(Cell(value=1.0 + i / 4) for i in range(12))
    rows = (
        Row("chips", "model sees", slots=each_of(faces), editable=True),
        Row("chips", "text", slots=each(Cell(word, "context") for word in WORDS)),
        Row("bars", "loss", slots=loss if losses else (), role="loss", unit="nats"),
    )
    legend = (Legend("mask", "hidden"),)
    return Grid(12, rows, legend, "Masked LM", chosen, Edit(("visible", "hidden"), values))


def hidden(*columns: int) -> tuple[int, ...]:
    return tuple(int(column in columns) for column in range(12))


# --- the token grid: clicks and the talk with the server --------------------------------------------------------------


def test_a_click_is_painted_before_the_server_answers(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.cell("small, visible").click()
    assert grid.texts(0)[3] == "[M]"
    expect(grid.cell("small, hidden")).to_have_attribute("aria-selected", "true")
    assert grid.sent == [{"values": list(hidden(3)), "chosen": 3, "n": 1}]


def test_a_double_click_counts_twice(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).dblclick()
    assert [pick["values"][3] for pick in grid.sent] == [1, 0]
    assert [pick["n"] for pick in grid.sent] == [1, 2]


def test_a_late_answer_to_an_earlier_click_does_not_undo_a_later_one(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).click()
    grid.row(0).nth(5).click()
    grid.answer(masked(hidden(3), 3), n=1)
    assert [grid.texts(0)[i] for i in (3, 5)] == ["[M]", "[M]"]
    grid.answer(masked(hidden(3, 5, 6), 5), n=2)
    assert grid.texts(0)[6] == "[M]"  # the server's word is the last


def test_what_the_server_changes_by_itself_is_taken(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).click()
    grid.answer(masked(hidden(3), 3), n=1)
    grid.answer(masked(hidden(8), 0), n=1)
    assert [i for i, text in enumerate(grid.texts(0)) if text == "[M]"] == [8]


def test_a_new_session_is_believed_though_it_counts_from_zero(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    for n in (1, 2):
        grid.row(0).nth(3).click()
        grid.answer(masked(hidden(3) if n == 1 else hidden(), 3), n=n)
    grid.answer(masked(hidden(8)))
    assert grid.texts(0)[8] == "[M]"
    grid.answer(masked(hidden(9)))
    assert grid.texts(0)[8:10] == ["lost", "[M]"]


def test_a_page_that_comes_back_goes_on_counting(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked(), n=7)
    grid.row(0).nth(0).click()
    assert grid.sent[0]["n"] == 8


def test_rows_that_wait_for_the_answer_are_dimmed_only_when_it_takes_long(browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    grid = Stage(page, "token_grid")
    grid.answer(masked())
    stale = page.locator(".lossviz.stale")
    grid.row(0).nth(3).click()
    page.clock.run_for(140)
    expect(stale).to_have_count(0)
    page.clock.run_for(20)
    expect(stale).to_have_count(1)
    grid.answer(masked(hidden(3)), n=1)
    expect(stale).to_have_count(0)
    context.close()


def test_a_click_elsewhere_only_chooses(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.cell("loss 2.25 nats").click()
    assert grid.sent == [{"values": list(hidden()), "chosen": 5, "n": 1}]
    grid.row(1).nth(5).click()
    assert len(grid.sent) == 1  # it is chosen already


def test_shift_click_takes_the_range_from_the_anchor(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked(hidden(9)))
    grid.row(0).nth(3).click()
    grid.row(0).nth(6).click(modifiers=["Shift"])
    assert grid.sent[-1]["values"] == list(hidden(3, 4, 5, 6, 9))
    grid.row(0).nth(2).click(modifiers=["Shift"])  # the range turns round its anchor
    assert grid.sent[-1]["values"] == list(hidden(2, 3, 9))


def test_a_new_draw_forgets_the_anchor(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).click()
    grid.answer(masked(hidden(0)), n=1)
    grid.row(0).nth(5).click(modifiers=["Shift"])
    assert grid.sent[-1]["values"] == list(hidden(0, 5))


def drag(grid: Stage, *columns: int) -> None:
    for i, column in enumerate(columns):
        box = grid.row(0).nth(column).bounding_box()
        assert box
        grid.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        if i == 0:
            grid.page.mouse.down()


def test_a_drag_takes_a_span_and_is_sent_once(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked(hidden(5)))
    drag(grid, 3, 7, 5)
    assert grid.texts(0)[2:8] == ["a", "[M]", "[M]", "[M]", ".", "She"]
    assert grid.sent == []
    grid.page.mouse.up()
    assert grid.sent == [{"values": list(hidden(3, 4, 5)), "chosen": 5, "n": 1}]
    expect(grid.page.get_by_role("status")).to_have_text("tokens 4 to 6: hidden")


def test_an_answer_in_the_middle_of_a_drag_does_not_break_it(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    drag(grid, 3, 4)
    grid.answer(masked(hidden(9)))
    assert [i for i, text in enumerate(grid.texts(0)) if text == "[M]"] == [3, 4, 9]
    grid.page.mouse.up()
    assert grid.sent[0]["values"] == list(hidden(3, 4, 9))


def test_a_picture_that_stands_still_takes_no_clicks(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked(), still=True)
    grid.row(0).nth(3).click()
    grid.row(1).nth(3).click()
    assert grid.sent == [] and grid.texts(0)[3] == "small"


def test_assistive_technology_clicks_without_a_pointer(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.cell("red, visible").evaluate("cell => cell.click()")
    assert grid.sent[0]["values"] == list(hidden(4))


def test_a_finger_taps_drags_a_span_and_still_scrolls(browser: Browser) -> None:
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    grid = Stage(page, "token_grid", 360)
    grid.answer(masked())
    grid.row(0).nth(2).tap()
    assert grid.sent[-1]["values"] == list(hidden(2))
    swipe(grid, grid.row(0).nth(3), 100)
    page.wait_for_function("window.sent.length === 2")
    assert grid.sent[-1]["values"] == list(hidden(2, 3, 4, 5))
    swipe(grid, grid.row(2).nth(5), -150)
    page.wait_for_function("window.host.shadowRoot.querySelector('.block').scrollLeft > 50")
    assert len(grid.sent) == 2
    context.close()


def swipe(grid: Stage, cell: Locator, distance: int) -> None:
    box = cell.bounding_box()
    assert box
    touch = grid.page.context.new_cdp_session(grid.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for part in range(1, 11):
        point = {"x": x + distance * part / 10, "y": y}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


# --- the token grid: keys -------------------------------------------------------------------------------------------


def focused(grid: Stage) -> str:
    return grid.page.evaluate("window.host.shadowRoot.activeElement?.getAttribute('aria-label')")


def test_one_tab_stop_and_arrows_rove(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    press = grid.page.keyboard.press
    press("Tab")
    assert focused(grid) == "Anna, visible"
    for key, name in [
        ("ArrowRight", "had, visible"),
        ("ArrowDown", "had"),
        ("ArrowDown", "loss 1.25 nats"),
        ("ArrowDown", "loss 1.25 nats"),
        ("End", "loss 3.75 nats"),
        ("ArrowUp", "the"),
        ("Home", "Anna"),
        ("ArrowLeft", "Anna"),
    ]:
        press(key)
        assert focused(grid) == name
    press("End")
    press("Tab")
    press("Shift+Tab")
    assert focused(grid) == "the"  # it comes back to where it was
    assert grid.page.locator(".cell[tabindex='0']").count() == 1
    assert grid.sent == []


def test_enter_and_space_act_and_shift_arrow_extends(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).focus()
    press = grid.page.keyboard.press
    press("Enter")
    press("Shift+ArrowRight")
    press("Shift+ArrowRight")
    press("Shift+ArrowLeft")
    assert grid.sent[-1]["values"] == list(hidden(3, 4))
    press("Space")
    assert grid.sent[-1]["values"] == list(hidden(3))
    grid.row(1).nth(7).focus()
    press("Enter")
    assert grid.sent[-1] == {"values": list(hidden(3)), "chosen": 7, "n": 6}


def test_keys_that_it_uses_do_not_reach_the_page(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    grid.row(0).nth(3).focus()
    for key in ("ArrowRight", "ArrowLeft", "Home", "End", "Enter", "Space", "a", "Escape"):
        grid.page.keyboard.press(key)
    assert grid.page.evaluate("window.leaked") == ["a", "Escape"]


def test_focus_and_numbers_survive_the_answer(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked(losses=False))
    grid.row(0).nth(3).focus()
    grid.page.keyboard.press("Enter")
    grid.answer(masked(hidden(3), 3), n=1)  # the row of losses is new: all elements are built again
    assert focused(grid) == "small, hidden"
    expect(grid.page.get_by_role("status")).to_have_text("token 4: hidden, loss 1.75 nats")


# --- the token grid: what it looks like -------------------------------------------------------------------------------


def centres(cells: Locator) -> list[float]:
    return cells.evaluate_all("cells => cells.map(c => c.getBoundingClientRect()).map(r => r.left + r.width / 2)")


def spans() -> Grid:
    sentinel, words = Cell("⟨X⟩", "mask"), tuple(Cell(word, "right") for word in WORDS[3:6])
    decoder = Slot(3, 3, (sentinel, *words))
    bars = Slot(3, 3, tuple(Cell(value=value) for value in (0.0412, 2.5, 1.51, 0.892)))
    rows = (
        Row("chips", "text", slots=each(Cell(word, "context") for word in WORDS)),
        Row("chips", "encoder sees", slots=(Slot(3, 3, (sentinel,)),), strong="T5"),
        Row("chips", "decoder writes", slots=(decoder,)),
        Row("bars", "loss", slots=(bars,), role="loss", unit="nats"),
        Row("bars", "loss", slots=each(Cell(value=1.0) for _ in WORDS), role="loss", unit="nats"),
    )
    return Grid(12, rows, (), "Spans")


@pytest.mark.parametrize("width", [1000, 640, 420])
def test_everything_about_a_token_stands_in_one_line(stage: Callable[..., Stage], width: int) -> None:
    grid = stage("token_grid", width)
    grid.answer(spans())
    assert centres(grid.row(4)) == pytest.approx(centres(grid.row(0)), abs=0.01)
    assert centres(grid.row(3)) == pytest.approx(centres(grid.row(2)), abs=0.01)
    text, sentinel = grid.row(0), grid.row(1).bounding_box()
    first, last = text.nth(3).bounding_box(), text.nth(5).bounding_box()
    assert sentinel and first and last
    assert sentinel["x"] == first["x"]
    assert sentinel["x"] + sentinel["width"] == last["x"] + last["width"]


def long(words: tuple[str, ...] = (WORDS * 6)[:64], **slots: tuple[Slot, ...]) -> Grid:
    rows = (
        Row("chips", "model sees", slots=each(Cell(word, "context") for word in words)),
        *(Row("chips", name, slots=row) for name, row in slots.items()),
        Row("bars", "loss", slots=each(Cell(value=1.0) for _ in words), role="loss", unit="nats"),
    )
    return Grid(len(words), rows, (), "Long")


@pytest.mark.parametrize("width", [500, 640, 1000])
def test_a_long_text_wraps_into_blocks_of_the_same_rows(stage: Callable[..., Stage], width: int) -> None:
    grid = stage("token_grid", width)
    grid.answer(long())
    blocks = grid.page.get_by_role("grid")
    assert blocks.count() > 1
    assert (
        blocks.first.get_attribute("aria-label") == f"Long, tokens 1 to {blocks.first.locator('.chips .cell').count()}"
    )
    assert grid.page.locator(".chips .cell").count() == 64
    assert blocks.evaluate_all("blocks => blocks.every(b => b.scrollWidth <= b.clientWidth)")
    assert blocks.evaluate_all("blocks => Math.max(...blocks.map(b => b.querySelectorAll('.chips .cell').length))") >= 8


def test_blocks_break_between_slots_and_between_words(stage: Callable[..., Stage]) -> None:
    chips = tuple(Cell(word, "context", joined=i % 4 != 0) for i, word in enumerate((WORDS * 6)[:64]))
    grid = stage("token_grid", 640)
    grid.answer(Grid(64, (Row("chips", "text", slots=each(chips)),), (), "Words"))
    starts = grid.page.get_by_role("grid").evaluate_all("blocks => blocks.map(block => block.start)")
    assert len(starts) > 1 and all(start % 4 == 0 for start in starts)


def test_a_slot_wider_than_a_block_is_cut_and_goes_on(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid", 640)
    grid.answer(long(encoder=(Slot(0, 64, (Cell("⟨X⟩", "mask"),)),)))
    parts = grid.page.locator(".slot:has([data-role=mask])")
    assert parts.count() == grid.page.get_by_role("grid").count() > 1
    assert parts.evaluate_all(
        "parts => parts.map(p => [p.classList.contains('cut-left'), p.classList.contains('cut-right')])"
    )[0] == [False, True]


def test_on_a_phone_the_block_scrolls_inside_itself(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid", 360)
    grid.answer(long())
    block = grid.page.get_by_role("grid")
    assert block.count() == 1
    assert block.evaluate("block => block.scrollWidth > 2000 && block.clientWidth <= 360")
    assert grid.page.evaluate("window.host.scrollWidth") <= 360
    block.evaluate("block => block.scrollLeft = 1000")
    label = grid.page.get_by_text("model sees").bounding_box()
    assert label and 0 <= label["x"] < 10


def test_on_a_phone_the_chosen_token_is_in_view(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid", 360)
    grid.answer(replace(long(), chosen=40))
    box = grid.row(0).nth(40).bounding_box()
    assert box and 0 <= box["x"] < 320


def test_a_very_long_token_keeps_its_column_small_and_its_name_whole(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(long(("a" * 500, "b")))
    box = grid.row(0).first.bounding_box()
    assert box and box["width"] < 200
    expect(grid.row(0).first).to_have_attribute("aria-label", "a" * 500)
    expect(grid.row(0).first.locator(".text")).to_have_attribute("title", "a" * 500)


def test_text_is_never_markup(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(long(("<img src=x onerror=alert(1)>", "<b>", "&amp;")))
    assert grid.texts(0) == ["<img src=x onerror=alert(1)>", "<b>", "&amp;"]
    assert grid.page.locator(".text *").count() == 0


def test_bars_are_as_high_as_their_values(stage: Callable[..., Stage]) -> None:
    values = (2.0, 1.0, 0.0, float("inf"), float("nan"))
    rows = (Row("bars", "loss", slots=each(Cell(value=v) for v in values), role="loss", unit="nats"),)
    grid = stage("token_grid")
    grid.page.emulate_media(reduced_motion="reduce")
    grid.answer(Grid(5, rows, (), "Bars"))
    fills = grid.page.locator(".fill")
    heights = fills.evaluate_all("fills => fills.map(fill => fill.getBoundingClientRect().height)")
    assert heights == [44, 22, 2, 44, 0]
    names = grid.row(0).evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-label'))")
    assert names == ["loss 2 nats", "loss 1 nats", "loss 0 nats", "loss ∞ nats", "loss – nats"]
    assert fills.first.evaluate("fill => getComputedStyle(fill).transitionProperty") == "none"


def test_signed_bars_grow_both_ways_from_zero(stage: Callable[..., Stage]) -> None:
    rows = (Row("signed", "p − y", slots=each([Cell(value=0.5), Cell(value=-1.0)])),)
    grid = stage("token_grid")
    grid.answer(Grid(2, rows, (), "Signed"))
    up, down = (grid.page.locator(".fill").nth(i).bounding_box() for i in range(2))
    assert up and down
    assert up["y"] + up["height"] == pytest.approx(down["y"], abs=0.01)
    assert down["height"] == pytest.approx(2 * up["height"], abs=0.01)


def test_it_grows_with_the_page_s_type(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    small = grid.row(0).first.bounding_box()
    grid.page.evaluate("document.documentElement.style.fontSize = '24px'")
    grid.page.wait_for_function(
        "least => window.host.shadowRoot.querySelector('.cell').getBoundingClientRect().height > least",
        arg=small and small["height"] * 1.4,
    )
    assert grid.page.get_by_role("grid").evaluate_all("blocks => blocks.every(b => b.scrollWidth <= b.clientWidth)")
    grid.page.evaluate("document.documentElement.style.fontSize = ''")


def test_light_or_dark_is_read_off_the_page(stage: Callable[..., Stage]) -> None:
    grid = stage("token_grid")
    grid.answer(masked())
    root = grid.page.locator(".lossviz")
    expect(root).to_have_attribute("data-theme", "light")
    grid.page.evaluate("window.host.style.setProperty('--st-background-color', '#0e1117')")
    grid.answer(masked())
    expect(root).to_have_attribute("data-theme", "dark")


# --- the matrix ------------------------------------------------------------------------------------------------------


def causal(flips: tuple[tuple[int, int], ...] = (), *, editable: bool = True, size: int = 12, **more: Any) -> Matrix:
    reasons = (
        Reason("it is in the past", True),
        Reason("it is the token itself", True),
        Reason("it lies in the future", False),
    )
    names = (WORDS * 6)[:size]
    codes = tuple(tuple(0 if j < i else 1 if j == i else 2 for j in range(size)) for i in range(size))
    return Matrix(names, names, codes, reasons, "Who sees whom", editable=editable, flips=flips, **more)


def canvas(matrix: Stage) -> Locator:
    return matrix.page.get_by_role("application")


def place(matrix: Stage, row: int, column: int, size: int = 12) -> dict[str, float]:
    box = canvas(matrix).bounding_box()
    assert box
    pitch = (box["width"] - 4) / size
    return {"x": 3 + (column + 0.45) * pitch, "y": 3 + (row + 0.45) * pitch}


def test_a_click_turns_a_cell_over_and_back(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal())
    expect(canvas(matrix)).to_have_attribute(
        "aria-label", "Who sees whom: 12 by 12, row = token that looks; 78 cells open"
    )
    canvas(matrix).click(position=place(matrix, 4, 5))
    assert matrix.sent == [{"flips": [[4, 5]], "chosen": 4, "n": 1}]
    expect(canvas(matrix)).to_have_attribute(
        "aria-label", "Who sees whom: 12 by 12, row = token that looks; 79 cells open, 1 opened by you"
    )
    expect(matrix.page.locator(".sentence")).to_have_text("«red» may look at «kite»: you opened it.")
    canvas(matrix).click(position=place(matrix, 4, 5))
    assert matrix.sent[-1] == {"flips": [], "chosen": 4, "n": 2}
    expect(matrix.page.locator(".sentence")).to_have_text("«red» may not look at «kite»: it lies in the future.")


def test_late_answers_do_not_undo_a_later_flip(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal())
    canvas(matrix).click(position=place(matrix, 4, 5))
    canvas(matrix).click(position=place(matrix, 6, 2))
    matrix.answer(causal(((4, 5),)), n=1)
    canvas(matrix).click(position=place(matrix, 0, 0))
    assert matrix.sent[-1]["flips"] == [[4, 5], [6, 2], [0, 0]]
    matrix.answer(causal(), n=3)
    canvas(matrix).click(position=place(matrix, 0, 1))
    assert matrix.sent[-1]["flips"] == [[0, 1]]


def test_pointing_says_in_one_sentence_who_may_look_at_whom_and_why(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal(((4, 1),), caption="the past"))
    sentence, caption = matrix.page.locator(".sentence"), matrix.page.locator(".caption")
    expect(caption).to_be_visible()
    for row, column, said in [
        (4, 3, "«red» may look at «small»: it is in the past."),
        (4, 4, "«red» may look at «red»: it is the token itself."),
        (4, 1, "«red» may not look at «had»: you closed it."),
    ]:
        canvas(matrix).hover(position=place(matrix, row, column))
        expect(sentence).to_have_text(said)
    expect(caption).to_be_hidden()
    matrix.page.mouse.move(600, 600)
    expect(caption).to_be_visible()
    assert matrix.sent == []


def test_the_keyboard_reaches_every_cell(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal())
    press, live = matrix.page.keyboard.press, matrix.page.get_by_role("status")
    press("Tab")
    for key, said in [
        ("ArrowDown", "«had» may look at «Anna»: it is in the past."),
        ("End", "«had» may not look at «the»: it lies in the future."),
        ("ArrowRight", "«had» may not look at «the»: it lies in the future."),
        ("ArrowLeft", "«had» may not look at «in»: it lies in the future."),
        ("Enter", "«had» may look at «in»: you opened it."),
        ("Space", "«had» may not look at «in»: it lies in the future."),
        ("Home", "«had» may look at «Anna»: it is in the past."),
        ("ArrowUp", "«Anna» may look at «Anna»: it is the token itself."),
    ]:
        press(key)
        expect(live).to_have_text(said)
    assert matrix.sent == [{"flips": [[1, 10]], "chosen": 1, "n": 1}, {"flips": [], "chosen": 1, "n": 2}]
    assert matrix.page.evaluate("window.leaked") == ["Tab"]


@pytest.mark.parametrize("how", [{"editable": False}, {"still": True}])
def test_a_matrix_to_look_at_cannot_be_changed(stage: Callable[..., Stage], how: dict[str, bool]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal(editable=how.get("editable", True)), still=how.get("still", False))
    canvas(matrix).click(position=place(matrix, 4, 5))
    canvas(matrix).press("Enter")
    assert matrix.sent == []


PIXEL = """(canvas, [row, column, size]) => {
    const pitch = (canvas.width - 4 * devicePixelRatio) / size;
    const at = (i) => Math.round(3 * devicePixelRatio + (i + 0.3) * pitch);
    return [...canvas.getContext("2d").getImageData(at(column), at(row), 1, 1).data];
}"""


def pixel(matrix: Stage, row: int, column: int) -> list[int]:
    return canvas(matrix).evaluate(PIXEL, [row, column, 12])


def test_open_cells_are_blue_closed_ones_empty(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 300)
    matrix.answer(causal(((2, 9),)))
    red, green, blue, alpha = pixel(matrix, 5, 2)
    assert blue > green > red and alpha > 200
    assert pixel(matrix, 2, 5)[3] == 0
    assert pixel(matrix, 2, 9)[3] == 255


def test_weights_shade_the_open_cells(stage: Callable[..., Stage]) -> None:
    weights = tuple(tuple(float(j == 0) for j in range(12)) for _ in range(12))
    matrix = stage("matrix", 300)
    matrix.answer(causal(weights=weights))
    assert pixel(matrix, 5, 0) == [0xFE, 0xE8, 0x38, 255]
    assert pixel(matrix, 5, 2) == [0x00, 0x22, 0x4E, 255]
    canvas(matrix).hover(position=place(matrix, 5, 0))
    expect(matrix.page.locator(".sentence")).to_have_text("«kite» may look at «Anna» (weight 1): it is in the past.")


@pytest.mark.parametrize(("width", "size"), [(300, 12), (120, 10), (90, 12), (800, 64), (240, 64)])
def test_a_matrix_fits_its_place(stage: Callable[..., Stage], width: int, size: int) -> None:
    matrix = stage("matrix", width)
    matrix.answer(causal(size=size))
    box = canvas(matrix).bounding_box()
    assert box and box["width"] <= width
    assert box["width"] == box["height"]
    if (width, size) == (300, 12):
        assert 235 <= box["width"] <= 245


def test_a_matrix_redraws_when_its_place_grows(stage: Callable[..., Stage]) -> None:
    matrix = stage("matrix", 120)
    matrix.answer(causal())
    matrix.page.evaluate("window.host.style.width = '400px'")
    matrix.page.wait_for_function("window.host.shadowRoot.querySelector('canvas').getBoundingClientRect().width > 200")


# --- both, in Streamlit -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The gallery in the place of the app."""
    with serving(GALLERY) as running:
        yield running
        assert not running.faults()


@pytest.mark.parametrize("scene", ["causal", "masked", "span", "long", "odd"])
def test_every_scene_is_accessible_and_fits(
    page_in_each_view: Page, goto: Callable[..., Page], axe, scene: str
) -> None:
    page = goto(page_in_each_view, f"?scene={scene}")
    expect(page.get_by_role("grid").first).to_be_visible()
    assert not axe(page)
    assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth + 1")


def test_a_click_reaches_python_and_comes_back(page: Page, goto: Callable[..., Page]) -> None:
    goto(page, "?scene=masked")
    values = page.locator("code")
    expect(values).to_have_text("0 0 0 1 0 1 0 0 2 0 3 0")
    page.get_by_role("gridcell", name="token 1, Anna, left alone").click()
    expect(values).to_have_text("1 0 0 1 0 1 0 0 2 0 3 0")
    expect(page.get_by_role("gridcell", name="token 1, Anna, hidden", exact=True)).to_be_visible()
    chip = page.get_by_role("gridcell", name="token 2, had, visible")
    chip.dblclick()
    expect(values).to_have_text("1 2 0 1 0 1 0 0 2 0 3 0")


def test_an_opened_cell_and_its_row_come_back_from_python(page: Page, goto: Callable[..., Page]) -> None:
    goto(page, "?scene=causal")
    matrix = page.get_by_role("application")
    matrix.press("ArrowRight")
    matrix.press("Enter")
    expect(matrix).to_have_attribute(
        "aria-label", "Who may look at whom: 12 by 12, row = token that looks; 79 cells open, 1 opened by you"
    )
    expect(page.get_by_role("gridcell", name="token 1, Anna, visible")).to_have_attribute("aria-selected", "true")


def test_pictures_follow_a_switch_of_the_theme(page: Page, goto: Callable[..., Page]) -> None:
    goto(page, "?scene=causal")
    page.emulate_media(color_scheme="dark")
    for picture in page.locator(".lossviz").all():
        expect(picture).to_have_attribute("data-theme", "dark")
