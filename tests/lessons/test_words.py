"""The texts of the lessons and of the map: complete, linked, and fit to be formatted."""

import pytest

from lossviz.content import files
from lossviz.drill.proofs import parse_state
from lossviz.drill.questions import SHOWN, load_questions, load_works
from lossviz.lessons.table import LESSONS
from lossviz.lessons.words import Lesson, Predict, load_home, load_lesson

of_each_lesson = pytest.mark.parametrize("slug", LESSONS)


def states(lesson: Lesson) -> list[str]:
    return [claim.state for claim in lesson.folklore] + [step.state for step in lesson.steps]


def test_the_map_has_every_page_once_and_marks_those_that_the_table_of_lessons_has() -> None:
    pages = [page for part in load_home().parts for page in part.pages]
    assert len({page.slug for page in pages}) == len(pages) == 22
    assert [page.slug for page in pages if page.ready] == list(LESSONS)
    assert files("lessons") == sorted([f"{slug}.toml" for slug in LESSONS] + ["home.toml"])


@of_each_lesson
def test_the_lesson_lists_all_questions_of_its_page(slug: str) -> None:
    assert load_lesson(slug).questions == tuple(question.id for question in load_questions() if question.page == slug)


@of_each_lesson
def test_every_panel_has_its_words(slug: str) -> None:
    assert load_lesson(slug).panels.keys() == LESSONS[slug].PANELS.keys()


@of_each_lesson
def test_states_are_of_this_page_and_use_dials_with_a_help_text(slug: str) -> None:
    lesson = load_lesson(slug)
    for state in states(lesson):
        page, dials = parse_state(state)
        assert page == slug
        assert dials.keys() <= lesson.help.keys() | {"look"}  # which panel is open, a dial of every page
        assert dials.get("look", "model") in lesson.panels


@of_each_lesson
def test_folklore_has_a_source_in_a_known_work(slug: str) -> None:
    works = tuple(f"{work.name}, " for work in load_works().values())
    for folklore in load_lesson(slug).folklore:
        assert folklore.source == SHOWN or folklore.source.startswith(works)


@of_each_lesson
def test_examples_are_short_and_named_apart(slug: str) -> None:
    examples = load_lesson(slug).examples
    assert len({example.name for example in examples}) == len(examples)
    assert all(len(example.text.split()) <= 12 for example in examples)


def test_the_prediction_is_asked_and_revealed_with_its_numbers() -> None:
    predict = load_lesson("causal-lm").predict
    numbers = {"vocabulary": 1024.0, "loss_untrained": 6.95}
    assert "1,024 tokens" in predict.asked(numbers)
    assert "6.93" in predict.revealed(truth=6.9315, guess=5.0, numbers=numbers)


@of_each_lesson
def test_the_reveal_needs_only_truth_guess_and_the_numbers_of_the_page(slug: str) -> None:
    numbers = {"vocabulary": 1024.0, "loss_untrained": 6.95}
    said = load_lesson(slug).predict.revealed(truth=12.0, guess=15.0, numbers=numbers)
    assert "15" in said and "12" in said


def test_braces_hold_names() -> None:
    with pytest.raises(ValueError, match="name of a number"):
        Predict(question="What is {0}?", unit="nats", hint="None.", reveal="It is {truth}.")


def test_a_page_without_texts_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="prefix-lm.toml"):
        load_lesson("prefix-lm")
