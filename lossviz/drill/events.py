"""What a learner did, as a log that is only ever added to; cards, scores and due dates are replayed from it.

Every event has its own id and its own time, so that logs of two tabs or two devices merge as sets: nothing is counted
twice and nothing is lost. To undo is an event too. Clocks go wrong: what lies ahead of the clock is kept, and counts
(`until`) once its time has come; what lies too far ahead (`too_far_ahead`) gets into no log.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    TypeAdapter,
)

from lossviz.text.clean import clean

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # due dates stay far from year 9999
TICK = timedelta(microseconds=1)
CORRECTED = timedelta(minutes=5)  # by how much a clock is set back in daily life, and less than any sitting
AHEAD = timedelta(days=1)  # how far ahead of this clock an honest one may be: set to a wrong zone, not to a wrong year
LONGEST = 2_000  # characters that a learner can type


class Grade(IntEnum):
    """How an answer went, in the words on the buttons. The numbers are those of the scheduler's ratings."""

    FORGOT = 1
    SLOW = 2  # right, but slowly or unsure
    RIGHT = 3
    INSTANT = 4


def in_utc(at: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError where it has no time zone."""
    if at.tzinfo is None:
        raise ValueError(f"a moment has a time zone; got {at} without one. Pass datetime.now(UTC).")
    return at.astimezone(UTC)


def _whole(value: Any) -> Any:
    if type(value) not in (int, Grade):
        raise ValueError("a grade is a whole number: neither true nor 3.0 nor text")
    return value


Instant = Annotated[AwareDatetime, Field(ge=FIRST, lt=LAST), AfterValidator(in_utc)]
"""A moment of this or the next century, kept in UTC."""

Item = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$")]
"""What is scheduled: a question ("q7", "m3") or a numeric template ("nll-of-a-token")."""

Typed = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00]*$")]
"""A learner's own words, without NUL, which PostgreSQL refuses, and half surrogate pairs, as no encoding has them."""


class Strict(BaseModel, frozen=True):
    """Exactly the declared fields in the declared types, never changed; what was wrong is not quoted in the error."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Event(Strict, frozen=True):
    """Something that happened once. Equal ids mean the same event."""

    id: UUID
    at: Instant
    kind: str


class Instance(Strict, frozen=True):
    """Which numbers a numeric question had: enough to make the very same instance again."""

    version: Annotated[int, Field(ge=1, le=1_000)]
    seed: Annotated[int, Field(ge=0, lt=2**53)]  # survives a browser's numbers


class Answered(Event, frozen=True):
    """An answer and its grade. `interview` is set where it belongs to a cold interview."""

    kind: Literal["answered"] = "answered"
    item: Item
    grade: Annotated[Grade, Field(strict=False), BeforeValidator(_whole)]
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None  # stated before the reveal
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    instance: Instance | None = None
    interview: UUID | None = None
    typed: Typed | None = None  # shown again at a leech


class Skipped(Event, frozen=True):
    """A question of a cold interview that was passed over; there is no way back to it."""

    kind: Literal["skipped"] = "skipped"
    item: Item
    interview: UUID


class Started(Event, frozen=True):
    """A cold interview begins. Its order follows from the seed, its deadlines from the time and the minutes."""

    kind: Literal["started"] = "started"
    interview: UUID
    seed: Annotated[int, Field(ge=0, lt=2**53)]
    minutes: Annotated[float, Field(gt=0, le=600)]


class Undone(Event, frozen=True):
    """Takes back earlier events: one answer, a whole import, or an undo."""

    kind: Literal["undone"] = "undone"
    undoes: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=50_000), FailFast()]


AnyEvent = Annotated[Answered | Skipped | Started | Undone, Field(discriminator="kind")]
QUIET = ConfigDict(hide_input_in_errors=True)

EVENT: TypeAdapter[Event] = TypeAdapter(AnyEvent, config=QUIET)
"""Reads one event, from Python (`validate_python`) or JSON (`validate_json`). Raises pydantic's ValidationError."""

LOG: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[AnyEvent, ...], config=QUIET)
"""Reads many."""


def as_json(event: Event) -> str:
    """An event as one line of JSON, without what was not said."""
    return event.model_dump_json(exclude_none=True)


def as_typed(text: str) -> str:
    """What a learner typed as an event can keep it: cleaned, NUL made visible, no longer than it may be."""
    return clean(text)[0].replace("\0", "\ufffd")[:LONGEST]


def merged(*logs: Iterable[Event]) -> tuple[Event, ...]:
    """The events of all logs, each once, in the one order in which they are replayed: by time, then by id.

    Commutative, associative, idempotent. Raises ValueError where two different events share an id.
    """
    by_id: dict[UUID, Event] = {}
    for event in (event for log in logs for event in log):
        if by_id.setdefault(event.id, event) != event:
            raise ValueError(f"an id belongs to one event; got two different ones for {event.id}. Keep either log.")
    return tuple(sorted(by_id.values(), key=lambda event: (event.at, event.id)))


def standing(log: Iterable[Event]) -> tuple[Event, ...]:
    """The events that count, in order: those that no undo has taken back which itself counts.

    Undoing what never came does nothing.
    """
    log = merged(log)
    gone = taken_back(log)
    return tuple(event for event in log if event.id not in gone and not isinstance(event, Undone))


def taken_back(log: Iterable[Event]) -> set[UUID]:
    """The ids that the undos which count take back, undos among them.

    Who undoes an undo must have seen it, so no clock is asked which came later. Undos that take each other back in a
    circle, as only forged ones can, take nothing back.
    """
    undos = {event.id: frozenset(event.undoes) for event in log if isinstance(event, Undone)}
    against = Counter(target for targets in undos.values() for target in targets)  # undos of each that may count
    counting, gone = [id for id in undos if not against[id]], set[UUID]()
    while counting:
        new = undos[counting.pop()] - gone
        gone |= new
        against.subtract(target for id in new for target in undos.get(id, ()))
        counting += [freed for id in new for freed in undos.get(id, ()) if freed in undos and not against[freed]]
    return gone


def until(log: Iterable[Event], now: datetime) -> tuple[Event, ...]:
    """The events that have happened, in order: to be replayed in place of the whole log.

    What a wrong clock stamped for later is not lost: it counts once that time has come, and can be undone before.
    """
    horizon = in_utc(now) + CORRECTED
    return tuple(event for event in merged(log) if event.at <= horizon)


def next_moment(log: Iterable[Event], now: datetime) -> datetime:
    """When an event that is added now happened: now, but after all that has happened, where a clock went back a little.

    Nothing that lies further ahead than a clock is corrected pulls it along.
    """
    now = in_utc(now)
    horizon = now + CORRECTED
    newest = max((event.at for event in log if event.at <= horizon), default=now - TICK)
    return min(max(now, newest + TICK), horizon)


def too_far_ahead(event: Event, now: datetime) -> bool:
    """Whether no clock that is nearly right can have stamped an event: no log takes it, from a page or from a file."""
    return event.at > in_utc(now) + AHEAD


def undo(log: Iterable[Event], targets: Iterable[UUID], now: datetime) -> Undone:
    """The event that takes back `targets`, whenever they say they happened."""
    return Undone(id=uuid4(), at=next_moment(log, now), undoes=tuple(targets))
