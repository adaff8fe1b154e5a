"""What the masked page can set, and how much it shows."""

import dataclasses

from lossviz.lessons import dials

EDITED = "actions"
GUESSES = 3  # of the model's best guesses, shown at each scored position
MOST_MASKS = 6  # filled one by one; more would make every order a long list
MANY = 100_000  # tokens of the draw that is counted


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. rate, mask, random: percent; actions: one MaskAction per token, set by hand."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    rate: int = dials.whole(15, 0, 100)
    mask: int = dials.whole(80, 0, 100)
    random: int = dials.whole(10, 0, 100)
    words: bool = dials.flag()
    seed: int = dials.whole(605, 0, 9999)  # a draw in which every kind of corruption occurs
    actions: str = dials.marks(4, follows=("text", "rate", "mask", "random", "words", "seed", "model"))
    open: tuple[tuple[int, int], ...] = dials.cells(follows=("text", "model"))
    model: str = dials.name("masked")
    at: int = dials.whole(5, 0, 511)
