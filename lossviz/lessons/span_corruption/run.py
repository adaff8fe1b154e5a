"""From the dials to what was computed: each state once, kept for the next click."""

import dataclasses
import functools

import torch
from jaxtyping import Bool
from torch import Tensor

from lossviz.corruption.spans import runs_of
from lossviz.lessons.sentence import CannotShow, Reading, fitted, read_text
from lossviz.lessons.span_corruption.measure import Measured, bart_pair, draw_spans, measure, t5_pair
from lossviz.lessons.span_corruption.state import Dials
from lossviz.models import LanguageModel, load


@dataclasses.dataclass(frozen=True)
class Run:
    """What was computed; a half without a model is None."""

    reading: Reading
    noise: Bool[Tensor, " T"]
    models: tuple[LanguageModel | None, LanguageModel | None]
    t5: Measured | None
    bart: Measured | None


def halves(state: Dials) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How the model of each half is loaded; a model by name serves the halves whose special tokens it has."""
    if state.model == "built-in":
        return ("t5",), ("bart",)
    half = ("t5", state.model)
    model = load(*half)
    return half if model.sentinel_ids else (), half if model.mask_id is not None else ()


def settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    reading = read_text("t5", state.model, text=state.text, room=4)
    if not any(halves(state)):
        raise CannotShow("This model has neither sentinels, as T5 has, nor a mask, as BART has: choose another.")
    length = len(reading.tokens.ids)
    spans, said = fitted(state.spans, length, "spans")
    return dataclasses.replace(state, spans=spans, at=min(state.at, length)), reading, reading.notices + said


def run_at(state: Dials) -> Run:
    """Compute the state once; the column under the lens and the length of the lengths' panel do not matter to it."""
    return _computed(dataclasses.replace(state, at=0, length=512))


@functools.lru_cache(maxsize=32)
def _computed(state: Dials) -> Run:
    _, reading, _ = settled(state)
    ids, noise = torch.tensor(reading.tokens.ids), _noise(state, len(reading.tokens.ids))
    t5, bart = (load(*half) if half else None for half in halves(state))
    if t5:
        _check_sentinels(t5, len(runs_of(noise)) + int(state.final))
    return Run(
        reading,
        noise,
        (t5, bart),
        measure(t5, *t5_pair(t5, ids, noise, state.final)) if t5 else None,
        measure(bart, *bart_pair(bart, ids, noise)) if bart else None,
    )


def _noise(state: Dials, length: int) -> Bool[Tensor, " T"]:
    """Which tokens are noise: as marked by hand, or as drawn."""
    if state.spans:
        return torch.tensor([digit == "1" for digit in state.spans])
    return draw_spans(length, state.density, state.mean, state.seed)


def _check_sentinels(t5: LanguageModel, needed: int) -> None:
    if needed > len(t5.sentinel_ids):
        raise CannotShow(
            f"{needed} spans need as many sentinels, and this tokenizer has {len(t5.sentinel_ids)}: join some spans."
        )
