"""A log that lives as long as the process."""

from collections.abc import Iterable
from threading import Lock

from lossviz.drill.events import Event, merged
from lossviz.drill.storage import Store


class MemoryStore(Store):
    """Forgets everything at the end: for guests, whose browser keeps the log, and for tests."""

    def __init__(self) -> None:
        self._log: tuple[Event, ...] = ()
        self._turn = Lock()

    def append(self, events: Iterable[Event]) -> tuple[Event, ...]:
        given = merged(events)
        with self._turn:
            known = {event.id for event in self._log}
            self._log = merged(self._log, given)
        return tuple(event for event in given if event.id not in known)

    def events(self) -> tuple[Event, ...]:
        return self._log

    def close(self) -> None:
        """Nothing is held open."""
