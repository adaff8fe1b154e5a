"""What a trained model is worth: its own loss on text it has not read, and the probes."""

from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from lossviz.models.language_model import LanguageModel
from lossviz.training import cloze
from lossviz.training.objectives import OBJECTIVES
from lossviz.training.stream import BATCH_TOKENS
from lossviz.training.trainer import HELD_OUT_SEED, Recipe, text_batches


@dataclass(frozen=True)
class Result:
    """One row of the model card. `held_out_loss`: nats per target, of the model's own objective."""

    kind: str
    steps: int
    tokens_read: int
    cpu_minutes: float
    n_parameters: int
    n_bytes: int
    held_out_loss: float
    cloze: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(recipe: Recipe, model: LanguageModel, *, cpu_minutes: float, file: Path) -> Result:
    """Measure a trained model, whose weights lie in `file`."""
    return Result(
        kind=recipe.kind,
        steps=recipe.steps,
        tokens_read=recipe.steps * BATCH_TOKENS,
        cpu_minutes=round(cpu_minutes, 1),
        n_parameters=model.n_parameters,
        n_bytes=file.stat().st_size,
        held_out_loss=round(held_out_loss(model), 3),
        cloze={} if model.kind == "leaky" else {kind: cloze.accuracy(model, kind) for kind in cloze.KINDS},
    )


@torch.no_grad()
def held_out_loss(model: LanguageModel, *, batches: int = 20) -> float:
    """Mean of the model's own objective over batches of unread text, nats per target."""
    generator = torch.Generator().manual_seed(HELD_OUT_SEED)
    texts = islice(text_batches(model.kind, model.tokenizer, seed=HELD_OUT_SEED), batches)
    losses = [OBJECTIVES[model.kind](model.model, text, model.tokenizer, generator).item() for text in texts]
    return sum(losses) / len(losses)
