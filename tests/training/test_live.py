"""Training that is watched: both groups of rows, one run at a time, an end by step, clock or wish."""

import itertools
import threading

import pytest
import torch

from lossviz.attention import bidirectional_mask, causal_mask
from lossviz.models import LanguageModel, load
from lossviz.training import live
from lossviz.training.live import BLIND, CANCELLED, DONE, FAILED, QUEUED, SEEING, LiveRun
from lossviz.training.stream import packed_windows


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return load("causal", device="cpu")


def hole(length: int = 8) -> torch.Tensor:
    mask = causal_mask(length)
    mask[3, 4] = True
    return mask


def test_a_run_ends_with_a_model_that_has_changed_and_a_source_that_has_not(model: LanguageModel):
    before = {name: parameter.clone() for name, parameter in model.model.named_parameters()}
    end = LiveRun(model, hole(), steps=3, seconds=1e9).start().join()
    assert (end.state, end.step, end.ended) == (DONE, 3, True)
    assert {name: len(curve) for name, curve in end.curves.items()} == {SEEING: 3, BLIND: 3}
    assert end.model is not None and not end.model.model.training and "trained with this mask" in end.model.name
    for name, parameter in model.model.named_parameters():
        assert torch.equal(parameter, before[name])
    assert any(not torch.equal(p, before[name]) for name, p in end.model.model.named_parameters())


def test_the_same_seed_gives_the_same_curve(model: LanguageModel):
    ends = [LiveRun(model, hole(), steps=3, seconds=1e9, seed=5).start().join() for _ in range(2)]
    assert ends[0].curves == ends[1].curves


def test_the_first_number_is_the_loss_of_the_model_it_starts_from(model: LanguageModel):
    text = next(packed_windows(model.tokenizer, length=8, seed=0, batch_tokens=live.LIVE_BATCH_TOKENS))
    with torch.no_grad():
        logits = torch.stack([model.logits(row, hole()) for row in text])
    losses = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), text[:, 1:], reduction="none")
    first = LiveRun(model, hole(), steps=1, seconds=1e9).start().join().curves
    assert first[SEEING][0] == pytest.approx(losses[:, 3].mean().item(), rel=1e-4)
    assert first[BLIND][0] == pytest.approx(losses[:, [0, 1, 2, 4, 5, 6]].mean().item(), rel=1e-4)


def test_groups_without_rows_are_left_out(model: LanguageModel):
    assert list(LiveRun(model, causal_mask(6), steps=1).snapshot().curves) == [BLIND]
    assert list(LiveRun(model, bidirectional_mask(6), steps=1).snapshot().curves) == [SEEING]


def test_the_clock_ends_a_run(model: LanguageModel):
    seconds = itertools.count(step=1.0)
    end = LiveRun(model, hole(), steps=100, seconds=3.5, clock=lambda: next(seconds)).start().join()
    assert (end.state, end.step) == (DONE, 3)


def test_a_run_waits_for_the_one_before_and_can_be_cancelled_there(model: LanguageModel):
    assert live._one_run.acquire(timeout=60)
    try:
        waiting = LiveRun(model, hole(), steps=3).start()
        assert waiting.snapshot().state == QUEUED
        waiting.cancel()
        end = waiting.join()
    finally:
        live._one_run.release()
    assert (end.state, end.step, end.model) == (CANCELLED, 0, None)


def test_cancelling_keeps_what_was_learned(model: LanguageModel):
    stepped = threading.Event()

    def clock() -> float:
        if run.snapshot().step >= 2:
            stepped.set()
            run.cancel()
        return 0.0

    run = LiveRun(model, hole(), steps=1000, clock=clock)
    end = run.start().join()
    assert stepped.is_set() and end.state == CANCELLED and 2 <= end.step <= 3 and end.model is not None


def test_a_fault_is_a_state_and_the_next_run_is_served(model: LanguageModel):
    def broken() -> float:
        raise RuntimeError("out of memory")

    end = LiveRun(model, hole(), clock=broken).start().join()
    assert (end.state, end.ended, end.error) == (FAILED, True, "The training stopped: out of memory")
    assert LiveRun(model, hole(), steps=1, seconds=1e9).start().join().state == DONE


@pytest.mark.parametrize("length", [1, 65])
def test_a_mask_of_the_wrong_size_is_refused(model: LanguageModel, length: int):
    with pytest.raises(ValueError, match="a mask of 2 to 64 tokens"):
        LiveRun(model, causal_mask(length))
