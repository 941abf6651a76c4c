"""The form versions of a wave, and what was rejected in it, are found without all interviews."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REJECTED = sa.text("review = 'rejected'")


def upgrade() -> None:
    op.create_index(
        op.f("ix_interview_wave_id_form_version_id"), "interview", ["wave_id", "form_version_id"]
    )
    op.create_index(
        "ix_interview_rejected", "interview", ["wave_id", "status", "review", "area_id", "key"],
        sqlite_where=REJECTED, postgresql_where=REJECTED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_interview_rejected", "interview")
    op.drop_index(op.f("ix_interview_wave_id_form_version_id"), "interview")
