"""One training loop for every built-in model. The same recipe gives the same weights, bit for bit, on one machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, pi

import torch
from torch import Tensor
from torch.optim import AdamW, Muon, Optimizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lossviz.models.backbones import MAX_TOKENS, new_body
from lossviz.training.objectives import OBJECTIVES
from lossviz.training.stream import openings, packed_windows

HELD_OUT_SEED = 1_000_000
"""Text of this seed and above is never trained on."""


@dataclass(frozen=True)
class Recipe:
    """What is trained and for how long; a step is one batch of about 1,024 tokens of text.

    `cycles`: the steps of each cycle. In a cycle the learning rate rises once and falls once; the next one goes on with
    the same weights on new text.
    """

    kind: str
    cycles: tuple[int, ...]
    learning_rate: float = 4e-3
    warmup: int = 60
    seed: int = 0

    @property
    def steps(self) -> int:
        return sum(self.cycles)


@dataclass(frozen=True)
class Progress:
    """After `step` steps: the mean loss (nats per target) of the last steps."""

    step: int
    loss: float


def train(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerFast,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    every: int = 100,
) -> PreTrainedModel:
    """A model of the recipe's kind, trained from nothing; `on_progress` hears of it `every` so many steps."""
    model = new_body(recipe.kind, len(tokenizer), seed=recipe.seed).train()
    losses: list[float] = []
    for cycle in range(len(recipe.cycles)):
        for loss in train_cycle(model, recipe, cycle, tokenizer):
            losses.append(loss)
            if len(losses) % every == 0:
                on_progress(Progress(len(losses), sum(losses[-every:]) / every))
    return model.eval()


def train_cycle(
    model: PreTrainedModel, recipe: Recipe, cycle: int, tokenizer: PreTrainedTokenizerFast
) -> Iterator[float]:
    """Train `model` in place for one cycle of the recipe, on text of its own; yields the loss of every step."""
    optimizers = new_optimizers(model)
    seed = recipe.seed + cycle
    generator = torch.Generator().manual_seed(seed)
    batches = text_batches(recipe.kind, tokenizer, seed=seed)
    for step, text in enumerate(islice(batches, recipe.cycles[cycle]), start=1):
        loss = OBJECTIVES[recipe.kind](model, text, tokenizer, generator)
        loss.backward()
        update(model, optimizers, learning_rate(recipe, cycle, step))
        yield loss.item()


def text_batches(kind: str, tokenizer: PreTrainedTokenizerFast, *, seed: int) -> Iterator[Tensor]:
    """Causal models read windows cut anywhere, with `<s>` and `</s>` in them; the others read openings of texts."""
    if kind in ("causal", "leaky"):
        return packed_windows(tokenizer, length=MAX_TOKENS, seed=seed)
    return openings(tokenizer, shortest=8, longest=MAX_TOKENS - 1, seed=seed)


def new_optimizers(model: PreTrainedModel) -> list[Optimizer]:
    """Muon for the matrices, AdamW for the embeddings and gains.

    Muon (Jordan et al. 2024) needs about two thirds of AdamW's steps here; its update is rescaled to the size of
    AdamW's (Liu et al. 2025, Eq. 4), so that one learning rate serves both.
    """
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and "embed" not in name else others).append(parameter)
    return [
        Muon(matrices, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        AdamW(others, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def update(model: PreTrainedModel, optimizers: list[Optimizer], rate: float) -> None:
    """One step down the clipped gradient, which is then forgotten."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()


def learning_rate(recipe: Recipe, cycle: int, step: int) -> float:
    """Linear warm-up, then a cosine down to a twentieth, in every cycle."""
    warm = min(1.0, step / recipe.warmup)
    return recipe.learning_rate * warm * (0.05 + 0.95 * 0.5 * (1 + cos(pi * step / recipe.cycles[cycle])))
