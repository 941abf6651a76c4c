"""Telegram's limit over several programs is one bucket that all draw from, not shares of it."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("free_at", MOMENT, nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("paused_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace")),
    )
    op.drop_column("replica", "pressing")


def downgrade() -> None:
    op.add_column(
        "replica", sa.Column("pressing", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.drop_table("pace")
