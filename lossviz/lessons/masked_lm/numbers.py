"""The numbers that proofs ask for."""

import functools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from lossviz import IGNORE_INDEX, MaskAction, perplexity
from lossviz.lessons import causal_lm
from lossviz.lessons.masked_lm.measure import draw_actions
from lossviz.lessons.masked_lm.run import Run, run_at, settled
from lossviz.lessons.masked_lm.state import MANY, MOST_MASKS, Dials
from lossviz.lessons.measuring import scored_count
from lossviz.models import LanguageModel


def numbers(state: Dials) -> dict[str, float]:
    """All numbers of the state, those of the panels included."""
    state, _, _ = settled(state)
    run = run_at(state)
    mask, random, keep = observed(state)
    orders = joint_scores(run)
    return numbers_of(state, run) | {
        "observed_mask_percent": mask,
        "observed_random_percent": random,
        "observed_keep_percent": keep,
        "joint_left_to_right": orders["left to right"],
        "joint_right_to_left": orders["right to left"],
        "joint_confident_first": orders["surest first"],
        "joint_independent": orders["all at once"],
        "joint_spread": max(orders.values()) - min(orders.values()),
    }


def numbers_of(state: Dials, run: Run) -> dict[str, float]:
    """The numbers of a state that was computed already, without those that only a panel needs."""
    measured, (causal_scored, _, causal_loss) = run.measured, causal_counts(state.text)
    n_selected = scored_count(measured.labels)
    return {
        "loss": measured.loss.item(),
        "n_selected": n_selected,
        "n_positions": len(measured.labels),
        **{f"n_{action.name.lower()}": int((run.actions == action).sum()) for action in MaskAction},
        "perplexity": perplexity(measured.losses.sum().item(), n_selected) if n_selected else math.nan,
        "gradient_norm": measured.gradient_norm,
        "expected_mask": state.rate * state.mask / 100,
        "expected_random": state.rate * state.random / 100,
        "expected_keep": state.rate * (100 - state.mask - state.random) / 100,
        "allowed_pairs": int(run.allowed.sum()),
        "loss_unselected": measured.losses[measured.labels == IGNORE_INDEX].sum().item(),
        "clm_scored": causal_scored,
        "clm_loss": causal_loss,
    }


@functools.lru_cache(maxsize=64)
def causal_counts(text: str) -> tuple[int, int, float]:
    """The same text under the built-in causal model: positions scored, positions, mean loss in nats."""
    causal = causal_lm.numbers(causal_lm.Dials(text=text))
    return int(causal["n_scored"]), int(causal["n_positions"]), causal["loss"]


def observed(state: Dials) -> tuple[float, float, float]:
    """Percent of 100,000 tokens that became [MASK], another token, or were kept and scored, at these dials."""
    return _observed(state.rate, state.mask, state.random, state.seed)


@functools.lru_cache(maxsize=64)
def _observed(rate: int, mask: int, random: int, seed: int) -> tuple[float, float, float]:
    actions = draw_actions(torch.zeros(MANY, dtype=torch.bool), None, rate, mask, random, seed)
    masked, replaced, kept = ((actions == action).sum().item() / MANY * 100 for action in list(MaskAction)[1:])
    return masked, replaced, kept


@torch.no_grad()
def fill(
    model: LanguageModel,
    corrupted: Int[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
    order: Sequence[int] | None,
    masked: Sequence[int],
    targets: Int[Tensor, " T"] | None = None,
) -> list[tuple[int, int, float]]:
    """Fill the masks one by one, each with the earlier fills in view: (position, token, log-probability in nats).

    order: which next; None takes the surest. targets: what to write; None writes the likeliest token.
    """
    ids, left, filled = corrupted.clone(), list(masked), []
    while left:
        log_p = model.logits(ids, allowed).log_softmax(-1)
        best = {i: int(log_p[i].argmax()) if targets is None else int(targets[i]) for i in left}
        i = order[len(filled)] if order is not None else max(left, key=lambda j: log_p[j].max().item())
        filled.append((i, best[i], log_p[i, best[i]].item()))
        ids[i] = best[i]
        left.remove(i)
    return filled


def filled_positions(run: Run) -> list[int]:
    """The masked positions that are filled one by one: the first few."""
    return (run.actions == MaskAction.MASK).nonzero().flatten().tolist()[:MOST_MASKS]


def orders_of(masked: list[int]) -> dict[str, list[int] | None]:
    """The orders in which masks are filled, as `fill` takes them."""
    return {"left to right": masked, "right to left": masked[::-1], "surest first": None}


def joint_scores(run: Run) -> dict[str, float]:
    """Log-probability, in nats, that the model gives the true words when it is led through them in each order."""
    model, truth = run.reading.model, torch.tensor(run.reading.tokens.ids)
    start, masked = run.measured.corrupted, filled_positions(run)
    scores = {
        name: sum(log_p for _, _, log_p in fill(model, start, run.allowed, order, masked, truth))
        for name, order in orders_of(masked).items()
    }
    return scores | {"all at once": sum(-run.measured.losses[i].item() for i in masked)}
