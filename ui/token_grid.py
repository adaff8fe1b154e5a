"""The token grid in the page: what the learner chose and changed in it comes back through `on_change`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lossviz.figures.grid import Grid
from ui.component import event, inside, register, sent

_mount = register("token_grid")


@dataclass(frozen=True)
class Picked:
    """What the learner has made of a grid: the edit's value of every column, and the chosen column."""

    values: tuple[int, ...]
    chosen: int | None


def token_grid(grid: Grid, *, key: str, on_change: Callable[[Picked], None] | None = None) -> None:
    """Draw `grid`; `on_change` is called before the next run, with what the learner picked; without it nothing can be.

    The grid that Python gives is the truth: keep the picked values where the page keeps its state and build the next
    grid from there. The browser has painted the click already and takes over what the answer says.
    """

    def report() -> None:
        if on_change:
            on_change(picked(sent(key), grid))

    data = {"grid": grid.to_dict(), "n": event(key), "still": on_change is None}
    _mount(key=key, data=data, on_pick_change=report)


def picked(raw: dict[str, Any], grid: Grid) -> Picked:
    """What the browser sent, as far as it fits `grid`; what does not fit is left as the grid has it."""
    edit, values, chosen = grid.edit, raw.get("values"), raw.get("chosen")
    kept = edit.values if edit else ()
    if edit and isinstance(values, list) and len(values) == len(kept):
        kept = tuple(values) if all(inside(value, len(edit.words)) for value in values) else kept
    return Picked(kept, chosen if inside(chosen, grid.columns) else grid.chosen)
