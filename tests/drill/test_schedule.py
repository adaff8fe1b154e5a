"""The schedule: cards are a replay of the log, whatever happened to it on the way; the queue mixes what it asks."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from math import exp
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fsrs import Scheduler, State
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lossviz.drill import interview, schedule
from lossviz.drill.events import Answered, Event, Grade, Skipped, Started, Undone, merged, next_moment, undo, until
from lossviz.drill.numeric import templates
from lossviz.drill.questions import load_questions
from lossviz.drill.schedule import SITTING, Card, Exercise, Settings, cards, intervals, queue, reviewed

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
COLD = UUID(int=99)
ITEMS = ["q1", "q2", "q3"]
ids = itertools.count(1_000)


def answered(item: str, grade: Grade = Grade.RIGHT, at: datetime = START, **more: Any) -> Answered:
    return Answered(id=UUID(int=next(ids)), at=at, item=item, grade=grade, **more)


def days_of_all_good(settings: Settings, times: int) -> list[timedelta]:
    """What an item gets that is answered rightly every time it falls due."""
    deck, at, gaps = {}, START, []
    for _ in range(times):
        deck = reviewed(deck, answered("q1", at=at), settings)
        gaps.append(deck["q1"].memory.due - at)
        at = deck["q1"].memory.due
    return gaps


# --- By hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retention", "days"),
    [(0.90, [2, 11, 46, 163]), (0.95, [1, 3, 8, 19]), (0.97, [1, 2, 4, 7, 13]), (0.80, [8, 76])],
)
def test_right_every_time_puts_an_item_ever_further_away(retention: float, days: list[int]) -> None:
    gaps = days_of_all_good(Settings(retention=retention), len(days) + 1)
    assert gaps == [10 * MINUTE, *(n * DAY for n in days)]


def test_the_buttons_of_a_new_item() -> None:
    assert intervals(None, START, Settings(buttons=4)) == {
        Grade.FORGOT: MINUTE,
        Grade.SLOW: 5.5 * MINUTE,
        Grade.RIGHT: 10 * MINUTE,
        Grade.INSTANT: 8 * DAY,
    }
    assert list(intervals(None, START, Settings())) == [Grade.FORGOT, Grade.RIGHT]


def test_memory_follows_the_formulas_of_fsrs_6() -> None:
    """Stability after right, ten minutes, right, two days, right; difficulty twice pulled towards an easy start."""
    w = Scheduler().parameters
    hardness = [w[4] - exp(2 * w[5]) + 1]
    easy = w[4] - exp(3 * w[5]) + 1
    hardness += [w[7] * easy + (1 - w[7]) * hardness[0]]
    first = w[2]
    second = first * max(1, exp(w[17] * w[18]) * first ** -w[19])
    known = (1 + (0.9 ** (-1 / w[20]) - 1) * 2 / second) ** -w[20]
    third = second * (1 + exp(w[8]) * (11 - hardness[1]) * second ** -w[9] * (exp((1 - known) * w[10]) - 1))
    log = [answered("q1", at=START + gap) for gap in (0 * MINUTE, 10 * MINUTE, 10 * MINUTE + 2 * DAY)]
    card = cards(log, Settings())["q1"]
    assert card.memory.stability == pytest.approx(third, rel=1e-12)
    assert card.memory.due == log[-1].at + round(third) * DAY  # at 0.9, the interval is the stability
    card = cards(log[:2], Settings())["q1"]
    assert schedule.retrievability(card, log[-1].at, Settings()) == pytest.approx(known, rel=1e-12)


GOLDEN = (1.797141624589559, 9.711183808190022)  # from the formulas of FSRS-6, written out once more beside fsrs


def test_a_recorded_history_gives_the_recorded_card() -> None:
    grades = [3, 3, 1, 3, 4, 2, 3, 1, 1, 3]
    hours = [0, 1, 50, 51, 52, 395, 1_980, 8_965, 8_966, 8_990]
    log = [
        answered("q1", Grade(grade), START + timedelta(hours=hour)) for grade, hour in zip(grades, hours, strict=True)
    ]
    card = cards(log, Settings())["q1"]
    assert (card.lapses, card.since, card.memory.state) == (2, START, State.Review)
    assert (card.memory.stability, card.memory.difficulty) == pytest.approx(GOLDEN, rel=1e-9)
    assert card.memory.due - log[-1].at == 2 * DAY


# --- Replay -----------------------------------------------------------------------------------------------------------

SEED = next(seed for seed in itertools.count() if set(interview.order(seed)[:3]) == {1, 2, 3})
COLD_ONES = [Started(id=UUID(int=n), at=START, interview=UUID(int=n), seed=SEED, minutes=600) for n in (98, 99)]

answers = st.builds(
    dict,
    item=st.sampled_from(ITEMS),
    grade=st.sampled_from(Grade),
    gap=st.one_of(st.integers(0, 90), st.integers(0, 60 * 24 * 60)),  # minutes since the answer before
)
turns = st.builds(
    dict,
    item=st.sampled_from(ITEMS),
    grade=st.sampled_from(Grade),
    gap=st.integers(0, 90),
    interview=st.sampled_from([started.interview for started in COLD_ONES]),
)
chosen_settings = st.builds(
    Settings,
    retention=st.floats(0.70, 0.97),
    interview=st.none() | st.dates(date(2026, 3, 1), date(2026, 9, 1)),
    cold_counts=st.booleans(),
    zone=st.sampled_from([UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Los_Angeles")]),
)


@st.composite
def practice(draw: st.DrawFn, given: st.SearchStrategy[dict[str, Any]] = answers) -> list[Answered]:
    log, at = [], START
    for i, fields in enumerate(draw(st.lists(given, max_size=12))):
        at += fields["gap"] * MINUTE
        log.append(Answered(id=UUID(int=i + 1), at=at, **{key: fields[key] for key in fields if key != "gap"}))
    return log


def logs() -> st.SearchStrategy[list[Event]]:
    """Answers of practice, and of two cold interviews that may or may not take them."""
    return practice(answers | turns).map(lambda log: [*COLD_ONES, *log])


@given(logs(), chosen_settings)
def test_one_answer_at_a_time_gives_what_a_replay_gives(log: list[Event], chosen: Settings) -> None:
    deck: dict[str, Card] = {}
    for i, event in enumerate(log):
        if isinstance(event, Answered) and event in interview.answers(log[: i + 1]):
            deck = reviewed(deck, event, chosen)
        assert deck == cards(log[: i + 1], chosen)


@given(logs(), chosen_settings, st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_does_not_matter(
    log: list[Event], chosen: Settings, order: random.Random
) -> None:
    shuffled = order.sample(log, len(log))
    assert cards(shuffled, chosen) == cards(log, chosen)
    assert cards(merged(shuffled[::2], shuffled[1::2], shuffled), chosen) == cards(log, chosen)


@given(practice(), chosen_settings, st.data())
def test_undoing_is_as_if_it_had_never_been_answered(
    log: list[Answered], chosen: Settings, data: st.DataObject
) -> None:
    gone = data.draw(st.lists(st.sampled_from(log), min_size=1) if log else st.just([]))
    left = [event for event in log if event not in gone]
    taken_back = [undo(log, [event.id for event in gone], START)] if gone else []
    assert cards([*log, *taken_back], chosen) == cards(left, chosen)


@given(logs(), chosen_settings)
def test_no_answer_is_due_in_its_past_or_beyond_reach(log: list[Event], chosen: Settings) -> None:
    for card in cards(log, chosen).values():
        assert card.memory.last_review and MINUTE <= card.memory.due - card.memory.last_review <= 36_500 * DAY
        assert card.since <= card.memory.last_review and card.memory.due.tzinfo == UTC


@given(logs(), chosen_settings)
def test_a_card_knows_its_item_by_a_number_that_stays(log: list[Event], chosen: Settings) -> None:
    numbers = {item: card.memory.card_id for item, card in cards(log, chosen).items()}
    assert numbers == {item: {"q1": 639_851_122, "q2": 3_207_203_784, "q3": 3_358_407_518}[item] for item in numbers}


def test_a_clock_that_goes_back_stands_still() -> None:
    deck = reviewed({}, answered("q1", at=START), Settings())
    deck = reviewed(deck, answered("q1", at=START - 3 * DAY), Settings())
    assert deck["q1"].memory.last_review == START
    assert deck["q1"].memory.due == START + 2 * DAY
    assert (
        intervals(deck["q1"], START - 3 * DAY, Settings())[Grade.RIGHT]
        == intervals(deck["q1"], START, Settings())[Grade.RIGHT]
    )


def test_an_event_after_a_clock_went_back_a_little_still_comes_last() -> None:
    log: list[Event] = [answered("q1", Grade.FORGOT, START)]
    log.append(answered("q1", Grade.INSTANT, next_moment(log, START - 4 * MINUTE)))
    assert cards(log, Settings())["q1"].memory.due == log[-1].at + 1 * DAY


@pytest.mark.parametrize("ahead", [timedelta(hours=23), 730 * DAY], ids=str)
def test_an_answer_that_a_wrong_clock_stamped_ahead_spoils_no_day(ahead: timedelta) -> None:
    """The drill goes on as if it had not been given, new items and all, until its time or until it is undone."""

    def sitting(log: list[Event], now: datetime) -> list[str]:
        asked = []
        while line := queue(cards(until(log, now), Settings()), apart(*"abcdef"), now, Settings(new_per_day=2)):
            log.append(answered(line[0].item, Grade.RIGHT, next_moment(log, now)))
            asked, now = [*asked, line[0].item], now + MINUTE
        return asked

    log: list[Event] = [answered("a", at=START + ahead)]
    other: list[Event] = []
    for now in (START, START + DAY / 2):
        assert sitting(log, now) == sitting(other, now)
    log.append(undo(log, [log[0].id], START))
    assert cards(log, Settings()) == cards(other, Settings())


def test_the_same_event_twice_counts_once() -> None:
    log = [answered("q1"), answered("q1", at=START + DAY)]
    assert cards([*log, *log, log[0]], Settings()) == cards(log, Settings())


def test_what_is_no_answer_moves_no_card() -> None:
    log: list[Event] = [
        Started(id=UUID(int=1), at=START, interview=COLD, seed=1, minutes=60),
        Skipped(id=UUID(int=2), at=START, interview=COLD, item="q1"),
        Undone(id=UUID(int=3), at=START, undoes=(UUID(int=4),)),
    ]
    assert cards(log, Settings()) == {}


def cold(*turns: tuple[str, int], grade: Grade = Grade.RIGHT, **more: Any) -> list[Event]:
    """A cold interview of 60 minutes with an answer to each item at its minute; q3 comes before q2 in it."""
    start = Started(id=COLD, at=START, interview=COLD, seed=SEED, minutes=60)
    return [start, *(answered(item, grade, START + at * MINUTE, interview=COLD, **more) for item, at in turns)]


AGREED = Settings(cold_counts=True)


def test_cold_answers_are_reviews_only_where_the_learner_agrees() -> None:
    first, second, _ = (f"q{number}" for number in interview.order(SEED)[:3])
    log = cold((first, 1), (second, 2))
    assert set(cards(log, AGREED)) == {first, second}
    assert not Settings().cold_counts and cards(log, Settings()) == {}
    assert cards([*log, answered(first, at=START + DAY)], Settings())[first].since == START + DAY


def test_what_its_interview_did_not_take_is_no_review() -> None:
    """Twice, out of turn, not asked there, too late, or of an interview that was undone."""
    first, second, third = (f"q{number}" for number in interview.order(SEED)[:3])
    log = cold((first, 1), (first, 2), (third, 3), (second, 4), ("m3", 5), ("q40", 60))
    assert cards(log, AGREED) == cards(cold((first, 1), (third, 3)), AGREED)
    assert cards([*log, undo(log, [COLD], START)], AGREED) == cards(log[1:], AGREED) == {}


@given(logs())
def test_retention_moves_due_dates_and_no_memory(log: list[Event]) -> None:
    low, high = cards(log, Settings(retention=0.70)), cards(log, Settings(retention=0.97))
    for item in low:
        assert low[item].memory.stability == high[item].memory.stability
        assert low[item].memory.due >= high[item].memory.due


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retention", [0.0, 0.6999, 0.9701, 1.0, float("nan"), float("inf"), -1.0])
def test_retention_stays_where_it_makes_sense(retention: float) -> None:
    with pytest.raises(ValueError, match="retention is a share from 0.70 to 0.97; got"):
        Settings(retention=retention)


@pytest.mark.parametrize("wrong", [{"new_per_day": -1}, {"buttons": 3}], ids=str)
def test_other_settings_have_ranges_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"; got {next(iter(wrong.values()))}. "):
        Settings(**wrong)


@pytest.mark.parametrize("retention", [0.70, 0.97])
def test_the_ends_of_the_range_are_inside(retention: float) -> None:
    assert days_of_all_good(Settings(retention=retention), 3)[-1] >= DAY


# --- Days of the learner ----------------------------------------------------------------------------------------------

ZONES = [UTC, *map(ZoneInfo, ["Asia/Kolkata", "America/Los_Angeles", "Australia/Lord_Howe", "America/Santiago"])]
LATEST = 22 * 60  # minutes after midnight: a sitting then ends before the next


def studied(times: Sequence[int], grades: Sequence[Grade], first: date, chosen: Settings) -> list[tuple[int, float]]:
    """The days on which a learner is asked one item, and its stability then, who sits down once a day at these times.

    Times are minutes after midnight. Six answers a day are enough, eleven minutes apart.
    """
    deck, asked = {}, []
    for day, minutes in enumerate(times):
        wall = datetime.combine(first + day * DAY, time(minutes // 60, minutes % 60), chosen.zone)
        for now in (wall.astimezone(UTC) + 11 * n * MINUTE for n in range(6)):
            if queue(deck, apart("q1"), now, chosen):
                deck = reviewed(deck, answered("q1", grades[len(asked) % len(grades)], now), chosen)
                asked.append((day, deck["q1"].memory.stability))
    return asked


@pytest.mark.parametrize("drift", [-1, 0, 1, -13])
def test_whoever_studies_a_little_earlier_each_day_is_asked_on_the_same_days(drift: int) -> None:
    times = [20 * 60 + drift * day for day in range(40)]
    asked = studied(times, [Grade.RIGHT], START.date(), Settings(retention=0.95))
    assert [day for day, _ in asked] == [0, 0, 1, 4, 12, 31]


@given(
    st.lists(st.integers(0, LATEST), min_size=1, max_size=25),
    st.lists(st.sampled_from(Grade), min_size=1, max_size=12),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.floats(0.80, 0.97),
    st.sampled_from(ZONES),
    st.none() | st.integers(0, 25),
)
@settings(max_examples=60)
def test_at_whatever_hour_a_learner_studies_the_days_and_the_memory_are_the_same(
    times: list[int], grades: list[Grade], first: date, retention: float, zone: tzinfo, left: int | None
) -> None:
    """In every zone, also over the days on which its clocks change, and towards an interview."""
    chosen = Settings(retention, zone=zone, interview=None if left is None else first + left * DAY)
    assert studied(times, grades, first, chosen) == studied([12 * 60] * len(times), grades, first, chosen)


def stability(*moments: datetime, grade: Grade = Grade.RIGHT) -> float | None:
    return cards([answered("q1", grade, at) for at in moments], Settings())["q1"].memory.stability


def test_two_answers_of_one_day_are_of_one_day_however_far_apart() -> None:
    early, late = START.replace(hour=0, minute=5), START.replace(hour=23, minute=55)
    assert stability(early, late) == stability(START, START + MINUTE)
    assert stability(late, late + DAY / 2) == stability(START, START + DAY)


def test_a_step_of_minutes_that_runs_over_midnight_crosses_no_day() -> None:
    last = START.replace(hour=23, minute=55)
    for later in (10 * MINUTE, 10 * MINUTE + SITTING):
        assert stability(last, last + later) == stability(START, START + MINUTE)
    assert stability(last, last + 10 * MINUTE + SITTING + timedelta(seconds=1)) == stability(START, START + DAY)
    assert cards([answered("q1", at=last)], Settings())["q1"].memory.due == last + 10 * MINUTE


def known_for_a_day(at: datetime) -> list[Answered]:
    """An item that was known, is forgotten, and known again at this moment, which is worth one day."""
    return [
        answered("q1", Grade.INSTANT, at - 9 * DAY),
        answered("q1", Grade.FORGOT, at - 15 * MINUTE),
        answered("q1", Grade.RIGHT, at),
    ]


def test_a_day_from_five_to_midnight_is_over_in_five_minutes() -> None:
    last, tomorrow = datetime(2026, 3, 2, 23, 55, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    deck = cards(known_for_a_day(last), Settings())
    assert deck["q1"].memory.due == last + DAY
    assert queue(deck, apart("q1"), tomorrow - MINUTE, Settings()) == []
    assert items(queue(deck, apart("q1"), tomorrow, Settings())) == ["q1"]


@pytest.mark.parametrize(
    ("zone", "asked", "first"),
    [  # on a day of 25 hours, on the eve of one of 23, and on one that goes back over its midnight
        ("America/New_York", datetime(2026, 11, 1, 0, 30), datetime(2026, 11, 2)),
        ("America/Los_Angeles", datetime(2026, 3, 7, 23, 30), datetime(2026, 3, 8)),
        ("America/Santiago", datetime(2026, 4, 4, 22, 45), datetime(2026, 4, 5)),
    ],
)
def test_a_day_is_a_day_where_clocks_change(zone: str, asked: datetime, first: datetime) -> None:
    chosen = Settings(zone=ZoneInfo(zone))
    last, midnight = (moment.replace(tzinfo=chosen.zone).astimezone(UTC) for moment in (asked, first))
    deck = cards(known_for_a_day(last), chosen)
    assert deck["q1"].memory.due == last + DAY
    assert queue(deck, apart("q1"), midnight - MINUTE, chosen) == []
    assert items(queue(deck, apart("q1"), midnight, chosen)) == ["q1"]


@given(practice(), chosen_settings, st.integers(0, 90 * 24 * 60), st.booleans())
def test_the_queue_keeps_what_the_buttons_promise(
    log: list[Answered], chosen: Settings, later: int, four: bool
) -> None:
    """In minutes to the minute, in days from the learner's midnight; on the last days before an interview earlier."""
    chosen = replace(chosen, buttons=4 if four else 2)
    now = (log[-1].at if log else START) + later * MINUTE
    deck, todo = cards(log, chosen), apart("q1")
    for grade, away in intervals(deck.get("q1"), now, chosen).items():
        after = reviewed(deck, answered("q1", grade, now), chosen)
        days = chosen.day(now) + away if away >= DAY else chosen.day(now)
        due = max(now + away, now) if away < DAY else datetime.combine(days, time(), chosen.zone).astimezone(UTC)
        before = due - SITTING - MINUTE if away < DAY else due - MINUTE
        assert items(queue(after, todo, due, chosen)) == ["q1"]
        if before >= now and (chosen.days_left(before) or 99) > schedule.LAST_DAYS:
            assert queue(after, todo, before, chosen) == []


@given(practice(), chosen_settings, st.integers(0, LATEST), st.integers(0, LATEST))
def test_what_is_still_known_depends_on_the_day_alone(log: list[Answered], chosen: Settings, a: int, b: int) -> None:
    day = chosen.day(log[-1].at if log else START) + 3 * DAY
    one, other = (datetime.combine(day, time(n // 60, n % 60), chosen.zone) for n in (a, b))
    for card in cards(log, chosen).values():
        assert schedule.retrievability(card, one, chosen) == schedule.retrievability(card, other, chosen)


def test_what_was_answered_today_is_known() -> None:
    card = cards([answered("q1", at=START), answered("q1", at=START + 10 * MINUTE)], Settings())["q1"]
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert schedule.retrievability(card, START - DAY, Settings()) == 1.0
    assert schedule.retrievability(card, midnight - MINUTE, Settings()) == 1.0
    assert schedule.retrievability(card, midnight, Settings()) < 1.0


def test_now_has_a_time_zone() -> None:
    naive, card = datetime(2026, 3, 2), cards([answered("q1")], Settings())["q1"]
    for ask in (
        lambda: queue({}, apart("q1"), naive, Settings()),
        lambda: queue({"q1": card}, apart("q1"), naive, Settings()),
        lambda: intervals(None, naive, Settings()),
        lambda: schedule.retrievability(card, naive, Settings()),
        lambda: Settings().day(naive),
    ):
        with pytest.raises(ValueError, match=r"a moment has a time zone; got 2026-03-02 .* Pass datetime.now\(UTC\)"):
            ask()


# --- The interview date -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "longest"), [(60, 30), (11, 5), (5, 2), (3, 1), (1, 1), (0, 1)])
def test_every_item_comes_again_in_half_the_days_left(left: int, longest: int) -> None:
    chosen = Settings(interview=(START + left * DAY).date())
    deck = reviewed({}, answered("q1", Grade.INSTANT, START - 400 * DAY), Settings())
    assert reviewed(deck, answered("q1", Grade.INSTANT), chosen)["q1"].memory.due - START == longest * DAY


def test_after_the_interview_intervals_are_free_again() -> None:
    chosen = Settings(interview=(START - DAY).date())
    assert cards([answered("q1", Grade.INSTANT)], chosen)["q1"].memory.due == START + 8 * DAY


def test_the_days_left_are_those_of_the_learners_calendar() -> None:
    late, tokyo = datetime(2026, 3, 2, 20, tzinfo=UTC), ZoneInfo("Asia/Tokyo")  # there it is the third already
    assert Settings(interview=date(2026, 3, 9)).days_left(late) == 7
    assert Settings(interview=date(2026, 3, 9), zone=tokyo).days_left(late) == 6
    assert Settings().days_left(late) is None


@pytest.mark.parametrize(
    ("left", "order"), [(-1, ["q3"]), (3, ["q3"]), (2, ["q2", "q1", "q3"]), (0, ["q2", "q1", "q3"])]
)
def test_on_the_last_days_the_weakest_comes_first_due_or_not(left: int, order: list[str]) -> None:
    log = [answered("q1", Grade.INSTANT, START - 5 * DAY), answered("q2", Grade.INSTANT, START - 6 * DAY)]
    log += [answered("q3", Grade.FORGOT, START - MINUTE), answered("q4", Grade.INSTANT, START)]
    chosen = Settings(interview=(START + left * DAY).date())
    deck = cards(log, Settings())
    assert [it.item for it in queue(deck, apart("q1", "q2", "q3", "q4"), START, chosen)] == order


# --- The queue --------------------------------------------------------------------------------------------------------


def apart(*items: str) -> list[Exercise]:
    """Exercises of which no two have anything in common."""
    return [Exercise(item, f"section of {item}", item, "a-page") for item in items]


def in_sections(line: str) -> list[Exercise]:
    """From "A1 B2" an exercise of section A on question A1, and one of B on B2."""
    return [Exercise(f"{word.lower()}.{i}", word[0], word, "a-page") for i, word in enumerate(line.split())]


def crossing(words: list[str]) -> list[Exercise]:
    """From "A1 B1" one exercise of section A and one of B, both on question 1."""
    return [Exercise(str(i), section, question, "a-page") for i, (section, question) in enumerate(words)]


def items(line: Sequence[Exercise]) -> list[str]:
    return [it.item for it in line]


def test_due_comes_first_and_the_longest_waiting_before_the_rest() -> None:
    log = [answered(item, Grade.INSTANT, START - days * DAY) for item, days in [("q1", 9), ("q2", 30), ("q3", 2)]]
    deck = cards(log, Settings())
    assert items(queue(deck, apart("q0", "q1", "q2", "q3"), START, Settings())) == ["q2", "q1", "q0"]
    assert items(queue(deck, apart("q1", "q2", "q3"), START - 29 * DAY, Settings())) == []


def test_a_failed_item_comes_again_in_the_same_sitting() -> None:
    deck = cards([answered("q1", Grade.FORGOT)], Settings())
    for now in (START, START + MINUTE - timedelta(seconds=1)):
        assert items(queue(deck, apart("q1", "q2"), now, Settings())) == ["q2", "q1"]
    assert items(queue(deck, apart("q1", "q2"), START + MINUTE, Settings())) == ["q1", "q2"]


def test_a_failed_old_item_comes_again_too_the_earliest_first() -> None:
    log = [answered("q1", Grade.INSTANT, START - 9 * DAY), answered("q1", Grade.FORGOT), answered("q2", Grade.RIGHT)]
    log += [answered("q2", Grade.FORGOT, START + MINUTE), answered("q3", Grade.INSTANT, START + MINUTE * 1.5)]
    line = queue(cards(log, Settings()), apart("q1", "q2", "q3"), START + 1.5 * MINUTE, Settings())
    assert items(line) == ["q2", "q1"]


def test_what_falls_due_after_the_sitting_waits() -> None:
    deck = cards([answered("q1", Grade.RIGHT)], Settings())  # due in ten minutes
    assert items(queue(deck, apart("q1"), START - 10 * MINUTE, Settings())) == ["q1"]
    assert queue(deck, apart("q1"), START - 11 * MINUTE, Settings()) == []


def test_what_is_known_is_not_asked_again_in_the_same_sitting() -> None:
    deck = cards([answered("q1", Grade.INSTANT)], Settings())
    almost = deck["q1"].memory.due - START - DAY
    assert queue(deck, apart("q1"), START + almost, Settings()) == []


def test_whole_days_fall_due_with_the_learners_midnight() -> None:
    deck = cards([answered("q1", at=START), answered("q1", at=START + 10 * MINUTE)], Settings())  # due 4 March, 9:10
    assert queue(deck, apart("q1"), datetime(2026, 3, 3, 23, 59, tzinfo=UTC), Settings()) == []
    assert items(queue(deck, apart("q1"), datetime(2026, 3, 4, tzinfo=UTC), Settings())) == ["q1"]
    west = Settings(zone=timezone(timedelta(hours=-8)))
    assert queue(deck, apart("q1"), datetime(2026, 3, 4, 7, 59, tzinfo=UTC), west) == []
    assert items(queue(deck, apart("q1"), datetime(2026, 3, 4, 8, tzinfo=UTC), west)) == ["q1"]


def test_a_day_that_begins_within_the_sitting_has_not_begun() -> None:
    deck = cards([answered("q1", Grade.INSTANT, datetime(2026, 3, 2, 0, 5, tzinfo=UTC))], Settings())
    assert queue(deck, apart("q1"), datetime(2026, 3, 9, 23, 50, tzinfo=UTC), Settings()) == []


def test_nothing_is_asked_twice_where_the_last_days_and_the_sitting_meet() -> None:
    chosen = Settings(interview=date(2026, 3, 4))
    deck = cards([answered("q1", Grade.RIGHT, datetime(2026, 3, 2, 23, 55, tzinfo=UTC))], chosen)
    assert items(queue(deck, apart("q1"), datetime(2026, 3, 3, 0, 1, tzinfo=UTC), chosen)) == ["q1"]


def test_the_day_has_its_number_of_new_items() -> None:
    todo, chosen = apart(*"abcdef"), Settings(new_per_day=3)
    log = [answered(item, Grade.INSTANT, START) for item in "ab"]
    assert items(queue({}, todo, START, chosen)) == ["a", "b", "c"]
    assert items(queue(cards(log, chosen), todo, START, chosen)) == ["c"]
    assert items(queue(cards(log, chosen), todo, START + DAY, chosen)) == ["c", "d", "e"]
    assert queue(cards(log, chosen), todo, START, Settings(new_per_day=1)) == []
    assert queue({}, todo, START, Settings(new_per_day=0)) == []


def test_a_cold_interview_uses_up_what_is_new_and_no_more() -> None:
    first, second, third = (f"q{number}" for number in interview.order(SEED)[:3])
    log = cold((first, 1), (second, 2), (third, 3), grade=Grade.INSTANT)
    assert queue(cards(log, AGREED), apart(first, second, third, "q9"), START, Settings(new_per_day=2)) == []
    assert len(queue(cards(log, Settings()), apart(first, second, third), START, Settings(new_per_day=2))) == 2


def test_a_day_ends_at_the_learners_midnight() -> None:
    evening = Settings(new_per_day=1, zone=ZoneInfo("America/New_York"))
    deck = cards([answered("a", Grade.INSTANT, datetime(2026, 3, 3, 4, 50, tzinfo=UTC))], evening)
    assert queue(deck, apart("a", "b"), datetime(2026, 3, 3, 4, 59, tzinfo=UTC), evening) == []
    assert items(queue(deck, apart("a", "b"), datetime(2026, 3, 3, 5, tzinfo=UTC), evening)) == ["b"]


def test_sections_are_mixed_and_the_last_answer_counts_as_a_neighbour() -> None:
    todo = in_sections("A1 A2 A3 B4 B5 C6")
    assert [it.section for it in queue({}, todo, START, Settings())] == ["A", "B", "C", "A", "B", "A"]
    deck = cards([answered(todo[0].item, Grade.INSTANT)], Settings())
    assert queue(deck, todo, START, Settings())[0] == todo[3]


def test_new_items_are_mixed_before_the_day_takes_its_number() -> None:
    assert [it.section for it in queue({}, in_sections("A1 A2 A3 B4 B5"), START, Settings(new_per_day=3))] == list(
        "ABA"
    )


def test_the_first_ten_come_from_all_ten_sections() -> None:
    todo = schedule.exercises(load_questions(), templates())
    first = queue({}, todo, START, Settings())
    assert items(first)[:2] == ["q1", "q8"]
    assert len({it.section for it in first}) == len(first) == 10


@given(st.text("ABCD", min_size=1, max_size=20), st.integers(0, 20))
def test_whatever_the_days_number_the_sections_stay_level(sections: str, number: int) -> None:
    """In each the order given; and none is ahead of another by more than one exercise of its own."""
    todo = in_sections(" ".join(f"{section}{i}" for i, section in enumerate(sections)))
    chosen = {it.item for it in queue({}, todo, START, Settings(new_per_day=number))}
    assert len(chosen) == min(number, len(todo))
    own = {section: [it.item in chosen for it in todo if it.section == section] for section in sections}
    assert all(sorted(seen, reverse=True) == seen for seen in own.values())
    for one, other in itertools.product(own.values(), repeat=2):
        assert sum(one) / len(one) - sum(other) / len(other) <= 1 / len(one) + 1e-9


@pytest.mark.parametrize("number", [10, 25])
def test_a_day_of_new_items_goes_as_the_queue_said_in_the_morning(number: int) -> None:
    todo, chosen, deck = schedule.exercises(load_questions(), templates()), Settings(new_per_day=number), {}
    line = queue({}, todo, START, chosen)
    for i, expected in enumerate(line):
        assert queue(deck, todo, START + i * MINUTE, chosen)[0] == expected
        deck = reviewed(deck, answered(expected.item, Grade.INSTANT, START + i * MINUTE), chosen)
    assert queue(deck, todo, START + number * MINUTE, chosen) == []


def test_what_was_failed_and_is_left_alone_follows_itself() -> None:
    deck = cards([answered("q1", Grade.FORGOT)], Settings())
    assert items(queue(deck, apart("q1"), START + timedelta(seconds=1), Settings())) == ["q1"]


def test_siblings_are_kept_apart_within_a_section() -> None:
    assert [it.question for it in queue({}, in_sections("A2 A1 A1"), START, Settings())] == ["A1", "A2", "A1"]


def test_each_part_of_the_queue_remembers_the_last_of_the_part_before() -> None:
    todo = in_sections("A1 A2 B3 A4 B5")
    log = [answered(todo[0].item, Grade.INSTANT, START - 30 * DAY), answered(todo[3].item, Grade.FORGOT, START)]
    log += [answered(todo[4].item, Grade.FORGOT, START + timedelta(seconds=1))]
    line = queue(cards(log, Settings()), todo, START + timedelta(seconds=2), Settings())
    assert [it.question for it in line] == ["A1", "B3", "A2", "B5", "A4"]


def clashes(line: Sequence[Exercise]) -> tuple[int, int]:
    pairs = list(itertools.pairwise(line))
    return sum(a.section == b.section for a, b in pairs), sum(a.question == b.question for a, b in pairs)


@given(st.lists(st.sampled_from("A1 A2 A3 B4 B5 C6".split()), min_size=1, max_size=7))
def test_no_order_has_fewer_clashes(words: list[str]) -> None:
    *todo, before = in_sections(" ".join(words))
    mixed = schedule._interleaved(todo, before)
    assert sorted(items(mixed)) == sorted(items(todo))
    assert clashes([before, *mixed]) == min(clashes([before, *other]) for other in itertools.permutations(todo))


@example(["B1", "A2", "B2"])  # the two kinds are at odds: after B2, either the section or the question repeats
@given(st.lists(st.sampled_from("A1 A2 B1 B2 B3 C3".split()), min_size=1, max_size=7))
def test_no_order_has_fewer_clashes_of_sections_where_questions_cross_them(words: list[str]) -> None:
    *todo, before = crossing(words)
    every = [clashes([before, *other]) for other in itertools.permutations(todo)]
    fewest = min(sections for sections, _ in every)
    assert clashes([before, *schedule._interleaved(todo, before)])[0] == fewest


@given(logs(), chosen_settings, st.integers(0, 30 * 24 * 60))
def test_the_queue_holds_what_is_there_and_each_once(log: list[Event], chosen: Settings, later: int) -> None:
    todo, now = apart(*ITEMS, "q9"), START + later * MINUTE
    line = queue(cards(log, chosen), todo, now, chosen)
    assert len(line) == len(set(line)) and set(line) <= set(todo)
    assert queue(cards(log, chosen), todo, now, chosen) == line


def test_an_item_that_is_gone_is_not_asked() -> None:
    deck = cards([answered("retired", at=START - 99 * DAY)], Settings())
    assert items(queue(deck, apart("q1"), START, Settings())) == ["q1"]


def test_questions_and_their_numeric_templates_are_exercises_on_their_pages() -> None:
    todo = schedule.exercises(load_questions(), templates())
    by_item = {it.item: it for it in todo}
    assert len(by_item) == len(todo) == len(load_questions()) + len(templates())
    assert by_item["q8"] == Exercise("q8", "B", "q8", "masked-lm")
    assert by_item["masked-lm-loss"] == Exercise("masked-lm-loss", "B", "q8", "masked-lm")
    assert [by_item[it.name].section for it in templates()] == [it.section for it in templates()]
    assert items(todo)[:4] == ["q1", "loss-of-a-token", "mean-loss-of-a-text", "q2"]
    assert all(Answered.model_validate(answered(item)) for item in by_item)


def test_without_templates_or_their_questions_there_are_fewer_exercises() -> None:
    first, second, *_ = load_questions()
    assert items(schedule.exercises([first, second])) == ["q1", "q2"]
    assert items(schedule.exercises([second], templates())) == ["q2"]


# --- Leeches ----------------------------------------------------------------------------------------------------------


def forgotten(item: str, times: int, **more: Any) -> list[Answered]:
    """An item known and forgotten again, so many times, every ten days."""
    log = [answered(item, Grade.INSTANT, START)]
    for i in range(1, times + 1):
        log.append(answered(item, Grade.FORGOT, START + 10 * i * DAY, **more))
        log += [answered(item, Grade.RIGHT, START + 10 * i * DAY + n * MINUTE) for n in (10, 20)]
    return log


def test_four_lapses_make_a_leech_that_is_still_asked() -> None:
    log = [*forgotten("q1", 4, typed="the softmax"), *forgotten("q2", 3), *forgotten("q3", 5)]
    deck, todo, now = cards(log, Settings()), apart("q1", "q2", "q3", "q4"), START + 99 * DAY
    worst, other = schedule.leeches(deck, log, todo)
    assert (worst.item, worst.lapses, worst.page, worst.earlier) == ("q3", 5, "a-page", ())
    assert (other.item, other.lapses) == ("q1", 4)
    assert [(event.typed, event.grade) for event in other.earlier] == [("the softmax", Grade.FORGOT)] * 4
    assert {"q1", "q3"} <= set(items(queue(deck, todo, now, Settings())))


def test_failing_while_learning_is_no_lapse() -> None:
    log = [answered("q1", Grade.FORGOT, START + i * MINUTE) for i in range(9)]
    assert cards(log, Settings())["q1"].lapses == 0
    known = [*forgotten("q1", 1)[:2], answered("q1", Grade.FORGOT, START + 11 * DAY)]
    assert cards(known, Settings())["q1"].lapses == 1  # forgotten once, then failed again before it was known


def test_what_two_tabs_sent_is_shown_once_at_a_leech() -> None:
    first = f"q{interview.order(SEED)[0]}"
    log = [*forgotten(first, 5), *cold((first, 1), (first, 2), typed="mine")]
    (leech,) = schedule.leeches(cards(log, Settings()), log, apart(first))
    assert [event.at for event in leech.earlier] == [START + MINUTE]


def test_undone_answers_are_not_shown_at_a_leech() -> None:
    log: list[Event] = [*forgotten("q1", 5, typed="a slip")]
    slip = next(event for event in log if isinstance(event, Answered) and event.typed)
    log.append(undo(log, [slip.id], START))
    (leech,) = schedule.leeches(cards(log, Settings()), log, apart("q1"))
    assert slip not in leech.earlier and len(leech.earlier) == 4
