"""Roles, schedules with their deliveries, quotas, drafts, reminders; where audited things were."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
BEFORE, AFTER = "('programme','area')", "('owner','area','helper','analyst','viewer')"


def roles(allowed: str, renamed: tuple[str, str]) -> None:
    """Let grants have other roles, and call one role by another name."""
    with op.batch_alter_table("grant") as batch:
        batch.drop_constraint(op.f("ck_grant_role"), type_="check")
    for table in ("grant", "invite"):
        op.execute(f"UPDATE \"{table}\" SET role = '{renamed[1]}' WHERE role = '{renamed[0]}'")
    with op.batch_alter_table("grant") as batch:
        batch.create_check_constraint(op.f("ck_grant_role"), f"role IN {allowed}")


def upgrade() -> None:
    roles(AFTER, ("programme", "owner"))
    op.add_column("area", sa.Column("language", sa.String(length=16), nullable=True))
    op.add_column("contact", sa.Column("unreminded_at", MOMENT, nullable=True))
    op.add_column(
        "interview", sa.Column("reminders", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("interview", sa.Column("reminded_at", MOMENT, nullable=True))
    op.add_column("administrator", sa.Column("name", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("audit") as batch:
        batch.add_column(sa.Column("area_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_audit_area_id_area"), "area", ["area_id"], ["id"])
        batch.create_index(op.f("ix_audit_area_id"), ["area_id"])

    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('weekly','target','closed')", name=op.f("ck_schedule_kind")),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrator.id"],
            name=op.f("fk_schedule_administrator_id_administrator"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_schedule_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint(
            "administrator_id",
            "area_id",
            "kind",
            name=op.f("uq_schedule_administrator_id_area_id_kind"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_schedule_administrator_id"), "schedule", ["administrator_id"])
    op.create_index(op.f("ix_schedule_area_id"), "schedule", ["area_id"])

    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("profile", DOCUMENT, nullable=True),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrator.id"],
            name=op.f("fk_delivery_administrator_id_administrator"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_delivery_area_id_area")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_delivery_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("key", name=op.f("uq_delivery_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_administrator_id"), "delivery", ["administrator_id"])
    op.create_index("ix_delivery_administrator_area", "delivery", ["administrator_id", "area_id"])

    op.create_table(
        "quota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=False),
        sa.Column("age", sa.String(length=8), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_quota_area_id_area")),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_quota_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota")),
        sa.UniqueConstraint(
            "wave_id", "area_id", "sex", "age", name=op.f("uq_quota_wave_id_area_id_sex_age")
        ),
    )

    op.create_table(
        "draft",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_draft_contact_id_contact"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_draft")),
    )


def downgrade() -> None:
    for table in ("draft", "quota", "delivery", "schedule"):
        op.drop_table(table)
    with op.batch_alter_table("audit") as batch:
        batch.drop_index(op.f("ix_audit_area_id"))
        batch.drop_constraint(op.f("fk_audit_area_id_area"), type_="foreignkey")
        batch.drop_column("area_id")
    op.drop_column("administrator", "name")
    op.drop_column("interview", "reminded_at")
    op.drop_column("interview", "reminders")
    op.drop_column("contact", "unreminded_at")
    op.drop_column("area", "language")
    # The roles that there were not.
    op.execute("DELETE FROM \"grant\" WHERE role IN ('helper','analyst','viewer')")
    op.execute("DELETE FROM invite WHERE role IN ('helper','analyst','viewer')")
    roles(BEFORE, ("owner", "programme"))
