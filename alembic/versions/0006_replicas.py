"""Several programs on one database; what is kept for a shorter time; quicker profiles."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ADDED = (
    ("wave", "closing_at", MOMENT),
    ("wave", "contacts_erased_at", MOMENT),
    ("contact", "panel_at", MOMENT),
    ("contact", "panel_declined_at", MOMENT),
    ("interview", "abroad_at", MOMENT),
    ("interview", "texts_erased_at", MOMENT),
    ("interview", "measured", sa.Text()),
    ("outbox", "sender", sa.String(length=16)),
    ("job", "taken_by", sa.String(length=16)),
    ("report", "told", sa.String(length=40)),
    ("report", "made_of", sa.String(length=32)),
)
READ = [
    "wave_id", "status", "area_id", "review", "form_version_id", "finished_at", "mode", "key",
    "respondent_id", "flags", "measured",
]  # fmt: skip
WAITING = {
    "sqlite_where": sa.text("done_at IS NULL"),
    "postgresql_where": sa.text("done_at IS NULL"),
}

WITH_TEXTS = {
    "sqlite_where": sa.text("texts_erased_at IS NULL"),
    "postgresql_where": sa.text("texts_erased_at IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "replica",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("pressing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replica")),
    )
    op.create_table(
        "turn",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_turn")),
    )
    op.create_table(
        "guess",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "hour", name=op.f("pk_guess")),
    )
    op.create_table(
        "visit_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_key")),
    )
    # Codes are hashed with the key from now on: what nobody opened yet cannot be hashed anew.
    op.execute("DELETE FROM invite WHERE used_at IS NULL")
    for table, name, kind in ADDED:
        # Without a default nothing is rewritten, and no table is made anew.
        op.add_column(table, sa.Column(name, kind, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_interview_read", "interview", READ)
    op.create_index("ix_inbox_lane", "inbox", ["lane", "update_id"], **WAITING)
    op.create_index("ix_outbox_lane", "outbox", ["lane"], **WAITING)
    op.create_index("ix_contact_current_interview_id", "contact", ["current_interview_id"])
    op.create_index("ix_interview_wave_id_started_at", "interview", ["wave_id", "started_at"])
    op.create_index("ix_interview_texts", "interview", ["started_at"], **WITH_TEXTS)


def downgrade() -> None:
    op.drop_index("ix_interview_texts", "interview")
    op.drop_index("ix_interview_wave_id_started_at", "interview")
    op.drop_index("ix_contact_current_interview_id", "contact")
    op.drop_index("ix_outbox_lane", "outbox")
    op.drop_index("ix_inbox_lane", "inbox")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_interview_read", "interview")
    for table, name, _ in reversed(ADDED):
        op.drop_column(table, name)
    op.drop_table("visit_key")
    op.drop_table("guess")
    op.drop_table("turn")
    op.drop_table("replica")
