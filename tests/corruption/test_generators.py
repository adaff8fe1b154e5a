"""Everything random draws from the given generator, and from nothing else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from lossviz import sample_infilling_spans, sample_mlm_actions, sample_random_ids, sample_span_mask

WORDS = torch.tensor([[0, 0, 1, 2, 2, -1, 3, 4], [0, 1, 1, 1, -1, -1, 2, 2]])

SAMPLERS: dict[str, Callable[[torch.Generator], Tensor]] = {
    "actions": lambda g: sample_mlm_actions(WORDS < 0, mask_rate=0.4, generator=g),
    "actions of words": lambda g: sample_mlm_actions(
        WORDS < 0, mask_rate=0.4, word_ids=WORDS, at_least_one=True, generator=g
    ),
    "ids": lambda g: sample_random_ids((2, 8), vocab_size=30522, exclude=(0, 101, 102), generator=g),
    "span mask": lambda g: sample_span_mask(16, noise_density=0.4, mean_span_length=2.0, random_roll=True, generator=g),
    "infilling": lambda g: torch.stack(sample_infilling_spans(30, generator=g)),
}

# Seed 7, written down once: the same on every machine.
DRAWN = {
    "actions": [[1, 3, 0, 0, 0, 0, 1, 0], [0, 0, 3, 3, 0, 0, 2, 0]],
    "actions of words": [[0, 0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 3, 1]],
    "ids": [
        [28596, 19528, 21322, 7898, 22543, 6696, 28343, 27116],
        [11464, 28190, 784, 24088, 4574, 14787, 25124, 19591],
    ],
    "span mask": [0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0],
    "infilling": [[12, 18], [6, 3]],
}

samplers = pytest.mark.parametrize("name", SAMPLERS)


@samplers
def test_one_seed_is_one_draw_on_every_machine(name: str) -> None:
    assert SAMPLERS[name](torch.Generator().manual_seed(7)).int().tolist() == DRAWN[name]


@samplers
def test_global_state_is_neither_read_nor_moved(name: str) -> None:
    draws = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        draws.append(SAMPLERS[name](torch.Generator().manual_seed(7)))
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*draws)


@samplers
def test_the_next_draw_is_another(name: str) -> None:
    generator = torch.Generator().manual_seed(7)
    draws = [SAMPLERS[name](generator).tolist() for _ in range(5)]
    assert any(draw != draws[0] for draw in draws)


@samplers
def test_the_default_dtype_changes_no_draw(name: str) -> None:
    default = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        draw = SAMPLERS[name](torch.Generator().manual_seed(7))
    finally:
        torch.set_default_dtype(default)
    assert draw.int().tolist() == DRAWN[name]
