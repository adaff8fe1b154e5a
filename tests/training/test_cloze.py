"""The probes ask what they say they ask."""

from itertools import islice

import pytest

from lossviz.text.tokenizer import load_tokenizer
from lossviz.training.cloze import CHANCE, KINDS, probes

TOKENIZER = load_tokenizer()


@pytest.mark.parametrize("kind", KINDS)
def test_candidates_are_different_single_tokens_as_many_as_chance_says(kind: str):
    for probe in islice(probes(kind, TOKENIZER, seed=0), 50):
        assert len(set(probe.candidates)) == len(probe.candidates) == round(1 / CHANCE[kind])


def said(kind: str, n: int = 200) -> list[tuple[str, str, list[str]]]:
    return [
        (TOKENIZER.decode(list(p.left)), TOKENIZER.decode(list(p.right)), [TOKENIZER.decode([c]) for c in p.candidates])
        for p in islice(probes(kind, TOKENIZER, seed=1), n)
    ]


def test_probes_by_hand():
    facts = {left: candidates[0] for left, _, candidates in said("facts")}
    assert facts["The capital of France is"] == "Paris"
    sums = {left: candidates[0] for left, _, candidates in said("sums")}
    assert sums["Two plus three is"] == "five"
    for left, right, (answer, other) in said("object"):
        words = left.replace(".", "").split()
        assert words[3] == other and other in right and answer in words and words[0] == words[-3]


def test_the_right_answer_is_not_always_the_same():
    assert {candidates[0] for _, _, candidates in said("agreement")} == {"is", "are"}
    assert {candidates[0] for _, _, candidates in said("pronoun")} == {"She", "He"}
