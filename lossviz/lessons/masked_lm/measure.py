"""The code that ran: one corrupted text through a masked model, scored where something was selected."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import (
    apply_mlm_actions,
    bidirectional_mask,
    cross_entropy,
    mean_over_targets,
    perplexity,
    sample_mlm_actions,
    sample_random_ids,
)
from lossviz.figures.numerals import three
from lossviz.lessons.cells import turned_over
from lossviz.lessons.measuring import gradient_norm, scored_count
from lossviz.lessons.scene import Metric
from lossviz.lessons.sentence import CannotShow
from lossviz.models import LanguageModel


@dataclasses.dataclass(frozen=True)
class Measured:
    """One forward and one backward pass over one corrupted text. Losses in nats; 0 where nothing was selected."""

    corrupted: Int[Tensor, " T"]
    logits: Float[Tensor, "T V"]
    labels: Int[Tensor, " T"]
    losses: Float[Tensor, " T"]
    loss: Float[Tensor, ""]
    gradient_norm: float


def draw_actions(
    special: Bool[Tensor, " T"], word_ids: Int[Tensor, " T"] | None, rate: int, mask: int, random: int, seed: int
) -> Int[Tensor, " T"]:
    """What happens to each token, drawn from the seed: `rate` percent are selected; of these `mask` percent become
    [MASK], `random` percent another token, the rest stay."""
    return sample_mlm_actions(
        special,
        mask_rate=rate / 100,
        mask_fraction=mask / 100,
        random_fraction=random / 100,
        word_ids=word_ids,
        generator=torch.Generator().manual_seed(seed),
    )


def replacements(model: LanguageModel, length: int, seed: int) -> Int[Tensor, " T"]:
    """One token drawn from the whole vocabulary, specials left out, for each position that may be replaced."""
    return sample_random_ids(
        (length,),
        vocab_size=model.vocab_size,
        exclude=model.special_ids,
        generator=torch.Generator().manual_seed(seed),
    )


def look_both_ways(length: int, flips: Sequence[tuple[int, int]]) -> Bool[Tensor, "T T"]:
    """Everyone may look at everyone, but for the cells that were turned over."""
    return turned_over(bidirectional_mask(length), flips)


def mask_of(model: LanguageModel) -> int:
    """The id of [MASK]; a model without one was not trained on this objective."""
    if model.mask_id is None:
        raise CannotShow(f"“{model.name}” has no mask token, so it cannot be asked what is hidden: choose another.")
    return model.mask_id


def measure(
    model: LanguageModel,
    input_ids: Int[Tensor, " T"],
    actions: Int[Tensor, " T"],
    random_ids: Int[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
) -> Measured:
    """Corrupt the text, score the selected positions, average over them, and go back once."""
    corrupted, labels = apply_mlm_actions(input_ids, actions, mask_token_id=mask_of(model), random_ids=random_ids)
    logits = model.logits(corrupted, allowed)
    losses = cross_entropy(logits, labels)
    loss = mean_over_targets(losses, labels)
    norm = gradient_norm(loss, model)
    return Measured(corrupted, logits.detach(), labels, losses.detach(), loss.detach(), norm)


def metrics(measured: Measured) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    scored, length = scored_count(measured.labels), len(measured.labels)
    return (
        Metric(f"Loss (mean of {scored} scored)", f"{three(measured.loss.item())} nats"),
        Metric(
            f"Perplexity of the {scored}", three(perplexity(measured.losses.sum().item(), scored)) if scored else "–"
        ),
        Metric("Gradient norm", three(measured.gradient_norm)),
        Metric("Positions with loss", f"{scored} / {length}"),
    )


SOURCES = (
    measure,
    apply_mlm_actions,
    draw_actions,
    sample_mlm_actions,
    replacements,
    look_both_ways,
    turned_over,
    cross_entropy,
    mean_over_targets,
    gradient_norm,
    metrics,
)

CALL = """\
model = load(*which)
actions = torch.tensor(by_hand) if by_hand else draw_actions(
    torch.tensor(special), torch.tensor(word_ids) if whole_words else None, rate, mask, random, seed
)
random_ids = replacements(model, len(ids), seed)
measured = measure(model, torch.tensor(ids), actions, random_ids, look_both_ways(len(ids), flips))
for metric in metrics(measured):
    print(metric.label, metric.value, sep=": ")"""
