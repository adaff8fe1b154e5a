"""Span corruption: the dials of the page."""

from ui.frame import lesson
from ui.widgets import Again, Amount, Count, Model, Switch


def load():
    from lossviz.lessons import span_corruption

    return span_corruption


lesson(
    "span-corruption",
    load,
    Model("model", "Model", words=(("built-in", "built-in T5 and BART"),)),
    Amount("density", "Noise", unit=" %"),
    Count("mean", "Mean span"),
    Switch("final", "Closing sentinel"),
    Again("seed", "Draw again"),
    Count("length", "Encoder length", panel="lengths"),
)
