import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import pad

from lossviz import corrupt_spans, sample_span_mask

SENTINELS = range(32099, 31999, -1)  # T5's, counted down from the top of the vocabulary
X, Y, Z = SENTINELS[:3]
EOS = 1

masked_texts = st.lists(st.tuples(st.integers(2, 99), st.booleans()), min_size=1, max_size=20).map(
    lambda cells: tuple(torch.tensor(column) for column in zip(*cells, strict=True))
)


def corrupted(ids: list[int], noise: list[int], **options: object) -> tuple[list[int], list[int]]:
    inputs, targets = corrupt_spans(torch.tensor(ids), torch.tensor(noise), sentinel_ids=SENTINELS, **options)
    return inputs.tolist(), targets.tolist()


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_the_quick_brown_fox() -> None:
    """The (quick brown fox) jumped over the (lazy) dog → The X jumped over the Y dog; X quick brown fox Y lazy."""
    the, quick, brown, fox, jumped, over, lazy, dog = range(10, 18)
    text = [the, quick, brown, fox, jumped, over, the, lazy, dog]
    noise = [0, 1, 1, 1, 0, 0, 0, 1, 0]
    inputs, targets = [the, X, jumped, over, the, Y, dog], [X, quick, brown, fox, Y, lazy]
    assert corrupted(text, noise) == (inputs, targets)
    assert corrupted(text, noise, final_sentinel=True) == (inputs, [*targets, Z])
    assert corrupted(text, noise, eos_id=EOS) == ([*inputs, EOS], [*targets, EOS])
    assert corrupted(text, noise, eos_id=EOS, final_sentinel=True) == ([*inputs, EOS], [*targets, Z, EOS])


def test_noise_at_the_start_keeps_sentinels_together() -> None:
    """The first run is the first sentinel in both; naming clean runs instead would start the targets with the text."""
    assert corrupted([10, 11, 12, 13], [1, 0, 0, 1]) == ([X, 11, 12, Y], [X, 10, Y, 13])


def test_no_noise_leaves_the_text() -> None:
    assert corrupted([10, 11], [0, 0]) == ([10, 11], [])
    assert corrupted([10, 11], [0, 0], eos_id=EOS, final_sentinel=True) == ([10, 11, EOS], [X, EOS])


def test_noise_everywhere_leaves_a_sentinel() -> None:
    assert corrupted([10, 11], [1, 1], final_sentinel=True) == ([X], [X, 10, 11, Y])


def test_sentinels_may_be_any_sequence() -> None:
    ids, noise = torch.tensor([10, 11, 12]), torch.tensor([True, False, True])
    numpys, tensors = [np.int64(50), np.int32(7)], [torch.tensor(50), torch.tensor(7)]
    for sentinels in ([50, 7], (50, 7), torch.tensor([50, 7]), [50, 7, 3], range(50, 0, -43), numpys, tensors):
        inputs, targets = corrupt_spans(ids, noise, sentinel_ids=sentinels)
        assert (inputs.tolist(), targets.tolist()) == ([50, 11, 7], [50, 10, 7, 12])
        assert inputs.dtype == targets.dtype == torch.long


def test_ids_of_any_integer_type_come_back_as_int64() -> None:
    short = torch.tensor([10, 11], dtype=torch.int32)
    for noise in (torch.tensor([0, 1]), torch.tensor([0, 0])):
        assert all(side.dtype == torch.long for side in corrupt_spans(short, noise, sentinel_ids=SENTINELS))


# --- Laws -------------------------------------------------------------------------------------------------------------


@given(masked_texts)
def test_lengths_and_order_of_sentinels(text: tuple[Tensor, Tensor]) -> None:
    ids, noise = text
    before = ids.clone()
    inputs, targets = corrupt_spans(ids, noise, sentinel_ids=SENTINELS, eos_id=EOS)
    assert torch.equal(ids, before)
    n_runs = int((noise & ~pad(noise[:-1], (1, 0))).sum())
    assert len(inputs) == int((~noise).sum()) + n_runs + 1
    assert len(targets) == int(noise.sum()) + n_runs + 1
    for side in (inputs, targets):
        assert [token for token in side.tolist() if token in SENTINELS] == list(SENTINELS[:n_runs])


def as_t5_does(tokens: Tensor, noise: Tensor) -> Tensor:
    """A second form, the one of T5's code: the first token of each run becomes a sentinel by counting, the rest go."""
    before = pad(noise[:-1], (1, 0))
    first = noise & ~before
    return torch.where(first, SENTINELS[0] + 1 - first.cumsum(0), tokens)[~(noise & before)]


@given(st.integers(2, 60), st.floats(0.05, 0.8), st.floats(1.0, 5.0), st.integers(0, 99))
def test_on_masks_of_t5_it_is_what_t5_does(length: int, density: float, mean: float, seed: int) -> None:
    """There the targets are the same function of the inverted mask. It names clean runs, and drops the first one's
    own tokens; that works since such masks start clean: the k-th clean run precedes the k-th noise run."""
    generator = torch.Generator().manual_seed(seed)
    noise = sample_span_mask(length, noise_density=density, mean_span_length=mean, generator=generator)
    ids = torch.randint(100, (length,), generator=generator)
    inputs, targets = corrupt_spans(ids, noise, sentinel_ids=SENTINELS)
    assert torch.equal(inputs, as_t5_does(ids, noise))
    assert torch.equal(targets, as_t5_does(ids, ~noise))
