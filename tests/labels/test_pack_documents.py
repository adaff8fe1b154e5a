import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lossviz import PackedBatch, pack_documents

IGNORED = -100
documents_of_ids = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=6)


def test_two_documents_share_a_row() -> None:
    """Three tokens and two fill a row of five; the third document opens the next one, which is filled up with 0."""
    batch = pack_documents([[5, 6, 7], [8, 9], [4, 3]], 5)
    assert batch.input_ids.tolist() == [[5, 6, 7, 8, 9], [4, 3, 0, 0, 0]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 1], [0, 1, 0, 0, 0]]
    assert batch.document_ids.tolist() == [[0, 0, 0, 1, 1], [2, 2, -1, -1, -1]]
    assert batch.labels.tolist() == [[6, 7, IGNORED, 9, IGNORED], [3, IGNORED, IGNORED, IGNORED, IGNORED]]
    assert batch.attention[1].int().tolist() == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0]] + [[0] * 5] * 3


def test_next_fit_never_returns_to_a_closed_row() -> None:
    """Two, four, two into rows of five: the last would fit the first row, which the second document has closed."""
    assert pack_documents([[1, 1], [2, 2, 2, 2], [3, 3]], 5).input_ids.tolist() == [
        [1, 1, 0, 0, 0],
        [2, 2, 2, 2, 0],
        [3, 3, 0, 0, 0],
    ]


def test_a_long_document_becomes_pieces_that_each_count() -> None:
    """Seven tokens into rows of three: pieces 3, 3, 1, and the next document joins the last piece's row."""
    batch = pack_documents([[1, 2, 3, 4, 5, 6, 7], [8, 9]], 3)
    assert batch.input_ids.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert batch.document_ids.tolist() == [[0, 0, 0], [1, 1, 1], [2, 3, 3]]
    assert batch.position_ids.tolist() == [[0, 1, 2], [0, 1, 2], [0, 0, 1]]
    assert batch.labels.tolist() == [[2, 3, IGNORED], [5, 6, IGNORED], [IGNORED, 9, IGNORED]]


def test_the_pad_id_is_only_a_filler() -> None:
    """pad equals eos equals 2: the real 2 is a target, the fillers are not."""
    batch = pack_documents([[5, 2]], 4, pad_id=2)
    assert batch.input_ids.tolist() == [[5, 2, 2, 2]]
    assert batch.labels.tolist() == [[2, IGNORED, IGNORED, IGNORED]]


def pieces_of(batch: PackedBatch) -> list[list[int]]:
    """The documents read back, by number."""
    last = int(batch.document_ids.max())
    return [batch.input_ids[batch.document_ids == number].tolist() for number in range(last + 1)]


@given(documents_of_ids, st.integers(1, 7))
def test_every_token_is_packed_once_in_order(documents: list[list[int]], max_length: int) -> None:
    batch = pack_documents(documents, max_length)
    pieces = pieces_of(batch)
    assert sum(pieces, []) == sum(documents, [])
    assert pieces == [doc[i : i + max_length] for doc in documents for i in range(0, len(doc), max_length)]
    for row in batch.document_ids:
        real = row[row != -1]
        assert torch.equal(real, real.sort().values) and (row[len(real) :] == -1).all()
    for row, following in zip(batch.document_ids, batch.document_ids[1:], strict=False):
        first_piece = int((batch.document_ids == following[0]).sum())
        assert int((row == -1).sum()) < first_piece, "a row closes only when the next piece does not fit"


@given(documents_of_ids, st.integers(1, 7))
def test_attention_positions_and_labels_by_definition(documents: list[list[int]], max_length: int) -> None:
    batch = pack_documents(documents, max_length)
    for b in range(len(batch.input_ids)):
        document, ids = batch.document_ids[b].tolist(), batch.input_ids[b].tolist()
        for i in range(max_length):
            looks = [j <= i and document[i] == document[j] != -1 for j in range(max_length)]
            assert batch.attention[b, i].tolist() == looks
            assert batch.position_ids[b, i] == (sum(looks) - 1 if document[i] != -1 else 0)
            scored = i + 1 < max_length and document[i] == document[i + 1] != -1
            assert batch.labels[b, i] == (ids[i + 1] if scored else IGNORED)


def attend(vectors: Tensor, mask: Tensor) -> Tensor:
    """One head of attention whose queries, keys and values are the vectors themselves."""
    return (vectors @ vectors.T).masked_fill(~mask, -torch.inf).softmax(-1) @ vectors


def test_a_packed_document_is_read_as_if_it_stood_alone() -> None:
    """The same attention on documents one by one and packed: equal in float64 to the last bits."""
    vectors = torch.randn(100, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    documents = [[5, 6, 7], [8, 9], [1, 2, 3, 4]]
    batch = pack_documents(documents, 6)
    for number, document in enumerate(documents):
        row, places = (batch.document_ids == number).nonzero().unbind(-1)
        packed = attend(vectors[batch.input_ids[row[0]]], batch.attention[row[0]])[places]
        alone = attend(vectors[document], torch.ones(len(document), len(document), dtype=torch.bool).tril())
        torch.testing.assert_close(packed, alone, rtol=0, atol=1e-12)
