"""Causal LM: every position predicts the next token, from the past alone."""

import math

from lossviz.lessons.causal_lm.measure import CALL, SOURCES, labels_at_shift, measure, metrics
from lossviz.lessons.causal_lm.numbers import numbers, numbers_of
from lossviz.lessons.causal_lm.panels import PANELS, position, write_on
from lossviz.lessons.causal_lm.picture import grid, matrix
from lossviz.lessons.causal_lm.run import Run, run_at, settled, which
from lossviz.lessons.causal_lm.state import EDITED, Dials
from lossviz.lessons.listing import listing
from lossviz.lessons.measuring import mean_of
from lossviz.lessons.scene import Scene

__all__ = ["EDITED", "PANELS", "Dials", "labels_at_shift", "measure", "numbers", "position", "scene", "write_on"]


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, _, notices = settled(state)
    run = run_at(state)
    measured = run.measured
    return Scene(
        grid=grid(state, run),
        matrices=(matrix(state, run),),
        metrics=metrics(measured, run.scored_bytes),
        today=mean_of(measured.losses, measured.labels),
        truth=math.log(measured.logits.shape[-1]),
        listing=_listing(state, run),
        numbers=numbers_of(state, run),
        notices=notices,
    )


def _listing(state: Dials, run: Run) -> str:
    inputs = {
        "which": which(state),
        "ids": run.ids,
        "n_real": run.n_real,
        "mask": state.mask,
        "flips": list(state.open),
        "shift": int(state.shift),
        "scored_bytes": run.scored_bytes,
    }
    return listing(SOURCES, inputs, CALL)
