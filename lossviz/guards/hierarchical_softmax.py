"""What hierarchical softmax lets in: counts to build a tree from, and codes that are one tree."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

from torch import Tensor

from lossviz.guards import all_whole, is_real, kind, refuse, scores

ONE_TREE = "codes are the ways from one root to the words of a binary tree"


def counts(values: Any) -> list[float]:
    """One finite number ≥ 0 per word, and at least one word; whole numbers stay whole."""
    if isinstance(values, Tensor) and values.ndim != 1:
        refuse("counts are [V], one per word", f"the shape {list(values.shape)}", "Sum over the texts first.")
    numbers: list[Any] = values.tolist() if isinstance(values, Tensor) else list(values)
    if not numbers:
        refuse("counts has at least one word", "none", "Count a text first.")
    for number in numbers:
        if not is_real(number) or not 0 <= number < math.inf:
            refuse("counts are finite numbers ≥ 0", repr(number), "Count how often each word occurs.")
    if math.isinf(sum(numbers)):
        refuse("counts sum to a finite number", "inf", "Divide them by their largest.")
    return numbers


def vectors(hidden: Any, inner_vectors: Any) -> tuple[Tensor, Tensor]:
    """Hidden states [..., D] and the inner nodes' vectors [V − 1, D], of which a single word has none."""
    if not isinstance(inner_vectors, Tensor) or not inner_vectors.is_floating_point():
        refuse("inner_vectors is a floating-point tensor", kind(inner_vectors), "Convert with .float().")
    if not scores("hidden", hidden).ndim or inner_vectors.ndim != 2 or hidden.shape[-1] != inner_vectors.shape[1]:
        came = f"{list(hidden.shape)} and {list(inner_vectors.shape)}"
        refuse("hidden is [..., D] and inner_vectors [V - 1, D]", came, "Give every inner node one vector.")
    return hidden, inner_vectors


def steps(codes: Sequence[tuple[Sequence[int], Sequence[int]]], n_nodes: int) -> tuple[list[int], list[int], list[int]]:
    """Every decision on the ways through one binary tree of n_nodes inner nodes: its word, its node, its bit."""
    if len(codes) != n_nodes + 1:
        rule = f"codes has one more code than inner_vectors has rows: {n_nodes + 1}"
        refuse(rule, len(codes), "Give the V - 1 inner nodes of V words one vector each.")
    for turns, way in codes:
        if len(turns) != len(way):
            came = f"{len(turns)} bits and {len(way)} nodes"
            refuse("a code has one bit per node", came, "Make them with huffman_codes.")
    words = [word for word, (_, way) in enumerate(codes) for _ in way]
    nodes = all_whole("a node of codes", chain.from_iterable(way for _, way in codes), at_most=n_nodes - 1)
    bits = all_whole("a bit of codes", chain.from_iterable(turns for turns, _ in codes), at_most=1)
    one_tree(codes, n_nodes)
    return words, nodes, bits


def one_tree(codes: Sequence[tuple[Sequence[int], Sequence[int]]], n_nodes: int) -> None:
    """Each turn leads to one place; V − 2 inner nodes and V words lie below one root: then Σ p = 1."""
    leads: dict[tuple[int, int], int] = {}
    for word, (turns, way) in enumerate(codes):
        for node, bit, place in zip(way, turns, (*way[1:], ~word), strict=False):
            if leads.setdefault((node, bit), place) != place:
                refuse(ONE_TREE, f"two ways on from node {node} with bit {bit}", "Make them with huffman_codes.")
    roots, reached = {way[0] for _, way in codes if way}, set(leads.values())
    if len(reached - roots) != 2 * n_nodes:
        came = f"{len(reached - roots)} of the {2 * n_nodes} places below a root"
        refuse(ONE_TREE, came, "Make them with huffman_codes.")
