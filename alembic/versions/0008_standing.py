"""Numbers of villages that stand while nothing of them changes: only the others are computed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "basis",
        sa.Column("wave_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_of", sa.String(32), nullable=False),
        sa.Column("names", DOCUMENT, nullable=False),
        sa.Column("pace", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_basis_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_basis")),
    )
    op.create_table(
        "standing",
        sa.Column("wave_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("area_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(40), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.Column("later", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_standing_wave_id_wave"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("fk_standing_area_id_area"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["report.id"],
            name=op.f("fk_standing_report_id_report"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("wave_id", "area_id", name=op.f("pk_standing")),
    )
    op.create_index(op.f("ix_standing_report_id"), "standing", ["report_id"])


def downgrade() -> None:
    op.drop_table("standing")
    op.drop_table("basis")
