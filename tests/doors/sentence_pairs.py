"""What sentence pairs refuse."""

import math
from typing import Any

import torch

import lossviz as lv
from tests.doors import Doors

G = torch.Generator().manual_seed(0)
TWO = [[[1], [2]], [[3], [4]]]


def pairs(documents: Any = TWO, max_length: Any = 4, generator: Any = G, **options: Any) -> Any:
    return lv.next_sentence_pairs(documents, max_length=max_length, generator=generator, **options)


def orders(documents: Any = TWO, max_length: Any = 4, generator: Any = G, **options: Any) -> Any:
    return lv.sentence_order_pairs(documents, max_length=max_length, generator=generator, **options)


DOORS: Doors = {
    "next_sentence_pairs": [
        (lambda: pairs([]), "documents has at least one document; got none"),
        (lambda: pairs([[[1]], []]), "each document has at least one sentence; got none"),
        (lambda: pairs([[[1], []], [[1]]]), "each sentence has at least one token; got none"),
        (lambda: pairs(5), "documents is a list; got 5. Pass lists of lists of ids"),
        (lambda: pairs([1, 2]), "each document is a list; got 1"),
        (lambda: pairs([[1, 2], [3]]), "each sentence is a sequence of token ids; got 1"),
        (lambda: pairs([[[1.5]], [[1]]]), "a token of each sentence is a whole number ≥ 0; got 1.5"),
        (lambda: pairs([[[-1]], [[1]]]), "a token of each sentence is a whole number ≥ 0; got -1"),
        (lambda: pairs([["two words"], [[1]]]), "a token of each sentence is a whole number ≥ 0; got 't'"),
        (lambda: pairs(max_length=1), "max_length is a whole number ≥ 2; got 1"),
        (lambda: pairs(max_length=4.0), "max_length is a whole number ≥ 2; got 4.0"),
        (lambda: pairs(short_sequence_rate=1.1), "short_sequence_rate is a rate in [0, 1]; got 1.1"),
        (lambda: pairs(random_next_rate=-0.1), "random_next_rate is a rate in [0, 1]; got -0.1"),
        (lambda: pairs(random_next_rate=math.nan), "random_next_rate is a rate in [0, 1]; got nan"),
        (lambda: pairs(TWO[:1]), "a random second comes from another document; got a single document. Add documents"),
        (lambda: pairs(TWO[:1], random_next_rate=1e-9), "another document; got a single document"),
        (lambda: pairs([[[1], [2], [3]]], 2, random_next_rate=0.0), "another document; got a single document"),
        (lambda: pairs(generator=None), "generator is a torch.Generator on the CPU; got None"),
    ],
    "sentence_order_pairs": [
        (lambda: orders([]), "documents has at least one document; got none"),
        (lambda: orders([[]]), "each document has at least one sentence; got none"),
        (lambda: orders([[[]]]), "each sentence has at least one token; got none"),
        (lambda: orders([[[1], [-7]]]), "a token of each sentence is a whole number ≥ 0; got -7"),
        (lambda: orders(max_length=1), "max_length is a whole number ≥ 2; got 1"),
        (lambda: orders(swap_rate=1.5), "swap_rate is a rate in [0, 1]; got 1.5"),
        (lambda: orders([[[1]]], generator=7), "generator is a torch.Generator on the CPU; got 7"),
    ],
}
