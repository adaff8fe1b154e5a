"""Files: what goes out comes back, what would change is shown first, and what is wrong is named by its place."""

import json
import traceback
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lossviz.drill.events import LAST, TICK, Event, Undone, as_json, merged, standing, undo
from lossviz.drill.storage.file import MOST_BYTES, MOST_EVENTS, accept, exported, preview, restored
from lossviz.drill.storage.memory import MemoryStore
from lossviz.drill.storage.refusals import Refused
from tests.drill.logs import NOON, answered, answers, events, families, logs, undone

SECRET = "a-strangers-words"
DAY = timedelta(days=1)
FAR = LAST - TICK  # from here nothing lies in the future


def filled(log: list[Event]) -> MemoryStore:
    store = MemoryStore()
    store.append(log)
    return store


def text(*lines: str, **head: Any) -> str:
    """A file with these lines as its events; a head that is None is left out."""
    head = {"format": "lossviz drill", "version": 1, "exported_at": "2026-11-24T12:00:00Z"} | head
    fields = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in head.items() if value is not None]
    return "{" + ",".join(fields) + ',"events":[\n' + ",\n".join(lines) + "\n]}\n"


def line(number: int = 1, **fields: Any) -> str:
    """An event of a file, with other fields; None leaves one out."""
    whole = json.loads(as_json(answered(number))) | fields
    return json.dumps({name: value for name, value in whole.items() if value is not None})


# --- There and back ---------------------------------------------------------------------------------------------------


@given(logs())
def test_what_goes_out_comes_back(log: list[Event]) -> None:
    (document,) = exported(log, FAR)
    assert preview(document, [], FAR) == (merged(log), (), (), ())
    assert preview(document.encode(), log, FAR) == ((), merged(log), (), ())


def test_a_file_is_what_a_person_would_write() -> None:
    body = '"at":"2026-11-24T12:00:00.001000Z","kind":"answered","item":"q7","grade":3'
    lines = [
        '{"format":"lossviz drill","version":1,"exported_at":"2026-11-24T12:00:00Z","events":[',
        f'{{"id":"00000000-0000-0000-0000-000000000001",{body}}}',
        "]}",
    ]
    assert exported(answers(1), NOON) == ("\n".join(lines) + "\n",)
    assert text(as_json(answers(1)[0])) == exported(answers(1), NOON)[0]


def test_a_log_too_large_for_one_file_goes_into_several_in_any_order() -> None:
    log = (*answers(MOST_EVENTS), undone(MOST_EVENTS + 9, *range(1, 2_000)))
    parts = exported(log, NOON)
    assert len(parts) == 2 and all(len(part.encode()) <= MOST_BYTES for part in parts)
    store = MemoryStore()
    for part in reversed(parts):
        accept(preview(part, store.events(), NOON), store)
    assert store.events() == merged(log)


def test_short_events_are_parted_by_number() -> None:
    most = 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lossviz.drill.storage.file.MOST_EVENTS", most)
        parts = exported(answers(2 * most + 1), NOON)
    assert [part.count("answered") for part in parts] == [most, most, 1]


def test_the_largest_undo_fits_into_a_file_and_wide_letters_are_counted_as_bytes() -> None:
    largest = Undone(id=UUID(int=1), at=NOON, undoes=tuple(UUID(int=number) for number in range(50_000)))
    wide = [answered(number, typed="語" * 2_000) for number in range(2, 700)]
    for part in exported([largest, *wide], NOON):
        preview(part, [], NOON)


def test_an_empty_log_makes_an_empty_file() -> None:
    assert [preview(part, [], NOON) for part in exported([], NOON)] == [((), (), (), ())]


def test_a_file_says_when_it_was_made_in_utc() -> None:
    with pytest.raises(ValidationError):
        exported([], datetime(2026, 11, 24))


def test_a_clock_without_a_zone_compares_with_nothing() -> None:
    with pytest.raises(ValueError, match="a moment has a time zone; got .* without one. Pass datetime.now"):
        preview(text(line(1)), [], datetime(2026, 11, 24))


def test_every_log_goes_out_so_that_it_can_come_back() -> None:
    """Also one whose clock was years ahead for a while: what is stamped so stays where it is."""
    log = [*answers(2), answered(3, at=NOON + 2 * DAY), answered(4, at=NOON + DAY)]
    (document,) = exported(log, NOON)
    assert preview(document, [], NOON).new == (*answers(2), answered(4, at=NOON + DAY))


def test_an_editor_may_put_a_byte_order_mark_before_it() -> None:
    assert preview("\ufeff" + text(line(1)), [], NOON).new == (answered(1),)


# --- Shown, accepted, taken back --------------------------------------------------------------------------------------


@given(families())
def test_the_difference_parts_the_file_and_accepting_it_is_union(family: list[list[Event]]) -> None:
    mine, theirs, _ = map(merged, family)
    store = filled(list(mine))
    difference = preview(exported(theirs, FAR)[0], store.events(), FAR)
    assert store.events() == mine
    assert {*difference.known, *difference.undone} == set(mine) & set(theirs)
    assert merged(difference.new, difference.known, difference.undone) == theirs and not difference.conflicts
    imported = accept(difference, store)
    assert store.events() == merged(mine, theirs)
    if imported:
        store.append([undo(store.events(), imported, NOON)])
        assert standing(store.events()) == standing(mine)


def test_a_conflict_is_shown_and_the_log_keeps_its_own() -> None:
    store = filled([answered(1)])
    difference = preview(text(line(1, item="q8"), line(2)), store.events(), NOON)
    assert difference == ((answered(2),), (), (), (answered(1, item="q8"),))
    assert accept(difference, store) == (UUID(int=2),)
    assert store.events() == (answered(1), answered(2))


def test_an_event_that_is_twice_in_a_file_is_one() -> None:
    assert preview(text(line(1), line(1, at="2026-11-24T13:00:00+01:00")), [], NOON).new == (answered(1),)


def test_a_file_that_contradicts_the_store_by_now_changes_nothing() -> None:
    store = MemoryStore()
    difference = preview(text(line(1), line(2)), store.events(), NOON)
    store.append([answered(2, item="q8")])  # another tab was faster
    with pytest.raises(ValueError, match="an id belongs to one event"):
        accept(difference, store)
    assert store.events() == (answered(2, item="q8"),)


def test_what_another_tab_added_first_stays_when_the_import_is_taken_back() -> None:
    store = MemoryStore()
    difference = preview(text(line(1), line(2)), store.events(), NOON)
    store.append([answered(2)])
    imported = accept(difference, store)
    assert imported == (UUID(int=1),)
    store.append([undo(store.events(), imported, NOON)])
    assert standing(store.events()) == (answered(2),)


def test_what_was_taken_back_is_shown_and_can_be_brought_back() -> None:
    store, file = MemoryStore(), text(line(1), line(2))
    store.append([answered(9)])
    store.append([undo(store.events(), accept(preview(file, store.events(), NOON), store), NOON)])
    difference = preview(file, store.events(), NOON)
    assert difference == ((), (), (answered(1), answered(2)), ())
    back = restored(store.events(), [event.id for event in difference.undone], NOON)
    store.append(back)
    assert standing(store.events()) == (answered(1), answered(2), answered(9))
    assert preview(file, store.events(), NOON).undone == ()
    store.append([undo(store.events(), [event.id for event in back], NOON)])
    assert standing(store.events()) == (answered(9),)


def test_what_the_file_takes_back_itself_is_not_offered() -> None:
    log = [*answers(3), undone(4, 1), undone(5, 2), undone(6, 5)]
    assert preview(exported(log, NOON)[0], log, NOON).undone == ()
    assert preview(exported(log, NOON)[0], log[:5], NOON).undone == ()  # the undo of the undo comes with the file
    assert preview(exported(log[:3], NOON)[0], log, NOON).undone == answers(1)


def test_one_answer_of_many_is_brought_back_alone() -> None:
    log = [*answers(3), undone(4, 1, 2), undone(5, 2, 3), undone(6, 3, 7), undone(7, 6)]
    back = restored(log, [UUID(int=2)], NOON)
    assert [set(event.undoes) for event in back] == [{UUID(int=4), UUID(int=5)}, {UUID(int=1), UUID(int=3)}]
    assert standing([*log, *back]) == (answered(2, answers(2)[1].at),)


def test_undos_that_take_nothing_back_are_left_alone() -> None:
    """Only a forged one names itself, or another that names it."""
    log = [*answers(2), undone(3, 1), undone(4, 1, 2, 4)]
    assert standing(log) == answers(2)[1:]
    assert [event.undoes for event in restored(log, [UUID(int=1)], NOON)] == [(UUID(int=3),)]


@given(families(), st.data())
def test_exactly_what_is_wanted_is_brought_back(family: list[list[Event]], data: st.DataObject) -> None:
    log = merged(*family)
    before = set(standing(log))
    gone = [event for event in log if event not in before and not isinstance(event, Undone)]
    wanted = data.draw(st.sets(st.sampled_from(gone))) if gone else set[Event]()
    back = restored(log, [event.id for event in wanted], NOON)
    assert set(standing([*log, *back])) == before | wanted
    assert bool(back) == bool(wanted)
    assert restored(log, [event.id for event in before], NOON) == ()


def test_clocks_may_differ_by_a_day() -> None:
    late, too_late = (line(2, at=(NOON + DAY + more).isoformat()) for more in (0 * TICK, TICK))
    assert len(preview(text(line(1), late), [], NOON).new) == 2
    with pytest.raises(Refused, match=r"imported: event 2: `at` lies more than a day in the future\.$"):
        preview(text(line(1), too_late), [], NOON)


# --- Refused ----------------------------------------------------------------------------------------------------------

DEEP = '{"a":' * 100_000
REFUSED: dict[str, tuple[Any, str]] = {
    # Damaged
    "empty": ("", "line 1, column 0 is not JSON"),
    "cut off": (text(line(1), line(2))[:-40], "line 3, column .* is not JSON"),
    "more after the end": (text(line(1)) + "]", "line 4, column 1 is not JSON"),
    "two byte-order marks": ("\ufeff\ufeff" + text(line(1)), "line 1, column 1 is not JSON"),
    "NUL": (text(line(1)) + "\0", "line 4, column 1 is not JSON"),
    "NUL in a word": (text(line(1, typed="a\0b")), "event 1: `typed` is not as this app writes it"),
    "half a pair": (text(line(1, typed="\ud800")), "line 2, column .* is not JSON"),
    "raw half a pair": ('{"format":"\ud800"}', "line 1, column .* is not JSON"),
    "not UTF-8": (b'{"format":"\xff"}', "line 1, column .* is not JSON"),
    "UTF-16": (text(line(1)).encode("utf-16"), "line 1, column 1 is not JSON"),
    # Hostile
    "deep": (DEEP, "line 1, column .* is not JSON"),
    "deep inside": (text(line(1)[:-1] + ',"item":' + "[" * 300 + "]" * 300 + "}"), "line 2, .* is not JSON"),
    "not a number": (text(line(1)[:-1] + ',"seconds":NaN}'), "event 1: `seconds` is not as this app writes it"),
    "infinite": (text(line(1)[:-1] + ',"seconds":1e999}'), "event 1: `seconds` is not as this app writes it"),
    "many digits": (text(line(1)[:-1] + f',"seconds":{"9" * 5_000}}}'), "line 2, column .* is not JSON"),
    "many fields": (text(**{f"f{number}": 0 for number in range(101)}), "the file has more than 100 fields that this"),
    "many wrong events": (text(*["0"] * 600_000), "event 1: it is not as this app writes it"),
    "one id twice": (text(line(3), line(1), line(2), line(1, grade=1)), "events 2 and 4 have one `id` and different"),
    "huge word": (text(line(1, typed="x" * 2_001)), "event 1: `typed` is too long"),
    "a program": (text(line(1, item=f"<script>{SECRET}</script>")), "event 1: `item` is not as this app writes it"),
    "a name of ours": (text(line(1, seed=SECRET)), "event 1: `seed` has a field that this version does not know"),
    "a name of theirs": (text(line(1, **{SECRET: 1})), "event 1: it has a field that this version does not know"),
    "a kind of theirs": (text(line(1, kind=SECRET)), "event 1: it has a `kind` that this version does not know"),
    "no kind": (text(line(1), line(2, kind=None)), "event 2: it has no `kind`"),
    "no grade": (text(line(1), line(2), line(3, grade=None)), "event 3: `grade` is missing"),
    "wrong type": (text(line(1, grade=True)), "event 1: `grade` is not as this app writes it"),
    "inner field": (text(line(1, instance={"version": 0, "seed": 1})), "event 1: `version` is not as this app writes"),
    "no time zone": (text(line(1, at="2026-11-24T12:00:00")), "event 1: `at` is not as this app writes it"),
    "long ago": (text(line(1, at="0001-01-01T00:00:00+14:00")), "event 1: `at` is not as this app writes it"),
    "two versions": (text()[:-2].replace("{", '{"version":2,', 1) + "}", "the file has a field twice"),
    "two lists": (text(line(1))[:-2] + ',"ev\\u0065nts":[]}', "the file has a field twice"),
    "two grades": (text(line(1), line(2)[:-1] + ',"grade":4}'), "event 2 has a field twice"),
    "two seeds": (
        text(line(1, instance={"version": 1, "seed": 2}).replace("2}", '2,"seed":2}')),
        "event 1 has a field",
    ),
    # Huge
    "too many bytes": ("x" * 30_000_000, "the file has more than 2,000,000 bytes, the most that is read"),
    "too many wide letters": ("語" * 700_000, "the file has more than 2,000,000 bytes"),
    # Foreign
    "CSV": ("front,back\nq,a\n", "line 1, column .* is not JSON"),
    "Anki": (b"PK\x03\x04" + bytes(100), "line 1, column 1 is not JSON"),
    "another app": ('{"decks": [], "notes": []}', "the file: `format` is missing"),
    "another app's format": (text(format=SECRET), "the file: `format` is not as this app writes it"),
    "a list": ("[]", "the file: it is not as this app writes it"),
    "a number": ("1e999", "the file: it is not as this app writes it"),
    "no events": ('{"format":"lossviz drill","version":1,"exported_at":"2026-11-24T12:00:00Z"}', "`events` is missing"),
    "events by name": (text().replace("[\n\n]", "{}"), "the file: `events` is not as this app writes it"),
    # Of the future
    "a newer version": (text(version=2), "the file: its `version` is above 1, the newest that this app reads"),
    "an unreadable version": (text(version=1.5), "the file: `version` is not as this app writes it"),
    "version true": (text(version=True), "the file: `version` is not as this app writes it"),
    "version 0": (text(version=0), "the file: `version` is not as this app writes it"),
    "a new field": (text(streak=3), "the file: it has a field that this version does not know"),
    "tomorrow's events": (text(line(1, at="2026-11-26T00:00:00Z")), "event 1: `at` lies more than a day in the future"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence_with_the_place_and_without_the_content(name: str) -> None:
    content, says = REFUSED[name]
    log = answers(2)
    with pytest.raises(Refused, match=rf"^Nothing was imported: .*{says}") as caught:
        preview(content, log, NOON)
    sentence = str(caught.value)
    assert sentence.count(". ") == 0 and sentence.endswith(".") and len(sentence) < 120
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)


def test_a_file_has_so_many_events_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand events have more bytes than a file may have, as long as nobody invents shorter ones."""
    monkeypatch.setattr("lossviz.drill.storage.file.MOST_BYTES", 2 * MOST_BYTES)
    lines = [as_json(answered(number)) for number in range(MOST_EVENTS + 1)]
    assert len(preview(text(*lines[1:]), [], NOON).new) == MOST_EVENTS
    with pytest.raises(Refused, match="the file: `events` has too many entries"):
        preview(text(*lines), [], NOON)


@given(events())
def test_a_thousand_wrong_lines_are_told_by_the_first(event: Event) -> None:
    wrong = as_json(event).replace('"kind"', '"knid"', 1)
    with pytest.raises(Refused, match="event 3: it has no `kind`"):
        preview(text(as_json(event), as_json(event), *[wrong] * 10), [], FAR)
