"""What an answer is graded by: not by a feeling, but by the points of its checklist or by the number that was typed."""

from lossviz.drill.events import Grade
from lossviz.drill.numeric.grading import Right, Unreadable, Verdict

ENOUGH = 2 / 3  # of the points: all but one of three, four or five
UNSURE = 0.6  # a confidence below
LONG = 120  # seconds to work a number out; for as long one may speak about a question


def of_checklist(ticked: int, points: int) -> Grade:
    """RIGHT where enough points were said, else FORGOT. Raises ValueError where more were ticked than there are."""
    if not 0 <= ticked <= points or not points:
        raise ValueError(f"ticks are 0 to all points of a checklist; got {ticked} of {points}. Count the ticked ones.")
    return Grade.RIGHT if ticked >= ENOUGH * points else Grade.FORGOT


def of_number(verdict: Verdict, confidence: float | None, seconds: float | None) -> Grade:
    """RIGHT, SLOW where it took long or was unsure, FORGOT where wrong; never INSTANT, as numbers can be guessed.

    None is what was not asked or measured. Raises ValueError where no number was read: that is no answer yet.
    """
    if isinstance(verdict, Unreadable):
        raise ValueError("a grade is of a number; got none. Show the sentence of the verdict and ask again.")
    if not isinstance(verdict, Right):
        return Grade.FORGOT
    unsure, slow = confidence is not None and confidence < UNSURE, seconds is not None and seconds > LONG
    return Grade.SLOW if unsure or slow else Grade.RIGHT
