"""Rows of the token grid that several lessons draw in the same way."""

import math
from collections.abc import Iterable, Sequence

from lossviz.figures.grid import Cell, Row, Slot, each


def bars(values: Iterable[float | None]) -> tuple[Slot, ...]:
    """One bar a column; None leaves its column empty."""
    return each(None if value is None else Cell(value=value) for value in values)


def right_row(losses: Sequence[float | None]) -> Row:
    """The probability of the right token, exp(−loss), wherever something is scored."""
    shares = (None if loss is None else math.exp(-loss) for loss in losses)
    return Row("bars", "p(right)", role="right", peak=1.0, slots=bars(shares))


def loss_row(slots: tuple[Slot, ...], *, peak: float | None = None) -> Row:
    """The losses, in nats."""
    return Row("bars", "loss", unit="nats", role="loss", peak=peak, slots=slots)


def target_chip(position: int, target: str | None) -> Cell:
    """What a position, counted from 0, is scored on; None: nothing."""
    if target is None:
        return Cell("–", "ignored", name=f"position {position + 1} carries no loss")
    return Cell(target, "right", name=f"position {position + 1} is scored on {target}")
