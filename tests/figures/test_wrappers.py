"""What a browser sends is taken as far as it fits, whatever it sends."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.figures.grid import Cell, Edit, Grid, Row, each
from lossviz.figures.matrix import Matrix, Reason
from ui.matrix import Flipped, flipped
from ui.token_grid import Picked, picked

CELLS = each(Cell(letter) for letter in "abc")
GRID = Grid(
    3, (Row("chips", "text", slots=CELLS, editable=True),), (), "a grid", 1, Edit(("shown", "hidden"), (0, 1, 0))
)
CODES = ((0, 0, 0), (0, 0, 0))
MATRIX = Matrix(
    ("a", "b"), ("a", "b", "c"), CODES, (Reason("", True),), "a matrix", chosen=1, editable=True, flips=((0, 2),)
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def test_what_fits_is_taken() -> None:
    assert picked({"values": [1, 1, 0], "chosen": 2, "n": 4}, GRID) == Picked((1, 1, 0), 2)
    sent = {"flips": [[1, 2], [0, 0], [0, 0]], "chosen": 0, "n": 4}
    assert flipped(sent, MATRIX) == Flipped(((0, 0), (1, 2)), 0)


@pytest.mark.parametrize(
    "values", [[1, 1], [1, 1, 2], [1, 1, -1], [1, 1, True], [1, 1, None], [1, 1, 0.0], "110", None, {}]
)
def test_values_that_do_not_fit_leave_the_grid_as_it_was(values) -> None:
    assert picked({"values": values, "chosen": 9}, GRID) == Picked((0, 1, 0), 1)


def test_a_grid_without_an_edit_takes_no_values() -> None:
    bare = replace(GRID, rows=(Row("chips", "text", slots=CELLS),), edit=None)
    assert picked({"values": [1, 1, 1], "chosen": 0}, bare) == Picked((), 0)


def test_cells_outside_a_matrix_are_dropped() -> None:
    flips = [[0, 0], [2, 0], [0, 3], [-1, 0], [0], [0, 0, 0], ["0", 0], None, [True, 0], [None, 0], [[0], 0]]
    assert flipped({"flips": flips}, MATRIX) == Flipped(((0, 0),), 1)


def test_a_matrix_that_is_not_editable_takes_no_flips() -> None:
    assert flipped({"flips": [[0, 0]], "chosen": 0}, replace(MATRIX, editable=False)) == Flipped(((0, 2),), 0)


@given(values=JSON, chosen=JSON, flips=JSON)
def test_any_json_ends_in_something_that_the_figure_accepts(values, chosen, flips) -> None:
    took = picked({"values": values, "chosen": chosen}, GRID)
    assert GRID.edit
    replace(GRID, chosen=took.chosen, edit=replace(GRID.edit, values=took.values))
    turned = flipped({"flips": flips, "chosen": chosen}, MATRIX)
    replace(MATRIX, chosen=turned.chosen, flips=turned.flips)
