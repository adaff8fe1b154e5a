"""`python -m benchmarks.drill`: the log of a learner in SQLite, its replay, files, what comes next, a first import.

Wall-clock times of one thread. A commit waits for the disk, so appending measures that as well.
"""

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from benchmarks.table import Figure, percentile_95, table
from lossviz.drill.events import Answered, Grade, standing
from lossviz.drill.numeric import templates
from lossviz.drill.questions import load_questions
from lossviz.drill.schedule import Settings, cards, exercises, queue, reviewed
from lossviz.drill.storage import Store, open_store
from lossviz.drill.storage.file import accept, exported, preview

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=365)  # than all that is logged
IMPORTED, REPLAYED, APPENDED, PROCESSES = 20_000, 10_000, 300, 7
FORTY = [f"q{number}" for number in range(1, 41)]
WITH_DATABASES = "lossviz.drill.storage.sql"  # imported when the first one is opened


def log(events: int, first: int = 0, items: Sequence[str] = FORTY) -> tuple[Answered, ...]:
    """A learner's answers, one a minute, in turns about some items."""
    return tuple(
        Answered(
            id=UUID(int=number),
            at=NOON + timedelta(minutes=number),
            item=items[number % len(items)],
            grade=Grade(number % 4 + 1),
            confidence=0.75,
            seconds=20.5,
        )
        for number in range(first, first + events)
    )


def milliseconds(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


def take_in(files: Sequence[str], store: Store) -> None:
    """Show and accept every file, as a learner would who moves to a new device."""
    for file in files:
        accept(preview(file, store.events(), LATER), store)


def storage(folder: Path) -> list[Figure]:
    """Importing into a new database; appending one answer at a time to a log that is there."""
    files = exported(log(IMPORTED), LATER)
    with open_store(f"sqlite:///{folder}/imported.db", learner="me") as store:
        taken = milliseconds(lambda: take_in(files, store))
        assert len(store.events()) == IMPORTED
    with open_store(f"sqlite:///{folder}/appended.db", learner="me") as store:
        store.append(log(REPLAYED))
        times = [milliseconds(lambda one=event: store.append([one])) for event in log(APPENDED, first=REPLAYED)]
        read = milliseconds(store.events)
    return [
        Figure(f"import of {IMPORTED:,} events, {len(files)} files", "ms", taken),
        Figure("append one answer, median", "ms", median(times)),
        Figure("append one answer, p95", "ms", percentile_95(times)),
        Figure(f"read {REPLAYED + APPENDED:,} events", "ms", read),
    ]


def replay() -> list[Figure]:
    """What has to be worked out again from a log of this length."""
    events = log(REPLAYED)
    return [
        Figure(f"what counts of {REPLAYED:,} events", "ms", milliseconds(lambda: standing(events))),
        Figure(f"cards by replay of {REPLAYED:,} events", "ms", milliseconds(lambda: cards(events, Settings()))),
    ]


def next_card() -> list[Figure]:
    """From an answer to the next question, with everything due: all questions and all numeric templates."""
    asked, settings = exercises(load_questions(), templates()), Settings()
    events = log(REPLAYED + APPENDED, items=[it.item for it in asked])
    deck = cards(events[:REPLAYED], settings)

    def step(event: Answered) -> None:
        queue(reviewed(deck, event, settings), asked, event.at, settings)

    later = [event.model_copy(update={"at": event.at + timedelta(days=365)}) for event in events[REPLAYED:]]
    times = [milliseconds(lambda one=event: step(one)) for event in later]
    return [
        Figure(f"next of {len(asked)} after an answer, median", "ms", median(times)),
        Figure(f"next of {len(asked)} after an answer, p95", "ms", percentile_95(times)),
    ]


def modules() -> list[str]:
    """All modules of the drill but what comes with a database."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "lossviz" / "drill").rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths if "migrations" not in path.parts)
    return sorted(set(names) - {WITH_DATABASES, "lossviz.drill.storage.database", "lossviz.drill.storage.engines"})


def first_import(*names: str) -> float:
    """The median over fresh processes of importing modules, in milliseconds; torch must not come along."""
    code = "import sys, time; start = time.perf_counter(); {}; print(1000 * (time.perf_counter() - start)); {}"
    code = code.format(f"import {', '.join(names)}", "sys.exit('torch' in sys.modules)")
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
        for _ in range(PROCESSES)
    ]
    return median(float(run.stdout) for run in runs)


def imports() -> list[Figure]:
    return [
        Figure("first import of the drill", "ms", first_import(*modules()), target=150, absolute=True),
        Figure("first import of its databases too", "ms", first_import(*modules(), WITH_DATABASES)),
    ]


def figures() -> list[Figure]:
    """The table's lines."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # old SQLite: nobody else opens these files
        return [*storage(Path(folder)), *replay(), *next_card(), *imports()]


if __name__ == "__main__":
    rows = figures()
    print(table(rows))
    sys.exit(any(row.met is False for row in rows))
