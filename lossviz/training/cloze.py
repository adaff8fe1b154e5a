"""Fill-in probes: what a model knows of the built-in world, asked of each kind in its own way.

Every probe has one gap and a few candidates of one token each, of which exactly one is right; chance is one over their
number. Agreement and object swaps cannot be learned by heart: their words are combined anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from lossviz import bidirectional_mask, causal_mask
from lossviz.models.language_model import LanguageModel
from lossviz.text.english import NUMBERS, Paragraph
from lossviz.text.tokens import tokenize

Question = tuple[str, str, list[str]]
"""Text before the gap, text after it, candidates with the right one first."""


@dataclass(frozen=True)
class Probe:
    """A gap in token ids; `candidates[0]` is right."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    candidates: tuple[int, ...]


def facts(words: Paragraph) -> Question:
    """Capitals and opposites."""
    kind, form, noun = words.choose([("country", "capital", "capital"), ("pair", "opposite", "opposite")])
    rows = [words.word(kind, index) for index in "1234"]
    return f"The {noun} of {rows[0]['']} is", ".", [row[form] for row in rows]


def sums(words: Paragraph) -> Question:
    """One addition, with three other totals."""
    sum_ = words.word("sum", "1")
    place = NUMBERS.index(sum_["total"])
    near = [number for number in NUMBERS[max(1, place - 2) : place + 4] if number != sum_["total"]]
    return f"{sum_['a'].capitalize()} plus {sum_['b']} is", ".", [sum_["total"], *near[:3]]


def agreement(words: Paragraph) -> Question:
    """Is or are, after a noun of the other number."""
    subject, other, state = words.word("thing", "1"), words.word("furniture", "1"), words.word("state", "1")[""]
    if words.choose([True, False]):
        return f"The {subject['s']} near the {other['']}", f" {state}.", ["are", "is"]
    return f"The {subject['']} near the {other['s']}", f" {state}.", ["is", "are"]


def pronoun(words: Paragraph) -> Question:
    """She or he, after a name."""
    name, thing, place = words.word("name", "1"), words.word("thing", "1")[""], words.word("place", "1")[""]
    she_he = ["She", "He"] if name["he"] == "she" else ["He", "She"]
    return f"{name['']} had a small {words.word('colour', '1')['']} {thing}.", f" lost it in the {place}.", she_he


def objects(words: Paragraph) -> Question:
    """Who has what after a swap."""
    first, second = words.word("name", "1")[""], words.word("name", "2")[""]
    mine, yours = words.word("thing", "1")[""], words.word("thing", "2")[""]
    left = f"{first} had a {mine}. {second} had a {yours}. They swapped. Now {first} has the"
    return left, f" and {second} has the {mine}.", [yours, mine]


KINDS: dict[str, Callable[[Paragraph], Question]] = {
    "facts": facts,
    "sums": sums,
    "agreement": agreement,
    "pronoun": pronoun,
    "object": objects,
}
CHANCE = {"facts": 1 / 4, "sums": 1 / 4, "agreement": 1 / 2, "pronoun": 1 / 2, "object": 1 / 2}


def probes(kind: str, tokenizer: PreTrainedTokenizerFast, *, seed: int) -> Iterator[Probe]:
    """Probes of one kind without end, those left out whose candidates are not single tokens."""
    rng = Random(seed)
    while True:
        left, right, candidates = KINDS[kind](Paragraph(rng))
        ids = [tokenize(tokenizer, candidate, 64).ids for candidate in candidates]
        after = tokenize(tokenizer, right.strip(), 64).ids
        if all(len(token) == 1 for token in ids) and len({token[0] for token in ids}) == len(ids):
            yield Probe(tokenize(tokenizer, left, 64).ids, after, tuple(token[0] for token in ids))


@torch.no_grad()
def accuracy(model: LanguageModel, kind: str, *, n: int = 200, seed: int = 7) -> float:
    """Share of `n` probes whose right candidate gets the highest probability."""
    asked = islice(probes(kind, model.tokenizer, seed=seed), n)
    right = [int(gap_logits(model, probe)[list(probe.candidates)].argmax()) == 0 for probe in asked]
    return sum(right) / len(right)


def gap_logits(model: LanguageModel, probe: Probe) -> Tensor:
    """The model's logits for the gap, `[V]`: a causal model sees only what is before it."""
    left, right = torch.tensor(probe.left), torch.tensor(probe.right)
    if model.kind in ("causal", "leaky"):
        return model.logits(left, causal_mask(len(left)))[-1]
    if model.kind == "masked":
        ids = torch.cat([left, torch.tensor([model.mask_id]), right])
        return model.logits(ids, bidirectional_mask(len(ids)))[len(left)]
    gap, start = (model.sentinel_ids[0], right[:0]) if model.kind == "t5" else (model.mask_id, left)
    source = torch.cat([left, torch.tensor([gap]), right, torch.tensor([model.eos_id])])
    written = [model.start_id, *([gap] if model.kind == "t5" else start.tolist())]
    return model.seq2seq_logits(source, torch.tensor(written))[-1]
