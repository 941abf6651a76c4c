"""Numbers of villages that do not stand any more (see surveys.store.standing)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from surveys.store.schema import Interview, Standing


def drop_standing(session: Session, wave_id: int, area_ids: Sequence[int]) -> None:
    """These villages are computed anew the next time."""
    session.execute(
        delete(Standing).where(Standing.wave_id == wave_id, Standing.area_id.in_(area_ids))
    )


def drop_standing_of(session: Session, these: ColumnElement[bool]) -> None:
    """Nor what is made of these interviews, which are about to be deleted."""
    villages = select(Interview.wave_id, Interview.area_id).where(these).distinct()
    for wave_id, area_id in session.execute(villages).all():
        drop_standing(session, wave_id, [area_id])
