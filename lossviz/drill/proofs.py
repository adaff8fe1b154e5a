"""What proves an answer: a listing that ends in its number, a live state of a page, or the table of an experiment.

The tests run every listing, open every state, and evaluate what is claimed of the numbers found there.
"""

import ast
import math
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, model_validator

import lossviz
from lossviz.content import Content, Prose

ARITHMETIC = {"abs": abs, "round": round, "exp": math.exp, "log": math.log}


def parse_state(state: str) -> tuple[str, dict[str, str]]:
    """A link such as `causal-lm?shift=0` as the slug of its page and its dials. Raises ValueError where it is none."""
    slug, _, query = state.partition("?")
    if not slug or set(slug) - set("abcdefghijklmnopqrstuvwxyz-"):
        raise ValueError(f"a state is slug?dial=value&…; got {state!r}: begin with the slug of a page")
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a state sets each dial once; got {state!r}: remove the repeated dial")
    return slug, dict(pairs)


def names(predicate: str) -> frozenset[str]:
    """The names that a predicate reads. Raises ValueError where it is not a Python expression."""
    try:
        tree = ast.parse(predicate, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"a predicate is one Python expression; got {predicate!r}: {error.msg}") from error
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def holds(predicate: str, numbers: Mapping[str, float]) -> bool:
    """Whether `predicate` is true of the `numbers` of a state or of a listing.

    A name means a number found there, or else abs, round, exp or log, or else a public function of lossviz; so a
    number hides a function of the same name (`perplexity`). The expression runs without builtins, but it runs: it
    is for content of this repository only, never for anything a visitor typed. Raises ValueError for unknown names.
    """
    known = {name: _meaning(name, numbers) for name in names(predicate)}
    builtins = {"__import__": __import__}  # torch imports itself at the first `tensor < 0.5`; no predicate can name it
    return bool(eval(predicate, {"__builtins__": builtins, **known}))


def _meaning(name: str, numbers: Mapping[str, float]) -> Any:
    if name in numbers:
        return numbers[name]
    if name in ARITHMETIC:
        return ARITHMETIC[name]
    if name in lossviz.__all__:
        return getattr(lossviz, name)
    raise ValueError(f"a predicate reads the numbers found and public functions of lossviz; {name!r} is neither")


def _predicate(expression: str) -> str:
    names(expression)
    return expression


def _state(link: str) -> str:
    parse_state(link)
    return link


def _code(text: str) -> str:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"a listing is Python; got {text!r:.60}: {error.msg} in line {error.lineno}") from error
    match tree.body[-1:]:
        case [ast.Expr(value=ast.Call(func=ast.Name(id="print")))]:
            return text
    raise ValueError(f"a listing ends in print(…) of its number; got {text.splitlines()[-1]!r}: print it there")


State = Annotated[str, AfterValidator(_state)]
"""A relative link to a live state: the slug of a page and its dials."""

Predicate = Annotated[str, AfterValidator(_predicate)]
"""A Python expression over the numbers of a state or of a listing; see `holds`."""

Code = Annotated[str, AfterValidator(_code)]
"""A whole program over public functions, shown to the learner; its last line prints the number."""


class Claim(Content):
    """Something that is true of a live state."""

    state: State
    predicate: Predicate


class Listing(Content):
    """A program, what it prints to the last digit, and what is true of the numbers that it leaves behind."""

    code: Code
    prints: str
    predicate: Predicate

    @property
    def transcript(self) -> str:
        """The program, and under it, as comments, what it prints."""
        return "\n".join([self.code, *(f"# {line}" for line in self.prints.splitlines())])


class Experiment(Content):
    """What only a large experiment shows: the part of its table that matters, and where the table stands."""

    columns: Annotated[tuple[str, ...], Field(min_length=2)]
    rows: Annotated[tuple[tuple[str | float, ...], ...], Field(min_length=1)]
    source: Prose

    @model_validator(mode="after")
    def _rows_fill_the_columns(self) -> "Experiment":
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise ValueError(f"a row has {len(self.columns)} cells; got {wrong[0]}: one for each column")
        return self


class Demonstration(Content):
    """What bears out one sentence: by computing (listing), on a page (live), or in a paper (literature)."""

    says: Prose
    listing: Listing | None = None
    live: Claim | None = None
    literature: Experiment | None = None

    @model_validator(mode="after")
    def _something_is_shown(self) -> "Demonstration":
        if not (self.listing or self.live or self.literature):
            raise ValueError(f"something bears out {self.says!r:.60}; got nothing: add a listing, a state or a table")
        return self


class Proof(Demonstration):
    """What proves an answer, and what refutes the usual wrong one."""

    refutation: Demonstration | None = None
