"""Masked LM: the dials of the page."""

from ui.frame import lesson
from ui.widgets import Again, Amount, Model, Switch


def load():
    from lossviz.lessons import masked_lm

    return masked_lm


lesson(
    "masked-lm",
    load,
    Model("model", "Model", words=(("masked", "masked"),)),
    Amount("rate", "Selected", unit=" %"),
    Amount("mask", "of these → [MASK]", unit=" %"),
    Amount("random", "of these → random", unit=" %"),
    Switch("words", "Whole words"),
    Again("seed", "Draw again"),
)
