"""What the span corruption page can set, and the settings that it keeps."""

import dataclasses

from lossviz.lessons import dials

EDITED = "spans"
T5_DENSITY, T5_MEAN = 0.15, 3.0  # the settings of the T5 paper, for the arithmetic of lengths
NAMES = "XYZABCDEFGHIJKLMNOPQRSTUVW"  # sentinels are called ⟨X⟩, ⟨Y⟩, ⟨Z⟩ … as in the paper's Figure 2


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. density: percent; spans: 1 where a token is corrupted by hand, one digit per token."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    density: int = dials.whole(33, 1, 99)
    mean: int = dials.whole(2, 1, 10)
    final: bool = dials.flag()
    seed: int = dials.whole(5, 0, 9999)  # a draw whose spans differ in length
    spans: str = dials.marks(2, follows=("text", "density", "mean", "seed", "model"))
    length: int = dials.whole(512, 3, 4096)
    model: str = dials.name("built-in")
    at: int = dials.whole(3, 0, 511)
