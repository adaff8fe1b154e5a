"""The log: merging is set union, undoing inverts, a wrong clock spoils nothing else, and nothing odd gets in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from lossviz.drill.events import (
    AHEAD,
    CORRECTED,
    EVENT,
    FIRST,
    LAST,
    LOG,
    LONGEST,
    TICK,
    Answered,
    Event,
    Grade,
    Undone,
    as_json,
    as_typed,
    merged,
    next_moment,
    standing,
    taken_back,
    too_far_ahead,
    undo,
    until,
)
from tests.drill.logs import MOMENTS, NOON, answered, answers, events, families, logs, undone

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# --- Merging ----------------------------------------------------------------------------------------------------------


@given(families())
def test_merging_is_set_union(family: list[list[Event]]) -> None:
    a, b, c = family
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == merged(a, b, c)
    assert merged(a, a) == merged(a) == merged(merged(a))
    assert merged(a, []) == merged(a)
    assert {event.id for event in merged(a, b)} == {event.id for event in [*a, *b]}


@given(st.randoms(use_true_random=False), logs())
def test_the_order_of_replay_is_that_of_time_and_then_of_ids(random: Any, log: list[Event]) -> None:
    shuffled = list(log)
    random.shuffle(shuffled)
    assert merged(shuffled) == merged(log)
    keys = [(event.at, event.id) for event in merged(log)]
    assert keys == sorted(keys)


def test_events_of_one_moment_are_ordered_by_id() -> None:
    assert [event.id.int for event in merged([answered(3), answered(1)], [answered(2)])] == [1, 2, 3]


def test_two_events_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="an id belongs to one event; got two different ones for .* Keep either log"):
        merged([answered(1)], [answered(1, grade=Grade.FORGOT)])


def test_an_event_equals_itself_however_its_time_and_gaps_are_written() -> None:
    there = answered(1, NOON.astimezone(timezone(9 * HOUR)), confidence=None)
    assert merged([answered(1)], [there]) == (answered(1),)
    assert there.at.tzinfo is UTC


# --- Undoing ----------------------------------------------------------------------------------------------------------


@given(logs(), st.data())
def test_undoing_takes_back_exactly_the_targets_and_undoing_that_brings_them_back(log: list[Event], data: Any) -> None:
    counts = standing(log)
    targets = data.draw(st.sets(st.sampled_from([event.id for event in log])) if log else st.just(set()))
    answers = {event.id for event in log if not isinstance(event, Undone)} & targets
    if answers:
        once = [*log, undo(log, answers, NOON)]
        assert standing(once) == tuple(event for event in counts if event.id not in answers)
        assert standing([*once, undo(once, [once[-1].id], NOON)]) == counts


@given(logs(), logs())
def test_undoing_an_import_leaves_what_was_there_before(mine: list[Event], theirs: list[Event]) -> None:
    """Also where the import itself undid something."""
    imported = [event for event in theirs if event.id not in {event.id for event in mine}]
    both = [*mine, *imported]
    if imported:
        once = [*both, undo(both, [event.id for event in imported], NOON)]
        assert standing(once) == standing(mine)


@st.composite
def chains(draw: st.DrawFn) -> list[Event]:
    """Five answers, and undos each of which names only what was there before it, whatever their clocks say."""
    log: list[Event] = [answered(number, draw(MOMENTS)) for number in range(5)]
    for number in range(5, 5 + draw(st.integers(0, 9))):
        seen = draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=3))
        log.append(undone(number, *seen, at=draw(MOMENTS)))
    return log


@given(chains())
def test_what_counts_is_what_no_counting_undo_names_whatever_the_clocks_say(log: list[Event]) -> None:
    gone = set[UUID]()
    for event in reversed(log):  # in the order in which they came: each can be undone only by those behind it
        if isinstance(event, Undone) and event.id not in gone:
            gone.update(event.undoes)
    assert taken_back(log) == gone
    assert {event.id for event in standing(log)} == {event.id for event in log[:5]} - gone


def test_an_undo_counts_until_another_takes_it_back_whatever_its_clock_says() -> None:
    log = [answered(1), undone(2, 1, at=NOON + HOUR)]
    assert standing(log) == ()
    for at in (NOON + 2 * HOUR, NOON, NOON - DAY):
        assert standing([*log, undone(3, 2, at=at)]) == (answered(1),)
        assert standing([*log, undone(3, 2, at=at), undone(4, 3, at=NOON - HOUR)]) == ()


@pytest.mark.parametrize("circle", [[undone(3, 3)], [undone(3, 2), undone(2, 3, 1)]], ids=["one", "two"])
def test_forged_undos_in_a_circle_take_nothing_back(circle: list[Event]) -> None:
    assert standing([answered(1), *circle]) == (answered(1),)


def test_a_chain_of_undos_however_long_is_read_at_once() -> None:
    for length in (20_000, 20_001):
        chain = [undone(number, number - 1, at=NOON - number * TICK) for number in range(2, length + 2)]
        assert len(standing([answered(1), *chain])) == (length % 2 == 0)


def test_undoing_what_never_came_does_nothing() -> None:
    assert standing([answered(1), undone(2, 99)]) == (answered(1),)


def test_an_undo_comes_last_and_has_an_id_of_its_own() -> None:
    log = answers(3)
    one, other = (undo(log, [log[0].id], NOON) for _ in range(2))
    assert one.at == log[-1].at + TICK
    assert one.id != other.id
    assert one.undoes == (log[0].id,)


# --- Time -------------------------------------------------------------------------------------------------------------


CLOCKS = st.integers(-1_000_000, 1_000_000).map(lambda minutes: NOON + timedelta(minutes=minutes))
NEAR = st.integers(-400, 400).map(lambda seconds: NOON + timedelta(seconds=seconds))


@example([answered(1, NOON + CORRECTED)], NOON)
@given(st.lists(MOMENTS | NEAR).map(lambda moments: [answered(i, at) for i, at in enumerate(moments)]), CLOCKS | NEAR)
def test_what_is_added_comes_after_all_that_has_happened_and_hardly_ahead_of_the_clock(
    log: list[Event], now: datetime
) -> None:
    at = next_moment(log, now)
    assert now <= at <= now + CORRECTED
    assert all(event.at < at or event.at == now + CORRECTED for event in until(log, now))
    assert at == now or {at, at - TICK} & {event.at for event in log}
    assert answered(1_000, at) in until([*log, answered(1_000, at)], now)


@given(logs(), logs(), CLOCKS)
def test_what_lies_ahead_has_not_happened_until_its_time(log: list[Event], more: list[Event], now: datetime) -> None:
    ahead = [event for event in more if event.at > now + CORRECTED]
    mine = [event for event in log if event.id not in {event.id for event in ahead}]
    assert until([*mine, *ahead], now) == until(mine, now)
    assert next_moment([*mine, *ahead], now) == next_moment(mine, now)
    assert until([*mine, *ahead], LAST) == merged(mine, ahead)


@given(families(), CLOCKS)
def test_what_has_happened_in_a_merger_is_what_has_happened_in_either(family: list[list[Event]], now: datetime) -> None:
    a, b, _ = family
    assert until(merged(a, b), now) == merged(until(a, now), until(b, now))


@pytest.mark.parametrize("ahead", [timedelta(hours=23), 730 * DAY, LAST - TICK - NOON], ids=str)
def test_what_a_wrong_clock_stamped_can_be_undone_and_that_undone(ahead: timedelta) -> None:
    log: list[Event] = [answered(1), answered(2, NOON + ahead), undone(3, 1, at=NOON + ahead)]
    for target, left in [(2, []), (3, [1, 2])]:
        once = [*log, undo(log, [UUID(int=target)], NOON)]
        assert once[-1].at == NOON + TICK
        assert [event.id.int for event in standing(once)] == left
        assert standing([*once, undo(once, [once[-1].id], NOON)]) == standing(log)


@pytest.mark.parametrize(("ahead", "too_far"), [(-DAY, False), (AHEAD, False), (AHEAD + TICK, True), (730 * DAY, True)])
def test_no_log_takes_what_lies_more_than_a_day_ahead(ahead: timedelta, too_far: bool) -> None:
    assert too_far_ahead(answered(1, NOON + ahead), NOON) is too_far


def test_without_a_log_it_is_now_and_now_is_kept_in_utc() -> None:
    assert next_moment([], NOON.astimezone(timezone(-5 * HOUR))) == NOON
    assert next_moment([], NOON.astimezone(timezone(-5 * HOUR))).tzinfo is UTC


@pytest.mark.parametrize("log", [(), answers(1)], ids=["empty", "one"])
def test_now_has_a_time_zone(log: tuple[Event, ...]) -> None:
    with pytest.raises(ValueError, match=r"a moment has a time zone; got .* Pass datetime.now\(UTC\)"):
        next_moment(log, datetime(2026, 11, 24))
    with pytest.raises(ValueError, match="a moment has a time zone"):
        until(log, datetime(2026, 11, 24))


# --- What gets in -----------------------------------------------------------------------------------------------------


@given(events())
def test_an_event_comes_back_from_json_as_it_was(event: Event) -> None:
    assert EVENT.validate_json(as_json(event)) == event
    assert as_json(EVENT.validate_json(as_json(event))) == as_json(event)


def test_json_leaves_out_what_was_not_said() -> None:
    said = '"at":"2026-11-24T12:00:00Z","kind":"answered","item":"q7","grade":3'
    assert as_json(answered(1)) == f'{{"id":"00000000-0000-0000-0000-000000000001",{said}}}'


PLAIN: dict[str, Any] = json.loads(as_json(answered(1)))
UNDONE: dict[str, Any] = json.loads(as_json(undone(1, 2)))
WRONG: dict[str, list[Any]] = {
    "id": [None, 1, "", "x", "00000000"],
    "at": [None, 0, 1.8e9, "1", "2026-11-24", "2026-11-24T12:00:00", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z",
           "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z"],
    "kind": [None, 1, "", "Answered", "deleted", []],
    "item": [None, 7, "", "Q7", "-q7", "q7-", "q 7", "q7\n", "../q7", "q" * 65, "ｑ7"],
    "grade": [None, 0, 5, 3.0, 2.5, "3", True, "RIGHT", [3], 10**400],
    "confidence": [-0.1, 1.1, "0.5", True, float("nan"), float("inf")],
    "seconds": [-1, 86_401, "3", float("nan"), float("inf")],
    "instance": [1, {}, {"version": 0, "seed": 0}, {"version": 1, "seed": -1}, {"version": 1, "seed": 2**53},
                 {"version": 1, "seed": 1.5}, {"version": 1, "seed": 1, "more": 1}],
    "interview": [1, "x"],
    "typed": [1, [], "a\0b", "x" * (LONGEST + 1), "\ud800"],
    "more": [None, 1],
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in WRONG for value in WRONG[field]], ids=str)
def test_what_breaks_the_schema_is_refused_and_not_quoted(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        EVENT.validate_json(json.dumps(PLAIN | {field: value}))
    assert "input_value" not in str(caught.value)


@pytest.mark.parametrize("undoes", [[], [1], ["x"], "x", None, {}, [str(UUID(int=1))] * 50_001], ids=lambda _: "")
def test_an_undo_names_some_events(undoes: Any) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_json(json.dumps(UNDONE | {"undoes": undoes}))


def test_a_million_wrong_targets_make_one_complaint() -> None:
    with pytest.raises(ValidationError) as caught:
        EVENT.validate_json(json.dumps(UNDONE | {"undoes": [0] * 500_000}))
    assert caught.value.error_count() < 5


@pytest.mark.parametrize("field", ["id", "at", "kind", "item", "grade"])
def test_what_every_answer_has(field: str) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python({name: value for name, value in PLAIN.items() if name != field})


@pytest.mark.parametrize("at", [FIRST, LAST - TICK])
def test_the_first_and_the_last_moment_are_in(at: datetime) -> None:
    assert EVENT.validate_json(as_json(answered(1, at))).at == at


def test_an_event_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        answered(1).item = "q8"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_log_is_read_at_once() -> None:
    log = answers(3)
    assert LOG.validate_json("[" + ",".join(map(as_json, log)) + "]") == log


@given(st.text(st.characters(), max_size=50) | st.text(st.sampled_from("\0\ud800\udc00\ra\n"), max_size=50))
def test_whatever_is_typed_can_be_kept(text: str) -> None:
    kept = answered(1, typed=as_typed(text))
    assert EVENT.validate_json(as_json(kept)) == kept
    assert as_typed(kept.typed or "") == kept.typed


@pytest.mark.parametrize(
    ("text", "kept"), [("a\0b", "a\ufffdb"), ("a\ud800", "a\ufffd"), ("a\r\nb", "a\nb"), ("x" * 3000, "x" * LONGEST)]
)
def test_what_is_typed_is_cleaned_in_the_open(text: str, kept: str) -> None:
    assert as_typed(text) == kept


@pytest.mark.parametrize("grade", [3, Grade.RIGHT])
def test_a_grade_may_be_written_as_its_number(grade: Any) -> None:
    assert answered(1, grade=grade) == answered(1)
    assert type(answered(1, grade=grade).grade) is Grade


@pytest.mark.parametrize("make", [lambda: answered(1, grade=True), lambda: answered(1, typed="\ud800")])
def test_python_values_are_held_to_the_same(make: Callable[[], Answered]) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert "input_value" not in str(caught.value)
