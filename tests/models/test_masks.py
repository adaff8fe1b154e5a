"""Boolean attention as numbers to add, and who can reach whom through the layers."""

import torch

from lossviz.attention import bidirectional_mask, causal_mask, sliding_window_mask
from lossviz.models.masks import additive, sees_its_target


def test_additive_by_hand():
    lowest = torch.finfo(torch.float32).min
    assert additive(causal_mask(2)).tolist() == [[[[0.0, lowest], [0.0, 0.0]]]]


def test_additive_keeps_batches_and_shapes():
    assert additive(torch.ones(3, 2, 5, dtype=torch.bool)).shape == (3, 1, 2, 5)
    assert additive(torch.ones(2, 5, dtype=torch.bool)).shape == (1, 1, 2, 5)


def test_a_row_that_sees_nothing_is_uniform_and_not_nan():
    scores = torch.randn(4, generator=torch.Generator().manual_seed(0)) + additive(torch.zeros(1, 4, dtype=torch.bool))
    torch.testing.assert_close(scores.softmax(-1), torch.full((1, 1, 1, 4), 0.25))


def test_nobody_sees_its_target_through_a_causal_mask():
    assert not sees_its_target(causal_mask(6), 4).any()


def test_one_open_cell_leaks_in_its_row():
    mask = causal_mask(6)
    mask[2, 3] = True
    assert sees_its_target(mask, 4).tolist() == [False, False, True, False, False, False]


def test_a_cell_further_off_leaks_for_all_rows_on_the_way_back():
    mask = causal_mask(6)
    mask[1, 4] = True  # ways to a target: 1 → 4 → 2 and 3 → 1 → 4 in two looks, 2 → 1 → 4 → 3 in three
    assert sees_its_target(mask, 1).tolist() == [False] * 6
    assert sees_its_target(mask, 2).tolist() == [False, True, False, True, False, False]
    assert sees_its_target(mask, 3).tolist() == [False, True, True, True, False, False]


def test_an_open_mask_leaks_everywhere_but_at_the_end():
    assert sees_its_target(bidirectional_mask(4), 1).tolist() == [True, True, True, False]
    assert not sees_its_target(sliding_window_mask(4, 2), 4).any()
