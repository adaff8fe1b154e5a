"""The log: one table that is only ever added to."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA application_id = 0x6472696C")
    op.create_table(
        "drill_event",
        sa.Column("learner", sa.String(64), primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_index("drill_event_replay", "drill_event", ["learner", "at", "id"])


def downgrade() -> None:
    op.drop_table("drill_event")
