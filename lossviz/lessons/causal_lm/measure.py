"""The code that ran: one text through a causal model, scored on what comes next."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import (
    IGNORE_INDEX,
    bidirectional_mask,
    bits_per_byte,
    cross_entropy,
    mean_over_targets,
    next_token_labels,
    padding_mask,
    perplexity,
)
from lossviz.figures.numerals import three
from lossviz.lessons.cells import turned_over
from lossviz.lessons.measuring import gradient_norm, scored_count
from lossviz.lessons.scene import Metric
from lossviz.models import LanguageModel


@dataclasses.dataclass(frozen=True)
class Measured:
    """One forward and one backward pass over one text. Losses in nats, per position; 0 where nothing is scored."""

    logits: Float[Tensor, "T V"]
    labels: Int[Tensor, " T"]
    losses: Float[Tensor, " T"]
    loss: Float[Tensor, ""]
    gradient_norm: float


def who_sees_whom(mask: str, flips: Sequence[tuple[int, int]], length: int) -> Bool[Tensor, "T T"]:
    """The attention mask: "causal", "hole" (causal, and each position also sees its next token) or "full"."""
    ahead = {"causal": 0, "hole": 1, "full": length}[mask]
    return turned_over(bidirectional_mask(length).tril(ahead), flips)


def labels_at_shift(shift: int, input_ids: Int[Tensor, " T"], real: Bool[Tensor, " T"]) -> Int[Tensor, " T"]:
    """Targets under the right shift, 1, and under the two classic bugs: 0, no shift, and 2, shifted twice."""
    labels = next_token_labels(input_ids, attention_mask=real)
    if shift == 0:
        return input_ids.masked_fill(~real, IGNORE_INDEX)
    if shift == 2:
        return torch.cat([labels[1:], labels.new_tensor([IGNORE_INDEX])])
    return labels


def measure(
    model: LanguageModel,
    input_ids: Int[Tensor, " T"],
    real: Bool[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
    shift: int,
) -> Measured:
    """Score every position of one text against its label, average over the scored ones, and go back once."""
    logits = model.logits(input_ids, allowed)
    labels = labels_at_shift(shift, input_ids, real)
    losses = cross_entropy(logits, labels)
    loss = mean_over_targets(losses, labels)
    return Measured(logits.detach(), labels, losses.detach(), loss.detach(), gradient_norm(loss, model))


def metrics(measured: Measured, scored_bytes: int) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    scored = scored_count(measured.labels)
    total = measured.losses.sum().item()
    return (
        Metric(f"Loss (mean of {scored} scored)", f"{three(measured.loss.item())} nats"),
        Metric("Perplexity", three(perplexity(total, scored)) if scored else "–"),
        Metric("Bits per byte", three(bits_per_byte(total, scored_bytes)) if scored else "–"),
        Metric("Gradient norm", three(measured.gradient_norm)),
    )


SOURCES = (
    measure,
    who_sees_whom,
    turned_over,
    padding_mask,
    labels_at_shift,
    next_token_labels,
    cross_entropy,
    mean_over_targets,
    gradient_norm,
    metrics,
)

CALL = """\
model = load(*which)
input_ids = torch.tensor(ids)
real = torch.arange(len(ids)) < n_real
allowed = who_sees_whom(mask, flips, len(ids)) & padding_mask(real)
measured = measure(model, input_ids, real, allowed, shift)
for metric in metrics(measured, scored_bytes):
    print(metric.label, metric.value, sep=": ")"""
