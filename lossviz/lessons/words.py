"""The texts of the lessons and of the map, read from `assets/lessons/`."""

import functools
from collections.abc import Mapping
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field

from lossviz.content import Content, Formula, Prose, at_most, check, read
from lossviz.drill.proofs import Claim, State


def _fields(template: str) -> str:
    """A template names its numbers in braces: anything else in braces would fail only when a learner sees it."""
    for _, field, _, _ in Formatter().parse(template):
        if field is not None and not field.isidentifier():
            raise ValueError(f"braces hold the name of a number; got {field!r} in {template!r}: name it or drop them")
    return template


Template = Annotated[Prose, AfterValidator(_fields)]
"""Prose with numbers of the scene in braces, formatted as `str.format` does: `{loss:.2f}`."""


class Predict(Content):
    """The number that a learner commits to before it is computed, and what it teaches."""

    question: Template
    unit: str
    hint: Prose
    reveal: Template

    def asked(self, numbers: Mapping[str, float]) -> str:
        """The question with today's numbers in it."""
        return self.question.format(**numbers)

    def revealed(self, truth: float, guess: float, numbers: Mapping[str, float]) -> str:
        """The sentence that follows the guess."""
        return self.reveal.format(**{**numbers, "truth": truth, "guess": guess})


class Equation(Content):
    """The loss in symbols, and what each symbol means: pairs of LaTeX and prose."""

    symbols: Formula
    where: Annotated[tuple[tuple[Formula, Prose], ...], Field(min_length=2)]


class Folklore(Claim):
    """What you will hear, what is precise, the source, and the state whose numbers are the counterexample."""

    heard: Prose
    exact: Prose
    source: Prose


class Step(Content):
    """One step through the page: what to see, and the state that shows it."""

    says: Prose
    state: State


class Example(Content):
    """A text to try, under the name its button carries."""

    name: str
    text: str


class Panel(Content):
    """The heading and the introduction of a panel that only this page has."""

    title: str
    text: Prose


class Lesson(Content):
    """Everything that one page says. `help` is keyed by dial, `panels` by panel."""

    title: str
    sentence: Annotated[Prose, at_most(30)]
    predict: Predict
    equation: Equation
    folklore: Annotated[tuple[Folklore, ...], Field(min_length=2)]
    steps: Annotated[tuple[Step, ...], Field(min_length=4, max_length=7)]
    questions: Annotated[tuple[int, ...], Field(min_length=1)]
    examples: Annotated[tuple[Example, ...], Field(min_length=5, max_length=6)]
    help: dict[str, Prose]
    panels: dict[str, Panel]


class Page(Content):
    """A page of the map: what it shows, and whether it is there yet."""

    slug: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    title: str
    shows: Prose
    ready: bool = False


class Part(Content):
    """Pages that belong together."""

    title: str
    says: Prose
    pages: Annotated[tuple[Page, ...], Field(min_length=1)]


class Home(Content):
    """The map of the whole subject. `to_come` marks the pages that are not there yet."""

    title: str
    sentence: Annotated[Prose, at_most(30)]
    how: Annotated[tuple[Prose, ...], Field(min_length=2)]
    to_come: str
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


@functools.cache
def load_lesson(slug: str) -> Lesson:
    """The texts of one lesson. Raises FileNotFoundError for a page without texts, ValueError for a broken file."""
    return check(Lesson, read("lessons", f"{slug}.toml"), f"{slug}.toml")


@functools.cache
def load_home() -> Home:
    """The map."""
    return check(Home, read("lessons", "home.toml"), "home.toml")
