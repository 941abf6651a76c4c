"""Submissions and their codebook as CSV files, with columns as ODK Central names them.

Left out: free texts with the role `private`, and villages where fewer than 10 persons or fewer
than 5 homes answered. Nothing of `contact` is ever read here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.export.codebook import codebook_csv
from surveys.export.plan import plan
from surveys.export.submissions import submissions_csv
from surveys.store.areas import ids_of
from surveys.store.database import Database
from surveys.store.schema import Area, Wave

__all__ = ["Export", "codebook_csv", "counts", "export_files", "newest_wave", "submissions_csv"]


@dataclass(frozen=True, slots=True)
class Export:
    """The two files, ready to send."""

    files: dict[str, bytes]
    """"submissions.csv", "codebook.csv"."""
    submissions: int
    villages_withheld: int


def export_files(
    database: Database, area_id: int, now: datetime, *, bom: bool = False
) -> Export:  # fmt: skip
    """The submissions of an area's newest wave, and their codebook, as files in memory."""
    with database.read() as session:
        wave_id, villages = newest_wave(session, area_id, now)
    if wave_id is None:
        return Export({}, 0, 0)
    return Export(
        {
            "submissions.csv": b"".join(submissions_csv(database, wave_id, villages, bom=bom)),
            "codebook.csv": b"".join(codebook_csv(database, wave_id, villages, bom=bom)),
        },
        *counts(database, wave_id, villages),
    )


def newest_wave(session: Session, area_id: int, now: datetime) -> tuple[int | None, list[int]]:
    """Of all waves that an area's villages took part in the one opened last, and those villages."""
    path = session.scalar(select(Area.path).where(Area.id == area_id)) or "/"
    inside = Area.path.startswith(path, autoescape=True)
    villages = list(session.scalars(select(Area.id).where(Area.kind == "village", inside)))
    wave_id = session.scalar(
        select(Wave.id)
        .join(Area, Area.id == Wave.area_id)
        .where(Wave.area_id.in_(ids_of(path)) | inside, Wave.opened_at <= now)
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )
    return wave_id, villages


def counts(database: Database, wave_id: int, area_ids: Collection[int]) -> tuple[int, int]:
    """How many submissions an export holds, and how many villages it leaves out."""
    with database.read() as session:
        made = plan(session, wave_id, area_ids)
    return made.submissions, made.villages_withheld
