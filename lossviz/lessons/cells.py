"""Cells of an attention mask that a learner turns over: (row, column) pairs, counted from 0."""

from collections.abc import Sequence

from jaxtyping import Bool
from torch import Tensor

Cells = tuple[tuple[int, int], ...]


def turned_over(allowed: Bool[Tensor, "T T"], flips: Sequence[tuple[int, int]]) -> Bool[Tensor, "T T"]:
    """The mask with these cells turned over: a closed one is open, an open one closed."""
    turned = allowed.clone()
    for row, column in flips:
        turned[row, column] = not turned[row, column]
    return turned


def within(flips: Cells, length: int) -> Cells:
    """The cells that lie in the mask of a text of this many tokens."""
    return tuple(cell for cell in flips if max(cell) < length)


def leaving_sight(flips: Cells, allowed: Bool[Tensor, "T T"]) -> Cells:
    """The cells whose row, in the mask with all of them turned over, still looks at something: a softmax over nothing
    has no value."""
    return tuple(cell for cell in flips if allowed[cell[0]].any())
