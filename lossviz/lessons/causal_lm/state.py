"""What the causal page can set, and what it cannot."""

import dataclasses

from lossviz.lessons import dials

EDITED = None  # no row of the grid is changed by a click: it chooses the position under the lens
TOP = 8  # tokens of the vocabulary that the position panel names; the rest is summed


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. shift: 1 is right, 0 and 2 are the classic bugs. mask: who may look at whom, before the
    cells in `open` are turned over. at: the position under the lens."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    shift: str = dials.choice("1", "0", "2")
    padding: int = dials.whole(0, 0, 8)
    mask: str = dials.choice("causal", "hole", "full")
    open: tuple[tuple[int, int], ...] = dials.cells(follows=("text", "mask", "padding"))
    model: str = dials.name("causal")
    at: int = dials.whole(4, 0, 511)
    seed: int = dials.whole(0, 0, 9999)
    temperature: int = dials.whole(10, 1, 30)
