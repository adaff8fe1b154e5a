"""One interface, one behaviour: a set of events, whatever holds it. Memory, SQLite and a real PostgreSQL."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings

from lossviz.drill.events import Event, Grade, merged, next_moment, standing, undo
from lossviz.drill.storage import Store
from tests.drill.logs import NOON, answered, answers, events, families, logs

NewStore = Callable[[], Store]
few = settings(max_examples=25)


@few
@given(families())
def test_a_store_is_the_union_of_what_was_appended(new_store: NewStore, family: list[list[Event]]) -> None:
    with new_store() as there, new_store() as back:
        for log in family:
            there.append(log)
        for log in reversed(family):
            back.append(reversed(log))
        assert there.events() == back.events() == merged(*family)


@few
@given(logs())
def test_appending_again_changes_nothing(new_store: NewStore, log: list[Event]) -> None:
    with new_store() as store:
        store.append(log)
        once = store.events()
        store.append(once)
        for event in log:
            store.append([event, event])
        assert store.events() == once


@few
@given(families())
def test_what_was_added_comes_back(new_store: NewStore, family: list[list[Event]]) -> None:
    with new_store() as store:
        for log in family:
            before = {event.id for event in store.events()}
            assert store.append(iter(log)) == tuple(event for event in merged(log) if event.id not in before)


@few
@given(events())
def test_any_event_comes_back_as_it_was(new_store: NewStore, event: Event) -> None:
    with new_store() as store:
        store.append([event])
        assert store.events() == (event,)
        assert type(store.events()[0]) is type(event)


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE drill_event; --", '"\\', "%s %(x)s :x ?", "\u202eabc", "😀" * 500, "\r\n\t\x01\x7f", "\ufffe", ""],
)
def test_whatever_was_typed_comes_back_to_the_letter(new_store: NewStore, text: str) -> None:
    with new_store() as store:
        store.append([answered(1, typed=text)])
        assert store.events() == (answered(1, typed=text),)


def test_another_event_with_a_known_id_is_refused_and_nothing_changed(new_store: NewStore) -> None:
    with new_store() as store:
        store.append(answers(2))
        for log in ([answered(9), answered(1, item="q8")], [answered(5), answered(5, grade=Grade.SLOW)]):
            with pytest.raises(ValueError, match="an id belongs to one event"):
                store.append(log)
        assert store.events() == answers(2)


def test_nothing_appended_is_nothing_there(new_store: NewStore) -> None:
    with new_store() as store:
        store.append([])
        store.append(iter(()))
        assert store.events() == ()


def test_events_of_one_moment_and_of_the_edges_are_in_the_order_of_replay(new_store: NewStore) -> None:
    numbers = [2**127, 2**64, 15, 16, 1, 10, 2**128 - 1]
    log = [answered(number, NOON + timedelta(microseconds=number % 2)) for number in numbers]
    with new_store() as store:
        store.append(log)
        assert store.events() == merged(log)


@pytest.fixture
def hectic() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_lose_nothing(new_store: NewStore, hectic: None) -> None:
    with new_store() as store, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda first: [store.append(answers(3, first + i)) for i in range(20)], range(1, 161, 20)))
        assert {event.id.int for event in store.events()} == set(range(1, 163))


def test_a_thread_sees_what_it_appended_and_logs_only_grow(new_store: NewStore) -> None:
    def grow(first: int) -> list[set[UUID]]:
        seen = []
        for number in range(first, first + 10):
            store.append([answered(number)])
            seen.append({event.id for event in store.events()})
            assert UUID(int=number) in seen[-1]
        return seen

    with new_store() as store, ThreadPoolExecutor(4) as pool:
        for seen in pool.map(grow, range(0, 40, 10)):
            assert all(before < after for before, after in zip(seen, seen[1:], strict=False))


def test_a_clock_that_goes_back_loses_nothing_and_keeps_the_order(new_store: NewStore) -> None:
    with new_store() as store:
        for number in range(10):
            now = NOON - timedelta(seconds=number)
            store.append([answered(number, next_moment(store.events(), now))])
        assert [event.id.int for event in store.events()] == list(range(10))


def test_to_undo_is_to_append(new_store: NewStore) -> None:
    with new_store() as store:
        store.append(answers(3))
        store.append([undo(store.events(), [UUID(int=2)], NOON)])
        assert [event.id.int for event in standing(store.events())] == [1, 3]
        assert len(store.events()) == 4
