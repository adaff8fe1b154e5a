"""From a URL to an engine whose commits are safe on the disk when they return."""

import sqlite3
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

PATIENCE = 5  # seconds that one waits for a connection, and for another's turn
LONGEST = 10  # seconds after which PostgreSQL gives up a statement
SILENCE = 15  # seconds after which we give up PostgreSQL: a frozen one keeps its connections and no time
NO_URL = "a database has a URL; got something else. Write sqlite:///drill.db."
FIXED = {(3, 44): 6, (3, 50): 7}  # older releases of SQLite that got the repair of 3.51.3 as well


def located(url: str) -> URL:
    """A URL of a database that can be used here. Raises ValueError, without quoting what may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(NO_URL) from None
    match parsed.get_backend_name():
        case "sqlite":
            return URL.create("sqlite", database=str(_file(_path(parsed))))
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"a database is SQLite or PostgreSQL; got {parsed.drivername}. Write sqlite:/// or postgresql://.")


def _path(url: URL) -> str:
    path = url.database or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        raise ValueError(f"SQLite keeps the log in a file; got {path!r}. Name one, or use MemoryStore.")
    if url.set(drivername="sqlite") != URL.create("sqlite", database=path):
        raise ValueError("a URL of SQLite is sqlite:/// and a path; got a host or options too. Leave them out.")
    return path


def _file(path: str) -> Path:
    with suppress(OSError, RuntimeError, ValueError):  # a name too long, a link to itself, a NUL
        file = Path(path).resolve()
        if file.parent.is_dir() and not file.is_dir():
            return file
    raise ValueError(f"the database is a file in a folder that exists; got {path!r}. Make the folder first.")


def engine_of(url: URL) -> Engine:
    """An engine that keeps its parameters, which are learners' words, out of errors and logs.

    Raises ValueError where the URL is none after all, OSError where the driver is not installed.
    """
    try:
        return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    except ArgumentError:
        raise ValueError(NO_URL) from None
    except ImportError:
        rule = "PostgreSQL is reached through psycopg"
        raise OSError(f"{rule}; it is not installed here. Install what requirements.txt names.") from None


def _sqlite(url: URL) -> Engine:
    arguments = {"check_same_thread": False, "isolation_level": None, "timeout": PATIENCE}
    engine = create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def safe_commits(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def take_the_turn_at_once(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": PATIENCE, "client_encoding": "utf8"}
    engine = create_engine(url, pool_pre_ping=True, pool_timeout=PATIENCE, connect_args=arguments, hide_parameters=True)

    @event.listens_for(engine, "do_connect")
    def limited(dialect: Any, _: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return _limited(dialect.dbapi).connect(*arguments, **options)

    @event.listens_for(engine, "connect")
    def safe_commits(connection: Any, _: Any) -> None:
        limits = f"SET lock_timeout = '{PATIENCE}s'; SET statement_timeout = '{LONGEST}s'"
        connection.execute(f"SET synchronous_commit TO on; {limits}")
        connection.commit()

    return engine


@cache
def _limited(psycopg: Any) -> Any:
    class Limited(psycopg.Connection):
        """Waits for an answer for so many seconds at most; after that it is of no use and closed."""

        silence: float | None = SILENCE

        def wait(self, generator: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(generator, interval, timeout or self.silence)
            except psycopg.OperationalError:
                if self.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                    self.close()
                    raise psycopg.OperationalError(f"no answer within {self.silence} seconds") from None
                raise

    return Limited


def take_time(connection: Connection) -> None:
    """Lift the limits of time from a connection to PostgreSQL, which is closed after this use."""
    driver: Any = connection.connection.driver_connection
    driver.silence = None
    connection.detach()
    connection.exec_driver_sql("SET statement_timeout = 0")


def has_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite can lose commits when two connections write to one file in WAL mode at an unlucky moment."""
    repaired = FIXED.get(version[:2])
    return version[2] < repaired if repaired is not None else version < (3, 51, 3)


@cache
def warn_of_the_reset_bug() -> None:
    """Say once in a process what its SQLite asks of the host."""
    if has_reset_bug(sqlite3.sqlite_version_info):
        warnings.warn(
            f"SQLite {sqlite3.sqlite_version} can, very rarely, lose commits when two programs write to one database"
            " (sqlite.org/wal.html, the WAL-reset bug; repaired in 3.51.3). This process writes through one connection:"
            " let no other process open the file, or use a newer SQLite, or PostgreSQL.",
            RuntimeWarning,
            stacklevel=2,
        )
