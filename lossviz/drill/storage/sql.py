"""The logs of many learners in one table of a database, SQLite or PostgreSQL."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    MetaData,
    Select,
    String,
    Table,
    Text,
    Uuid,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from lossviz.drill.events import LOG, TICK, Event, as_json, merged
from lossviz.drill.storage import Store
from lossviz.drill.storage.database import Database, shared

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSERT = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
MANY = 5_000  # ids in one question; databases take some ten thousand

EVENTS = Table(
    "drill_event",
    MetaData(),
    Column("learner", String(64), primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("at", BigInteger, nullable=False),  # microseconds since 1970, UTC: ordered alike in every database
    Column("kind", String(16), nullable=False),
    Column("payload", Text, nullable=False),  # the whole event as JSON; the other columns find and order it
    Index("drill_event_replay", "learner", "at", "id"),
)


class SqlStore(Store):
    """The log of one learner in a database. See `open_store`."""

    def __init__(self, url: str, learner: str) -> None:
        self._learner = _key(learner)
        self._shared: Database | None = shared(url)

    def append(self, events: Iterable[Event]) -> tuple[Event, ...]:
        given, added = merged(events), set[UUID]()
        if given:
            with self._database.transaction() as connection:
                added.update(connection.scalars(_insert(connection), [self._row(event) for event in given]))
                merged(given, *self._found(connection, [event.id for event in given if event.id not in added]))
        return tuple(event for event in given if event.id in added)

    def events(self) -> tuple[Event, ...]:
        with self._database.transaction() as connection:
            rows = connection.scalars(self._payloads().order_by(EVENTS.c.at, EVENTS.c.id)).all()
        return _read(rows)

    def backup(self, path: Path) -> None:
        """Copy the whole database, all learners', to a new file while it is in use. SQLite only; see `Database`."""
        self._database.backup(path)

    def close(self) -> None:
        self._shared = None

    @property
    def _database(self) -> Database:
        if self._shared is None:
            raise ValueError("a store is used until it is closed; this one is closed. Open it again.")
        return self._shared

    def _row(self, event: Event) -> dict[str, Any]:
        at = (event.at - EPOCH) // TICK
        return {"learner": self._learner, "id": event.id, "at": at, "kind": event.kind, "payload": as_json(event)}

    def _payloads(self) -> Select[str]:
        return select(EVENTS.c.payload).where(EVENTS.c.learner == self._learner)

    def _found(self, connection: Connection, ids: Sequence[UUID]) -> Iterator[tuple[Event, ...]]:
        """What is in the table under these ids, part by part."""
        for start in range(0, len(ids), MANY):
            part = EVENTS.c.id.in_(ids[start : start + MANY])
            yield _read(connection.scalars(self._payloads().where(part)).all())


def _insert(connection: Connection) -> ReturningInsert[UUID]:
    """What adds rows and gives the ids of those that were not there."""
    return INSERT[connection.dialect.name](EVENTS).on_conflict_do_nothing().returning(EVENTS.c.id)


def _read(payloads: Sequence[str]) -> tuple[Event, ...]:
    try:
        return LOG.validate_json(f"[{','.join(payloads)}]")
    except ValidationError:
        rule = "an app reads the events that it knows"
        raise ValueError(f"{rule}; the database holds one that this version does not. Update the app.") from None


def _key(learner: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", learner):
        came = f"{len(learner)} characters that are not"
        raise ValueError(f"a key is 1 to 64 letters, digits, - or _; got {came}. Use secrets.token_urlsafe(16).")
    return learner
