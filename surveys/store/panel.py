"""Contacts that may be written to in later waves: queries that take a session."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from surveys.store.schema import Contact, Interview, Respondent


def first_of_phone(session: Session, interview_id: int) -> bool:
    """Whether a finished interview is the first of its phone in its wave that a person of the
    phone's own home answered themselves, and the phone has not agreed to more."""
    own = or_(Interview.mode.is_(None), Interview.mode == "self")
    row = session.execute(
        select(Respondent.contact_id, Respondent.household_id, Interview.wave_id)
        .join(Interview)
        .join(Contact, Contact.id == Respondent.contact_id)
        .where(Interview.id == interview_id, Interview.status == "finished", own)
        .where(Contact.panel_at.is_(None))
    ).one_or_none()
    if row is None:
        return False
    home = session.scalar(
        select(Respondent.household_id)
        .where(Respondent.contact_id == row.contact_id)
        .order_by(Respondent.number)
        .limit(1)
    )
    earlier = aliased(Respondent)
    others = exists().where(
        earlier.id == Interview.respondent_id,
        earlier.contact_id == row.contact_id,
        earlier.household_id == home,
        Interview.wave_id == row.wave_id,
        Interview.id != interview_id,
        Interview.status == "finished",
        own,
    )
    return row.household_id == home and not session.scalar(select(others))


def panel_of(session: Session, contact_id: int) -> tuple[datetime | None, datetime | None]:
    """When a contact agreed to be written to in later waves, and when it said no to that."""
    row = session.execute(
        select(Contact.panel_at, Contact.panel_declined_at).where(Contact.id == contact_id)
    ).one_or_none()
    return (None, None) if row is None else (row.panel_at, row.panel_declined_at)


def set_panel(
    session: Session, contact_id: int, *, panel_at: datetime | None, declined_at: datetime | None
) -> None:
    """Keep what a contact said to that."""
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id)
        .values(panel_at=panel_at, panel_declined_at=declined_at)
    )
