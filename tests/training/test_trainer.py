"""The training loop and what it feeds on: the same again, and downhill."""

from itertools import islice

import pytest
import torch

from lossviz.models import KINDS
from lossviz.text.tokenizer import load_tokenizer
from lossviz.training.recipes import RECIPES
from lossviz.training.stream import BATCH_TOKENS, openings, packed_windows
from lossviz.training.trainer import Progress, Recipe, learning_rate, train, train_cycle

TOKENIZER = load_tokenizer()


def short(kind: str, *, steps: int = 3, seed: int = 0) -> Recipe:
    return Recipe(kind, cycles=(steps,), warmup=2, seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_weights_bit_for_bit(kind: str):
    once, again = train(short(kind), TOKENIZER), train(short(kind), TOKENIZER)
    for (name, a), (_, b) in zip(once.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name


def test_another_seed_gives_other_weights():
    a, b = train(short("causal", steps=1), TOKENIZER), train(short("causal", steps=1, seed=1), TOKENIZER)
    assert not torch.equal(a.lm_head.weight, b.lm_head.weight)


def test_global_randomness_is_neither_read_nor_moved():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    train(short("masked", steps=1), TOKENIZER)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_loss_falls_and_progress_is_told():
    heard: list[Progress] = []
    train(short("causal", steps=12), TOKENIZER, on_progress=heard.append, every=4)
    assert [progress.step for progress in heard] == [4, 8, 12]
    assert heard[-1].loss < heard[0].loss - 0.5


def test_the_rate_warms_up_and_cools_down():
    recipe = Recipe("causal", cycles=(1000, 500), learning_rate=1.0, warmup=100)
    assert learning_rate(recipe, 0, 1) == pytest.approx(0.01, rel=0.01)
    assert learning_rate(recipe, 0, 100) == max(learning_rate(recipe, 0, step) for step in range(1, 1001))
    assert learning_rate(recipe, 0, 1000) == learning_rate(recipe, 1, 500) == pytest.approx(0.05)


def test_a_second_cycle_goes_on_with_the_weights_on_other_text():
    recipe = Recipe("causal", cycles=(2, 1), warmup=1)
    whole = train(recipe, TOKENIZER)
    parts = train(Recipe("causal", cycles=(2,), warmup=1), TOKENIZER).train()
    assert len(list(train_cycle(parts, recipe, 1, TOKENIZER))) == 1
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_kind_has_a_recipe():
    assert tuple(RECIPES) == KINDS
    assert all(recipe.kind == kind for kind, recipe in RECIPES.items())


def test_windows_are_one_stream_cut_without_loss():
    windows = torch.cat([batch.flatten() for batch in islice(packed_windows(TOKENIZER, length=64, seed=5), 3)])
    other = torch.cat([batch.flatten() for batch in islice(packed_windows(TOKENIZER, length=32, seed=5), 3)])
    assert torch.equal(windows, other)
    assert windows[0] == TOKENIZER.bos_token_id
    ends = (windows[:-1] == TOKENIZER.eos_token_id).nonzero()[:, 0]
    assert (windows[ends + 1] == TOKENIZER.bos_token_id).all()


def test_openings_begin_with_a_sentence_and_fill_the_batch():
    for batch in islice(openings(TOKENIZER, shortest=8, longest=63, seed=2), 5):
        assert 8 <= batch.shape[1] <= 63
        assert BATCH_TOKENS - 64 < batch.numel() <= BATCH_TOKENS
        assert not set(batch.unique().tolist()) & set(TOKENIZER.all_special_ids)
        assert all(TOKENIZER.decode(row).lstrip('"')[0].isupper() for row in batch.tolist())
