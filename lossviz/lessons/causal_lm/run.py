"""From the dials to what was computed: each state once, kept for the next click."""

import dataclasses
import functools

import torch
from jaxtyping import Bool
from torch import Tensor

from lossviz import padding_mask
from lossviz.lessons.causal_lm.measure import Measured, measure, who_sees_whom
from lossviz.lessons.causal_lm.state import Dials
from lossviz.lessons.cells import leaving_sight, within
from lossviz.lessons.sentence import Reading, read_text, which_model
from lossviz.models import LanguageModel


@dataclasses.dataclass(frozen=True)
class Run:
    """What was computed, and the strings that stand for its tokens, padding included. scored_bytes: UTF-8 bytes of
    the tokens that are targets."""

    model: LanguageModel
    ids: list[int]
    n_real: int
    pieces: list[str]
    joined: list[bool]
    allowed: Bool[Tensor, "T T"]
    measured: Measured
    scored_bytes: int

    @property
    def real_ids(self) -> tuple[int, ...]:
        """The tokens of the text, without the padding."""
        return tuple(self.ids[: self.n_real])


def which(state: Dials) -> tuple[str, ...]:
    """The model of these dials, as `load` names it."""
    return which_model(state.model, "causal", "leaky")


def settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    reading = read_text(*which(state), text=state.text, room=state.padding)
    length = len(reading.tokens.ids) + state.padding
    inside = within(state.open, length)
    seeing = leaving_sight(inside, who_sees_whom(state.mask, inside, length))
    notices = reading.notices
    if len(inside) < len(state.open):
        notices += (f"This text has {length} positions; opened cells beyond them are left out.",)
    if len(seeing) < len(inside):
        notices += ("A token that may look at nothing has no softmax to take, so its row stays as it was.",)
    return dataclasses.replace(state, open=seeing, at=min(state.at, length - 1)), reading, notices


def run_at(state: Dials) -> Run:
    """Compute the state once; the position under the lens and the continuation's dials do not matter to it."""
    return _computed(dataclasses.replace(state, at=0, seed=0, temperature=10))


@functools.lru_cache(maxsize=32)
def _computed(state: Dials) -> Run:
    reading = read_text(*which(state), text=state.text, room=state.padding)
    model, tokens = reading.model, reading.tokens
    ids = list(tokens.ids) + [model.pad_id] * state.padding
    real = torch.arange(len(ids)) < len(tokens.ids)
    allowed = who_sees_whom(state.mask, state.open, len(ids)) & padding_mask(real)
    return Run(
        model,
        ids,
        n_real=len(tokens.ids),
        pieces=list(tokens.pieces) + ["<pad>"] * state.padding,
        joined=list(tokens.joined) + [False] * state.padding,
        allowed=allowed,
        measured=measure(model, torch.tensor(ids), real, allowed, int(state.shift)),
        scored_bytes=_scored_bytes(state, reading),
    )


def _scored_bytes(state: Dials, reading: Reading) -> int:
    """UTF-8 bytes of the tokens that are targets: all but the first ones, which nothing predicts."""
    tokens = reading.tokens
    read = state.text.removesuffix(tokens.cut) if tokens.cut else state.text
    first = list(tokens.ids[: int(state.shift)])
    skipped = str(reading.model.tokenizer.decode(first))
    # a token of the vocabulary's bytes that is no whole character decodes to U+FFFD; it is one byte
    return len(read.encode()) - (len(first) if "\ufffd" in skipped else len(skipped.encode()))
