"""Who asks to be forgotten otherwise than by /forget: found by an interview or by a chat's number,
and forgotten by the same rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.conduct.forget import forget, forget_nameless
from surveys.store.interviews import about_persons, person_of_interview
from surveys.store.people import contact_known_as, respondents_of
from surveys.store.team import administrator_of, owners


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is to be forgotten, without a name."""

    contact_id: int | None
    respondent_id: str | None
    """None: everyone of the contact, and the contact."""
    persons: int
    finished: int
    """Interviews, in all waves."""
    unfinished: int
    villages: tuple[str, ...]
    leads: bool
    """Whether the rights of an administrator go, too."""
    last_owner: bool
    """Whether nobody could appoint anyone any more: they cannot be forgotten as they are."""


def of_interview(session: Session, interview_id: int) -> Asking | None:
    """The person of an interview, of all waves; None where there is none (any more)."""
    row = person_of_interview(session, interview_id)
    if row is None:
        return None
    respondent_id, contact_id = row
    counts = about_persons(session, [respondent_id])
    return Asking(contact_id, respondent_id, 1, *counts, leads=False, last_owner=False)


def of_phone(session: Session, lane: str) -> Asking | None:
    """Everyone of the contact with this keyed hash; None where there is none."""
    contact_id = contact_known_as(session, lane)
    if contact_id is None:
        return None
    persons = list(respondents_of(session, contact_id).values())
    leads = administrator_of(session, contact_id)
    last = leads is not None and owners(session) == {leads[0]}
    counts = about_persons(session, persons)
    return Asking(contact_id, None, len(persons), *counts, leads=leads is not None, last_owner=last)


def forget_asking(
    session: Session, one: Asking, *, keep_answers: bool, now: datetime, by: str
) -> int:
    """Forget them; how many persons they were. Audited, without naming anyone."""
    if one.contact_id is not None:
        return forget(
            session, one.contact_id, one.respondent_id, keep_answers=keep_answers, now=now, by=by
        )
    if one.respondent_id is None:
        return 0
    return forget_nameless(session, one.respondent_id, keep_answers=keep_answers, now=now, by=by)
