"""Telegram's limit over several programs is one bucket that all draw from, not shares of it."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace")),
    )
    op.drop_column("replica", "pressing")


def downgrade() -> None:
    op.add_column(
        "replica", sa.Column("pressing", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.drop_table("pace")
