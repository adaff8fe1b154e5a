"""What a database adds: it outlives the process, keeps learners apart, and brings its schema up to date."""

import contextlib
import logging
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given, settings
from sqlalchemy import create_engine, func, inspect, make_url, select, text

from lossviz.drill.events import Event, merged
from lossviz.drill.storage import engines, migrations, open_store
from lossviz.drill.storage.database import Database, shared
from lossviz.drill.storage.engines import located
from lossviz.drill.storage.sql import EVENTS, MANY
from tests.drill.logs import answered, answers, logs
from tests.drill.storage.conftest import LEARNERS, execute

SECRET = "a-learners-words"  # by name below, so that no traceback shows it as a line of code


# --- What is kept -----------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(logs())
def test_a_reload_gives_the_same(url: str, log: list[Event]) -> None:
    learner = next(LEARNERS)
    with open_store(url, learner=learner) as store:
        store.append(log)
    with open_store(url, learner=learner) as store:
        assert store.events() == merged(log)


def test_learners_do_not_see_each_other(url: str) -> None:
    one, other = (open_store(url, learner=next(LEARNERS)) for _ in range(2))
    with one, other:
        one.append(answers(2))
        other.append([answered(1, item="mine")])
        assert one.events() == answers(2)
        assert other.events() == (answered(1, item="mine"),)


def test_a_large_log_is_appended_at_once_or_not_at_all(url: str, learner: str) -> None:
    with open_store(url, learner=learner) as store:
        many = answers(2 * MANY + 1)
        store.append(many[-1:])
        with pytest.raises(ValueError, match="an id belongs to one event"):
            store.append([*many[:-1], answered(many[-1].id.int, item="another")])
        assert store.events() == many[-1:]
        store.append(many)
        assert store.events() == many


def test_the_columns_say_what_the_payload_says(url: str, learner: str) -> None:
    with open_store(url, learner=learner) as store:
        store.append([answered(3)])
    rows = execute(url, f"SELECT at, kind, payload FROM drill_event WHERE learner = '{learner}'")
    body = '"at":"2026-11-24T12:00:00Z","kind":"answered","item":"q7","grade":3}'
    assert rows == [(1_795_521_600_000_000, "answered", f'{{"id":"00000000-0000-0000-0000-000000000003",{body}')]


# --- Commits and errors -----------------------------------------------------------------------------------------------


def test_postgresql_commits_safely_even_where_its_default_is_not_to(postgresql: str) -> None:
    execute(postgresql, "CREATE DATABASE hasty", "ALTER DATABASE hasty SET synchronous_commit = off")
    with shared(postgresql.replace("/postgres?", "/hasty?")).transaction() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def limits(database: Database) -> list[str]:
    with database.transaction() as connection:
        names = "lock_timeout", "statement_timeout", "client_encoding"
        return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]


def test_postgresql_gives_up_what_takes_too_long(postgresql: str) -> None:
    assert limits(shared(postgresql)) == ["5s", "10s", "UTF8"]


def test_a_frozen_postgresql_is_given_up(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen do not even notice that time is up: here the client must."""
    database, closed = Database(located(postgresql)), list[bool]()
    with monkeypatch.context() as patch:
        patch.setattr(engines._limited(import_module("psycopg")), "silence", 0.05)
        with pytest.raises(OSError, match="OperationalError: no answer within 0.05 seconds. What was not ack"):
            with database.transaction() as connection:
                driver = connection.connection.driver_connection
                try:
                    connection.execute(text("SELECT pg_sleep(9)"))
                finally:
                    closed.append(getattr(driver, "closed", False))  # at once, so that nobody waits for it again
    assert closed == [True]
    assert limits(database) == ["5s", "10s", "UTF8"]


def test_a_step_takes_the_time_it_needs(postgresql: str, longer: Callable[[str], None]) -> None:
    execute(postgresql, "CREATE DATABASE slow")
    slow = postgresql.replace("/postgres?", "/slow?")
    shared(slow)
    longer(
        "assert op.get_bind().scalar(sa.text('SHOW statement_timeout')) == '0'\n"
        "    assert op.get_bind().connection.dbapi_connection.silence is None"
    )
    database = Database(located(slow))
    with database.transaction() as connection:
        assert migrations.current(connection) == "0002"
        assert getattr(connection.connection.driver_connection, "silence", None) == engines.SILENCE
    assert limits(database) == ["5s", "10s", "UTF8"]


def test_nobody_waits_for_ever_for_a_connection(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.01)
    database = Database(located(postgresql))
    with contextlib.ExitStack() as held, pytest.raises(OSError, match="TimeoutError: QueuePool .* timeout 0.01. What"):
        for _ in range(16):
            held.enter_context(database.transaction())


def test_words_that_a_database_cannot_hold_are_refused_and_not_quoted(postgresql: str) -> None:
    latin = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    execute(postgresql, latin)
    with open_store(postgresql.replace("/postgres?", "/latin?"), learner="me") as store:
        with pytest.raises(OSError, match="the database did not do it: UntranslatableCharacter. What"):
            store.append([answered(1, typed=f"{SECRET} 😀")])


def test_what_python_cannot_decode_is_not_quoted(sqlite: str, learner: str) -> None:
    with open_store(sqlite, learner=learner) as store:
        store.append(answers(1))
        broken = f"CAST(x'FF' || '{SECRET}' AS TEXT)"
        execute(sqlite, f"UPDATE drill_event SET payload = {broken} WHERE learner = '{learner}'")
        with pytest.raises(OSError, match="the database did not do it: OperationalError. What"):
            store.events()


def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OSError, match="PostgreSQL is reached through psycopg; it is not installed here. Install"):
        open_store("postgresql://u:secret@h/d", learner="me")


def test_a_database_that_is_at_two_steps_at_once(fresh: str) -> None:
    shared(fresh)
    execute(fresh, f"INSERT INTO {migrations.VERSION_TABLE} VALUES ('0000')")
    with pytest.raises(OSError, match="the database did not do it: CommandError: .* more than one head"):
        Database(located(fresh))


def test_the_words_of_a_learner_are_in_no_error_and_no_log(fresh: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "sqlalchemy")  # a host may want to see every statement
    with open_store(fresh, learner=SECRET) as store:
        store.append([answered(2, typed=SECRET)])
        execute(fresh, "DROP TABLE drill_event")
        with pytest.raises(OSError, match="the database did not do it: .* can be sent again") as caught:
            store.append([answered(1, typed=SECRET)])
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_an_event_of_a_newer_app_is_named_as_such(fresh: str) -> None:
    with open_store(fresh, learner="me") as store:
        store.append(answers(1))
        execute(fresh, f'UPDATE drill_event SET payload = \'{{"kind": "{SECRET}"}}\'')
        with pytest.raises(ValueError, match="this version does not. Update the app") as caught:
            store.events()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("host", ["a..é", "\ud800"])
def test_a_server_whose_name_is_none(host: str) -> None:
    with pytest.raises(OSError, match="the database did not do it: Unicode(Encode)?Error. What"):
        open_store(f"postgresql://u:secret@{host}/d", learner="me")


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the database did not do it: OperationalError: .*[^\n]*$"):
        open_store(f"postgresql://nobody:secret@/drill?host={tmp_path}", learner="me")


def test_a_closed_store_says_so(url: str, learner: str) -> None:
    store = open_store(url, learner=learner)
    store.close()
    store.close()
    for use in (store.events, lambda: store.append(answers(1))):
        with pytest.raises(ValueError, match="a store is used until it is closed; this one is closed. Open it again"):
            use()


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "é", "a\0", "a\n", "../x", "a'b"], ids=repr)
def test_what_is_no_key_is_refused_and_not_quoted(key: str, sqlite: str) -> None:
    with pytest.raises(ValueError, match=f"a key is 1 to 64 letters, .* got {len(key)} char.* Use secrets") as caught:
        open_store(sqlite, learner=key)
    assert not key or f"got {key}" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "a database has a URL"),
        ("drill.db", "a database has a URL"),
        ("postgresql://u:secret@h:port/d", "a database has a URL"),
        ("mysql://u:secret@h/d", "a database is SQLite or PostgreSQL; got mysql"),
        ("sqlite://", "SQLite keeps the log in a file; got ''. Name one, or use MemoryStore"),
        ("sqlite:///:memory:", "SQLite keeps the log in a file; got ':memory:'"),
        ("sqlite:///file:x?uri=true", "SQLite keeps the log in a file; got 'file:x'"),
        ("sqlite:///drill.db?mode=ro&key=secret", "a URL of SQLite is sqlite:/// and a path; got a host or options"),
        ("sqlite://u:secret@h/drill.db", "a URL of SQLite is sqlite:/// and a path; got a host or options too. Leave"),
        ("postgresql://u:secret@h/d?port=abc", "a database has a URL; got something else. Write"),
        ("sqlite:///a\0b", r"the database is a file in a folder that exists; got 'a\\x00b'. Make"),
        ("sqlite:///\ud800", r"the database is a file in a folder that exists; got '\\ud800'. Make"),
        (f"sqlite:///{'x' * 300}", "the database is a file in a folder that exists; got 'xxx"),
    ],
)
def test_what_is_no_database_is_refused_without_its_password(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        open_store(url, learner="me")
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match="the database is a file in a folder that exists; got .*loop'. Make"):
        open_store(f"sqlite:///{tmp_path}/loop", learner="me")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_urls_that_hosts_hand_out(scheme: str) -> None:
    assert located(f"{scheme}://u:p@h:1/d") == make_url("postgresql+psycopg://u:p@h:1/d")


# --- The schema -------------------------------------------------------------------------------------------------------


def test_the_steps_end_in_the_schema_that_is_used(fresh: str) -> None:
    with shared(fresh).transaction() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrations.VERSION_TABLE})
        assert compare_metadata(context, EVENTS.metadata) == []
        assert not migrations.pending(connection)


def test_the_steps_can_be_taken_back_and_again(fresh: str) -> None:
    database = shared(fresh)
    with database.transaction() as connection:
        migrations.downgrade(connection, "base")
        assert inspect(connection).get_table_names() == [migrations.VERSION_TABLE]
        assert migrations.current(connection) is None and migrations.pending(connection)
    with database.transaction() as connection:
        migrations.upgrade(connection)
    with open_store(fresh, learner="me") as store:
        store.append(answers(1))


def test_a_database_of_a_newer_app_is_left_alone(fresh: str) -> None:
    with open_store(fresh, learner="me") as store:
        store.append(answers(1))
    execute(fresh, f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(ValueError, match="a database is no newer than the app; .* Update this app"):
        open_store(fresh, learner="me")
    assert execute(fresh, "SELECT count(*) FROM drill_event") == [(1,)]


def test_one_process_migrates_at_a_time(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.01)
    execute(postgresql, "CREATE DATABASE crowded")
    engine = create_engine(located(postgresql.replace("/postgres?", "/crowded?")))
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(migrations.ONE_AT_A_TIME)))
        with pytest.raises(OSError, match="LockNotAvailable"):
            shared(postgresql.replace("/postgres?", "/crowded?"))
    engine.dispose()
    shared(postgresql.replace("/postgres?", "/crowded?"))


def test_a_step_that_fails_changes_nothing(fresh: str, tmp_path: Path, longer: Callable[[str], None]) -> None:
    with open_store(fresh, learner="me") as store:
        store.append(answers(3))
    longer("op.add_column('drill_event', sa.Column('note', sa.Text)); op.execute('SELECT nonsense')")
    with pytest.raises(OSError, match="the database did not do it"):
        open_store(fresh, learner="me")
    assert execute(fresh, f"SELECT version_num FROM {migrations.VERSION_TABLE}") == [("0001",)]
    assert not list(tmp_path.glob("*.bak*"))
    longer("op.add_column('drill_event', sa.Column('note', sa.Text))")
    with open_store(fresh, learner="me") as store:
        assert store.events() == answers(3)
    assert execute(fresh, "SELECT note FROM drill_event") == [(None,)] * 3


def test_without_new_steps_nothing_is_copied(fresh: str, tmp_path: Path) -> None:
    for _ in range(2):
        Database(located(fresh))
    assert not list(tmp_path.glob("*.bak"))
