"""The panels of the masked page."""

import math

from lossviz.figures.numerals import three
from lossviz.lessons.masked_lm.numbers import (
    causal_counts,
    fill,
    filled_positions,
    joint_scores,
    numbers_of,
    observed,
    orders_of,
)
from lossviz.lessons.masked_lm.run import run_at, settled
from lossviz.lessons.masked_lm.state import Dials
from lossviz.lessons.measuring import scored_count
from lossviz.lessons.panels import Part, Table
from lossviz.lessons.sentence import facts


def counts(state: Dials) -> tuple[Part, ...]:
    """What the draw did, beside what it does on average and over many tokens."""
    state, _, _ = settled(state)
    run = run_at(state)
    numbers, length = numbers_of(state, run), len(run.actions)
    rows = tuple(
        (
            name,
            f"{int(numbers[f'n_{key}'])} of {length}",
            f"{three(100 * numbers[f'n_{key}'] / length)} %",
            f"{three(numbers[f'expected_{key}'])} %",
            f"{three(many)} %",
        )
        for (name, key), many in zip(
            (("[MASK]", "mask"), ("another token", "random"), ("kept, still scored", "keep")),
            observed(state),
            strict=True,
        )
    )
    return (Table(("became", "this text", "share", "expected", "in 100,000 tokens"), rows),)


def beside(state: Dials) -> tuple[Part, ...]:
    """The same text under the causal objective."""
    state, _, _ = settled(state)
    measured = run_at(state).measured
    rows = tuple(
        (name, f"{scored} / {length}", f"{three(100 * scored / length)} %", three(loss))
        for name, scored, length, loss in (
            ("masked LM", scored_count(measured.labels), len(measured.labels), measured.loss.item()),
            ("causal LM", *causal_counts(state.text)),
        )
    )
    return (
        Table(("objective", "positions with loss", "share", "mean loss, nats"), rows),
        "The two losses are means over different questions, so they do not rank the models.",
    )


def orders(state: Dials) -> tuple[Part, ...]:
    """Several masks filled one by one, in three orders."""
    state, _, _ = settled(state)
    run = run_at(state)
    masked = filled_positions(run)
    if len(masked) < 2:
        return ("Hide at least two tokens: click them in the text.",)
    model, truth = run.reading.model, joint_scores(run)
    rows = []
    for name, order in orders_of(masked).items():
        filled = fill(model, run.measured.corrupted, run.allowed, order, masked)
        steps = " → ".join(f"{model.piece(token)} ({i + 1}) {three(math.exp(log_p))}" for i, token, log_p in filled)
        rows.append((name, steps, three(sum(log_p for _, _, log_p in filled)), three(truth[name])))
    rows.append(("all at once", "each as if the others stayed hidden", "", three(truth["all at once"])))
    header = ("order", "likeliest fill: token (position) p", "ln p of that fill", "ln p of the true words")
    return (Table(header, tuple(rows)),)


def model(state: Dials) -> tuple[Part, ...]:
    """The model that is asked."""
    return (facts(settled(state)[1].model),)


PANELS = {"counts": counts, "beside": beside, "orders": orders, "model": model}
