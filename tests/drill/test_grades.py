"""Grades that no feeling gives: ticks of a checklist, and what was typed, how sure and how fast."""

import pytest

from lossviz.drill.calibration import STEPS
from lossviz.drill.events import Grade
from lossviz.drill.grades import LONG, of_checklist, of_number
from lossviz.drill.numeric import Mistaken, Right, Unreadable, Verdict, Wrong
from lossviz.drill.questions import load_questions


@pytest.mark.parametrize("points", [3, 4, 5])
def test_all_points_but_one_are_enough(points: int) -> None:
    grades = [of_checklist(ticked, points) for ticked in range(points + 1)]
    assert grades == [Grade.FORGOT] * (points - 1) + [Grade.RIGHT] * 2


def test_every_question_can_be_right_and_forgotten() -> None:
    for question in load_questions():
        points = len(question.checklist)
        assert (of_checklist(0, points), of_checklist(points, points)) == (Grade.FORGOT, Grade.RIGHT)


@pytest.mark.parametrize(("ticked", "points"), [(-1, 3), (4, 3), (0, 0)])
def test_ticks_are_of_points(ticked: int, points: int) -> None:
    with pytest.raises(ValueError, match=f"ticks are 0 to all points .*; got {ticked} of {points}. Count"):
        of_checklist(ticked, points)


@pytest.mark.parametrize("verdict", [Wrong("bigger"), Mistaken("bits for nats", "In bits.")], ids=["unknown", "known"])
def test_a_wrong_number_is_forgotten_however_sure(verdict: Verdict) -> None:
    assert of_number(verdict, 0.99, 1) == of_number(verdict, 0.5, 999) == Grade.FORGOT


@pytest.mark.parametrize("confidence", [None, *STEPS])
@pytest.mark.parametrize("seconds", [None, 0, LONG, LONG + 0.1])
def test_a_right_number_is_right_unless_it_was_slow_or_unsure(confidence: float | None, seconds: float | None) -> None:
    slow = confidence == 0.5 or seconds == LONG + 0.1
    assert of_number(Right(), confidence, seconds) == (Grade.SLOW if slow else Grade.RIGHT)


def test_what_is_no_number_has_no_grade() -> None:
    with pytest.raises(ValueError, match="a grade is of a number; got none. Show the sentence"):
        of_number(Unreadable("Write it with digits."), None, None)
