"""A proof: a live state of a page, and a predicate over the numbers of that state which the tests evaluate."""

import ast
import math
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import AfterValidator

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
    """Whether `predicate` is true of the `numbers` of a state.

    A name means a number of the state, or else abs, round, exp or log, or else a public function of lossviz; so a
    number hides a function of the same name (`perplexity`). The expression runs without builtins, but it runs: it
    is for content of this repository only, never for anything a visitor typed. Raises ValueError for unknown names.
    """
    known = {name: _meaning(name, numbers) for name in names(predicate)}
    return bool(eval(predicate, {"__builtins__": {}, **known}))


def _meaning(name: str, numbers: Mapping[str, float]) -> Any:
    if name in numbers:
        return numbers[name]
    if name in ARITHMETIC:
        return ARITHMETIC[name]
    if name in lossviz.__all__:
        return getattr(lossviz, name)
    raise ValueError(f"a predicate reads numbers of its state and public functions of lossviz; {name!r} is neither")


def _predicate(expression: str) -> str:
    names(expression)
    return expression


def _state(link: str) -> str:
    parse_state(link)
    return link


State = Annotated[str, AfterValidator(_state)]
"""A relative link to a live state: the slug of a page and its dials."""

Predicate = Annotated[str, AfterValidator(_predicate)]
"""A Python expression over the numbers of a state; see `holds`."""


class Claim(Content):
    """Something that is true of a live state."""

    state: State
    predicate: Predicate


class Shown(Claim):
    """A claim with the sentence that tells a learner what the state shows."""

    says: Prose


class Proof(Shown):
    """What proves an answer: a state that shows it, sums that need no state, and the refutation of a common error."""

    arithmetic: tuple[Predicate, ...] = ()
    refutation: Shown | None = None
