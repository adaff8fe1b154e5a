"""Matrices say what they cannot be, and become JSON that says nothing twice."""

import json

import pytest

from lossviz.figures.matrix import Matrix, Reason

PAST, FUTURE = Reason("it is in the past", True), Reason("it lies in the future", False)
NAMES = ("red", "kite")


def matrix(**changed) -> Matrix:
    start = {"row_names": NAMES, "column_names": NAMES, "codes": ((0, 1), (0, 0)), "reasons": (PAST, FUTURE)}
    return Matrix(**start | {"label": "who sees whom"} | changed)


def test_json_holds_only_what_differs_from_the_default() -> None:
    data = matrix(flips=((0, 1),), weights=((1.0, 0.0), (0.5, float("nan")))).to_dict()
    assert data == {
        "row_names": ["red", "kite"],
        "column_names": ["red", "kite"],
        "codes": [[0, 1], [0, 0]],
        "reasons": [{"text": PAST.text, "allowed": True}, {"text": FUTURE.text, "allowed": False}],
        "label": "who sees whom",
        "flips": [[0, 1]],
        "weights": [[1.0, 0.0], [0.5, None]],
    }
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"codes": ((0, 1),)}, r"codes are 2 rows of 2.* got rows of \[2\]"),
        ({"codes": ((0, 1), (0,))}, r"got rows of \[2, 1\]"),
        ({"row_names": (), "codes": ()}, "codes are 0 rows of 2"),
        ({"weights": ((1.0,), (1.0,))}, "weights are 2 rows of 2"),
        ({"codes": ((0, 1), (0, 2))}, "counts the 2 reasons from 0"),
        ({"flips": ((2, 0),)}, "a cell of 2 by 2; got"),
        ({"flips": ((0, -1),)}, "a cell of 2 by 2; got"),
        ({"chosen": 2}, "one of 0 … 1; got 2"),
    ],
)
def test_a_matrix_that_does_not_fit_together_says_the_rule_and_what_came(changed, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matrix(**changed)
