"""Span corruption: the same spans, twice. T5 asks only for what is missing, BART for the whole text."""

from lossviz import span_corruption_lengths
from lossviz.lessons.listing import listing
from lossviz.lessons.measuring import mean_of
from lossviz.lessons.scene import Scene
from lossviz.lessons.span_corruption.measure import CALL, SOURCES, bart_pair, draw_spans, metrics, t5_pair
from lossviz.lessons.span_corruption.numbers import numbers, numbers_of, rebuilt
from lossviz.lessons.span_corruption.panels import PANELS
from lossviz.lessons.span_corruption.picture import grid, matrices_of
from lossviz.lessons.span_corruption.run import Run, halves, run_at, settled
from lossviz.lessons.span_corruption.state import EDITED, Dials

__all__ = ["EDITED", "PANELS", "Dials", "bart_pair", "draw_spans", "numbers", "scene", "t5_pair"]


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, _, notices = settled(state)
    run = run_at(state)
    shown = run.t5 or run.bart
    assert shown is not None, "every model that loads serves one half at least"
    return Scene(
        grid=grid(state, run),
        matrices=matrices_of(state, run, shown),
        metrics=metrics(run.t5, run.bart, rebuilt(run)),
        today=mean_of(shown.losses, shown.targets),
        truth=float(span_corruption_lengths(512)[0]),
        listing=_listing(state, run),
        numbers=numbers_of(state, run),
        notices=notices,
    )


def _listing(state: Dials, run: Run) -> str:
    t5_name, bart_name = halves(state)
    inputs = {
        "t5_name": t5_name,
        "bart_name": bart_name,
        "ids": list(run.reading.tokens.ids),
        "density": state.density,
        "mean": state.mean,
        "final": state.final,
        "seed": state.seed,
        "by_hand": [int(digit) for digit in state.spans],
        "rebuilt": rebuilt(run),
    }
    return listing(SOURCES, inputs, CALL)
