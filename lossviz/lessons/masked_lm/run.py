"""From the dials to what was computed: each state once, kept for the next click."""

import dataclasses
import functools

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from lossviz.lessons.cells import leaving_sight, within
from lossviz.lessons.masked_lm.measure import Measured, draw_actions, look_both_ways, measure, replacements
from lossviz.lessons.masked_lm.state import Dials
from lossviz.lessons.sentence import CannotShow, Reading, fitted, read_text, which_model


@dataclasses.dataclass(frozen=True)
class Run:
    """What was computed."""

    reading: Reading
    actions: Int[Tensor, " T"]
    random_ids: Int[Tensor, " T"]
    allowed: Bool[Tensor, "T T"]
    measured: Measured


def which(state: Dials) -> tuple[str, ...]:
    """The model of these dials, as `load` names it."""
    return which_model(state.model, "masked")


def settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    if state.mask + state.random > 100:
        raise CannotShow(
            f"[MASK] and random shares are parts of one whole, at most 100 % together; "
            f"they are {state.mask} % and {state.random} %. Lower one of them."
        )
    reading = read_text(*which(state), text=state.text)
    length = len(reading.tokens.ids)
    actions, said = fitted(state.actions, length, "marks")
    notices = reading.notices + said
    inside = within(state.open, length)
    seeing = leaving_sight(inside, look_both_ways(length, inside))
    if len(seeing) < len(state.open):
        notices += ("Cells outside this text, or that would leave a token blind, stay as they were.",)
    return dataclasses.replace(state, actions=actions, open=seeing, at=min(state.at, length - 1)), reading, notices


def run_at(state: Dials) -> Run:
    """Compute the state once; the position under the lens does not matter to it."""
    return _computed(dataclasses.replace(state, at=0))


@functools.lru_cache(maxsize=32)
def _computed(state: Dials) -> Run:
    reading = read_text(*which(state), text=state.text)
    model, ids = reading.model, torch.tensor(reading.tokens.ids)
    actions = _actions(state, reading)
    random_ids = replacements(model, len(ids), state.seed)
    allowed = look_both_ways(len(ids), state.open)
    return Run(reading, actions, random_ids, allowed, measure(model, ids, actions, random_ids, allowed))


def _actions(state: Dials, reading: Reading) -> Int[Tensor, " T"]:
    """What happens to each token: as marked by hand, or as drawn. Special tokens are left alone either way."""
    special = torch.tensor(reading.special)
    if state.actions:
        return torch.tensor([int(digit) for digit in state.actions]).masked_fill(special, 0)
    word_ids = torch.tensor(reading.tokens.word_ids) if state.words else None
    return draw_actions(special, word_ids, state.rate, state.mask, state.random, state.seed)
