"""The cold interview: what its events tell, wherever it was interrupted, and what a score of 25 of 40 is worth."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import comb, isqrt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.drill import interview
from lossviz.drill.events import LOG, Answered, Event, Grade, Skipped, Started, merged, next_moment, undo, until
from lossviz.drill.interview import Interview, begin, interviews, order, ready, result, wilson

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
COLD, MINUTES, SEED = UUID(int=7), 80.0, 2026
ids = itertools.count(1_000)


def begun(at: datetime = START, cold: UUID = COLD, seed: int = SEED) -> Started:
    return Started(id=UUID(int=next(ids)), at=at, interview=cold, seed=seed, minutes=MINUTES)


def answered(number: int, at: datetime, grade: Grade = Grade.RIGHT, cold: UUID = COLD, **more: Any) -> Answered:
    return Answered(id=UUID(int=next(ids)), at=at, item=f"q{number}", grade=grade, interview=cold, **more)


def skipped(number: int, at: datetime) -> Skipped:
    return Skipped(id=UUID(int=next(ids)), at=at, item=f"q{number}", interview=COLD)


def whole(rights: int = 40, at: datetime = START, cold: UUID = COLD) -> list[Event]:
    """An interview of one answer a minute, the first so many right, the others forgotten."""
    grades = [Grade.SLOW] * rights + [Grade.FORGOT] * (40 - rights)
    turns = zip(order(SEED), grades, strict=True)
    return [begun(at, cold), *(answered(n, at + i * MINUTE, g, cold) for i, (n, g) in enumerate(turns, 1))]


def told(log: Sequence[Event]) -> Interview:
    (only,) = interviews(log)
    return only


# --- The course of it -------------------------------------------------------------------------------------------------


def test_a_seed_means_one_order_for_ever() -> None:
    assert order(0)[:8] == [36, 26, 16, 4, 33, 13, 8, 21]
    assert order(2**53 - 1)[:8] == [35, 7, 1, 26, 5, 25, 4, 12]


@given(st.integers(0, 2**53 - 1))
def test_every_order_asks_each_of_the_forty_once(seed: int) -> None:
    assert sorted(order(seed)) == list(range(1, 41))


def test_it_can_be_resumed_after_every_event() -> None:
    log = whole()
    log[20] = skipped(order(SEED)[19], log[20].at)
    for done in range(1, 42):
        stored = LOG.validate_json(LOG.dump_json(tuple(log[:done])))
        at = log[done - 1].at
        assert told(list(stored)) == told(log[:done])
        assert told(log[:done]).position == done - 1
        assert told(log[:done]).question(at) == (order(SEED)[done - 1] if done <= 40 else None)
        assert told(log[:done]).over(at) == (done == 41)


def test_there_is_no_going_back() -> None:
    first, second, third = order(SEED)[:3]
    log = [begun(), answered(first, START + MINUTE, Grade.FORGOT), skipped(second, START + 2 * MINUTE)]
    again = [answered(first, START + 3 * MINUTE), answered(second, START + 4 * MINUTE)]
    assert told([*log, *again]) == told(log)
    assert told([*log, *again]).question(START + 5 * MINUTE) == third
    assert result(told([*log, *again])).right == 0


def test_two_tabs_answer_a_question_once() -> None:
    first = order(SEED)[0]
    twice = [answered(first, START + MINUTE, Grade.FORGOT), answered(first, START + MINUTE + SECOND, Grade.INSTANT)]
    assert told([begun(), *twice]).closed == (twice[0],)
    assert interview.answers([begun(), *twice]) == [twice[0]]


def test_starting_twice_is_starting_once() -> None:
    log = [*whole(30), begun(START + timedelta(days=1))]
    assert [it.started.at for it in interviews(log)] == [START]
    assert interviews([*log, undo(log, [log[0].id], START)]) == []


def test_a_missing_answer_takes_none_with_it() -> None:
    log = whole()
    del log[5]
    assert result(told(log)).right == 39
    assert told(log).position == 40
    assert told(log[:5]).question(START + 6 * MINUTE) == order(SEED)[4]


def test_undoing_an_answer_does_not_bring_its_question_back() -> None:
    log = whole(20)
    wrong = [event for event in log if isinstance(event, Answered) and event.grade == Grade.FORGOT]
    log.append(undo(log, [event.id for event in wrong], START + 41 * MINUTE))
    assert (told(log).position, told(log).question(START + 42 * MINUTE)) == (40, None)
    again = [answered(int(event.item[1:]), START + 42 * MINUTE + i * SECOND) for i, event in enumerate(wrong)]
    assert told([*log, *again]) == told(log)
    assert result(told([*log, *again])).right == 20


def test_an_undone_answer_is_no_answer_until_the_undo_is_undone() -> None:
    log = whole()
    once = [*log[:6], undo(log, [log[5].id], START + 6 * MINUTE)]
    assert (told(once).position, told(once).question(START + 6 * MINUTE)) == (5, order(SEED)[5])
    assert told(once).question_deadline == told(log[:6]).question_deadline
    assert told(once).closed == told(log[:5]).closed and interview.answers(once) == interview.answers(log[:5])
    assert told([*once, undo(once, [once[-1].id], START)]) == told(log[:6])


def test_undoing_the_start_takes_the_interview_away_with_all_its_answers() -> None:
    log = whole()
    gone = [*log, undo(log, [log[0].id], START)]
    assert interviews(gone) == interview.answers(gone) == []
    assert len(interview.answers(log)) == 40


def test_an_answer_that_no_interview_took_counts_nowhere() -> None:
    """Late, out of turn, twice, of an item that is not asked, or of an interview of which nothing is known."""
    a, b, c = order(SEED)[:3]
    log: list[Event] = [begun(), answered(a, START + MINUTE), answered(c, START + 2 * MINUTE)]
    stray = [answered(number, START + at * MINUTE) for number, at in [(a, 3), (b, 4), (41, 5), (order(SEED)[9], 80)]]
    stray += [answered(order(SEED)[8], START + 6 * MINUTE, cold=UUID(int=8))]
    practice = Answered(id=UUID(int=1), at=START + 5 * SECOND, item="q1", grade=Grade.RIGHT)
    assert interview.answers([*log, *stray, practice]) == [practice, *log[1:]]


def test_what_is_foreign_to_it_changes_nothing() -> None:
    log = whole(12)
    other = [answered(order(SEED)[0], START + SECOND, cold=UUID(int=8)), answered(41, START + SECOND)]
    practice = Answered(id=UUID(int=1), at=START + SECOND, item=f"q{order(SEED)[0]}", grade=Grade.RIGHT)
    assert told([*log, *other, practice]) == told(log)


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=9)])
def test_the_deadline_is_a_moment_and_ends_everything(late: timedelta) -> None:
    log, deadline = [begun()], START + 80 * MINUTE
    assert told(log).deadline == deadline
    assert told(log).over(deadline + late) and told(log).question(deadline + late) is None
    assert told([*log, answered(order(SEED)[0], deadline + late)]) == told(log)


def test_until_the_deadline_an_answer_counts() -> None:
    last = answered(order(SEED)[0], START + 80 * MINUTE - timedelta(microseconds=1))
    assert told([begun(), last]).closed == (last,)
    assert not told([begun()]).over(last.at)


def test_nothing_counts_before_it_began() -> None:
    early, there = answered(order(SEED)[0], START - SECOND), answered(order(SEED)[0], START)
    assert told([early, begun()]).closed == ()
    assert told([begun(), there]).closed == (there,)


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(hours=23), timedelta(days=730)], ids=str)
def test_what_another_clock_stamped_ahead_gives_no_more_time(ahead: timedelta) -> None:
    log: list[Event] = [Answered(id=UUID(int=1), at=START + ahead, item="q1", grade=Grade.RIGHT)]
    log.append(begin(SEED, 60, START))
    assert told(log).deadline == START + 60 * MINUTE
    for i, number in enumerate(order(SEED), 1):
        at = next_moment(log, START + i * MINUTE)
        log.append(answered(number, at, cold=told(log).started.interview))
    assert result(told(until(log, START + 41 * MINUTE))).right == 40


def test_an_interview_begins_now_in_utc() -> None:
    one, other = (begin(SEED, 60, START.astimezone(ZoneInfo("Asia/Tokyo"))) for _ in range(2))
    assert (one.at, one.seed, one.minutes) == (START, SEED, 60) and one.at.tzinfo is UTC
    assert one.interview != other.interview


def test_now_has_a_time_zone() -> None:
    for ask in (told([begun()]).over, told([begun()]).question, lambda now: begin(SEED, 60, now)):
        with pytest.raises(ValueError, match="a moment has a time zone; got"):
            ask(datetime(2026, 3, 2))


def test_each_question_has_its_share_of_the_time() -> None:
    log = whole()
    assert told(log[:1]).question_deadline == START + 2 * MINUTE
    assert told(log[:5]).question_deadline == START + 6 * MINUTE
    late = answered(order(SEED)[0], START + 79 * MINUTE)
    assert told([log[0], late]).question_deadline == START + 80 * MINUTE


def test_deadlines_do_not_move_with_a_reload_or_another_zone() -> None:
    line = begun().model_dump_json().replace("2026-03-02T09:00:00Z", "2026-03-02T18:00:00+09:00")
    assert "+09:00" in line
    elsewhere = told([*LOG.validate_json(f"[{line}]")])
    assert elsewhere.deadline == told([begun()]).deadline


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Anything that may lie in a log: out of turn, twice, too late, of two interviews, undone."""
    numbers = st.one_of(st.integers(1, 40), st.sampled_from(order(SEED)[:6]))
    log: list[Event] = [begun(), begun(START + 30 * MINUTE, UUID(int=8), 5)]
    for number in draw(st.lists(numbers, max_size=60)):
        at = START + draw(st.integers(-5, 90)) * MINUTE
        cold = draw(st.sampled_from([COLD, UUID(int=8)]))
        log.append(draw(st.sampled_from([answered(number, at, Grade.RIGHT, cold), skipped(number, at)])))
    if draw(st.booleans()):
        log.append(undo(log, [event.id for event in draw(st.lists(st.sampled_from(log), min_size=1))], START))
    return log


@given(histories())
def test_no_log_scores_what_was_not_answered_in_turn_and_in_time(log: list[Event]) -> None:
    for it in interviews(log):
        numbers = [int(event.item[1:]) for event in it.told]
        places = [order(it.started.seed).index(number) for number in numbers]
        assert places == sorted(set(places))
        assert all(it.started.at <= event.at < it.deadline for event in it.told)
        assert 0 <= result(it).right <= len(it.closed) <= len(it.told) <= it.position <= 40


@given(histories(), st.data())
def test_no_undo_opens_a_question_again(log: list[Event], data: st.DataObject) -> None:
    turns = [event.id for event in log if isinstance(event, Answered | Skipped)]
    gone = data.draw(st.lists(st.sampled_from(turns), min_size=1) if turns else st.just([UUID(int=1)]))
    after = interviews([*log, undo(log, gone, START)])
    assert [(it.started, it.told) for it in after] == [(it.started, it.told) for it in interviews(log)]
    assert not {event.id for it in after for event in it.closed} & set(gone)


@given(histories())
def test_what_counts_of_interviews_is_what_they_took(log: list[Event]) -> None:
    took = {event.id for it in interviews(log) for event in it.closed if isinstance(event, Answered)}
    assert {event.id for event in interview.answers(log)} == took


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_does_not_matter(log: list[Event], shuffle: Any) -> None:
    other = shuffle.sample(log, len(log))
    assert interviews(other) == interviews(log) == interviews(merged(other[::2], log))


# --- The result -------------------------------------------------------------------------------------------------------


def test_a_result_by_hand() -> None:
    """Questions 1 to 25 right, one answered late, one skipped; ten seconds each but for five."""
    slow = {order(SEED)[i]: 60 + i for i in (3, 8, 21, 30, 39)}
    log: list[Event] = [begun()]
    at = START
    for number in order(SEED):
        at += slow.get(number, 10) * SECOND
        log.append(answered(number, at, Grade.RIGHT if number <= 25 else Grade.FORGOT))
    done = result(told(log))
    assert (done.right, done.passed, done.at, done.interview) == (25, True, START, COLD)
    assert done.interval == wilson(25, 40)
    assert done.bands == {(1, 10): (10, 10), (11, 25): (15, 15), (26, 40): (0, 15)}
    assert done.sections == {
        **{"A": (7, 7), "B": (6, 6), "C": (5, 5), "D": (5, 5), "E": (2, 3)},
        **{"F": (0, 4), "G": (0, 3), "H": (0, 2), "Quick fire": (0, 5)},
    }
    assert done.weakest == ("F", "G", "H", "Quick fire")
    assert done.slowest == tuple(order(SEED)[i] for i in (39, 30, 21, 8, 3))


def test_the_weakest_section_comes_first() -> None:
    right = {
        1,
        2,
        3,
        4,
        8,
        14,
        15,
        16,
        19,
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
        31,
        32,
        33,
        34,
        35,
        *range(36, 41),
    }
    log = [answered(n, START + i * SECOND, Grade(1 + 2 * (n in right))) for i, n in enumerate(order(SEED), 1)]
    assert result(told([begun(), *log])).weakest == ("B", "A", "C")  # 1/6, 4/7, 3/5; a pass is 25/40


@pytest.mark.parametrize(("grade", "right"), [(Grade.FORGOT, 0), (Grade.SLOW, 1), (Grade.RIGHT, 1), (Grade.INSTANT, 1)])
def test_slow_is_right_and_forgotten_is_not(grade: Grade, right: int) -> None:
    assert result(told([begun(), answered(order(SEED)[0], START + MINUTE, grade)])).right == right


@pytest.mark.parametrize(("rights", "passed"), [(24, False), (25, True), (40, True), (0, False)])
def test_the_bar_is_25(rights: int, passed: bool) -> None:
    assert result(told(whole(rights))).passed is passed


def test_an_interview_of_which_nothing_came_has_a_result() -> None:
    done = result(told([begun()]))
    assert (done.right, done.slowest, done.interval[0]) == (0, (), 0.0)
    assert done.weakest == ("A", "B", "C", "D", "E", "F", "G", "H", "Quick fire")


def test_how_long_the_question_after_a_missing_answer_took_is_not_known_after_an_undone_one_it_is() -> None:
    a, b, c, d = order(SEED)[:4]
    log = [begun(), *(answered(n, START + t * SECOND) for n, t in [(a, 5), (b, 100), (c, 107), (d, 110)])]
    assert result(told(log)).slowest == (b, c, a, d)
    assert result(told([*log[:2], *log[3:]])).slowest == (a, d)
    assert result(told([*log, undo(log, [log[2].id], START)])).slowest == (c, a, d)


def test_ready_is_two_passes_on_two_days() -> None:
    day = timedelta(days=1)

    def results(*tries: tuple[int, timedelta]) -> Iterator[interview.Result]:
        for i, (rights, later) in enumerate(tries):
            yield result(told(whole(rights, START + later, UUID(int=i))))

    assert not ready([])
    assert not ready(results((40, 0 * day)))
    assert not ready(results((25, 0 * day), (40, 5 * timedelta(hours=1))))
    assert not ready(results((24, 0 * day), (40, day)))
    assert ready(results((25, 0 * day), (10, day), (25, 2 * day)))


def test_days_are_those_of_the_learners_calendar() -> None:
    """20:00 UTC and 23:00 UTC: one day in London, two in Berlin only when midnight lies between, two in Tokyo never."""
    one = [result(told(whole(30, datetime(2026, 1, 5, hour, tzinfo=UTC), UUID(int=hour)))) for hour in (14, 16)]
    assert not ready(one)
    assert ready(one, ZoneInfo("Asia/Tokyo"))  # 23:00 and, the day after, 01:00
    two = [result(told(whole(30, datetime(2026, 1, d, h, tzinfo=UTC), UUID(int=d)))) for d, h in ((5, 23), (6, 1))]
    assert ready(two)
    assert not ready(two, ZoneInfo("America/New_York"))
    assert {it.at.astimezone(ZoneInfo("America/New_York")).date() for it in two} == {date(2026, 1, 5)}


# --- What a score is worth --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [(25, 40, 0.470, 0.758), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (1, 1, 0.207, 1.0), (81, 263, 0.255, 0.366)],
)
def test_wilsons_interval_has_its_known_values(right: int, asked: int, low: float, high: float) -> None:
    """The last is Newcombe's example of 1998, Table I, method 3."""
    assert wilson(right, asked) == pytest.approx((low, high), abs=5e-4)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_its_ends_solve_wilsons_equation(score: tuple[int, int]) -> None:
    """(p̂ − p)² = z² p(1 − p)/n, solved for p in fractions: (n + z²) p² − (2k + z²) p + k²/n = 0."""
    k, n = score
    z2 = Fraction(1_959_964, 1_000_000) ** 2
    a, b, c = n + z2, -(2 * k + z2), Fraction(k * k, n)
    root = square_root(b * b - 4 * a * c)
    assert wilson(k, n) == pytest.approx((float((-b - root) / (2 * a)), float((-b + root) / (2 * a))), abs=1e-12)


def square_root(x: Fraction) -> Fraction:
    """To 40 digits."""
    return Fraction(isqrt(int(x * 10**80)), 10**40)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_share_lies_in_0_to_1_and_mirrors(score: tuple[int, int]) -> None:
    k, n = score
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("right", "asked"), [(0, 0), (5, 4), (-1, 4), (1, -1)])
def test_a_share_of_nothing_is_refused(right: int, asked: int) -> None:
    with pytest.raises(ValueError, match=f"got {right} of {asked}. Count"):
        wilson(right, asked)


def test_one_pass_says_little() -> None:
    """What `ready` says of someone who knows 60 %, by the binomial distribution."""
    p = Fraction(6, 10)
    passes = sum(comb(40, k) * p**k * (1 - p) ** (40 - k) for k in range(interview.PASS, 41))
    assert (round(100 * passes), round(100 * passes**2)) == (44, 19)
    assert "in 44 of 100 cases, two in 19" in (ready.__doc__ or "")
