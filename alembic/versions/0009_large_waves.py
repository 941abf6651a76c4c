"""What is asked of a large wave is found without all its interviews; long texts are lz4."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REJECTED = sa.text("review = 'rejected'")
LONG = (
    ("interview", "state"), ("interview", "submission"), ("report", "profile"),
    ("report", "members"),
)  # fmt: skip
"""What PostgreSQL keeps compressed; what is there stays as it is until it is written again."""


def _compress(method: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    able = connection.scalar(
        sa.text(
            "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
        )
    )
    # A server may be built without it.
    if able:
        for table, column in LONG:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION {method}")


def upgrade() -> None:
    op.create_index(
        op.f("ix_interview_wave_id_form_version_id"), "interview", ["wave_id", "form_version_id"]
    )
    op.create_index(
        "ix_interview_rejected", "interview", ["wave_id", "status", "review", "area_id", "key"],
        sqlite_where=REJECTED, postgresql_where=REJECTED,
    )  # fmt: skip
    _compress("lz4")


def downgrade() -> None:
    _compress("pglz")
    op.drop_index("ix_interview_rejected", "interview")
    op.drop_index(op.f("ix_interview_wave_id_form_version_id"), "interview")
