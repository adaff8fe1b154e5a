import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossviz import bits_per_byte, cross_entropy, perplexity, word_perplexity


def test_three_tokens() -> None:
    """p = 0.5, 0.25, 0.8: the sum is −ln 0.1 = 2.3026 nats, the perplexity 10^(1/3) = 2.1544."""
    assert perplexity(-math.log(0.1), 3) == pytest.approx(10 ** (1 / 3))


def test_certainty_is_1_and_a_uniform_guess_is_V() -> None:
    losses = cross_entropy(torch.zeros(9, 50, dtype=torch.float64), torch.arange(9))
    assert perplexity(0.0, 9) == 1
    assert float(perplexity(losses.sum(), 9)) == pytest.approx(50)


def test_there_is_no_upper_bound() -> None:
    """A wrong logit 20 above 50,256 others costs ln(e²⁰ + 50,256) nats: perplexity 4.85 · 10⁸, far above V."""
    z = torch.zeros(1, 50257, dtype=torch.float64)
    z[0, 0] = 20
    assert float(perplexity(cross_entropy(z, torch.tensor([1])).sum(), 1)) == pytest.approx(4.85e8, rel=1e-3)
    assert perplexity(1e6, 1) == math.inf
    assert perplexity(torch.tensor(1e6), 1) == math.inf


def test_bits_per_byte_by_hand() -> None:
    """ "héllo" is six bytes; 6 ln 2 nats for it is one bit per byte."""
    assert bits_per_byte(6 * math.log(2), len("héllo".encode())) == pytest.approx(1)


def test_words_by_hand() -> None:
    """Three words, 3 ln 7 nats: 7, whatever the blanks around them."""
    assert word_perplexity(3 * math.log(7), "  the cat\n sat ") == pytest.approx(7)


@given(st.floats(0, 700), st.integers(1, 1000), st.integers(1, 1000))
def test_the_units_are_one_number(nll: float, n_tokens: int, n_bytes: int) -> None:
    """2^(bits per byte · bytes) = perplexity^tokens = e^nll: compared in logarithms."""
    nats = bits_per_byte(nll, n_bytes) * n_bytes * math.log(2)
    assert nats == pytest.approx(nll)
    assert math.log(perplexity(nll, n_tokens)) * n_tokens == pytest.approx(nll, abs=1e-9)
    assert word_perplexity(nll, "a " * n_tokens) == perplexity(nll, n_tokens)


@pytest.mark.parametrize("count", [3, 3.0, torch.tensor(3), torch.tensor(3.0)])
def test_sums_and_counts_are_numbers_or_tensors(count: float | torch.Tensor) -> None:
    assert perplexity(6, count) == pytest.approx(math.exp(2))
    assert isinstance(perplexity(6.0, count), float) and isinstance(bits_per_byte(6.0, count), float)
    of_tensor = perplexity(torch.tensor(6.0, dtype=torch.float64), count)
    assert of_tensor.dtype == torch.float64 and float(of_tensor) == pytest.approx(math.exp(2))
    assert float(word_perplexity(torch.tensor(2.0), "a b")) == pytest.approx(math.e)


def test_half_precision_comes_back_as_float32() -> None:
    nll = torch.tensor(10.0, dtype=torch.bfloat16)
    assert perplexity(nll, 4).dtype == bits_per_byte(nll, 4).dtype == torch.float32
    assert float(perplexity(nll, 4)) == pytest.approx(math.exp(2.5))


def test_the_gradient_goes_through() -> None:
    """d/dx exp(x/2) at 2 is e/2."""
    nll = torch.tensor(2.0, requires_grad=True)
    perplexity(nll, 2).backward()
    assert nll.grad is not None and float(nll.grad) == pytest.approx(math.e / 2)
