"""The lessons through the app's entry point: dials, links, panels, predictions, presenter mode."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from lossviz.lessons import causal_lm, table

LESSONS = {slug.replace("-", "_"): lesson for slug, lesson in table.LESSONS.items()}
Visit = Callable[..., AppTest]


def shown(app: AppTest) -> dict[str, str]:
    """The numbers under the picture."""
    return {metric.label: metric.value for metric in app.metric}


def said(app: AppTest) -> str:
    """Everything that stands beside the fields."""
    return " ".join(text.value.replace("\\", "") for text in [*app.markdown, *app.info])


def pressed(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


@pytest.mark.parametrize("name", LESSONS)
def test_the_opening_view_shows_the_scene_of_the_default_dials(visit: Visit, name: str) -> None:
    scene = LESSONS[name].scene(LESSONS[name].Dials())
    assert shown(visit(name)).items() >= {metric.label: metric.value for metric in scene.metrics}.items()


@pytest.mark.parametrize(
    ("name", "panel"), [(name, panel) for name, lesson in LESSONS.items() for panel in lesson.PANELS]
)
def test_every_panel_opens_from_a_link(visit: Visit, name: str, panel: str) -> None:
    app = visit(name, look=panel)
    assert not app.exception
    assert app.query_params["look"] == panel or panel == next(iter(LESSONS[name].PANELS))


def test_a_link_sets_the_dials_and_the_page_keeps_it(visit: Visit) -> None:
    app = visit("causal_lm", shift="2", padding="3", at="1", text="The cat sat on the mat.")
    assert app.text_input(key="causal-lm-text").value == "The cat sat on the mat."
    scene = causal_lm.scene(causal_lm.Dials(shift="2", padding=3, at=1, text="The cat sat on the mat."))
    assert shown(app).items() >= {metric.label: metric.value for metric in scene.metrics}.items()
    assert app.query_params == {"shift": "2", "padding": "3", "at": "1", "text": "The cat sat on the mat."}


def test_a_link_of_nonsense_opens_the_default_and_says_what_was_no_use(visit: Visit) -> None:
    app = visit("causal_lm", shift="7", padding="many", what="1")
    assert shown(app) == shown(visit("causal_lm"))
    assert all(word in said(app) for word in ("“shift” is one of", "“padding” is a whole number", "“what”"))
    assert app.query_params == {}


def test_a_new_text_changes_numbers_and_link_and_lets_go_of_the_marks(visit: Visit) -> None:
    app = visit("masked_lm", actions="100000000000")
    before = shown(app)
    app.text_input(key="masked-lm-text").set_value("The capital of France is Paris.").run()
    assert shown(app) != before
    assert app.query_params == {"text": "The capital of France is Paris."}


def test_an_empty_text_is_answered_and_the_field_stays(visit: Visit) -> None:
    app = visit("span_corruption")
    app.text_input(key="span-corruption-text").set_value("").run()
    assert "Type at least one word" in said(app)
    assert app.text_input(key="span-corruption-text").value == ""


@pytest.mark.parametrize("name", LESSONS)
def test_a_model_that_cannot_be_had_is_a_sentence(visit: Visit, name: str) -> None:
    app = visit(name, model="nobody/nothing")
    assert not app.exception
    assert "nobody/nothing" in said(app)


def test_draw_again_moves_the_seed_and_the_marks(visit: Visit) -> None:
    app = visit("masked_lm", actions="111000000000")
    pressed(app, "masked-lm-seed-again")
    assert app.query_params == {"seed": "606"}


@pytest.mark.parametrize("guess", ["8", "7,92", "7.92e0"])
def test_a_guess_is_locked_and_stays_beside_the_truth(visit: Visit, guess: str) -> None:
    app = visit("causal_lm")
    app.text_input(key="causal-lm-guess").set_value(guess)
    next(button for button in app.button if button.label == "Lock").click().run()
    assert float(app.query_params["guess"]) == float(guess.replace(",", "."))
    assert any("7.92" in text.value for text in app.markdown)
    assert not any(button.label == "Lock" for button in app.button)


def test_a_guess_that_is_no_number_is_not_lost(visit: Visit) -> None:
    app = visit("causal_lm")
    app.text_input(key="causal-lm-guess").set_value("about eight")
    next(button for button in app.button if button.label == "Lock").click().run()
    assert "A guess is one number" in said(app)
    assert app.text_input(key="causal-lm-guess").value == "about eight"
    assert "guess" not in app.query_params


def test_presenter_mode_steps_through_the_lesson_and_hides_the_answer(visit: Visit) -> None:
    app = visit("causal_lm", present="1")
    assert any("What do you expect to see?" in text.value for text in app.markdown)
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.query_params["step"] == "1"
    next(button for button in app.button if button.label == "Answer").click().run()
    assert app.query_params["shown"] == "1"
    assert not any("What do you expect to see?" in text.value for text in app.markdown)


def test_the_code_opens_from_a_link(visit: Visit) -> None:
    code = visit("causal_lm", code="1").code
    assert "def measure(" in code[0].value and "print(metric.label" in code[0].value


def test_what_was_set_on_a_page_is_there_when_the_menu_leads_back(visit: Visit) -> None:
    app = visit("causal_lm", shift="2")
    app.query_params.clear()
    app.switch_page("pages/masked_lm.py").run()
    app.switch_page("pages/causal_lm.py").run()
    assert app.query_params == {"shift": "2"}
    assert shown(app) == shown(visit("causal_lm", shift="2"))
