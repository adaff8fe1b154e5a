"""SQLite as it must be set up: safe commits, one connection, a check at the start, copies while it is in use."""

import contextlib
import gc
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from lossviz.drill.storage import database, engines, migrations, open_store
from lossviz.drill.storage.database import shared
from lossviz.drill.storage.engines import has_reset_bug, warn_of_the_reset_bug
from tests.drill.logs import answers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "drill.db"


def beside(file: Path, statement: str) -> list[tuple[object, ...]]:
    """What another program finds, which does not wait for its turn."""
    with contextlib.closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def test_commits_are_safe_and_readers_do_not_wait(file: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5_000}
    with shared(f"sqlite:///{file}").transaction() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
    assert found == wanted


def test_a_transaction_takes_its_turn_when_it_begins(file: Path) -> None:
    with shared(f"sqlite:///{file}").transaction():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            beside(file, "BEGIN IMMEDIATE")
    beside(file, "BEGIN IMMEDIATE")


def test_a_process_has_one_connection_however_the_file_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "link").symlink_to(file.parent)
    monkeypatch.chdir(file.parent)
    urls = [f"sqlite:///{file}", "sqlite:///drill.db", f"sqlite:///{file.parent}/link/../{file.parent.name}/drill.db"]
    stores = [open_store(url, learner=f"learner-{number}") for number, url in enumerate(urls)]
    for number in range(3):
        stores[number].append(answers(1))
    assert open_handles(file) == 1
    stores[0].close()
    assert open_handles(file) == 1
    del stores  # forgotten, not closed
    gc.collect()
    assert open_handles(file) == 0


def open_handles(file: Path) -> int:
    """How often this process has the file open."""
    handles = Path(f"/proc/{os.getpid()}/fd").iterdir()
    return sum(os.path.realpath(handle) == str(file) for handle in handles)


def test_one_who_waits_too_long_is_told_and_nothing_is_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0)
    with open_store(f"sqlite:///{file}", learner="me") as store:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OSError, match="OperationalError: database is locked. What was not acknowledged can be"):
                store.append(answers(1))
        assert store.events() == ()
        store.append(answers(1))
        assert store.events() == answers(1)


# --- Copies -----------------------------------------------------------------------------------------------------------


def test_a_backup_is_a_database_with_everything_in_it(file: Path, tmp_path: Path) -> None:
    mine, yours = (open_store(f"sqlite:///{file}", learner=learner) for learner in ("me", "you"))
    with mine as store, yours as other:
        store.append(answers(3))
        other.append(answers(5))
        store.backup(tmp_path / "copy.db")
        store.append(answers(9))
    with open_store(f"sqlite:///{tmp_path}/copy.db", learner="me") as copy:
        assert copy.events() == answers(3)
    assert beside(tmp_path / "copy.db", "SELECT count(*) FROM drill_event") == [(8,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "drill.db"]


def test_a_backup_waits_for_nobody(file: Path, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{file}", learner="me") as store:
        store.append(answers(3))
        with shared(f"sqlite:///{file}").transaction() as connection:
            connection.exec_driver_sql("DELETE FROM drill_event")
            store.backup(tmp_path / "copy.db")
    assert beside(tmp_path / "copy.db", "SELECT count(*) FROM drill_event") == [(3,)]


@pytest.mark.parametrize("name", ["drill.db", "nowhere/copy.db", ""])
def test_a_backup_overwrites_nothing_and_goes_nowhere_else(file: Path, tmp_path: Path, name: str) -> None:
    with open_store(f"sqlite:///{file}", learner="me") as store:
        with pytest.raises(ValueError, match="a backup is a new file in a folder that exists; got .* another name"):
            store.backup(tmp_path / name)


def test_a_backup_that_cannot_be_written_says_so(file: Path) -> None:
    with open_store(f"sqlite:///{file}", learner="me") as store:
        with pytest.raises(
            OSError, match="a copy is written whole or not at all; got .*No such file.* choose a folder"
        ):
            store.backup(Path("/proc/self/copy.db"))
        store.append(answers(1))


@pytest.mark.parametrize("step", ["_sync", "sqlite3.connect"])
def test_a_backup_that_fails_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with open_store(f"sqlite:///{file}", learner="me") as store:
        before = sorted(file.parent.iterdir())
        with monkeypatch.context() as patch, pytest.raises(OSError, match="got .*No space left.* Make room"):
            patch.setattr(f"lossviz.drill.storage.database.{step}", full)
            store.backup(file.with_name("copy.db"))
        assert sorted(file.parent.iterdir()) == before


def test_postgresql_has_its_own_tool(postgresql: str, tmp_path: Path) -> None:
    with open_store(postgresql, learner="me") as store:
        with pytest.raises(ValueError, match="a backup is made of SQLite; got PostgreSQL. Use pg_dump"):
            store.backup(tmp_path / "copy.db")


def emptied(file: Path) -> None:
    """Open a database with the step that `longer` added, which empties it."""
    with open_store(f"sqlite:///{file}", learner="me") as store:
        assert store.events() == ()


def kept(file: Path) -> dict[str, int]:
    """The copies beside a database, and how many events each has."""
    count = "SELECT count(*) FROM drill_event"
    return {copy.name: int(str(beside(copy, count)[0][0])) for copy in file.parent.glob("*.bak*")}


def test_before_a_new_step_the_database_is_copied(file: Path, longer: Callable[[str], None]) -> None:
    with open_store(f"sqlite:///{file}", learner="me") as store:
        store.append(answers(3))
    longer("op.execute('DELETE FROM drill_event')")
    emptied(file)
    assert kept(file) == {"drill.db.0001.bak": 3}


def test_no_copy_replaces_another(file: Path, longer: Callable[[str], None]) -> None:
    longer("op.execute('DELETE FROM drill_event')")
    for number in range(3):
        with open_store(f"sqlite:///{file}", learner="me") as store:
            store.append(answers(number))
        beside(file, "UPDATE drill_version SET version_num = '0001'")  # an operator goes back and comes again
        gc.collect()
        emptied(file)
    assert kept(file) == {"drill.db.0001.bak": 0, "drill.db.0001.bak.2": 1, "drill.db.0001.bak.3": 2}


def test_nobody_writes_between_the_look_and_the_step(
    file: Path, longer: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a slow process would copy what a fast one has changed by then, under the name of what was there before."""
    open_store(f"sqlite:///{file}", learner="me").append(answers(3))
    gc.collect()
    longer("op.execute('DELETE FROM drill_event')")
    sync = database._sync

    def slow(copy: Path) -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            beside(file, "BEGIN IMMEDIATE")
        sync(copy)

    monkeypatch.setattr(database, "_sync", slow)
    emptied(file)
    assert kept(file) == {"drill.db.0001.bak": 3}


# --- What is no database ----------------------------------------------------------------------------------------------


def test_a_file_of_something_else_is_left_alone(file: Path) -> None:
    file.write_text("front,back\n" * 1_000)
    with pytest.raises(OSError, match="the database did not do it: DatabaseError: file is not a database"):
        open_store(f"sqlite:///{file}", learner="me")
    assert file.read_text() == "front,back\n" * 1_000


@pytest.mark.parametrize("table", ["notes", "event", "drill_version"])
def test_a_database_of_another_program_is_left_alone(file: Path, table: str) -> None:
    """Nor are those of before the first release touched, whose log was called `event`."""
    beside(file, f"CREATE TABLE {table} (x)")
    before = file.read_bytes()
    with pytest.raises(OSError, match="the drill writes to files that it made; .* another one. Name one that is not"):
        open_store(f"sqlite:///{file}", learner="me")
    assert file.read_bytes() == before and list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("statement", ["VACUUM", "PRAGMA journal_mode = WAL"])
def test_a_file_with_nothing_in_it_is_as_good_as_none(file: Path, statement: str) -> None:
    beside(file, statement)
    with open_store(f"sqlite:///{file}", learner="me") as store:
        store.append(answers(1))
    assert beside(file, "PRAGMA application_id") == [(migrations.APPLICATION,)]


def test_a_damaged_database_is_found_at_the_start(file: Path) -> None:
    with open_store(f"sqlite:///{file}", learner="me") as store:
        store.append(answers(500))
    pages = bytearray(file.read_bytes())
    pages[8_192:20_480] = b"\xff" * 12_288
    file.write_bytes(pages)
    with pytest.raises(OSError, match="is damaged: .* Put the newest backup in its place"):
        open_store(f"sqlite:///{file}", learner="me")
    assert file.read_bytes() == pages


@pytest.mark.parametrize("place", ["", "nowhere/drill.db"])
def test_the_folder_must_be_there(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match="the database is a file in a folder that exists; got .* Make the folder"):
        open_store(f"sqlite:///{tmp_path}/{place}", learner="me")
    assert not list(tmp_path.iterdir())


# --- The bug of old versions ------------------------------------------------------------------------------------------

SAFE = [(3, 44, 6), (3, 44, 9), (3, 50, 7), (3, 51, 3), (3, 52, 0), (3, 53, 1), (4, 0, 0)]
UNSAFE = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 0), (3, 51, 2)]


@pytest.mark.parametrize(("version", "unsafe"), [(v, False) for v in SAFE] + [(v, True) for v in UNSAFE])
def test_which_versions_have_the_bug(version: tuple[int, int, int], unsafe: bool) -> None:
    assert has_reset_bug(version) is unsafe


def test_the_host_is_warned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    warn_of_the_reset_bug.cache_clear()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    with pytest.warns(RuntimeWarning, match="lose commits .* repaired in 3.51.3.* newer SQLite, or PostgreSQL"):
        warn_of_the_reset_bug()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_the_reset_bug()


def test_a_sound_version_warns_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 53, 1))
    warn_of_the_reset_bug.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_the_reset_bug()


@pytest.mark.skipif(not has_reset_bug(sqlite3.sqlite_version_info), reason="this SQLite is repaired")
def test_to_open_a_database_is_to_be_warned(file: Path) -> None:
    code = f"from lossviz.drill.storage import open_store; open_store('sqlite:///{file}', learner='me').append([])"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.stderr.count("RuntimeWarning: SQLite 3") == 1
