"""The built-in checkpoints: small, quick, alike at every load, and honest about the future."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lossviz.attention import bidirectional_mask, causal_mask
from lossviz.models import KINDS, LanguageModel, ModelUnavailable, best_device, describe, load
from lossviz.models.backbones import MAX_TOKENS, blank_body, new_body
from lossviz.models.checkpoints import CHECKPOINTS, read_checkpoint, write_checkpoint
from lossviz.models.language_model import SEQ2SEQ_KINDS
from lossviz.models.masks import additive
from lossviz.text.tokenizer import TOKENIZER_FOLDER
from lossviz.text.tokens import tokenize
from lossviz.training.card import read_results
from lossviz.training.cloze import CHANCE, accuracy
from lossviz.training.objectives import leaky_mask

TEXT = "Anna had a small red kite. She lost it in the"


def ids_of(model: LanguageModel, text: str = TEXT) -> Tensor:
    return torch.tensor(tokenize(model.tokenizer, text, model.max_tokens).ids)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return load(request.param, device="cpu")


def test_every_kind_is_there_and_ready(model: LanguageModel):
    assert model.max_tokens == MAX_TOKENS == 64
    assert not model.model.training
    assert {parameter.dtype for parameter in model.model.parameters()} == {torch.float32}
    assert model.kind in SEQ2SEQ_KINDS or model.respects_attention
    assert 1_000_000 < model.n_parameters < 1_600_000
    assert (model.prefix_ids, model.suffix_ids) == ((), ())


def test_the_same_call_is_the_same_object():
    assert load("causal", device="cpu") is load("causal", device="cpu")


def test_loading_does_not_move_the_random_state():
    before = torch.random.get_rng_state()
    read_checkpoint("bart", 2752)
    assert torch.equal(before, torch.random.get_rng_state())


def test_all_of_it_is_small():
    files = [path for folder in (CHECKPOINTS, TOKENIZER_FOLDER) for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15e6


def test_a_checkpoint_reads_as_it_was_written(tmp_path: Path):
    for kind in ("causal", "bart"):
        original = new_body(kind, 400, seed=1)
        write_checkpoint(kind, original, tmp_path)
        read = dict(read_checkpoint(kind, 400, tmp_path).named_parameters())
        assert read.keys() == dict(original.named_parameters()).keys()
        for name, parameter in original.named_parameters():
            assert torch.equal(read[name], parameter.half().float())


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="make models"):
        read_checkpoint("causal", 400, tmp_path)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="one of causal, leaky, masked, t5, bart, not 'gpt'"):
        load("gpt")


def test_t5_and_bart_are_one_shape():
    t5, bart = load("t5", device="cpu").model, load("bart", device="cpu").model
    assert t5.config.to_dict() == bart.config.to_dict()
    assert [p.shape for p in t5.parameters()] == [p.shape for p in bart.parameters()]


def test_the_future_cannot_move_a_causal_model():
    model = load("causal", device="cpu")
    ids = ids_of(model)
    with torch.no_grad():
        base = model.logits(ids, causal_mask(len(ids)))
        for t in range(len(ids) - 1):
            changed = ids.clone()
            changed[t + 1] = 700
            logits = model.logits(changed, causal_mask(len(ids)))
            assert torch.equal(logits[: t + 1], base[: t + 1])
            assert not torch.equal(logits[t + 1], base[t + 1])


def mean_loss(model: LanguageModel, mask: Tensor) -> float:
    ids = ids_of(model)
    with torch.no_grad():
        logits = model.logits(ids, mask)
    return torch.nn.functional.cross_entropy(logits[:-1], ids[1:]).item()


def test_only_the_model_trained_with_the_hole_uses_it():
    n = len(ids_of(load("causal")))
    assert mean_loss(load("leaky"), leaky_mask(n)) < 0.1
    assert mean_loss(load("causal"), leaky_mask(n)) > 1
    assert mean_loss(load("leaky"), causal_mask(n)) > mean_loss(load("causal"), causal_mask(n)) + 1


def greedy(model: LanguageModel, text: str, n: int) -> str:
    ids = ids_of(model, text)
    for _ in range(n):
        with torch.no_grad():
            logits = model.logits(ids, causal_mask(len(ids)))
        ids = torch.cat([ids, logits[-1:].argmax(-1)])
    return model.tokenizer.decode(ids.tolist())


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("The capital of France is", "Paris."),
        ("The opposite of hot is", "cold."),
        ("Two plus three is", "five."),
        ("The day after Monday is", "Tuesday."),
        ("The quick brown fox jumped over the lazy", "dog."),
    ],
)
def test_the_causal_model_knows_its_world(start: str, end: str):
    assert greedy(load("causal"), start, 2) == f"{start} {end}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The capital of France is [MASK].", "Paris"),
        ("The [MASK] of hot is cold.", "opposite"),
        ("Anna had a small red kite. [MASK] lost it in the park.", "She"),
        ("Tom had a small red kite. [MASK] lost it in the park.", "He"),
    ],
)
def test_the_masked_model_fills_the_gap(text: str, word: str):
    model = load("masked", device="cpu")
    left, right = (ids_of(model, part.strip()) for part in text.split("[MASK]"))
    ids = torch.cat([left, torch.tensor([model.mask_id]), right])
    with torch.no_grad():
        best = int(model.logits(ids, bidirectional_mask(len(ids)))[len(left)].argmax())
    assert model.piece(best) == word


def write(model: LanguageModel, source: list[int], n: int) -> list[int]:
    """Greedy output of an encoder–decoder, up to its end mark."""
    written = [model.start_id]
    while len(written) <= n and written[-1] != model.eos_id:
        with torch.no_grad():
            logits = model.seq2seq_logits(torch.tensor([*source, model.eos_id]), torch.tensor(written))
        written.append(int(logits[-1].argmax()))
    return written[1:]


@pytest.mark.parametrize("kind", SEQ2SEQ_KINDS)
def test_a_padding_token_in_a_text_is_read_like_any_other(kind: str):
    """The same as with masks cell by cell: T5Gemma, given none, would hide it."""
    model = load(kind, device="cpu")
    source, written = torch.tensor([300, model.pad_id, 301]), torch.tensor([model.start_id, model.pad_id, 400])
    everyone, past = additive(torch.ones(1, 3, dtype=torch.bool)), additive(causal_mask(3))
    whole: Any = model.model
    with torch.no_grad():
        expected = whole(source[None], everyone, decoder_input_ids=written[None], decoder_attention_mask=past).logits[0]
        torch.testing.assert_close(model.seq2seq_logits(source, written), expected)


def test_t5_says_what_is_missing():
    model = load("t5", device="cpu")
    left, right = ids_of(model, "The capital of"), ids_of(model, "is Paris.")
    first = model.sentinel_ids[0]
    written = write(model, [*left.tolist(), first, *right.tolist()], 6)
    assert written[0] == first and written[-1] == model.eos_id
    assert model.tokenizer.decode(written[1:-1]) == "France"


def test_bart_writes_the_whole_text():
    model = load("bart", device="cpu")
    left, right = ids_of(model, "The capital of"), ids_of(model, "is Paris.")
    written = write(model, [*left.tolist(), model.mask_id, *right.tolist()], 12)
    assert model.tokenizer.decode(written[:-1]) == "The capital of France is Paris."


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "leaky"])
@pytest.mark.parametrize("asked", CHANCE)
def test_the_card_says_what_the_checkpoint_knows(kind: str, asked: str):
    stated = read_results(CHECKPOINTS)[kind].cloze[asked]
    assert accuracy(load(kind), asked, n=40, seed=8) >= stated - 0.2


def test_a_gradient_goes_back_to_the_weights():
    model = load("masked", device="cpu")
    ids = ids_of(model)
    loss = model.logits(ids, bidirectional_mask(len(ids)))[3, 700]
    gradient = torch.autograd.grad(loss, model.model.get_input_embeddings().weight)[0]
    assert gradient.abs().sum() > 0


def test_a_copy_with_other_weights_is_a_model_too():
    model = load("causal", device="cpu")
    fresh = dataclasses.replace(model, model=blank_body("causal", model.vocab_size).eval())
    assert fresh.respects_attention and mean_loss(fresh, causal_mask(12)) > 7


def test_the_weights_of_both_halves_are_counted_apart():
    model = load("t5", device="cpu")
    encoder, decoder = model.stack_sizes
    embedding = model.model.get_input_embeddings().weight.numel()
    assert encoder + decoder == model.n_parameters
    assert decoder - embedding < encoder


def test_the_device_has_a_name():
    assert describe(torch.device("cpu")) == "CPU"
    assert describe(best_device())


@pytest.mark.skipif(best_device().type == "cpu", reason="there is no GPU to compare with")
@pytest.mark.parametrize("kind", ["causal", "masked"])
def test_the_gpu_gives_the_numbers_of_the_cpu(kind: str):
    on_cpu, on_gpu = load(kind, device="cpu"), load(kind)
    ids = ids_of(on_cpu)
    mask = causal_mask(len(ids))
    with torch.no_grad():
        torch.testing.assert_close(on_gpu.logits(ids, mask), on_cpu.logits(ids, mask), atol=1e-3, rtol=1e-3)
