"""The one door to every model: the built-in checkpoints of `assets/models`, and any other by its name."""

import threading
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from lossviz.models.backbones import MAX_TOKENS, blank_body
from lossviz.models.device import best_device
from lossviz.models.hub import ModelUnavailable, open_model
from lossviz.models.language_model import KINDS, LanguageModel
from lossviz.text.tokenizer import load_tokenizer

BUILT_IN = "built-in"
CHECKPOINTS = Path(__file__).parents[2] / "assets" / "models"
_one_at_a_time = threading.Lock()


def load(kind: str, name: str = BUILT_IN, device: torch.device | str | None = None) -> LanguageModel:
    """The model of a kind ("causal", "leaky", "masked", "t5", "bart"): the built-in one, or one of the hub or a folder.

    The same call gives the same object, so do not train it. Raises ModelUnavailable, with a sentence, where it cannot
    be had, and ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"A model is one of {', '.join(KINDS)}, not {kind!r}. Choose one of these.")
    with _one_at_a_time:
        return _load(kind, name, torch.device(device) if device else best_device())


@lru_cache(maxsize=8)
def _load(kind: str, name: str, device: torch.device) -> LanguageModel:
    if name != BUILT_IN:
        return open_model(kind, name, device)
    tokenizer = load_tokenizer()
    model = read_checkpoint(kind, len(tokenizer)).to(device)  # type: ignore[arg-type]
    return LanguageModel(kind, name, model, tokenizer, device, max_tokens=MAX_TOKENS)


def read_checkpoint(kind: str, vocab_size: int, folder: Path = CHECKPOINTS) -> PreTrainedModel:
    """The trained body of a kind, in float32 and eval mode, from the float16 numbers of its file."""
    path = folder / kind / "model.safetensors"
    if not path.exists():
        raise ModelUnavailable(f"The built-in {kind} model is not there. Train it with `make models`.")
    with torch.random.fork_rng(devices=[]):  # a new body draws weights, which are overwritten here
        model = blank_body(kind, vocab_size).eval()
    weights = load_file(path)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    return model


def write_checkpoint(kind: str, model: PreTrainedModel, folder: Path = CHECKPOINTS) -> Path:
    """Weights in float16, shared ones once, and the configuration; returns their folder."""
    (folder / kind).mkdir(parents=True, exist_ok=True)
    weights = {name: parameter.detach().half().contiguous() for name, parameter in model.named_parameters()}
    save_file(weights, folder / kind / "model.safetensors", metadata={"format": "pt"})
    model.config.save_pretrained(folder / kind)
    return folder / kind
