"""Confidence against what happened: Brier's score by hand, and the band of chance against every possible outcome."""

import itertools
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import prod, sqrt
from statistics import mean
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.drill.calibration import ENOUGH, EXACT, STEPS, Said, brier, calibration, chance_band, said
from lossviz.drill.events import Answered, Event, Grade, Started, undo
from lossviz.drill.interview import order

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
sayings = st.lists(st.builds(Said, st.sampled_from(STEPS), st.booleans()), min_size=1, max_size=40)


def answered(i: int, confidence: float | None, grade: Grade = Grade.RIGHT, **more: Any) -> Answered:
    at = START + timedelta(minutes=i)
    return Answered(**{"id": UUID(int=i), "at": at, "item": "q1", "grade": grade, "confidence": confidence} | more)


def test_briers_score_by_hand() -> None:
    """(0.1² + 0.9² + 0.5² + 0.01²)/4 = (0.01 + 0.81 + 0.25 + 0.0001)/4."""
    answers = [Said(0.9, True), Said(0.9, False), Said(0.5, True), Said(0.99, True)]
    found = calibration(answers)
    assert found
    assert brier(answers) == found.brier == pytest.approx(0.267525)
    assert found.hit_rate_only == 0.1875
    assert found.steps == {0.5: (1, 1), 0.9: (2, 1), 0.99: (1, 1)}
    assert list(found.steps) == sorted(found.steps)
    assert (found.answers, found.telling) == (4, False)


@given(sayings)
def test_the_score_is_half_of_briers_own(answers: list[Said]) -> None:
    """Brier's sums over both classes, right and wrong."""
    both = [(a.confidence - a.right) ** 2 + ((1 - a.confidence) - (not a.right)) ** 2 for a in answers]
    assert brier(answers) == pytest.approx(mean(both) / 2, abs=1e-12)


@given(sayings)
def test_every_answer_is_counted_in_one_step(answers: list[Said]) -> None:
    found = calibration(answers)
    assert found and sum(count for count, _ in found.steps.values()) == len(answers)
    assert sum(right for _, right in found.steps.values()) == sum(answer.right for answer in answers)
    assert 0 <= found.brier <= 1 and 0 <= found.chance[0] <= found.chance[1] <= 1


@given(sayings)
def test_always_saying_ones_hit_rate_is_the_best_single_confidence(answers: list[Said]) -> None:
    found = calibration(answers)
    assert found
    for step in (0.0, 0.3, *STEPS, 1.0):
        assert found.hit_rate_only <= brier([Said(step, answer.right) for answer in answers]) + 1e-12
    rate = mean(answer.right for answer in answers)
    assert found.hit_rate_only == pytest.approx(brier([Said(rate, answer.right) for answer in answers]), abs=1e-12)


@pytest.mark.parametrize(("n", "telling"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_a_curve_needs_twenty_answers(n: int, telling: bool) -> None:
    found = calibration([Said(0.75, True)] * n)
    assert found and found.telling is telling and ENOUGH == 20


def test_nothing_said_is_no_calibration() -> None:
    assert calibration([]) is None


def test_only_answers_with_a_confidence_that_stand_are_read() -> None:
    log = [answered(1, 0.9), answered(2, None), answered(3, 0.6, Grade.FORGOT), answered(4, 0.5, Grade.SLOW)]
    assert said([*log, undo(log, [log[0].id], START)]) == [Said(0.6, False), Said(0.5, True)]


def test_of_a_cold_interview_only_what_it_took_is_read() -> None:
    """Not what came twice, for an item that is not asked, after the deadline, or where the interview was undone."""
    cold, (first, second) = UUID(int=99), order(1)[:2]
    start = Started(id=UUID(int=1_000), at=START, interview=cold, seed=1, minutes=60)
    log: list[Event] = [
        answered(1, 0.75, Grade.INSTANT, interview=cold, item=f"q{first}"),
        answered(2, 0.99, Grade.FORGOT, interview=cold, item=f"q{first}"),
        answered(3, 0.5, interview=cold, item="m3"),
        answered(61, 0.9, interview=cold, item=f"q{second}"),
    ]
    assert said([start, *log]) == [Said(0.75, True)]
    assert said(log) == said([start, *log, undo(log, [start.id], START)]) == []


# --- The band of chance -----------------------------------------------------------------------------------------------


def outcomes(confidences: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Every possible run of right and wrong: its probability if the confidences are true, and its score."""
    runs = []
    for rights in itertools.product([0, 1], repeat=len(confidences)):
        pairs = list(zip(confidences, rights, strict=True))
        score = sum((Fraction(p - r) ** 2 for p, r in pairs), Fraction(0)) / len(pairs)
        runs.append((prod((p if r else 1 - p for p, r in pairs), start=Fraction(1)), score))
    return runs


@given(st.lists(st.sampled_from([Fraction(str(step)) for step in (0.0, 0.3, *STEPS, 1.0)]), min_size=1, max_size=7))
def test_it_leaves_out_a_fortieth_on_either_side_of_all_outcomes(confidences: list[Fraction]) -> None:
    runs = outcomes(confidences)
    low, high = chance_band([float(p) for p in confidences])
    below = [sum((c for c, score in runs if score < low + shift), Fraction(0)) for shift in (-1e-9, 1e-9)]
    above = [sum((c for c, score in runs if score > high + shift), Fraction(0)) for shift in (1e-9, -1e-9)]
    for outside, with_the_end in (below, above):
        assert outside <= Fraction(1, 40) <= with_the_end + Fraction(1, 10**9)


def test_a_coin_toss_always_scores_a_quarter() -> None:
    assert chance_band([0.5] * 40) == (0.25, 0.25)


def test_the_band_of_two_answers_by_hand() -> None:
    """0.9 twice: 0.01 both right (81 of 100), 0.41 one wrong (18), 0.81 both wrong (1)."""
    assert chance_band([0.9, 0.9]) == pytest.approx((0.01, 0.41))
    assert chance_band([0.99]) == pytest.approx((0.0001, 0.0001))
    assert chance_band([0.9]) == pytest.approx((0.01, 0.81))


def test_a_confidence_of_nothing_or_all_is_no_chance() -> None:
    assert chance_band([1.0, 1.0]) == chance_band([0.0]) == (0.0, 0.0)


def coverage(confidences: list[float]) -> float:
    """The exact chance that a perfectly calibrated person lands in the band; scores in whole ten-thousandths."""
    chances = {0: 1.0}
    for p in confidences:
        then: dict[int, float] = defaultdict(float)
        for score, chance in chances.items():
            then[score + round(1e4 * (1 - p) ** 2)] += chance * p
            then[score + round(1e4 * p**2)] += chance * (1 - p)
        chances = then
    low, high = (1e4 * len(confidences) * end for end in chance_band(confidences))
    return sum(chance for score, chance in chances.items() if low - 1e-6 <= score <= high + 1e-6)


def mixes(n: int) -> list[list[float]]:
    """Learners who always say the same, and learners who say this and that."""
    draw = random.Random(n)
    some = [draw.choices(STEPS, k=n) for _ in range(4)] + [draw.choices(draw.sample(STEPS, 2), k=n) for _ in range(4)]
    return [[step] * n for step in STEPS] + some


@pytest.mark.parametrize("n", [3, ENOUGH, 27, 40])
def test_the_band_holds_95_of_100_or_a_little_more(n: int) -> None:
    assert all(0.95 - 1e-9 <= coverage(mix) for mix in mixes(n))
    assert n < 40 or min(map(coverage, mixes(n))) < 0.96


def test_beyond_200_answers_the_normal_band_does_nearly_as_well() -> None:
    assert all(0.92 <= coverage(mix) <= 0.98 for mix in mixes(EXACT + 1)[1:5])
    exact, normal = (chance_band([0.6, 0.75, 0.9, 0.99] * (EXACT // 4) + extra) for extra in ([], [0.75]))
    assert exact == pytest.approx(normal, abs=2e-3)
    assert chance_band([0.99] * (EXACT + 1)) == (0.0, pytest.approx(0.0099 + 1.959964 * 0.98 * sqrt(0.0099 / 201)))


def test_forty_answers_of_all_confidences_give_0_167_and_0_031() -> None:
    """Confidences drawn evenly from 0.5 to 1: the mean is 1/6, and one answer's variance 1/30 + 1/180.

    With p = (1 + u)/2 one answer has mean (1 − u²)/4 and variance u²(1 − u²)/4, u even on 0 to 1. The second part of
    the variance is that of the draw of p: a band for the confidences that were said has only the first, 0.029.
    """
    mean_u2, mean_u4 = Fraction(1, 3), Fraction(1, 5)
    middle = (1 - mean_u2) / 4
    within, between = (mean_u2 - mean_u4) / 4, (mean_u4 - mean_u2**2) / 16
    assert (middle, within, between) == (Fraction(1, 6), Fraction(1, 30), Fraction(1, 180))
    assert round(float(middle), 3) == 0.167 and round(sqrt((within + between) / 40), 3) == 0.031
    even = [0.5 + (i + 0.5) / 80 for i in range(40)]
    low, high = chance_band(even)
    assert (low + high) / 2 == pytest.approx(1 / 6, abs=6e-3)
    assert (high - low) / 2 / 1.959964 == pytest.approx(sqrt(1 / 30 / 40), abs=2e-3)
