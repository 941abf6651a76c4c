"""Contacts, homes and the persons who answer: queries that take a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ScalarSelect,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session, aliased

from surveys.store.outdated import drop_standing_of
from surveys.store.schema import Administrator, Base, Contact, Household, Interview, Respondent

CONTACT: Table = Base.metadata.tables["contact"]
_AHEAD = "contacts ahead"


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact, without its address."""

    id: int
    language: str
    current_interview_id: int | None
    blocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A respondent of a contact and, if begun, their interview in one wave."""

    respondent_id: str
    number: int
    household_id: str
    area_id: int
    interview_id: int | None
    status: str | None
    begun: datetime | None
    state: str | None
    form_version_id: int | None
    before: datetime | None
    """When they last answered in another wave."""


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """What a contact may read about itself."""

    channel: str
    address: bytes
    """Sealed."""
    language: str
    created_at: datetime
    unreminded_at: datetime | None
    """When they asked not to be reminded."""


COLUMNS = (
    CONTACT.c.id, CONTACT.c.language, CONTACT.c.current_interview_id, CONTACT.c.blocked_at
)  # fmt: skip
"""Of `ContactRow`, in its order."""
_CONTACT = (
    select(*COLUMNS)
    .where(CONTACT.c.address_hash == bindparam("lane"))
    .with_for_update(key_share=True)
)


def hand_out(session: Session, contacts: Mapping[str, ContactRow]) -> None:
    """Contacts that were read and locked by their lanes: `contact_by_lane` gives each, once."""
    session.info[_AHEAD] = dict(contacts)


def contact_by_lane(session: Session, lane: str) -> ContactRow | None:
    """The contact with this keyed hash, locked until the transaction ends (PostgreSQL): two
    replicas never handle updates of one person at once."""
    ahead: ContactRow | None = session.info.get(_AHEAD, {}).pop(lane, None)
    if ahead is not None:
        return ahead
    row = session.connection().execute(_CONTACT, {"lane": lane}).one_or_none()
    return None if row is None else ContactRow(*row)


def contact_known_as(session: Session, lane: str) -> int | None:
    """The id of the contact with this keyed hash, just to look."""
    return session.scalar(select(Contact.id).where(Contact.address_hash == lane))


def add_contact(
    session: Session, *, channel: str, address: bytes, lane: str, language: str, now: datetime
) -> int:
    """A new contact; its id. `address` is sealed."""
    added = session.execute(
        insert(Contact)
        .values(
            channel=channel, address=address, address_hash=lane, language=language, created_at=now
        )
        .returning(Contact.id)
    )
    return added.scalar_one()


def own_record(session: Session, contact_id: int) -> OwnRecord | None:
    """What is kept about a contact itself."""
    row = session.execute(
        select(
            Contact.channel,
            Contact.address,
            Contact.language,
            Contact.created_at,
            Contact.unreminded_at,
        ).where(Contact.id == contact_id)
    ).one_or_none()
    return None if row is None else OwnRecord(*row)


def lane_of_contact(session: Session, contact_id: int) -> str | None:
    """The keyed hash of a contact."""
    return session.scalar(select(Contact.address_hash).where(Contact.id == contact_id))


def set_contact(session: Session, contact_id: int, **values: str | int | datetime | None) -> None:
    """Change columns of a contact."""
    session.execute(update(Contact).where(Contact.id == contact_id).values(**values))


def set_contact_by_lane(session: Session, lane: str, **values: datetime | None) -> None:
    """Change columns of the contact with this keyed hash, if there is one."""
    session.execute(update(Contact).where(Contact.address_hash == lane).values(**values))


def add_household(session: Session, household_id: str, area_id: int) -> None:
    """A new home."""
    session.execute(insert(Household).values(id=household_id, area_id=area_id))


def household_in(session: Session, household_id: str, area_id: int) -> bool:
    """Whether a home is one of this village."""
    return bool(
        session.scalar(
            select(exists().where(Household.id == household_id, Household.area_id == area_id))
        )
    )


def lives_in(session: Session, respondent_id: str, contact_id: int, area_id: int) -> bool:
    """Whether a person is one of this contact, in a home of this village."""
    theirs = (
        exists()
        .where(Respondent.id == respondent_id, Respondent.contact_id == contact_id)
        .where(Respondent.household_id == Household.id, Household.area_id == area_id)
    )
    return bool(session.scalar(select(theirs)))


def add_respondent(
    session: Session,
    respondent_id: str,
    *,
    household_id: str,
    contact_id: int,
    entry: str,
    now: datetime,
) -> None:
    """A new person of a contact, with the next number."""
    last = session.scalar(
        select(func.max(Respondent.number)).where(Respondent.contact_id == contact_id)
    )
    session.execute(
        insert(Respondent).values(
            id=respondent_id,
            household_id=household_id,
            contact_id=contact_id,
            entry=entry,
            number=(last or 0) + 1,
            created_at=now,
        )
    )


def entry_of(session: Session, contact_id: int, household_id: str) -> str | None:
    """The entry of a contact in a home: its own if it answers there already, else that of the
    home's first person; None where nobody is there yet."""
    theirs = case((Respondent.contact_id == contact_id, 0), else_=1)
    return session.scalar(
        select(Respondent.entry)
        .where(Respondent.household_id == household_id)
        .order_by(theirs, Respondent.created_at, Respondent.id)
        .limit(1)
    )


def persons_on_phone() -> ScalarSelect[Any]:
    """How many persons answer through the contact of the respondent that a query is at."""
    other = aliased(Respondent)
    return (
        select(func.count())
        .where(other.contact_id == Respondent.contact_id)
        .correlate(Respondent)
        .scalar_subquery()
    )


def persons_of(session: Session, contact_id: int, wave_id: int) -> list[PersonRow]:
    """The persons of a contact by number, each with their interview in this wave."""
    elsewhere = aliased(Interview)
    before = (
        select(func.max(func.coalesce(elsewhere.finished_at, elsewhere.updated_at)))
        .where(elsewhere.respondent_id == Respondent.id, elsewhere.wave_id != wave_id)
        .correlate(Respondent)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Respondent.id,
            Respondent.number,
            Respondent.household_id,
            Household.area_id,
            Interview.id,
            Interview.status,
            Interview.started_at,
            Interview.state,
            Interview.form_version_id,
        )
        .add_columns(before)
        .join(Household, Household.id == Respondent.household_id)
        .outerjoin(
            Interview,
            (Interview.respondent_id == Respondent.id) & (Interview.wave_id == wave_id),
        )
        .where(Respondent.contact_id == contact_id)
        .order_by(Respondent.number)
    )
    return [PersonRow(*row) for row in rows]


def respondents_of(session: Session, contact_id: int) -> dict[int, str]:
    """The ids of a contact's persons, by their numbers."""
    rows = session.execute(
        select(Respondent.number, Respondent.id)
        .where(Respondent.contact_id == contact_id)
        .order_by(Respondent.number)
    )
    return {row.number: row.id for row in rows}


def link_of(session: Session, household_id: str) -> str | None:
    """The family link of a home, if it has one."""
    return session.scalar(select(Household.link).where(Household.id == household_id))


def set_link(session: Session, household_id: str, link: str) -> None:
    """Give a home its family link."""
    session.execute(update(Household).where(Household.id == household_id).values(link=link))


# Forgetting -----------------------------------------------------------------------------------


def leave_interviews(session: Session, contact_id: int, interview_ids: Sequence[int]) -> None:
    """Let a contact be at none of these interviews any more."""
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.current_interview_id.in_(interview_ids))
        .values(current_interview_id=None)
    )


def cut_ties(session: Session, respondent_ids: Sequence[str]) -> None:
    """Leave these respondents without any contact."""
    session.execute(
        update(Respondent).where(Respondent.id.in_(respondent_ids)).values(contact_id=None)
    )


def homes_of(session: Session, respondent_ids: Sequence[str]) -> list[str]:
    """The homes of these persons."""
    query = select(Respondent.household_id).where(Respondent.id.in_(respondent_ids))
    return list(session.scalars(query.distinct()))


def erase_respondents(session: Session, respondent_ids: Sequence[str]) -> None:
    """Delete these respondents with their interviews and the logs of those."""
    drop_standing_of(session, Interview.respondent_id.in_(respondent_ids))
    session.execute(delete(Respondent).where(Respondent.id.in_(respondent_ids)))


def erase_contact(session: Session, contact_id: int) -> None:
    """Delete a contact, its rights and its messages."""
    session.execute(delete(Contact).where(Contact.id == contact_id))


def is_needed(session: Session, contact_id: int) -> bool:
    """Whether someone answers through this contact, or it is an administrator."""
    answers = exists().where(Respondent.contact_id == contact_id)
    leads = exists().where(Administrator.contact_id == contact_id)
    return bool(session.scalar(select(answers | leads)))


def idle_contacts(session: Session) -> list[int]:
    """The contacts through whom nobody answers and who are no administrators."""
    answers = exists().where(Respondent.contact_id == Contact.id)
    leads = exists().where(Administrator.contact_id == Contact.id)
    return list(session.scalars(select(Contact.id).where(~answers, ~leads)))


def erase_empty_households(session: Session) -> None:
    """Delete the homes in which nobody is left."""
    lives = exists().where(Respondent.household_id == Household.id)
    session.execute(delete(Household).where(~lives))


def erase_without_interviews(session: Session) -> None:
    """Delete the respondents of whom no interview is left."""
    left = exists().where(Interview.respondent_id == Respondent.id)
    session.execute(delete(Respondent).where(~left))
