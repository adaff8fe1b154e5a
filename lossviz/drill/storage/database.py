"""An open database: what a process does once before it trusts one, and the transactions after that."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from weakref import WeakValueDictionary, finalize

from alembic.util import CommandError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from lossviz.drill.storage import migrations
from lossviz.drill.storage.engines import engine_of, located, warn_of_the_reset_bug

FAILURES = DBAPIError, TimeoutError, CommandError, sqlite3.Error, UnicodeError
OURS = "SELECT application_id = ? OR NOT EXISTS (SELECT * FROM sqlite_master) FROM pragma_application_id"


class Database:
    """A checked, migrated, open database: SQLite through one connection, in turns; PostgreSQL through a pool."""

    def __init__(self, url: URL) -> None:
        self._file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        self._engine = engine_of(url)
        self._turn = Lock() if self._file else nullcontext()
        finalize(self, self._engine.dispose)
        if self._file:
            warn_of_the_reset_bug()
            _refuse_others(self._file)
            self._check()
        self._migrate()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of the block or, where it raises, nothing. Raises OSError where the database does not answer."""
        with self._turn, _translated(), self._engine.begin() as connection:
            yield connection

    def backup(self, path: Path) -> None:
        """Copy all that is committed to the new file `path`, which appears there whole. Nobody waits.

        Raises ValueError where it cannot go there, or where the database is not SQLite; OSError where it cannot be
        written. A process that is killed meanwhile leaves a folder, named after `path`, that can be deleted.
        """
        if self._file is None:
            raise ValueError("a backup is made of SQLite; got PostgreSQL. Use pg_dump.")
        if path.exists() or not path.parent.is_dir():
            raise ValueError(f"a backup is a new file in a folder that exists; got {path}. Choose another name.")
        _copy(self._file, path)

    def _check(self) -> None:
        with self.transaction() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            found = " ".join(found.split())
            raise OSError(f"a database is whole; {self._file} is damaged: {found}. Put the newest backup in its place.")

    def _migrate(self) -> None:
        with self.transaction() as connection:
            if migrations.pending(connection):
                migrations.take_turn(connection)
                with _kept(self._file, migrations.current(connection)):
                    migrations.upgrade(connection)


_OPEN: WeakValueDictionary[URL, Database] = WeakValueDictionary()  # closed when its last store is closed or forgotten
_OPENING = Lock()


def shared(url: str) -> Database:
    """The process's one `Database` at `url`, opened if it is not open."""
    place = located(url)
    with _OPENING:
        database = _OPEN.get(place) or Database(place)
        _OPEN[place] = database
    return database


@contextmanager
def _translated() -> Iterator[None]:
    """The database's own errors as OSError, with their reason where that cannot hold a learner's words."""
    try:
        yield
    except FAILURES as error:
        reason = _reason(error)
        raise OSError(f"the database did not do it: {reason}. What was not acknowledged can be sent again.") from None


def _reason(error: Exception) -> str:
    own = getattr(error, "orig", None) or error
    plain = isinstance(error, (OperationalError, TimeoutError, CommandError))
    if isinstance(own, sqlite3.Error):
        plain = hasattr(own, "sqlite_errorname")  # else it is Python's, and quotes what it could not decode
    return f"{type(own).__name__}: {str(*own.args[:1])}".splitlines()[0] if plain else type(own).__name__


def _refuse_others(file: Path) -> None:
    """Look whose file it is before anything is written to it, were it only the journal's mode."""
    with _translated(), closing(sqlite3.connect(file)) as reader:
        (ours,) = reader.execute(OURS, (migrations.APPLICATION,)).fetchone()
    if not ours:
        raise OSError(f"the drill writes to files that it made; {file} is another one. Name one that is not there yet.")


@contextmanager
def _kept(file: Path | None, step: str | None) -> Iterator[None]:
    """Keep a copy of a file that has reached `step`. Where the block fails, nothing has changed and the copy goes."""
    if file is None or step is None:
        yield
        return
    copy = _unused(file.with_name(f"{file.name}.{step}.bak"))
    _copy(file, copy)
    try:
        yield
    except BaseException:
        copy.unlink()
        raise


def _copy(file: Path, path: Path) -> None:
    """Through a second connection, which writes nothing: it takes no turn and sees all that is committed."""
    try:
        with TemporaryDirectory(prefix=f"{path.name}.part", dir=path.parent) as folder:
            part = Path(folder, path.name)
            with closing(sqlite3.connect(file)) as reader:
                reader.execute("VACUUM INTO ?", (str(part),))
            _sync(part)
            os.replace(part, path)
        _sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise OSError(f"a copy is written whole or not at all; got {error}. Make room, or choose a folder.") from None


def _unused(path: Path) -> Path:
    """The path itself or, where something is there, the first with a number behind it."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(free for free in chain([path], numbered) if not free.exists())


def _sync(path: Path) -> None:
    """Wait until a file or a folder is safe on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
