"""Known margins of online adults."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "margin",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("variable", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_margin_area_id_area")),
        sa.PrimaryKeyConstraint("area_id", "variable", "category", name=op.f("pk_margin")),
    )


def downgrade() -> None:
    op.drop_table("margin")
