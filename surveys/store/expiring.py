"""What has been kept for as long as was promised: found by the index, and erased, some at a time.

Each function takes a limit, so that a transaction is short however much there is; what another
transaction holds at this moment is left for the next time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from surveys.store.outdated import drop_standing_of
from surveys.store.schema import (
    Administrator,
    Attachment,
    Base,
    Contact,
    Guess,
    Household,
    Inbox,
    Interview,
    InterviewEvent,
    Job,
    Outbox,
    Respondent,
    Turn,
    Wave,
)  # fmt: skip

INTERVIEW: Table = Base.metadata.tables["interview"]
EVENT: Table = Base.metadata.tables["interview_event"]


def _last() -> ColumnElement[datetime]:
    """When an interview ended, or was answered last where it never did."""
    return func.coalesce(Interview.finished_at, Interview.updated_at)


# Interviews -----------------------------------------------------------------------------------


def waves_kept(session: Session) -> list[tuple[int, int]]:
    """Every wave with the months that its answers are kept."""
    rows = session.execute(select(Wave.id, Wave.retention_months).order_by(Wave.id))
    return [(row.id, row.retention_months) for row in rows]


def old_interviews(
    session: Session, wave_id: int, before: datetime, limit: int
) -> list[tuple[int, str]]:
    """Of a wave's interviews that ended, or were answered last, before a time the first: their ids
    and persons, locked after their contacts, as who answers locks them; without those that someone
    else holds at this moment."""
    old = (Interview.wave_id == wave_id, Interview.started_at < before, _last() < before)
    found = session.execute(
        select(Interview.id, Respondent.contact_id)
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(*old)
        .order_by(Interview.started_at)
        .limit(limit)
    ).all()
    known = {one.contact_id for one in found if one.contact_id is not None}
    free = {None, *lock_contacts(session, known)} if known else {None}
    rows = session.execute(
        select(Interview.id, Interview.respondent_id)
        .where(Interview.id.in_([one.id for one in found if one.contact_id in free]), *old)
        .order_by(Interview.id)
        .with_for_update(of=Interview, skip_locked=True)
    )
    return [(row.id, row.respondent_id) for row in rows]


def count_old(session: Session, wave_id: int, before: datetime) -> int:
    """How many those are in all."""
    old = (Interview.wave_id == wave_id, Interview.started_at < before, _last() < before)
    return session.scalar(select(func.count()).select_from(Interview).where(*old)) or 0


def erase_interviews(
    session: Session, interview_ids: Collection[int], respondent_ids: Collection[str]
) -> None:
    """Delete interviews, and of these persons those who have none left, with the homes in which
    nobody is left and the contacts whom nobody needs any more."""
    drop_standing_of(session, Interview.id.in_(interview_ids))
    session.execute(delete(Interview).where(Interview.id.in_(interview_ids)))
    answers = exists().where(Interview.respondent_id == Respondent.id)
    gone = session.execute(
        delete(Respondent)
        .where(Respondent.id.in_(respondent_ids), ~answers)
        .returning(Respondent.household_id, Respondent.contact_id)
    ).all()
    lives = exists().where(Respondent.household_id == Household.id)
    session.execute(
        delete(Household).where(Household.id.in_({row.household_id for row in gone}), ~lives)
    )
    erase_unneeded(session, {row.contact_id for row in gone if row.contact_id is not None})


# Own words ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WithWords:
    """An interview from which own words are to be erased."""

    id: int
    form_version_id: int
    state: str
    submission: Mapping[str, str] | None


def _with_words(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Interview.texts_erased_at.is_(None), Interview.started_at < before, _last() < before)


def with_words(session: Session, before: datetime, limit: int) -> list[WithWords]:
    """The first interviews that ended, or were answered last, before a time, and of which own words
    were not erased yet, locked."""
    rows = session.execute(
        select(
            Interview.id, Interview.form_version_id, Interview.state, Interview.submission
        )
        .where(*_with_words(before))
        .order_by(Interview.started_at)
        .limit(limit)
        .with_for_update(of=Interview, skip_locked=True)
    )  # fmt: skip
    return [WithWords(*row) for row in rows]


def count_with_words(session: Session, before: datetime) -> int:
    """How many those are in all."""
    query = select(func.count()).select_from(Interview).where(*_with_words(before))
    return session.scalar(query) or 0


_PUT = (
    update(INTERVIEW)
    .where(INTERVIEW.c.id == bindparam("of"))
    .values(
        state=bindparam("new_state"),
        submission=bindparam("new_submission"),
        version=INTERVIEW.c.version + 1,
    )
)


def put_without_words(
    session: Session, rows: Sequence[tuple[int, str, Mapping[str, str] | None]]
) -> None:
    """What is left of interviews: id, state, submission."""
    if rows:
        session.connection().execute(
            _PUT,
            [
                {"of": one, "new_state": state, "new_submission": submission}
                for one, state, submission in rows
            ],
        )


def logged_words(
    session: Session, interview_ids: Collection[int], nodes: Collection[str], erased: str
) -> list[tuple[int, str]]:
    """The lines of the log that may hold answers to these questions: id, and node as it stands;
    all those of repeats among them."""
    rows = session.execute(
        select(InterviewEvent.id, InterviewEvent.node).where(
            InterviewEvent.interview_id.in_(interview_ids),
            InterviewEvent.kind.in_(("answered", "corrected")),
            InterviewEvent.value.not_in(("", erased)),
            or_(InterviewEvent.node.in_(nodes), InterviewEvent.node.contains("]")),
        )
    )
    return [(row.id, row.node) for row in rows]


def put_logged(session: Session, ids: Collection[int], erased: str) -> None:
    """Write this in the place of what lines of the log say."""
    session.connection().execute(update(EVENT).where(EVENT.c.id.in_(ids)).values(value=erased))


def drop_files(session: Session, interview_ids: Collection[int]) -> int:
    """Delete the photos, recordings and files of interviews; how many there were."""
    theirs = Attachment.interview_id.in_(interview_ids)
    return len(session.execute(delete(Attachment).where(theirs).returning(Attachment.id)).all())


def note_without_words(session: Session, interview_ids: Collection[int], now: datetime) -> None:
    """Own words are erased from these interviews."""
    session.execute(
        update(Interview).where(Interview.id.in_(interview_ids)).values(texts_erased_at=now)
    )


# Contacts -------------------------------------------------------------------------------------


def waves_over(session: Session, now: datetime) -> list[int]:
    """The waves that are closed, and whose contacts were not looked through since."""
    seen = or_(Wave.contacts_erased_at.is_(None), Wave.contacts_erased_at < Wave.closed_at)
    query = select(Wave.id).where(Wave.closed_at <= now, seen).order_by(Wave.id)
    return list(session.scalars(query))


def note_waves_over(session: Session, wave_ids: Collection[int], now: datetime) -> None:
    """Nobody of these waves is kept beyond what was agreed to."""
    session.execute(update(Wave).where(Wave.id.in_(wave_ids)).values(contacts_erased_at=now))


def let_go(
    session: Session,
    now: datetime,
    promised: Collection[str],
    *,
    ids: Collection[int] | None = None,
    after: int = 0,
    limit: int | None = None,
    at_rest: bool = False,
) -> list[int]:
    """The contacts (of `ids`; beyond the id `after`) that nobody may keep any longer: all waves in
    which they answered are over, and they did not agree to be written to again.

    promised: the texts of consent that said they would be kept, if they agreed to no other and did
    not say no since. at_rest: without those of whom an update waits to be handled.
    """
    query = _to_let_go(now, promised).where(Contact.id > after).order_by(Contact.id).limit(limit)
    if ids is not None:
        query = query.where(Contact.id.in_(ids))
    if at_rest:
        waiting = (Inbox.done_at.is_(None), Inbox.parked_at.is_(None))
        query = query.where(~exists().where(Inbox.lane == Contact.address_hash, *waiting))
    return list(session.scalars(query))


def count_let_go(session: Session, now: datetime, promised: Collection[str]) -> int:
    """How many those are in all."""
    query = select(func.count()).select_from(_to_let_go(now, promised).subquery())
    return session.scalar(query) or 0


def _to_let_go(now: datetime, promised: Collection[str]) -> Select[int]:
    theirs = Respondent.contact_id == Contact.id
    answered = (theirs, Interview.respondent_id == Respondent.id)
    under_way = exists().where(
        *answered,
        Wave.id == Interview.wave_id,
        or_(Wave.closed_at.is_(None), Wave.closed_at > now),
    )
    asked = exists().where(*answered, Interview.consent_version.not_in(promised))
    return select(Contact.id).where(
        Contact.panel_at.is_(None),
        exists().where(theirs),
        ~under_way,
        or_(Contact.panel_declined_at.is_not(None), asked),
    )


def lock_contacts(session: Session, contact_ids: Collection[int]) -> list[int]:
    """Keep everyone else from these contacts until the transaction ends; those that are there."""
    query = select(Contact.id).where(Contact.id.in_(contact_ids)).order_by(Contact.id)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def leave_answers(session: Session, contact_ids: Collection[int]) -> None:
    """Let nothing lead from these contacts to what they answered, nor back: the answers stay, and
    so do administrators; all other contacts are deleted."""
    homes = session.scalars(
        select(Respondent.household_id).where(Respondent.contact_id.in_(contact_ids))
    ).all()
    session.execute(
        update(Respondent).where(Respondent.contact_id.in_(contact_ids)).values(contact_id=None)
    )
    drop_links(session, homes)
    session.execute(
        update(Contact).where(Contact.id.in_(contact_ids)).values(current_interview_id=None)
    )
    of_interview = or_(Outbox.key.startswith("ask:"), Outbox.key.startswith("heard:"))
    session.execute(delete(Outbox).where(Outbox.contact_id.in_(contact_ids), of_interview))
    erase_unneeded(session, contact_ids)


def drop_links(session: Session, household_ids: Collection[str]) -> None:
    """Delete the family links of these homes where nobody is known by a contact any more: whoever
    still has such a link in a chat would find the home by it."""
    known = exists().where(
        Respondent.household_id == Household.id, Respondent.contact_id.is_not(None)
    )
    session.execute(
        update(Household).where(Household.id.in_(household_ids), ~known).values(link=None)
    )


def erase_turn(session: Session, lane: str) -> None:
    """Delete whose turn it is to write to someone."""
    session.execute(delete(Turn).where(Turn.lane == lane))


def erase_unneeded(session: Session, contact_ids: Collection[int]) -> None:
    """Delete those of these contacts through whom nobody answers and who are no administrators,
    with all that waits to be sent to them, what they ordered, and what they could not say."""
    if not contact_ids:
        return
    answers = exists().where(Respondent.contact_id == Contact.id)
    leads = exists().where(Administrator.contact_id == Contact.id)
    gone = session.execute(
        delete(Contact)
        .where(Contact.id.in_(contact_ids), ~answers, ~leads)
        .returning(Contact.id, Contact.address_hash)
    ).all()
    if not gone:
        return
    lanes = [row.address_hash for row in gone]
    # Lanes are erased from what is done: the index of what waits finds them all.
    waits = Outbox.done_at.is_(None)
    session.execute(delete(Outbox).where(Outbox.lane.in_(lanes), waits))
    parked = (Inbox.done_at.is_(None), Inbox.parked_at.is_not(None))
    session.execute(delete(Inbox).where(Inbox.lane.in_(lanes), *parked))
    session.execute(delete(Turn).where(Turn.lane.in_(lanes)))
    session.execute(delete(Guess).where(Guess.lane.in_(lanes)))
    ordered_by = Job.arguments["contact_id"].as_integer()
    session.execute(delete(Job).where(ordered_by.in_([row.id for row in gone])))
