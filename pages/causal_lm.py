"""Causal LM: the dials of the page."""

from ui.frame import lesson
from ui.widgets import Again, Amount, Choice, Count, Model


def load():
    from lossviz.lessons import causal_lm

    return causal_lm


lesson(
    "causal-lm",
    load,
    Model("model", "Model", words=(("causal", "causal"), ("leaky", "trained with the hole"))),
    Choice("shift", "Shift of the targets", words=("1, right", "0, a bug", "2, a bug")),
    Choice("mask", "Who sees whom", words=("the past", "and the next token", "everyone")),
    Count("padding", "Padding"),
    Amount("temperature", "Temperature", panel="continue", per=10),
    Again("seed", "Sample again", panel="continue"),
)
