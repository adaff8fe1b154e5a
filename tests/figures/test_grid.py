"""Grids say what they cannot be, and become JSON that says nothing twice."""

import json
from math import inf, nan

import pytest

from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, Slot, each, each_of

CHIPS = Row("chips", "text", slots=each([Cell("a"), Cell("b")]))


def grid(*rows: Row, columns: int = 2, chosen: int | None = None, edit: Edit | None = None) -> Grid:
    return Grid(columns, rows, (Legend("loss", "loss"),), "a grid", chosen, edit)


def test_each_gives_one_slot_a_column_and_none_leaves_a_hole() -> None:
    assert each([Cell("a"), None, Cell("c")]) == (Slot(0, cells=(Cell("a"),)), Slot(2, cells=(Cell("c"),)))


def test_each_of_gives_faces() -> None:
    faces = (Cell("a"), Cell("[M]", "mask"))
    assert each_of([faces]) == (Slot(0, faces=faces),)


def test_json_holds_only_what_differs_from_the_default() -> None:
    row = Row("bars", "loss", slots=each([Cell(value=2.5312), None]), role="loss", unit="nats")
    data = grid(row, chosen=1).to_dict()
    assert data == {
        "columns": 2,
        "rows": [
            {
                "kind": "bars",
                "label": "loss",
                "slots": [{"start": 0, "cells": [{"value": 2.5312, "text": "2.53"}]}],
                "role": "loss",
                "unit": "nats",
            }
        ],
        "legend": [{"role": "loss", "word": "loss"}],
        "label": "a grid",
        "chosen": 1,
    }


@pytest.mark.parametrize(("value", "text"), [(inf, "∞"), (-inf, "−∞"), (nan, "–")])
def test_what_json_has_no_number_for_keeps_its_text(value: float, text: str) -> None:
    data = grid(Row("bars", "loss", slots=each([Cell(value=value)]))).to_dict()
    assert data["rows"][0]["slots"][0]["cells"] == [{"value": None, "text": text}]
    json.dumps(data, allow_nan=False)


def test_a_text_of_its_own_stands_above_the_bar() -> None:
    data = grid(Row("bars", "guess", slots=each([Cell("you: 7", value=7.0)]))).to_dict()
    assert data["rows"][0]["slots"][0]["cells"][0]["text"] == "you: 7"


EDIT = Edit(("shown", "hidden"), (0, 1))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: grid(columns=0), "at least one column; got 0"),
        (lambda: grid(CHIPS, chosen=2), "one of 0 … 1; got 2"),
        (lambda: grid(CHIPS, edit=Edit(("shown",), (0,))), "one value per column; got 1 for 2"),
        (lambda: grid(CHIPS, edit=Edit(("shown",), (0, 1))), "below its 1 words"),
        (lambda: grid(Row("chips", "text", editable=True)), "needs the grid's edit"),
        (lambda: grid(Row("pie", "text")), "a row is one of chips, bars, signed, lines; got 'pie'"),  # type: ignore[arg-type]
        (lambda: grid(Row("chips", "text", role="red")), "a role is one of .* got 'red'"),  # type: ignore[arg-type]
        (lambda: grid(Row("chips", "text", slots=each([Cell("a", "red")]))), "got 'red'"),  # type: ignore[arg-type]
        (lambda: grid(Row("chips", "text", slots=(Slot(1, 2, (Cell(),)),))), "inside 2 columns; got 1 . 2"),
        (lambda: grid(Row("chips", "text", slots=(Slot(1, 1, (Cell(),)), Slot(0, 1, (Cell(),))))), "in order"),
        (lambda: grid(Row("chips", "text", slots=(Slot(0, 2, (Cell(),)), Slot(1, 1, (Cell(),))))), "in order"),
        (lambda: grid(Row("chips", "text", slots=(Slot(0),))), "either cells or faces"),
        (lambda: grid(Row("chips", "text", slots=each_of([(Cell(),)])), edit=EDIT), "one column and 2 faces; got 1"),
        (lambda: grid(Row("chips", "text", slots=each_of([(Cell(),)]))), "one column and 0 faces; got 1"),
    ],
)
def test_a_grid_that_does_not_fit_together_says_the_rule_and_what_came(build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
