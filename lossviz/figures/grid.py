"""The token grid: rows of chips, bars and lines over shared columns, one column a token.

Everything is a frozen dataclass of strings and numbers. `Grid.to_dict()` is what the browser draws.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from lossviz.figures.numerals import three
from lossviz.figures.plain import known, plain

Kind = Literal["chips", "bars", "signed", "lines"]
Role = Literal["plain", "context", "picked", "mask", "replaced", "kept", "right", "loss", "ignored"]


@dataclass(frozen=True)
class Cell:
    """One box, one bar or one stack of lines.

    text: what stands in a chip or above a bar; empty over a bar writes its value with three significant digits.
    role: what its colour and second cue mean; empty takes the row's.
    value: height of a bar, in the row's unit; None draws none.
    name: what a screen reader says, such as "token 4, small, hidden, scored"; empty is put together from the rest.
    joined: the chip continues the word of the chip before it and touches it.
    lines: up to three short lines, such as the top guesses ("kite .64", "dog .11").
    """

    text: str = ""
    role: Role | Literal[""] = ""
    value: float | None = None
    name: str = ""
    joined: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slot:
    """The columns `start` … `start + span − 1` of one row.

    cells: they share the slot in equal parts (⟨X⟩ small red kite under the three columns of their span).
    faces: instead of cells, one cell for every value of the edit: the browser shows the face of the column's present
        value, and turns to the next one at the click, before the server answers. Such a slot spans one column.
    """

    start: int
    span: int = 1
    cells: tuple[Cell, ...] = ()
    faces: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of the grid; columns without a slot stay empty.

    kind: "chips" are boxes of text, "bars" grow up from zero, "signed" grow both ways, "lines" are small text.
    label, hint, strong: what stands left of the row; strong first, in bold ("T5"), the hint below ("click to hide").
    role: the role of every cell that names none.
    unit: joins the label ("loss, nats") and the spoken value ("loss 2.53 nats").
    peak: the value of a bar of full height; None takes the largest of the row.
    editable: a click here changes the column's value of the grid's edit, a drag paints a range.
    selectable: a click here chooses the column.
    """

    kind: Kind
    label: str
    hint: str = ""
    slots: tuple[Slot, ...] = ()
    role: Role | Literal[""] = ""
    unit: str = ""
    peak: float | None = None
    editable: bool = False
    selectable: bool = True
    strong: str = ""


@dataclass(frozen=True)
class Legend:
    """One swatch in the colours of a role, and the word beside it."""

    role: Role
    word: str


@dataclass(frozen=True)
class Edit:
    """What a click on an editable row changes: one small number per column, cycled through.

    words: what each value is called aloud, such as ("left alone", "hidden", "replaced", "kept").
    values: the present value of every column.
    """

    words: tuple[str, ...]
    values: tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """Rows that share `columns` columns, their legend, and the lit column `chosen` (None: none).

    label: what a screen reader calls the whole picture.
    Raises ValueError where rows, edit and columns do not fit together.
    """

    columns: int
    rows: tuple[Row, ...]
    legend: tuple[Legend, ...]
    label: str
    chosen: int | None = None
    edit: Edit | None = None

    def __post_init__(self) -> None:
        if self.columns < 1:
            raise ValueError(f"a grid has at least one column; got {self.columns}. Show a sentence instead.")
        if self.chosen is not None and not 0 <= self.chosen < self.columns:
            raise ValueError(f"the chosen column is one of 0 … {self.columns - 1}; got {self.chosen}. Clamp it first.")
        if self.edit:
            _check_edit(self.edit, self.columns)
        for row in self.rows:
            _check_row(row, self)

    def to_dict(self) -> dict[str, Any]:
        """The grid as JSON data; values carry their text in three significant digits, defaults are left out."""
        return plain(replace(self, rows=tuple(_written(row) for row in self.rows)))


def each(cells: Iterable[Cell | None]) -> tuple[Slot, ...]:
    """One slot a column, in order; None leaves its column empty."""
    return tuple(Slot(column, cells=(cell,)) for column, cell in enumerate(cells) if cell is not None)


def each_of(faces: Iterable[tuple[Cell, ...]]) -> tuple[Slot, ...]:
    """One slot a column, in order, each with a face for every value of the edit."""
    return tuple(Slot(column, faces=cells) for column, cells in enumerate(faces))


def _written(row: Row) -> Row:
    """The row with every value's number as the text of its cell."""
    slots = (replace(slot, cells=_numbers(slot.cells), faces=_numbers(slot.faces)) for slot in row.slots)
    return replace(row, slots=tuple(slots))


def _numbers(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(cell if cell.text or cell.value is None else replace(cell, text=three(cell.value)) for cell in cells)


def _check_edit(edit: Edit, columns: int) -> None:
    if len(edit.values) != columns:
        raise ValueError(
            f"an edit has one value per column; got {len(edit.values)} for {columns} columns. Add the rest."
        )
    if any(not 0 <= value < len(edit.words) for value in edit.values):
        raise ValueError(f"an edit's value is below its {len(edit.words)} words; got {edit.values}. Clamp them.")


def _check_row(row: Row, grid: Grid) -> None:
    known("row", [row.kind], get_args(Kind))
    roles = [row.role, *(cell.role for slot in row.slots for cell in slot.cells + slot.faces)]
    known("role", filter(None, roles), get_args(Role))
    if row.editable and grid.edit is None:
        raise ValueError(f"an editable row needs the grid's edit; got None with row {row.label!r}. Add one.")
    end = 0
    for slot in row.slots:
        _check_slot(slot, end, row, grid)
        end = slot.start + slot.span


def _check_slot(slot: Slot, end: int, row: Row, grid: Grid) -> None:
    where = f"{slot.start} + {slot.span} in row {row.label!r}"
    if slot.span < 1 or slot.start < end or slot.start + slot.span > grid.columns:
        raise ValueError(f"slots stand in order inside {grid.columns} columns; got {where}. Sort or shorten.")
    if bool(slot.cells) == bool(slot.faces):
        raise ValueError(f"a slot has either cells or faces; got both or none at {where}. Leave one out.")
    values = len(grid.edit.words) if grid.edit else 0
    if slot.faces and (slot.span > 1 or len(slot.faces) != values):
        raise ValueError(
            f"a slot of faces has one column and {values} faces; got {len(slot.faces)} at {where}. Mend it."
        )
