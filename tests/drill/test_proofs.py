"""Proofs: how a state is read, what a predicate may say, and the sums that need no state."""

import pytest

from lossviz.drill.proofs import Claim, holds, names, parse_state
from lossviz.drill.questions import Question, load_questions


def test_a_state_is_a_slug_and_its_dials() -> None:
    assert parse_state("causal-lm") == ("causal-lm", {})
    assert parse_state("masked-lm?text=A+red+kite.&seed=3") == ("masked-lm", {"text": "A red kite.", "seed": "3"})


@pytest.mark.parametrize("state", ["", "?shift=0", "Causal LM", "/causal-lm", "causal-lm?shift", "a?b=1&b=2"])
def test_a_malformed_state_is_refused(state: str) -> None:
    with pytest.raises(ValueError):
        parse_state(state)


def test_a_predicate_reads_numbers_sums_and_public_functions() -> None:
    assert holds("loss < 2 and n_scored == 11", {"loss": 1.5, "n_scored": 11})
    assert holds("abs(log(exp(2)) - round(2.1)) < 1e-9", {})
    assert holds("span_corruption_lengths(512)[0] == 568", {})
    assert not holds("loss > 2", {"loss": 1.5})


def test_a_number_hides_a_function_of_the_same_name() -> None:
    assert holds("perplexity == 3", {"perplexity": 3.0})
    assert holds("abs(perplexity(0.0, 1) - 1) < 1e-9", {})


def test_nothing_is_true_of_a_number_that_is_not_one() -> None:
    nan = {"loss": float("nan")}
    assert not holds("loss < 1", nan) and not holds("loss > 1", nan)


@pytest.mark.parametrize("predicate", ["__import__('os')", "open", "n_scord == 11"])
def test_other_names_are_refused(predicate: str) -> None:
    with pytest.raises(ValueError, match="is neither"):
        holds(predicate, {"n_scored": 11})


def test_a_predicate_is_one_expression() -> None:
    assert names("loss < log_vocabulary") == {"loss", "log_vocabulary"}
    with pytest.raises(ValueError, match="one Python expression"):
        Claim(state="causal-lm", predicate="loss <")


@pytest.mark.parametrize("question", load_questions(), ids=lambda question: f"Q{question.id}")
def test_the_sums_in_the_answer_are_right(question: Question) -> None:
    for sum_ in question.proof.arithmetic:
        assert holds(sum_, {}), sum_
