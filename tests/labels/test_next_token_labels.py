import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers.loss.loss_utils import ForCausalLMLoss

from lossviz import cross_entropy, mean_over_targets, next_token_labels

IGNORED = -100


def labels(ids: list[int], **masks: list[int]) -> list[int]:
    tensors = {name: torch.tensor(mask) for name, mask in masks.items()}
    return next_token_labels(torch.tensor(ids), **tensors).tolist()


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_each_position_predicts_the_next_token() -> None:
    """Position 0 sees token 5 and must say 6; position 2 has nothing left to say."""
    assert labels([5, 6, 7]) == [6, 7, IGNORED]


def test_a_single_token_has_nothing_to_predict() -> None:
    assert labels([5]) == [IGNORED]


def test_right_padding_is_no_target() -> None:
    """Two real tokens: only 5 → 6 is scored. 6 → pad is not, nor is pad → pad."""
    assert labels([5, 6, 0, 0], attention_mask=[1, 1, 0, 0]) == [6, IGNORED, IGNORED, IGNORED]


def test_left_padding_predicts_nothing() -> None:
    """The last pad stands before token 5, but no model has seen anything there to predict it from."""
    assert labels([0, 0, 5, 6], attention_mask=[0, 0, 1, 1]) == [IGNORED, IGNORED, 6, IGNORED]


def test_an_eos_that_is_also_the_pad_is_still_learned() -> None:
    """Token 2 is eos and pad. The mask keeps the first one, so that the model learns to stop."""
    assert labels([5, 6, 2, 2, 2], attention_mask=[1, 1, 1, 0, 0]) == [6, 2, IGNORED, IGNORED, IGNORED]


def test_the_last_prompt_position_predicts_the_first_answer_token() -> None:
    """Prompt 5 6, answer 7 8, end of turn 2: three targets, at the positions just before them."""
    assert labels([5, 6, 7, 8, 2], loss_mask=[0, 0, 1, 1, 1]) == [IGNORED, 7, 8, 2, IGNORED]


def test_no_target_lies_in_another_document() -> None:
    assert labels([5, 6, 7, 8], document_ids=[0, 0, 1, 1]) == [6, IGNORED, 8, IGNORED]


def test_document_minus_one_is_padding() -> None:
    assert labels([5, 6, 0, 0], document_ids=[0, 0, -1, -1]) == [6, IGNORED, IGNORED, IGNORED]


# --- Laws -------------------------------------------------------------------------------------------------------------


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[Tensor, dict[str, Tensor]]:
    rows, length = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    table = lambda low, high: torch.tensor(  # noqa: E731
        [[draw(st.integers(low, high)) for _ in range(length)] for _ in range(rows)]
    )
    masks = {"attention_mask": table(0, 1), "loss_mask": table(0, 1).bool(), "document_ids": table(-1, 2)}
    kept = draw(st.sets(st.sampled_from(sorted(masks))))
    return table(0, 9), {name: masks[name] for name in kept}


def by_definition(ids: Tensor, masks: dict[str, Tensor], row: int, t: int) -> int:
    """The contract's sentence, clause by clause, for one position."""
    if t + 1 == ids.shape[1]:
        return IGNORED
    attention, loss, document = (masks.get(name) for name in ("attention_mask", "loss_mask", "document_ids"))
    if attention is not None and not (attention[row, t] and attention[row, t + 1]):
        return IGNORED
    if loss is not None and not loss[row, t + 1]:
        return IGNORED
    if document is not None and (document[row, t] != document[row, t + 1] or document[row, t] == -1):
        return IGNORED
    return int(ids[row, t + 1])


@given(marked_texts())
def test_every_clause_at_every_position(text: tuple[Tensor, dict[str, Tensor]]) -> None:
    ids, masks = text
    before = ids.clone(), {name: mask.clone() for name, mask in masks.items()}
    got = next_token_labels(ids, **masks)
    assert got.tolist() == [[by_definition(ids, masks, b, t) for t in range(ids.shape[1])] for b in range(len(ids))]
    assert torch.equal(ids, before[0]) and all(torch.equal(masks[name], before[1][name]) for name in masks)


@given(marked_texts())
def test_a_batch_is_its_rows(text: tuple[Tensor, dict[str, Tensor]]) -> None:
    ids, masks = text
    rows = [next_token_labels(ids[b], **{name: mask[b] for name, mask in masks.items()}) for b in range(len(ids))]
    assert torch.equal(next_token_labels(ids, **masks), torch.stack(rows))


# --- Parity -----------------------------------------------------------------------------------------------------------


def test_transformers_computes_the_same_loss_from_unshifted_labels() -> None:
    """Transformers shifts inside its loss and takes padding as -100 in unshifted labels; right padding, as there."""
    logits, ids = torch.randn(2, 5, 11, generator=torch.Generator().manual_seed(0)), torch.arange(10).view(2, 5)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    ours = next_token_labels(ids, attention_mask=mask)
    theirs = ForCausalLMLoss(logits, ids.masked_fill(mask == 0, IGNORED), vocab_size=11)
    torch.testing.assert_close(mean_over_targets(cross_entropy(logits, ours), ours), theirs)
