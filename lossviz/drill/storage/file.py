"""A log as files that a learner keeps or carries to another device. What comes back is shown before it is added.

A file is JSON: `{"format": …, "version": 1, "exported_at": …, "events": […]}`, one event a line.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, TypeVar
from uuid import UUID

from pydantic import FailFast, Field, ValidationError

from lossviz.drill.events import (
    AnyEvent,
    Event,
    Instant,
    Strict,
    Undone,
    as_json,
    merged,
    taken_back,
    too_far_ahead,
    undo,
)
from lossviz.drill.storage import Store
from lossviz.drill.storage.refusals import Refused, refusal, repetition

M = TypeVar("M", bound="Cover")

VERSION = 1
MOST_BYTES, MOST_EVENTS = 2_000_000, 20_000
HEAD = 200  # bytes around the events, at most
BOM = b"\xef\xbb\xbf"  # that editors of Windows put before a text


class Cover(Strict, frozen=True, extra="ignore"):
    """What tells whose file it is, read before all else."""

    format: Literal["lossviz drill"]
    version: Annotated[int, Field(ge=1)]


class Head(Cover, frozen=True, extra="forbid"):
    """Everything but the events."""

    exported_at: Instant


class Document(Head, frozen=True):
    """A whole file."""

    events: Annotated[tuple[AnyEvent, ...], Field(max_length=MOST_EVENTS), FailFast()]


class Difference(NamedTuple):
    """What a file would add to a log. Where both have an id with different content, the log's own event stays."""

    new: tuple[Event, ...]
    known: tuple[Event, ...]
    undone: tuple[Event, ...]  # known too, and taken back in the log but not in the file: `restored` brings them back
    conflicts: tuple[Event, ...]


def exported(log: Iterable[Event], now: datetime) -> tuple[str, ...]:
    """The log as text of one file, or of several where one would be too large to come back. Any order, any subset.

    What a wrong clock stamped so far ahead that no file may bring it stays at home.
    """
    events = merged(event for event in log if not too_far_ahead(event, now))
    parts = list(_parts(map(as_json, events))) or [[]]
    return tuple(_document(part, now) for part in parts)


def preview(text: str | bytes, log: Iterable[Event], now: datetime) -> Difference:
    """What a file would add to the log; nothing is changed. Raises Refused, in one sentence that names the place."""
    events, log = _sound(_read(_small(text)), now), merged(log)
    mine = {event.id: event for event in log}
    new = merged(event for event in events if event.id not in mine)
    shared = merged(event for event in events if event.id in mine)
    gone = taken_back((*log, *new)) - taken_back(events)
    return Difference(
        new=new,
        known=tuple(event for event in shared if mine[event.id] == event and event.id not in gone),
        undone=tuple(event for event in shared if mine[event.id] == event and event.id in gone),
        conflicts=tuple(event for event in shared if mine[event.id] != event),
    )


def accept(difference: Difference, store: Store) -> tuple[UUID, ...]:
    """Add what is new, all of it or nothing. The ids that come back, given to `events.undo`, take the import back.

    They are of what was really added: what another tab has added since the preview stays its. Raises what
    `Store.append` raises; nothing is then changed.
    """
    return tuple(event.id for event in store.append(difference.new))


def restored(log: Iterable[Event], targets: Iterable[UUID], now: datetime) -> tuple[Undone, ...]:
    """The events that bring back `targets` and nothing else, to be appended together. None where none is taken back.

    They undo the undos that took them back, and undo anew what else those took back.
    """
    log, wanted = merged(log), frozenset(targets)
    gone = taken_back(log)
    counting = (event for event in log if isinstance(event, Undone) and gone.issuperset(event.undoes))
    undos = [event for event in counting if wanted.intersection(event.undoes)]
    others = {target for event in undos for target in event.undoes} - wanted
    return tuple(undo(log, sorted(ids), now) for ids in ([event.id for event in undos], others) if ids)


def _parts(lines: Iterable[str]) -> Iterator[list[str]]:
    part, room = [], MOST_BYTES - HEAD
    for line in lines:
        size = len(line.encode()) + 2
        if part and (size > room or len(part) == MOST_EVENTS):
            yield part
            part, room = [], MOST_BYTES - HEAD
        part.append(line)
        room -= size
    if part:
        yield part


def _document(lines: Sequence[str], now: datetime) -> str:
    head = Head(format="lossviz drill", version=VERSION, exported_at=now).model_dump_json()
    return head.removesuffix("}") + ',"events":[\n' + ",\n".join(lines) + "\n]}\n"


def _small(text: str | bytes) -> bytes:
    start = text[: MOST_BYTES + 1]  # enough to tell, and no copy of a huge text
    start = start.encode(errors="surrogatepass") if isinstance(start, str) else start
    if len(start) > MOST_BYTES:
        raise Refused(f"the file has more than {MOST_BYTES:,} bytes, the most that is read")
    return start.removeprefix(BOM)


def _read(text: bytes) -> tuple[Event, ...]:
    if _parsed(Cover, text).version > VERSION:
        raise Refused(f"the file: its `version` is above {VERSION}, the newest that this app reads")
    events = _parsed(Document, text).events
    if place := repetition(text):
        raise Refused(f"{place} has a field twice")
    return events


def _parsed(model: type[M], text: bytes) -> M:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problem = refusal(error)
    raise problem  # out here, where what is wrong does not hang on it


def _sound(events: tuple[Event, ...], now: datetime) -> tuple[Event, ...]:
    """The events, if none lies too far ahead and none contradicts another."""
    first: dict[UUID, tuple[int, Event]] = {}
    for number, event in enumerate(events, start=1):
        if too_far_ahead(event, now):
            raise Refused(f"event {number}: `at` lies more than a day in the future")
        earlier, same = first.setdefault(event.id, (number, event))
        if same != event:
            raise Refused(f"events {earlier} and {number} have one `id` and different content")
    return events
