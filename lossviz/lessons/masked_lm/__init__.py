"""Masked LM: hide some tokens, look both ways, and pay only where something was chosen."""

from lossviz.lessons.listing import listing
from lossviz.lessons.masked_lm.measure import CALL, SOURCES, measure, metrics
from lossviz.lessons.masked_lm.numbers import causal_counts, joint_scores, numbers, numbers_of
from lossviz.lessons.masked_lm.panels import PANELS
from lossviz.lessons.masked_lm.picture import grid, matrix
from lossviz.lessons.masked_lm.run import Run, run_at, settled, which
from lossviz.lessons.masked_lm.state import EDITED, MANY, Dials
from lossviz.lessons.measuring import mean_of
from lossviz.lessons.scene import Metric, Scene

__all__ = ["EDITED", "MANY", "PANELS", "Dials", "joint_scores", "measure", "numbers", "run_at", "scene"]


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, _, notices = settled(state)
    run = run_at(state)
    scored, length, _ = causal_counts(state.text)
    return Scene(
        grid=grid(state, run),
        matrices=(matrix(state, run),),
        metrics=(*metrics(run.measured), Metric("Same text, causal LM", f"{scored} / {length}")),
        today=mean_of(run.measured.losses, run.measured.labels),
        truth=100 * 0.15 * 0.8,
        listing=_listing(state, run),
        numbers=numbers_of(state, run),
        notices=notices,
    )


def _listing(state: Dials, run: Run) -> str:
    tokens = run.reading.tokens
    inputs = {
        "which": which(state),
        "ids": list(tokens.ids),
        "special": run.reading.special,
        "word_ids": list(tokens.word_ids),
        "whole_words": state.words,
        "rate": state.rate,
        "mask": state.mask,
        "random": state.random,
        "seed": state.seed,
        "by_hand": [int(digit) for digit in state.actions],
        "flips": list(state.open),
    }
    return listing(SOURCES, inputs, CALL)
