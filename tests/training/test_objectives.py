"""Each objective computes the loss it is named after."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossviz.models import load
from lossviz.training import objectives
from lossviz.training.objectives import OBJECTIVES, encoder_decoder_loss, leaky_mask


@pytest.fixture
def text() -> Tensor:
    return torch.randint(300, 900, (3, 12), generator=torch.Generator().manual_seed(4))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_causal_is_the_loss_of_transformers(text: Tensor):
    model = load("causal", device="cpu")
    with torch.no_grad():
        ours = objectives.causal(model.model, text, model.tokenizer, generator())
        theirs = model.model(input_ids=text, labels=text).loss
    torch.testing.assert_close(ours, theirs)


def test_leaky_opens_exactly_the_next_cell():
    assert leaky_mask(3).tolist() == [[True, True, False], [True, True, True], [True, True, True]]


def test_encoder_decoder_is_the_loss_of_transformers(text: Tensor):
    model = load("bart", device="cpu")
    targets = [text[0], text[1, :7], text[2, :9]]
    sources = [text[0, :5], text[1], text[2, :8]]
    with torch.no_grad():
        ours = encoder_decoder_loss(model.model, sources, targets)
        parts = []
        for source, target in zip(sources, targets, strict=True):
            start = torch.cat([torch.tensor([model.start_id]), target[:-1]])
            parts.append(cross_entropy(model.seq2seq_logits(source, start), target, reduction="none"))
    torch.testing.assert_close(ours, torch.cat(parts).mean())


def test_masked_scores_only_what_was_selected(text: Tensor, monkeypatch: pytest.MonkeyPatch):
    model = load("masked", device="cpu")
    kept = {}

    def remember(*args, **kwargs):
        kept["corrupted"], kept["labels"] = applied(*args, **kwargs)
        return kept["corrupted"], kept["labels"]

    applied = objectives.apply_mlm_actions
    monkeypatch.setattr(objectives, "apply_mlm_actions", remember)
    with torch.no_grad():
        ours = objectives.masked(model.model, text, model.tokenizer, generator())
        open_mask = torch.zeros(1, 1, 12, 12)
        logits = model.model(input_ids=kept["corrupted"], attention_mask=open_mask).logits
    expected = cross_entropy(logits.transpose(1, 2), kept["labels"], ignore_index=-100)
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_the_same_generator_gives_the_same_loss(kind: str, text: Tensor):
    model = load(kind, device="cpu")
    with torch.no_grad():
        losses = [OBJECTIVES[kind](model.model, text, model.tokenizer, generator()).item() for _ in range(2)]
    assert losses[0] == losses[1] > 0
