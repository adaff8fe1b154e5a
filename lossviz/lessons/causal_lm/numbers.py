"""The numbers that proofs ask for."""

import dataclasses
import functools
import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import (
    IGNORE_INDEX,
    bits_per_byte,
    causal_mask,
    cross_entropy,
    cross_entropy_grad,
    mean_over_targets,
    next_token_labels,
    padding_mask,
    perplexity,
)
from lossviz.lessons.causal_lm.measure import labels_at_shift
from lossviz.lessons.causal_lm.run import Run, run_at, settled, which
from lossviz.lessons.causal_lm.state import Dials
from lossviz.lessons.measuring import scored_count
from lossviz.models import LanguageModel, load
from lossviz.models.masks import sees_its_target


def numbers(state: Dials) -> dict[str, float]:
    """All numbers of the state."""
    state, _, _ = settled(state)
    return numbers_of(state, run_at(state))


def numbers_of(state: Dials, run: Run) -> dict[str, float]:
    """All numbers of a state that was computed already."""
    recipes = denominators(which(state), run.real_ids, state.padding)
    return {
        **_of_the_text(run),
        "loss_untrained": untrained_loss(which(state), run.real_ids),
        **_of_the_shift(run),
        **_of_the_mask(run),
        **_of_the_position(run, state.at),
        **{f"loss_{name}": loss for name, loss in recipes},
    }


def _of_the_text(run: Run) -> dict[str, float]:
    measured, n_scored = run.measured, scored_count(run.measured.labels)
    total, vocabulary = measured.losses.sum().item(), measured.logits.shape[-1]
    return {
        "loss": measured.loss.item(),
        "n_scored": n_scored,
        "n_positions": len(run.ids),
        "sum_loss": total,
        "perplexity": perplexity(total, n_scored) if n_scored else math.nan,
        "bits_per_byte": bits_per_byte(total, run.scored_bytes) if n_scored else math.nan,
        "gradient_norm": measured.gradient_norm,
        "vocabulary": vocabulary,
        "log_vocabulary": math.log(vocabulary),
    }


def _of_the_shift(run: Run) -> dict[str, float]:
    """The same logits under the right shift and under both bugs."""
    ids, real = torch.tensor(run.ids), torch.arange(len(run.ids)) < run.n_real
    return {
        f"loss_{name}_shift": _mean_loss(run.measured.logits, labels_at_shift(shift, ids, real))
        for name, shift in (("right", 1), ("no", 0), ("double", 2))
    }


def _of_the_mask(run: Run) -> dict[str, float]:
    measured = run.measured
    future = torch.ones_like(run.allowed).triu(1) & run.allowed
    leaks = sees_its_target(run.allowed, run.model.model.config.num_hidden_layers) & (measured.labels != IGNORE_INDEX)
    return {
        "allowed_pairs": int(run.allowed.sum()),
        "future_pairs_open": int(future.sum()),
        "rows_leaking": int(leaks.sum()),
        "loss_rows_open": measured.losses[leaks].mean().item() if leaks.any() else math.nan,
    }


def _of_the_position(run: Run, at: int) -> dict[str, float]:
    measured, right = run.measured, int(run.measured.labels[at])
    gradient = cross_entropy_grad(measured.logits, measured.labels)[at]
    return {
        "p_right_chosen": measured.logits[at].softmax(-1)[right].item() if right >= 0 else math.nan,
        "gradient_right_chosen": gradient[right].item() if right >= 0 else math.nan,
        "gradient_sum_chosen": gradient.sum().item(),
        "loss_chosen": measured.losses[at].item(),
    }


def _mean_loss(logits: Float[Tensor, "T V"], labels: Int[Tensor, " T"]) -> float:
    return mean_over_targets(cross_entropy(logits, labels), labels).item()


@functools.lru_cache(maxsize=128)
def untrained_loss(which: tuple[str, ...], ids: tuple[int, ...]) -> float:
    """Mean next-token loss of a model of the same shape with weights fresh from the generator, seed 0."""
    input_ids = torch.tensor(ids)
    with torch.no_grad():
        logits = _untrained(which).logits(input_ids, causal_mask(len(ids)))
    return _mean_loss(logits, next_token_labels(input_ids))


@functools.lru_cache(maxsize=2)
def _untrained(which: tuple[str, ...]) -> LanguageModel:
    model = load(*which)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh: Any = type(model.model)(model.model.config).eval()
    return dataclasses.replace(model, model=fresh.to(model.device))


@functools.lru_cache(maxsize=64)
def denominators(which: tuple[str, ...], ids: tuple[int, ...], padding: int) -> tuple[tuple[str, float], ...]:
    """One text, its end token and `padding` pads under four recipes: (name, mean loss in nats), then counts.

    A text that leaves no room for them loses its last tokens, never its end token.
    """
    model = load(*which)
    ids = ids[: model.max_tokens - 1 - padding]
    full = torch.tensor([*ids, model.eos_id] + [model.pad_id] * padding)
    same = full.masked_fill(full == model.pad_id, model.eos_id)  # the vocabulary in which pad = eos
    real = torch.arange(len(full)) <= len(ids)
    with torch.no_grad():
        logits = model.logits(full, causal_mask(len(full)) & padding_mask(real))
    labels = next_token_labels(full, attention_mask=real)
    losses = cross_entropy(logits, labels)
    by_id = next_token_labels(same).masked_fill(next_token_labels(same) == model.eos_id, IGNORE_INDEX)
    return (
        ("scored_only", mean_over_targets(losses, labels).item()),
        ("over_all_positions", losses.sum().item() / len(full)),
        ("padding_scored", _mean_loss(logits, next_token_labels(full))),
        ("pad_is_eos", _mean_loss(logits, by_id)),
        ("of_the_end", losses[len(ids) - 1].item()),
        ("count", float(scored_count(labels))),
        ("count_pad_is_eos", float(scored_count(by_id))),
        ("count_all", float(len(full))),
    )
