"""The code that ran: the same spans as a pair for T5 and a pair for BART, each scored on all that it writes."""

import dataclasses

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import corrupt_spans, cross_entropy, infill_spans, mean_over_targets, sample_span_mask
from lossviz.corruption.spans import runs_of
from lossviz.figures.numerals import three
from lossviz.lessons.scene import Metric
from lossviz.models import LanguageModel


@dataclasses.dataclass(frozen=True)
class Measured:
    """One encoder input, what the decoder writes for it, and the loss of every written token, in nats."""

    inputs: Int[Tensor, " S"]
    targets: Int[Tensor, " D"]
    losses: Float[Tensor, " D"]
    loss: Float[Tensor, ""]


def draw_spans(length: int, density: int, mean: int, seed: int) -> Bool[Tensor, " T"]:
    """Which tokens are noise: `density` percent of them, in runs of `mean` tokens on average. One token: none is."""
    if length < 2:
        return torch.zeros(length, dtype=torch.bool)
    generator = torch.Generator().manual_seed(seed)
    return sample_span_mask(length, noise_density=density / 100, mean_span_length=mean, generator=generator)


def t5_pair(
    model: LanguageModel, input_ids: Int[Tensor, " T"], noise: Bool[Tensor, " T"], final: bool
) -> tuple[Int[Tensor, " S"], Int[Tensor, " D"]]:
    """T5: each run of noise becomes a sentinel of its own; the target names it and says what stood there."""
    return corrupt_spans(input_ids, noise, sentinel_ids=model.sentinel_ids, eos_id=model.eos_id, final_sentinel=final)


def bart_pair(
    model: LanguageModel, input_ids: Int[Tensor, " T"], noise: Bool[Tensor, " T"]
) -> tuple[Int[Tensor, " S"], Int[Tensor, " D"]]:
    """BART: each run becomes one and the same mask; the target is the whole text."""
    assert model.mask_id is not None, "this half is served by a model with a mask"
    eos, runs = torch.tensor([model.eos_id]), runs_of(noise)
    starts, lengths = [start for start, _ in runs], [end - start for start, end in runs]
    infilled = infill_spans(input_ids, starts, lengths, mask_id=model.mask_id)
    return torch.cat([infilled, eos]), torch.cat([input_ids, eos])


@torch.no_grad()
def measure(model: LanguageModel, inputs: Int[Tensor, " S"], targets: Int[Tensor, " D"]) -> Measured:
    """Read the inputs, write the targets with each one shown the right tokens before it, and average over all."""
    decoder_ids = torch.cat([torch.tensor([model.start_id]), targets[:-1]])
    logits = model.seq2seq_logits(inputs, decoder_ids)
    losses = cross_entropy(logits, targets)
    return Measured(inputs, targets, losses, mean_over_targets(losses, targets))


def metrics(t5: Measured | None, bart: Measured | None, rebuilt: str) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    return (
        *_losses("T5", t5),
        *_losses("BART", bart),
        Metric("Decoder steps, T5 / BART", f"{len(t5.targets) if t5 else '–'} / {len(bart.targets) if bart else '–'}"),
        Metric("Same spans, text rebuilt", rebuilt),
    )


def _losses(name: str, measured: Measured | None) -> tuple[Metric, ...]:
    if measured is None:
        return ()
    return (Metric(f"{name} loss (mean of {len(measured.targets)} targets)", f"{three(measured.loss.item())} nats"),)


SOURCES = (
    measure,
    t5_pair,
    corrupt_spans,
    bart_pair,
    infill_spans,
    runs_of,
    draw_spans,
    sample_span_mask,
    cross_entropy,
    mean_over_targets,
    metrics,
)

CALL = """\
noise = torch.tensor(by_hand).bool() if by_hand else draw_spans(len(ids), density, mean, seed)
t5, bart = (load(*names) if names else None for names in (t5_name, bart_name))
scored = (
    measure(t5, *t5_pair(t5, torch.tensor(ids), noise, final)) if t5 else None,
    measure(bart, *bart_pair(bart, torch.tensor(ids), noise)) if bart else None,
)
for metric in metrics(*scored, rebuilt):
    print(metric.label, metric.value, sep=": ")"""
