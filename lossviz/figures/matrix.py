"""The matrix: which row may look at which column, why, and what the learner changed.

Frozen dataclasses of strings and numbers. `Matrix.to_dict()` is what the browser draws.
"""

from dataclasses import dataclass
from typing import Any

from lossviz.figures.plain import plain


@dataclass(frozen=True)
class Reason:
    """Why a cell is as it is: the end of "«red» may look at «small»: …", such as "it is in the past"."""

    text: str
    allowed: bool


@dataclass(frozen=True)
class Matrix:
    """Row i looks at column j, or may not.

    codes: for every cell the index of its reason, as the rule has it, before the learner's changes.
    reasons: why cells are open or closed.
    label: what a screen reader calls the picture; caption: what stands under it while nothing is pointed at.
    chosen: the row that is lit; None lights none.
    editable: a click opens a closed cell or closes an open one.
    flips: the cells (row, column) that the learner turned over.
    weights: attention weights, at least 0, shown as shade in the open cells; None paints all alike.
    Raises ValueError where sizes, codes, flips or the chosen row do not fit together.
    """

    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    codes: tuple[tuple[int, ...], ...]
    reasons: tuple[Reason, ...]
    label: str
    caption: str = ""
    chosen: int | None = None
    editable: bool = False
    flips: tuple[tuple[int, int], ...] = ()
    weights: tuple[tuple[float, ...], ...] | None = None

    def __post_init__(self) -> None:
        rows, columns = len(self.row_names), len(self.column_names)
        _check_shape("codes", self.codes, rows, columns)
        if self.weights is not None:
            _check_shape("weights", self.weights, rows, columns)
        if any(not 0 <= code < len(self.reasons) for row in self.codes for code in row):
            raise ValueError(f"a code counts the {len(self.reasons)} reasons from 0; got {self.codes}. Add the reason.")
        if any(not (0 <= i < rows and 0 <= j < columns) for i, j in self.flips):
            raise ValueError(f"a flip is a cell of {rows} by {columns}; got {self.flips}. Drop those outside.")
        if self.chosen is not None and not 0 <= self.chosen < rows:
            raise ValueError(f"the chosen row is one of 0 … {rows - 1}; got {self.chosen}. Clamp it first.")

    def to_dict(self) -> dict[str, Any]:
        """The matrix as JSON data; fields that hold their default are left out."""
        return plain(self)


def _check_shape(what: str, table: tuple[tuple[Any, ...], ...], rows: int, columns: int) -> None:
    shape = [len(row) for row in table]
    if not rows or not columns or shape != [columns] * rows:
        raise ValueError(f"{what} are {rows} rows of {columns}, the names' numbers; got rows of {shape}. Fit them.")
