"""How well a learner knows what they know: confidence, stated before the answer is shown, against what happened."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

from lossviz.drill.events import Event, Grade
from lossviz.drill.interview import TWO_SIDED_95, answers

STEPS = (0.5, 0.6, 0.75, 0.9, 0.99)  # what can be said; a coin toss is the least
ENOUGH = 20  # answers below which a curve says nothing
EXACT = 200  # answers up to which the band of chance is counted out; beyond, the sum is as good as normal
TAIL = 0.025  # left out on either side


class Said(NamedTuple):
    """One answer: how sure the learner was, and whether it was right."""

    confidence: float
    right: bool


class Calibration(NamedTuple):
    """The Brier score with what it can be compared to; all are mean squared differences in [0, 1]."""

    answers: int
    brier: float
    hit_rate_only: float  # the score of always saying one's own hit rate
    chance: tuple[float, float]  # where 95 % of perfectly calibrated people with these confidences land
    steps: dict[float, tuple[int, int]]  # for each confidence that was said: (answers, right ones)

    @property
    def telling(self) -> bool:
        """Whether there are enough answers to draw a curve."""
        return self.answers >= ENOUGH


def said(log: Iterable[Event]) -> list[Said]:
    """The answers of a log that came with a confidence, of practice or of a cold interview that took them."""
    return [Said(a.confidence, a.grade > Grade.FORGOT) for a in answers(log) if a.confidence is not None]


def calibration(answers: Sequence[Said]) -> Calibration | None:
    """Score and band of some answers; None where there are none."""
    if not answers:
        return None
    confidences = [answer.confidence for answer in answers]
    hits = sum(answer.right for answer in answers) / len(answers)
    by_step = {step: [answer.right for answer in answers if answer.confidence == step] for step in set(confidences)}
    return Calibration(
        answers=len(answers),
        brier=brier(answers),
        hit_rate_only=hits * (1 - hits),
        chance=chance_band(confidences),
        steps={step: (len(rights), sum(rights)) for step, rights in sorted(by_step.items())},
    )


def brier(answers: Sequence[Said]) -> float:
    """The mean of (confidence − outcome)², outcome 1 where right, else 0: half of what Brier 1950 sums over classes."""
    return sum((answer.confidence - answer.right) ** 2 for answer in answers) / len(answers)


def chance_band(confidences: Sequence[float]) -> tuple[float, float]:
    """Where the Brier score lies, at least 95 times in 100, for someone who is right exactly as often as they say.

    Where all are right the score is the mean of (1 − p)², and each wrong answer adds (2p − 1)/n: the distribution of
    that sum is computed exactly, to the hundredth of p. Beyond 200 answers: the normal one of the same mean and width.
    """
    if len(confidences) > EXACT:
        return _normal_band(confidences)
    least = sum((1 - p) ** 2 for p in confidences)
    chances = sorted(_chances(confidences).items())
    below = list(accumulate(chance for _, chance in chances))
    ends = chances[bisect_right(below, TAIL)][0], chances[bisect_left(below, 1 - TAIL)][0]
    low, high = ((least + added / 50) / len(confidences) for added in ends)
    return low, high


def _chances(confidences: Iterable[float]) -> dict[int, float]:
    """What the wrong answers can add up to, in fiftieths, and how likely that is."""
    chances = {0: 1.0}
    for p in confidences:
        longer: dict[int, float] = defaultdict(float)
        for added, chance in chances.items():
            longer[added] += chance * p
            longer[added + round(100 * p) - 50] += chance * (1 - p)
        chances = {added: chance for added, chance in longer.items() if chance > 1e-12}
    return chances


def _normal_band(confidences: Sequence[float]) -> tuple[float, float]:
    """One answer has mean p(1 − p) and variance p(1 − p)(1 − 2p)²."""
    n = len(confidences)
    mean = sum(p * (1 - p) for p in confidences) / n
    spread = TWO_SIDED_95 * sqrt(sum(p * (1 - p) * (1 - 2 * p) ** 2 for p in confidences)) / n
    return max(0.0, mean - spread), mean + spread
