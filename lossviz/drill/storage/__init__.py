"""Where a learner's log is kept: in memory, in a database, and in the files that go from one to another."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from lossviz.drill.events import Event

if TYPE_CHECKING:
    from lossviz.drill.storage.sql import SqlStore


class Store(ABC):
    """The log of one learner, which is only ever added to. Any thread may use it; `with` closes it at the end."""

    @abstractmethod
    def append(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Add the events that are not there yet, all of them or none; it is these that come back, once they are safe.

        Raises ValueError where an id is there with other content, or with what this version cannot read; OSError where
        the database does not answer.
        """

    @abstractmethod
    def events(self) -> tuple[Event, ...]:
        """All events, in the order of replay.

        Raises ValueError where a newer app has added some that this version cannot read; OSError where the database
        does not answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what the store holds open. What was appended stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str, *, learner: str) -> "SqlStore":
    """The log of `learner`, an opaque key, in the database at `url`: `sqlite:///…` or `postgresql://…`.

    The database is checked and brought up to date when the process first opens it, and shared by all its stores.
    Raises ValueError where the URL or the key is none, OSError where the database cannot be used.
    """
    from lossviz.drill.storage.sql import SqlStore  # here, for SQLAlchemy and alembic are slow to import

    return SqlStore(url, learner)
