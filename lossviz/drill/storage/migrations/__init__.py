"""The schema of the database as steps, run by alembic when a database is opened. A step that was released stays."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from lossviz.drill.storage.engines import take_time

FOLDER = Path(__file__).parent
VERSION_TABLE = "drill_version"  # a name of our own: a PostgreSQL database may be shared with other programs
APPLICATION = 0x64_72_69_6C  # by which SQLite's files name the program that they belong to: "dril"
ONE_AT_A_TIME = 0x64_72_69_6C_6C  # the advisory lock under which PostgreSQL migrates


def current(connection: Connection) -> str | None:
    """The step that the database has reached; None where it is new."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def pending(connection: Connection) -> bool:
    """Whether steps are to come. Raises ValueError where the database has made steps that this version lacks."""
    steps, reached = ScriptDirectory.from_config(_config(connection)), current(connection)
    if reached is not None and reached not in {step.revision for step in steps.walk_revisions()}:
        raise ValueError("a database is no newer than the app; a newer app has changed this one. Update this app.")
    return reached != steps.get_current_head()


def take_turn(connection: Connection) -> None:
    """Let no other process migrate until the transaction ends. On SQLite it has excluded others from its beginning."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        take_time(connection)


def upgrade(connection: Connection) -> None:
    """Go to the newest step, all the way or not at all: within the transaction of `connection`."""
    command.upgrade(_config(connection), "head")


def downgrade(connection: Connection, step: str) -> None:
    """Go back to `step` ("base": before the first), for an operator who returns to an older app. Data may go."""
    take_turn(connection)
    command.downgrade(_config(connection), step)


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
