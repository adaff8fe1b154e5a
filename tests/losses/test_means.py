import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from transformers.loss.loss_utils import fixed_cross_entropy

from lossviz import cross_entropy, cross_entropy_grad, mean_over_sequences, mean_over_targets

IGNORED = -100
MEANS = [mean_over_targets, mean_over_sequences]


def test_padding_is_not_counted() -> None:
    """Four real tokens at 2 nats and six pads at 0.01: over all positions 0.806, over targets 2."""
    losses = torch.tensor([2.0] * 4 + [0.01] * 6)
    targets = torch.tensor([7] * 4 + [IGNORED] * 6)
    assert float(losses.mean()) == pytest.approx(0.806)
    assert float(mean_over_targets(losses, targets)) == 2.0


def test_long_and_short_sequences() -> None:
    """10 tokens at 4 nats, 100 at 2: (40 + 200)/110 = 2.1818 per target, (4 + 2)/2 = 3 per sequence."""
    losses = torch.tensor([[4.0] * 100, [2.0] * 100])
    targets = torch.zeros(2, 100, dtype=torch.long)
    targets[0, 10:] = IGNORED
    assert float(mean_over_targets(losses, targets)) == pytest.approx(240 / 110)
    assert float(mean_over_sequences(losses, targets)) == 3.0


def test_sequences_with_nothing_scored_are_left_out() -> None:
    losses, targets = torch.tensor([[4.0, 2.0], [9.0, 9.0]]), torch.tensor([[1, 1], [IGNORED, IGNORED]])
    assert float(mean_over_sequences(losses, targets)) == 3.0


def test_one_sequence_is_its_own_mean() -> None:
    losses, targets = torch.tensor([4.0, 2.0, 9.0]), torch.tensor([1, 1, IGNORED])
    assert float(mean_over_sequences(losses, targets)) == float(mean_over_targets(losses, targets)) == 3.0


@pytest.mark.parametrize("count", [110, 110.0, torch.tensor(110), torch.tensor(110.0)])
def test_accumulated_batches_are_one_batch(count: float | torch.Tensor) -> None:
    """10 tokens at 4 nats and 100 at 2, each batch over the global count: the sum is the full mean 2.18, not 3."""
    parts = [torch.full((10,), 4.0), torch.full((100,), 2.0)]
    total = sum(float(mean_over_targets(p, torch.zeros(len(p), dtype=torch.long), count=count)) for p in parts)
    assert total == pytest.approx(240 / 110)


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), min_size=1, max_size=8), st.floats(0.5, 50))
def test_by_definition(cells: list[tuple[float, bool]], count: float) -> None:
    losses = torch.tensor([loss for loss, _ in cells], dtype=torch.float64)
    targets = torch.tensor([0 if scored else IGNORED for _, scored in cells])
    kept = [loss for loss, scored in cells if scored]
    assert float(mean_over_targets(losses, targets)) == pytest.approx(math.fsum(kept) / max(len(kept), 1))
    assert float(mean_over_targets(losses, targets, count=count)) == pytest.approx(math.fsum(kept) / count)


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_sequences_by_definition(rows: int, length: int, data: st.DataObject) -> None:
    scored = [[data.draw(st.booleans()) for _ in range(length)] for _ in range(rows)]
    losses = torch.arange(rows * length, dtype=torch.float64).view(rows, length)
    targets = torch.where(torch.tensor(scored), 0, IGNORED)
    kept = [
        [float(x) for x, flag in zip(row, flags, strict=True) if flag]
        for row, flags in zip(losses, scored, strict=True)
    ]
    means = [sum(row) / len(row) for row in kept if row]
    assert float(mean_over_sequences(losses, targets)) == pytest.approx(sum(means) / max(len(means), 1))


def test_pytorch_and_transformers() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 5, dtype=torch.float64, generator=generator)
    targets = torch.tensor([0, 1, IGNORED, 3, 4, IGNORED])
    losses = cross_entropy(logits, targets)
    torch.testing.assert_close(mean_over_targets(losses, targets), F.cross_entropy(logits, targets))
    theirs = fixed_cross_entropy(logits, targets, num_items_in_batch=torch.tensor(9))
    torch.testing.assert_close(mean_over_targets(losses, targets, count=9), theirs)


def test_the_gradient_is_p_minus_y_over_what_it_was_divided_by() -> None:
    """Three of four scored: (p − y)/3. Per sequence, the lone target of row 0 weighs 1/2, the two of row 1 1/4 each."""
    z = torch.randn(2, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.tensor([[0, IGNORED], [1, 2]])
    closed = cross_entropy_grad(z.detach(), targets)
    (found,) = torch.autograd.grad(mean_over_targets(cross_entropy(z, targets), targets), z)
    torch.testing.assert_close(found, closed / 3)
    (found,) = torch.autograd.grad(mean_over_sequences(cross_entropy(z, targets), targets), z)
    torch.testing.assert_close(found, closed * torch.tensor([1 / 2, 1 / 4]).view(2, 1, 1))


@pytest.mark.parametrize("mean", MEANS)
def test_nothing_scored_is_zero_with_zero_gradient(mean) -> None:
    losses = torch.full((2, 3), math.nan, requires_grad=True)
    value = mean(losses, torch.full((2, 3), IGNORED))
    value.backward()
    assert value == 0 and losses.grad is not None and (losses.grad == 0).all()


def test_nothing_scored_here_while_others_score() -> None:
    assert mean_over_targets(torch.ones(3), torch.full((3,), IGNORED), count=12) == 0


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_ignored_losses_are_never_read(mean, poison: float) -> None:
    losses = torch.tensor([[1.0, poison]], requires_grad=True)
    mean(losses, torch.tensor([[3, IGNORED]])).backward()
    assert losses.grad is not None and losses.grad.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("mean", MEANS)
def test_another_ignore_index(mean) -> None:
    assert mean(torch.tensor([1.0, 5.0]), torch.tensor([IGNORED, 0]), ignore_index=0) == 1


@pytest.mark.parametrize("mean", MEANS)
def test_sums_of_half_precision_are_float32(mean) -> None:
    """Ten thousand losses of 10 sum to 100,000, beyond float16."""
    value = mean(torch.full((10_000,), 10.0, dtype=torch.float16), torch.zeros(10_000, dtype=torch.long))
    assert value.dtype == torch.float32 and value == 10
    assert mean(torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.long)).dtype == torch.float64
