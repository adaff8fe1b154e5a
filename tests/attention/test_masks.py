import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers.masking_utils import causal_mask_function, sliding_window_causal_mask_function

from lossviz import (
    bidirectional_mask,
    causal_mask,
    document_mask,
    padding_mask,
    prefix_mask,
    sliding_window_mask,
)

lengths = st.integers(1, 9)


def drawn(mask: Tensor) -> list[str]:
    """One line per query: # where it may look."""
    return ["".join("#" if open else "." for open in row) for row in mask.tolist()]


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_causal() -> None:
    assert drawn(causal_mask(4)) == ["#...", "##..", "###.", "####"]


def test_bidirectional() -> None:
    assert drawn(bidirectional_mask(2)) == ["##", "##"]


def test_prefix_is_open_to_everyone() -> None:
    assert drawn(prefix_mask(4, 2)) == ["##..", "##..", "###.", "####"]


def test_a_window_of_two_is_itself_and_the_one_before() -> None:
    assert drawn(sliding_window_mask(4, 2)) == ["#...", "##..", ".##.", "..##"]


def test_documents_are_blocks() -> None:
    assert drawn(document_mask(torch.tensor([0, 0, 1]))) == ["##.", "##.", "..#"]


def test_padding_is_never_a_key() -> None:
    """Document -1 is padding: it sees nothing, and nobody sees it. A padded key hides its column from every row."""
    assert drawn(document_mask(torch.tensor([0, 0, -1]))) == ["##.", "##.", "..."]
    assert drawn(padding_mask(torch.tensor([1, 1, 0]))) == ["##.", "##.", "##."]


def test_pairs_allowed_among_six_tokens() -> None:
    """Causal 6·7/2 = 21; a prefix of three opens the 3 cells above its diagonal: 24; bidirectional 36."""
    assert [int(mask.sum()) for mask in (causal_mask(6), prefix_mask(6, 3), bidirectional_mask(6))] == [21, 24, 36]


def test_masks_combine() -> None:
    """Causal, within documents, and without the padded last column."""
    mask = causal_mask(4) & document_mask(torch.tensor([0, 0, 1, 1])) & padding_mask(torch.tensor([1, 1, 1, 0]))
    assert drawn(mask) == ["#...", "##..", "..#.", "..#."]


# --- Laws -------------------------------------------------------------------------------------------------------------


@given(lengths, st.data())
def test_every_cell_by_definition(length: int, data: st.DataObject) -> None:
    prefix, window = data.draw(st.integers(0, length)), data.draw(st.integers(1, length + 2))
    documents = torch.tensor(data.draw(st.lists(st.integers(-1, 2), min_size=length, max_size=length)))
    real = torch.tensor(data.draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    for i in range(length):
        for j in range(length):
            assert causal_mask(length)[i, j] == (j <= i)
            assert prefix_mask(length, prefix)[i, j] == (j <= i or j < prefix)
            assert sliding_window_mask(length, window)[i, j] == (j <= i and i - j < window)
            assert document_mask(documents)[i, j] == (documents[i] == documents[j] and documents[j] != -1)
            assert padding_mask(real)[i, j] == real[j]


@given(lengths)
def test_the_ends_of_each_dial_are_the_other_masks(length: int) -> None:
    assert torch.equal(prefix_mask(length, 0), causal_mask(length))
    assert torch.equal(prefix_mask(length, 1), causal_mask(length))
    assert torch.equal(prefix_mask(length, length), bidirectional_mask(length))
    assert torch.equal(sliding_window_mask(length, length), causal_mask(length))
    assert torch.equal(sliding_window_mask(length, 1), torch.eye(length, dtype=torch.bool))
    assert torch.equal(document_mask(torch.zeros(length, dtype=torch.long)), bidirectional_mask(length))
    assert torch.equal(padding_mask(torch.ones(length, dtype=torch.long)), bidirectional_mask(length))


def test_a_window_has_exactly_its_number_of_keys() -> None:
    assert (sliding_window_mask(9, 3).sum(-1)[2:] == 3).all()


def test_a_batch_is_its_rows_and_each_mask_owns_its_memory() -> None:
    """A mask that shared one row between all queries would open every row where a learner opens one cell."""
    rows = torch.tensor([[0, 0, 1], [0, 1, 1]])
    assert torch.equal(document_mask(rows)[1], document_mask(rows[1]))
    hidden = padding_mask(rows)
    assert torch.equal(hidden[1], padding_mask(rows[1]))
    hidden[0, 0, 0] = True
    assert drawn(hidden[0]) == ["#.#", "..#", "..#"]


@pytest.mark.parametrize("mask", [causal_mask(3), prefix_mask(3, 2), document_mask(torch.tensor([0, 1, 1]))])
def test_masks_are_boolean(mask: Tensor) -> None:
    assert mask.dtype == torch.bool


# --- Parity -----------------------------------------------------------------------------------------------------------


def test_pytorch_calls_the_same_mask_causal() -> None:
    q, k, v = torch.randn(3, 1, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).unbind(0)
    attend = torch.nn.functional.scaled_dot_product_attention
    torch.testing.assert_close(attend(q, k, v, attn_mask=causal_mask(5)), attend(q, k, v, is_causal=True))


def test_transformers_calls_the_same_masks_causal_and_sliding() -> None:
    q, k = torch.arange(7)[:, None], torch.arange(7)[None, :]
    assert torch.equal(causal_mask(7), causal_mask_function(0, 0, q, k))
    assert torch.equal(sliding_window_mask(7, 3), sliding_window_causal_mask_function(3)(0, 0, q, k))
