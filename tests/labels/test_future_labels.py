import torch
from hypothesis import given
from hypothesis import strategies as st

from lossviz import future_labels, next_token_labels

IGNORED = -100


def test_depth_k_holds_the_token_after_k_more() -> None:
    """Four tokens, two depths: position 1 must say 7 and then 8; position 2 only 8, position 3 nothing."""
    assert future_labels(torch.tensor([5, 6, 7, 8]), 2).tolist() == [[6, 7], [7, 8], [8, IGNORED], [IGNORED, IGNORED]]


def test_deeper_than_the_text_is_ignored() -> None:
    assert future_labels(torch.tensor([5, 6]), 3).tolist() == [[6, IGNORED, IGNORED], [IGNORED] * 3]


def test_a_step_into_another_document_ends_the_future() -> None:
    """Documents 0 0 1 0: from position 1 both steps leave document 0, though position 3 is back in it."""
    labels = future_labels(torch.tensor([5, 6, 7, 8]), 3, document_ids=torch.tensor([0, 0, 1, 0]))
    assert labels.tolist() == [[6, IGNORED, IGNORED]] + [[IGNORED] * 3] * 3


def by_definition(ids: list[int], documents: list[int], t: int, k: int) -> int:
    if t + 1 + k >= len(ids):
        return IGNORED
    stays = all(documents[s] == documents[s + 1] != -1 for s in range(t, t + 1 + k))
    return ids[t + 1 + k] if stays else IGNORED


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 2)), min_size=1, max_size=8), st.integers(1, 5))
def test_every_depth_at_every_position(text: list[tuple[int, int]], n_future: int) -> None:
    ids, documents = map(list, zip(*text, strict=True))
    got = future_labels(torch.tensor(ids), n_future, document_ids=torch.tensor(documents))
    assert got.tolist() == [[by_definition(ids, documents, t, k) for k in range(n_future)] for t in range(len(ids))]


def test_depth_0_is_the_next_token_and_a_batch_is_its_rows() -> None:
    ids = torch.arange(12).view(2, 6)
    labels = future_labels(ids, 3)
    assert labels.shape == (2, 6, 3)
    assert torch.equal(labels[..., 0], next_token_labels(ids))
    assert torch.equal(labels[1], future_labels(ids[1], 3))
