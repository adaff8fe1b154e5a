"""What was acknowledged is there, whatever becomes of the process that wrote it, and of the one beside it."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from lossviz.drill.events import Event, merged
from lossviz.drill.storage import open_store
from tests.drill.storage.writer import ROOM, batch

ROOT = Path(__file__).parents[3]
KILLS = {"sqlite": 200, "postgresql": 40}
FAR = 1_000  # batches between one writer's and the next one's: more than any lives to write


class Writer:
    """A source of writers, and what they have said."""

    def __init__(self, url: str, learner: str) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.drill.storage.writer", url, learner]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin and self.process.stdout
        self.orders, self.words = self.process.stdin, self.process.stdout

    def start(self, first: int, last: int) -> int:
        """The process id of a new writer."""
        print(first, last, file=self.orders, flush=True)
        return int(self.words.readline().removeprefix("pid "))

    def acknowledged(self) -> Iterator[int]:
        """The batches that are acknowledged, until the writer is dead."""
        while (word := self.words.readline()) != "dead\n":
            assert word, "the source of writers has died"
            yield int(word)


@contextlib.contextmanager
def writers(url: str, learner: str) -> Iterator[Writer]:
    source = Writer(url, learner)
    with source.process:
        yield source


def killed(source: Writer, first: int, after: int) -> list[int]:
    """Start a writer, kill it once it has acknowledged `after` batches; all that it ever acknowledged."""
    pid = source.start(first, first + FAR)
    heard = source.acknowledged()
    early = [next(heard) for _ in range(after)]
    os.kill(pid, signal.SIGKILL)
    return [*early, *heard]


def check(log: tuple[Event, ...], acknowledged: list[int], first: int) -> None:
    """Every acknowledged batch is whole; at most one more is there, whole or not at all."""
    assert acknowledged == list(range(first, first + len(acknowledged)))
    numbers = sorted({event.id.int // ROOM for event in log})
    assert numbers in (acknowledged, [*acknowledged, first + len(acknowledged)])
    assert log == merged(*map(batch, numbers))


def integrity(file: Path) -> str:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def test_no_acknowledged_event_dies_with_its_writer(fresh: str, tmp_path: Path) -> None:
    counts, before = random.Random(0), ()
    with writers(fresh, "me") as source:
        for first in range(0, FAR * KILLS[make_url(fresh).get_backend_name()], FAR):
            acknowledged = killed(source, first, after=counts.choice([0, 0, 1, 2, 3, 5, 8, 13]))
            with open_store(fresh, learner="me") as store:
                log = store.events()
            assert log[: len(before)] == before
            check(log[len(before) :], acknowledged, first)
            assert all(integrity(file) == "ok" for file in tmp_path.glob("*.db"))
            before = log


def test_two_processes_lose_nothing(fresh: str, learner: str) -> None:
    """They open a new database at the same time, and some events come from both."""
    with writers(fresh, learner) as one, writers(fresh, learner) as other:
        one.start(0, 60)
        other.start(30, 90)
        assert (list(one.acknowledged()), list(other.acknowledged())) == (list(range(60)), list(range(30, 90)))
    with open_store(fresh, learner=learner) as store:
        assert store.events() == merged(*map(batch, range(90)))
