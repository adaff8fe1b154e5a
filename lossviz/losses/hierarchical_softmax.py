"""Softmax as a way down a binary tree: a word costs as many decisions as its Huffman code has bits."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossviz.guards import hierarchical_softmax as tree_guards
from lossviz.losses.precision import full_precision, one_precision


class HuffmanCode(NamedTuple):
    """The way from the root to a word: bits[i] says which way it goes at the inner node nodes[i]."""

    bits: tuple[int, ...]
    nodes: tuple[int, ...]


def huffman_codes(counts: Sequence[float] | Float[Tensor, " V"] | Int[Tensor, " V"]) -> list[HuffmanCode]:
    """The binary code of each word with the least Σ count · length, as a path in one tree of V − 1 inner nodes.

    The two rarest trees become one, V − 1 times: the rarer gets bit 0, the other bit 1; of equally rare ones words come
    first, in their order, then the older tree. Inner nodes are numbered as they are made: the root is node V − 2.
    Huffman 1952; Mikolov et al. 2013, §2.1. word2vec.c numbers and codes so too, but needs counts sorted in descending
    order, takes the tree before the word of the same count, and has no room for codes beyond 40 bits.
    """
    above = huffman_tree(tree_guards.counts(counts))
    V = len(above) // 2 + 1
    codes = {2 * V - 2: HuffmanCode((), ())}
    for place in reversed(range(2 * V - 2)):  # what is above a place has a higher number
        parent, bit = above[place]
        bits, nodes = codes[parent]
        codes[place] = HuffmanCode((*bits, bit), (*nodes, parent - V))
    return [codes[word] for word in range(V)]


def huffman_tree(counts: list[float]) -> dict[int, tuple[int, int]]:
    """(what is above, by which bit) of each place but the root: the words 0 … V − 1, then the trees as made."""
    V = len(counts)
    heap = [(count, word) for word, count in enumerate(counts)]
    heapify(heap)
    above: dict[int, tuple[int, int]] = {}
    for made in range(V, 2 * V - 1):
        (rarer, left), (other, right) = heappop(heap), heappop(heap)
        above[left], above[right] = (made, 0), (made, 1)
        heappush(heap, (rarer + other, made))
    return above


def hierarchical_softmax_log_probs(
    hidden: Float[Tensor, "*batch D"], inner_vectors: Float[Tensor, "nodes D"], codes: Sequence[HuffmanCode]
) -> Float[Tensor, "*batch V"]:
    """The log-probability of every word, in nats: the sum of the decisions on its way. Σ p = 1 for any vectors.

    log p(w) = Σᵢ log σ(sᵢ h · v(nodesᵢ)), s = +1 where the bit is 1 and −1 where it is 0; one vector per inner node.
    Morin & Bengio 2005, §3; Mikolov et al. 2013, Eq. 3, where one child of each node is chosen at will to have +1.
    word2vec.c chose the other: it trains the label 1 − bit, so that there σ(+) is bit 0. The same model with −v.
    """
    h, v = one_precision(*tree_guards.vectors(hidden, inner_vectors))
    word, node, bit = torch.tensor(tree_guards.steps(codes, len(v)), dtype=torch.long, device=h.device)
    decisions = logsigmoid((2 * bit - 1) * full_precision(h @ v.T)[..., node])  # half precision, under autocast
    return h.new_zeros(*h.shape[:-1], len(codes)).index_add(-1, word, decisions)
