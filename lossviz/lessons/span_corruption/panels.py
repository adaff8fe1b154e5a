"""The panels of the span corruption page."""

import dataclasses

from lossviz import span_corruption_lengths
from lossviz.figures.numerals import three
from lossviz.lessons.panels import Part, Table
from lossviz.lessons.sentence import facts
from lossviz.lessons.span_corruption.numbers import cost
from lossviz.lessons.span_corruption.picture import matrices_of
from lossviz.lessons.span_corruption.run import run_at, settled
from lossviz.lessons.span_corruption.state import T5_DENSITY, T5_MEAN, Dials


def lengths(state: Dials) -> tuple[Part, ...]:
    """How much raw text fills an encoder, and how much the decoder then writes."""
    rows = []
    for name, density, mean in (
        ("T5's setting", T5_DENSITY, T5_MEAN),
        ("this page", state.density / 100, float(state.mean)),
    ):
        raw, target = span_corruption_lengths(state.length, noise_density=density, mean_span_length=mean)
        rows.append(
            (
                f"{name}: {three(100 * density)} %, mean {three(mean)}",
                str(state.length),
                f"{raw:,}",
                f"{target:,}",
                f"{raw + 1:,}",
            )
        )
    return (
        Table(("setting", "encoder reads", "raw tokens", "T5 decoder writes", "BART decoder would write"), tuple(rows)),
    )


def costs(state: Dials) -> tuple[Part, ...]:
    """Lengths and forward cost of both halves on this text."""
    state, _, _ = settled(state)
    run = run_at(state)
    rows = tuple(
        (
            name,
            str(len(half.inputs)),
            str(len(half.targets)),
            f"{three(cost(model, half) / 1e6)} MFLOP",
            f"{three(half.losses.sum().item())} nats",
            f"{three(half.loss.item())} nats",
        )
        for name, model, half in zip(("T5", "BART"), run.models, (run.t5, run.bart), strict=True)
        if model is not None and half is not None
    )
    return (Table(("objective", "encoder tokens", "decoder tokens", "forward cost", "sum of losses", "mean"), rows),)


def matrices(state: Dials) -> tuple[Part, ...]:
    """BART's three masks beside T5's in the picture above: the same rules, another length of the target."""
    state, _, _ = settled(state)
    run = run_at(state)
    if run.bart is None:
        return ("This model has no mask token, so it has no BART half.",)
    return matrices_of(state, dataclasses.replace(run, t5=None), run.bart)


def model(state: Dials) -> tuple[Part, ...]:
    """The models of both halves."""
    return (facts(settled(state)[1].model),)


PANELS = {"lengths": lengths, "cost": costs, "matrices": matrices, "model": model}
