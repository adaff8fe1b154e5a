"""Averaging, named: this is where recipes differ."""

from jaxtyping import Float, Int
from torch import Tensor

from lossviz import guards
from lossviz.labels import IGNORE_INDEX
from lossviz.losses.precision import full_precision


def mean_over_targets(
    losses: Float[Tensor, "*batch"],
    targets: Int[Tensor, "*batch"],
    *,
    count: float | Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Float[Tensor, ""]:
    """Nats per scored target: L = Σ ℓₜ / N over the positions with a target. Nothing scored: 0.

    N is the number of scored targets here, or `count`: the global one under gradient accumulation or data parallelism,
    where a mean of means would favour short batches. Transformers calls it num_items_in_batch.
    """
    losses, targets = guards.losses(losses, targets)
    scored = targets != guards.integer("ignore_index", ignore_index)
    n = scored.sum().clamp(min=1) if count is None else guards.positive("count", count)
    return full_precision(losses).where(scored, 0).sum() / n


def mean_over_sequences(
    losses: Float[Tensor, "*batch T"], targets: Int[Tensor, "*batch T"], *, ignore_index: int = IGNORE_INDEX
) -> Float[Tensor, ""]:
    """Nats per target, every sequence alike: the mean of the sequences' own means. Nothing scored: 0.

    L = 1/S Σₛ (Σₜ ℓₛₜ / Nₛ) over the S sequences that have a target; a token of a short one weighs more.
    GRPO averages so (Shao et al. 2024, Eq. 3); pretraining and most fine-tuning take mean_over_targets.
    """
    losses, targets = guards.losses(losses, targets)
    scored = targets != guards.integer("ignore_index", ignore_index)
    n = scored.sum(-1)
    per_sequence = full_precision(losses).where(scored, 0).sum(-1) / n.clamp(min=1)
    return per_sequence.sum() / (n > 0).sum().clamp(min=1)
