"""Numeric questions: a template and a seed make an exercise, the very same one for ever.

A published version of a template never changes: a better one gets the next number, and the old one stays callable.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from lossviz.drill.questions import Section

SEEDS = 2**53  # as in the log of events: a seed survives a browser's numbers
ATTEMPTS = 100  # draws for one seed; each template takes far more than one in a hundred
SLACK = 1e-6  # what an answer may be off beyond its rounding
EDGE = 0.020001  # in steps of the last decimal, how far an answer stays from where rounding turns: 2e-4 of 0.01
COUNTS_HELD_TO = 2  # decimals at which a whole number is graded, so that a forgotten rounding shows
LARGEST = 1e6  # below it SLACK is far more than float64 rounds off, so no tolerance needs to be relative
IN_WORDS = {1: "one decimal", 2: "two decimals", 3: "three decimals"}

T = TypeVar("T")


class Draws:
    """Friendly numbers, made of `random()` alone: its stream is what Python promises to keep for a seed."""

    def __init__(self, *key: object) -> None:
        self._random = Random("/".join(map(str, key))).random

    def whole(self, low: int, high: int) -> int:
        """One of low … high, each as likely."""
        return low + int(self._random() * (high - low + 1))

    def wholes(self, n: int, low: int, high: int) -> list[int]:
        """n of low … high, repeats allowed."""
        return [self.whole(low, high) for _ in range(n)]

    def tenths(self, n: int, low: int, high: int) -> list[float]:
        """n numbers of one decimal, from low / 10 to high / 10."""
        return [tenths / 10 for tenths in self.wholes(n, low, high)]

    def one_of(self, options: Sequence[T]) -> T:
        """One of some options."""
        return options[self.whole(0, len(options) - 1)]

    def some_of(self, options: Sequence[T], k: int) -> list[T]:
        """k different ones of some options, in their order."""
        places = self.shuffled(range(len(options)))[:k]
        return [options[place] for place in sorted(places)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in random order."""
        lots = [self._random() for _ in options]
        return [options[place] for place in sorted(range(len(lots)), key=lots.__getitem__)]

    def shares(self, n: int, parts: int = 20) -> list[float]:
        """n shares > 0 that sum to 1, in whole parts."""
        cuts = [0, *self.some_of(range(1, parts), n - 1), parts]
        return [(end - start) / parts for start, end in zip(cuts, cuts[1:], strict=False)]


@dataclass(frozen=True)
class Draft:
    """What a template makes of its draws. The prompt determines the answer; decimals 0 means a whole number."""

    prompt: str
    answer: float
    unit: str  # "" where there is none; "share" is what can be said in per cent
    decimals: int
    steps: tuple[str, ...]
    mistakes: Mapping[str, float | tuple[float, ...]]  # where they lead, by their names in `mistakes.SENTENCES`

    @property
    def tolerance(self) -> float:
        """How far an answer may be off: half a step of the last decimal, and SLACK. A count is held to two decimals."""
        return 0.5 * 10 ** -(self.decimals or COUNTS_HELD_TO) + SLACK

    @property
    def mistaken(self) -> list[tuple[str, float]]:
        """Every number that a mistake leads to, with its name; a wrong target, for one, leads to several."""
        several = ((name, x if isinstance(x, tuple) else (x,)) for name, x in self.mistakes.items())
        return [(name, value) for name, values in several for value in values]

    @property
    def shown(self) -> str:
        """The answer as it is written, with its unit."""
        number = f"{self.answer:z.{self.decimals}f}".replace("-", "−")
        return number if self.unit in ("", "share") else f"{number} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Exercise(Draft):
    """A draft that may be asked, with what is needed to make it again."""

    template: str
    version: int
    seed: int


@dataclass(frozen=True)
class Template:
    """A kind of exercise. It belongs to some questions, the first of which stands in its section."""

    name: str
    version: int
    questions: tuple[int, ...]
    section: "Section"
    build: Callable[[Draws], Draft | None]  # None: these draws make no question


REGISTRY: dict[tuple[str, int], Template] = {}


def template(
    name: str, *, questions: tuple[int, ...], section: "Section", version: int = 1
) -> Callable[[Callable[[Draws], Draft | None]], Template]:
    """Registers the function below as a version of a template. Raises ValueError where that version exists."""

    def register(build: Callable[[Draws], Draft | None]) -> Template:
        if (name, version) in REGISTRY:
            raise ValueError(f"a version of a template is written once; got {name} {version} again. Count on.")
        return REGISTRY.setdefault((name, version), Template(name, version, questions, section, build))

    return register


def templates() -> tuple[Template, ...]:
    """The newest version of every template, in order of their questions."""
    newest = {name: REGISTRY[name, version] for name, version in sorted(REGISTRY)}
    return tuple(sorted(newest.values(), key=lambda template: (template.questions[0], template.name)))


def exercise(name: str, seed: int, version: int | None = None) -> Exercise:
    """The exercise of a template and a seed; without a version the newest. Raises ValueError where there is none."""
    made = _template(name, version)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS:
        raise ValueError(f"a seed is a whole number from 0 to 2⁵³ − 1; got {seed!r}. Draw another.")
    for attempt in range(ATTEMPTS):
        draft = made.build(Draws(name, made.version, seed, attempt))
        if draft is not None and fair(draft):
            return _finished(draft, made, seed)
    raise ValueError(
        f"a template finds fair numbers within {ATTEMPTS} draws; got none for {name} {made.version} with seed {seed}. "
        "Draw from more numbers, in a new version."
    )


def fair(draft: Draft) -> bool:
    """Whether no rounding decides about right and wrong, and no number is two mistakes, or a mistake and right."""
    values = [draft.answer, *(value for _, value in draft.mistaken)]
    apart = all(abs(a - b) > 2 * draft.tolerance for a, b in combinations(values, 2))
    return apart and all(map(isfinite, values)) and abs(draft.answer) < LARGEST and not near_an_edge(draft)


def near_an_edge(draft: Draft) -> bool:
    """Whether the answer lies where it might be rounded either way; a count must be whole."""
    if not draft.decimals:
        return draft.answer != round(draft.answer)
    return abs(draft.answer * 10**draft.decimals % 1 - 0.5) < EDGE


def _template(name: str, version: int | None) -> Template:
    versions = [number for known, number in REGISTRY if known == name]
    if not versions:
        raise ValueError(f"a template has a name of the list; got {name!r}. See templates().")
    if version is not None and version not in versions:
        raise ValueError(f"{name} has the versions {sorted(versions)}; got {version!r}. Leave it out for the newest.")
    return REGISTRY[name, max(versions) if version is None else version]


def _finished(draft: Draft, made: Template, seed: int) -> Exercise:
    fields = vars(draft) | {
        "prompt": f"{draft.prompt} {_asked(draft)}",
        "mistakes": MappingProxyType(dict(draft.mistakes)),
    }
    return Exercise(**fields, template=made.name, version=made.version, seed=seed)


def _asked(draft: Draft) -> str:
    """How the answer is to be written, the last sentence of every prompt: the unit, if no "How many …?" names it."""
    if not draft.decimals:
        return "A whole number."
    places = IN_WORDS[draft.decimals]
    if not draft.unit or f"many {draft.unit}" in draft.prompt:
        return f"To {places}."
    return f"As a number from 0 to 1, to {places}." if draft.unit == "share" else f"In {draft.unit}, to {places}."
