"""The matrix in the page: the cells that the learner turned over come back through `on_change`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lossviz.figures.matrix import Matrix
from ui.component import event, inside, register, sent

_mount = register("matrix")


@dataclass(frozen=True)
class Flipped:
    """What the learner has made of a matrix: the cells turned over, in reading order, and the chosen row."""

    flips: tuple[tuple[int, int], ...]
    chosen: int | None


def matrix(figure: Matrix, *, key: str, on_change: Callable[[Flipped], None] | None = None) -> None:
    """Draw `figure`; `on_change` is called before the next run, with the cells turned over; without it none can be.

    The matrix that Python gives is the truth: keep the flips where the page keeps its state and build the next matrix
    from there. The browser has painted the click already and takes over what the answer says.
    """

    def report() -> None:
        if on_change:
            on_change(flipped(sent(key), figure))

    data = {"matrix": figure.to_dict(), "n": event(key), "still": on_change is None}
    _mount(key=key, data=data, on_pick_change=report)


def flipped(raw: dict[str, Any], figure: Matrix) -> Flipped:
    """What the browser sent, as far as it fits `figure`; a cell outside it is dropped."""
    rows, columns = len(figure.row_names), len(figure.column_names)
    chosen = raw.get("chosen") if inside(raw.get("chosen"), rows) else figure.chosen
    flips = raw.get("flips")
    if not figure.editable or not isinstance(flips, list):
        return Flipped(figure.flips, chosen)
    pairs = (cell for cell in flips if isinstance(cell, list) and len(cell) == 2)
    cells = {(i, j) for i, j in pairs if inside(i, rows) and inside(j, columns)}
    return Flipped(tuple(sorted(cells)), chosen)
