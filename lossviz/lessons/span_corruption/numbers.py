"""The numbers that proofs ask for."""

import math
from collections.abc import Sequence

import torch

from lossviz import span_corruption_lengths
from lossviz.corruption.spans import runs_of
from lossviz.lessons.span_corruption.measure import Measured
from lossviz.lessons.span_corruption.run import Run, run_at, settled
from lossviz.lessons.span_corruption.state import T5_DENSITY, T5_MEAN, Dials
from lossviz.models import LanguageModel


def numbers(state: Dials) -> dict[str, float]:
    """All numbers of the state."""
    state, _, _ = settled(state)
    return numbers_of(state, run_at(state))


def numbers_of(state: Dials, run: Run) -> dict[str, float]:
    """All numbers of a state that was computed already."""
    t5_model, bart_model = run.models
    raw, target = span_corruption_lengths(state.length, noise_density=T5_DENSITY, mean_span_length=T5_MEAN)
    return {
        "n_positions": len(run.reading.tokens.ids),
        "n_spans": len(runs_of(run.noise)),
        "n_noise": int(run.noise.sum()),
        "rebuilt": float(rebuilt(run) == "✓ both"),
        **_half("t5", t5_model, run.t5),
        **_half("bart", bart_model, run.bart),
        "t5_loss_content": _content_loss(t5_model, run.t5),
        "raw_length": raw,
        "target_length": target,
    }


def _half(name: str, model: LanguageModel | None, measured: Measured | None) -> dict[str, float]:
    if model is None or measured is None:
        return {f"{name}_{what}": math.nan for what in ("loss", "input_length", "target_length", "cost")}
    return {
        f"{name}_loss": measured.loss.item(),
        f"{name}_input_length": len(measured.inputs),
        f"{name}_target_length": len(measured.targets),
        f"{name}_cost": cost(model, measured),
    }


def _content_loss(model: LanguageModel | None, measured: Measured | None) -> float:
    if model is None or measured is None:
        return math.nan
    marks = torch.tensor([*model.sentinel_ids, model.eos_id])
    content = ~torch.isin(measured.targets, marks)
    return measured.losses[content].mean().item() if content.any() else math.nan


def cost(model: LanguageModel, measured: Measured) -> float:
    """Floating-point operations of one forward pass, about: two for each weight that a token meets. The encoder's
    weights meet the input tokens, the decoder's and the output matrix the written ones; attention's own products,
    small at this length, are left out."""
    encoder, decoder = model.stack_sizes
    return 2.0 * (encoder * len(measured.inputs) + decoder * len(measured.targets))


def rebuilt(run: Run) -> str:
    """Which halves still hold the whole text, in a word for the page."""
    halves = [name for name, good in (("T5", _t5_rebuilds(run)), ("BART", _bart_rebuilds(run))) if good]
    return "✓ both" if len(halves) == 2 else f"✓ {halves[0]}" if halves else "no"


def _t5_rebuilds(run: Run) -> bool:
    if run.t5 is None or run.models[0] is None:
        return False
    text = rebuild_t5(run.t5.inputs[:-1].tolist(), run.t5.targets[:-1].tolist(), run.models[0].sentinel_ids)
    return text == list(run.reading.tokens.ids)


def _bart_rebuilds(run: Run) -> bool:
    return run.bart is not None and run.bart.targets[:-1].tolist() == list(run.reading.tokens.ids)


def rebuild_t5(inputs: list[int], targets: list[int], sentinels: Sequence[int]) -> list[int]:
    """The text that a T5 pair stands for: each sentinel of the inputs replaced by what the targets say after it."""
    said: dict[int, list[int]] = {}
    sentinel = -1
    for token in targets:
        if token in sentinels:
            sentinel, said[token] = token, []
        else:
            said[sentinel].append(token)
    return [word for token in inputs for word in (said[token] if token in sentinels else [token])]
