"""What hierarchical softmax refuses."""

import math
from typing import Any

import torch

import lossviz as lv
from tests.doors import Doors

H, V = torch.zeros(2, 3), torch.zeros(2, 3)
LEFT, RIGHT = ((0, 0), (1, 0)), ((0, 1), (1, 0))
UP = ((1,), (1,))


def log_probs(*codes: Any, hidden: Any = H, inner_vectors: Any = V) -> Any:
    return lv.hierarchical_softmax_log_probs(hidden, inner_vectors, codes)


TREE = "codes are the ways from one root to the words of a binary tree; got "

DOORS: Doors = {
    "huffman_codes": [
        (lambda: lv.huffman_codes([]), "counts has at least one word; got none"),
        (lambda: lv.huffman_codes(torch.zeros(0)), "counts has at least one word; got none"),
        (lambda: lv.huffman_codes([1, -1]), "counts are finite numbers ≥ 0; got -1. Count how often"),
        (lambda: lv.huffman_codes([1, math.nan]), "counts are finite numbers ≥ 0; got nan"),
        (lambda: lv.huffman_codes([1, math.inf]), "counts are finite numbers ≥ 0; got inf"),
        (lambda: lv.huffman_codes([1, True]), "counts are finite numbers ≥ 0; got True"),
        (lambda: lv.huffman_codes(["the"]), "counts are finite numbers ≥ 0; got 'the'"),
        (lambda: lv.huffman_codes(torch.ones(2, 2)), "counts are [V], one per word; got the shape [2, 2]"),
        (lambda: lv.huffman_codes(torch.tensor(3)), "counts are [V], one per word; got the shape []"),
        (lambda: lv.huffman_codes([1e308, 1e308]), "counts sum to a finite number; got inf"),
    ],
    "hierarchical_softmax_log_probs": [
        (lambda: log_probs(LEFT, RIGHT), "codes has one more code than inner_vectors has rows: 3; got 2"),
        (lambda: log_probs(LEFT, RIGHT, UP, UP), "codes has one more code than inner_vectors has rows: 3; got 4"),
        (lambda: log_probs(LEFT, RIGHT, ((1,), (2,))), "a node of codes is a whole number ≥ 0 and ≤ 1; got 2"),
        (lambda: log_probs(LEFT, RIGHT, ((1,), (-1,))), "a node of codes is a whole number ≥ 0 and ≤ 1; got -1"),
        (lambda: log_probs(LEFT, RIGHT, ((1,), (1.0,))), "a node of codes is a whole number ≥ 0 and ≤ 1; got 1.0"),
        (lambda: log_probs(LEFT, RIGHT, ((2,), (1,))), "a bit of codes is a whole number ≥ 0 and ≤ 1; got 2"),
        (lambda: log_probs(LEFT, RIGHT, ((True,), (1,))), "a bit of codes is a whole number ≥ 0 and ≤ 1; got True"),
        (lambda: log_probs(LEFT, RIGHT, ((1, 0), (1,))), "a code has one bit per node; got 2 bits and 1 nodes"),
        (lambda: log_probs(LEFT, LEFT, UP), TREE + "two ways on from node 0 with bit 0"),
        (lambda: log_probs(LEFT, RIGHT, ((0,), (1,))), TREE + "two ways on from node 1 with bit 0"),
        (lambda: log_probs(LEFT, RIGHT, ((), ())), TREE + "3 of the 4 places below a root"),
        (lambda: log_probs(LEFT, ((1,), (0,)), UP), TREE + "3 of the 4 places below a root"),
        (lambda: log_probs(LEFT, ((0, 1, 1), (1, 0, 1)), ((), ())), TREE + "3 of the 4 places below a root"),
        (
            lambda: log_probs(((1, 0), (0, 1)), ((1, 1), (0, 1)), ((0, 0), (0, 0))),
            TREE + "two ways on from node 0 with bit 0",
        ),
        (
            lambda: log_probs(LEFT, RIGHT, UP, inner_vectors=V[:, :2]),
            "and inner_vectors [V - 1, D]; got [2, 3] and [2, 2]",
        ),
        (
            lambda: log_probs(LEFT, RIGHT, UP, inner_vectors=V[0]),
            "hidden is [..., D] and inner_vectors [V - 1, D]; got",
        ),
        (lambda: log_probs(LEFT, RIGHT, UP, inner_vectors=V.long()), "inner_vectors is a floating-point tensor"),
        (lambda: log_probs(LEFT, RIGHT, UP, hidden=H[:0]), "hidden has at least one element; got the shape [0, 3]"),
        (lambda: log_probs(LEFT, RIGHT, UP, hidden=H.long()), "hidden is a floating-point tensor"),
        (
            lambda: log_probs(LEFT, RIGHT, UP, hidden=torch.tensor(0.0)),
            "hidden is [..., D] and inner_vectors [V - 1, D]",
        ),
    ],
}
