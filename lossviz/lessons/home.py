"""The opening picture: one sentence under every objective, aligned token by token."""

import dataclasses

from lossviz.figures.grid import Cell, Grid, Legend, Row, each
from lossviz.lessons import causal_lm, dials, masked_lm, span_corruption
from lossviz.lessons.scene import Metric, Scene


@dataclasses.dataclass(frozen=True)
class Dials:
    """The sentence."""

    text: str = dials.text(causal_lm.Dials.text)


def scene(state: Dials) -> Scene:
    """The rows that the three lessons share, one block under the other. Raises CannotShow as they do."""
    causal = causal_lm.scene(causal_lm.Dials(text=state.text))
    masked = masked_lm.scene(masked_lm.Dials(text=state.text))
    spans = span_corruption.scene(span_corruption.Dials(text=state.text))
    peak = max(bar.value or 0.0 for part in (causal, masked, spans) for bar in _bars(part.grid))
    return Scene(
        grid=Grid(
            columns=spans.grid.columns,
            rows=(
                dataclasses.replace(causal.grid.rows[0], label="the text", selectable=False),
                _loss(causal.grid, "causal LM", "scores every next token", peak),
                _seen(masked.grid),
                _loss(masked.grid, "masked LM", "scores what was chosen", peak),
                dataclasses.replace(spans.grid.rows[2], label="T5 writes", selectable=False),
                _loss(spans.grid, "span corruption", "scores what is missing", peak),
            ),
            legend=(
                Legend("context", "visible"),
                Legend("mask", "hidden"),
                Legend("replaced", "replaced"),
                Legend("right", "right answer"),
                Legend("loss", "loss, nats"),
            ),
            label="One sentence under three objectives, and the loss of every token under each",
        ),
        matrices=(),
        metrics=tuple(
            Metric(name, part.metrics[0].value, part.metrics[0].label)
            for name, part in (("Causal LM", causal), ("Masked LM", masked), ("Span corruption (T5)", spans))
        ),
        today="",
        truth=0.0,
        listing="",
        numbers={
            "causal_loss": causal.numbers["loss"],
            "masked_loss": masked.numbers["loss"],
            "t5_loss": spans.numbers["t5_loss"],
        },
        notices=causal.notices,
    )


def _bars(grid: Grid) -> list[Cell]:
    return [cell for row in grid.rows if row.role == "loss" for slot in row.slots for cell in slot.cells]


def _loss(grid: Grid, label: str, hint: str, peak: float) -> Row:
    """The row of losses, under the objective's name; the causal loss stands under the token that was predicted."""
    row = next(row for row in grid.rows if row.role == "loss")
    slots = row.slots
    if label == "causal LM":
        slots = tuple(dataclasses.replace(slot, start=slot.start + 1) for slot in slots)
    return dataclasses.replace(row, label=label, hint=hint, slots=slots, peak=peak, unit="", selectable=False)


def _seen(grid: Grid) -> Row:
    """What the masked model sees, each column with the face that it has now."""
    assert grid.edit is not None, "the masked lesson's grid can be edited"
    faces = zip(grid.rows[1].slots, grid.edit.values, strict=True)
    return Row("chips", "masked LM sees", slots=each(slot.faces[value] for slot, value in faces), selectable=False)
