"""What is kept about a person, given to them; and forgotten when they say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from surveys.conduct.forms import form_of, label_of, of_node, said_in
from surveys.form.model import MEDIA_TYPES, Form, Question, language_of
from surveys.store.attachments import Answered, answered_with
from surveys.store.audit import audit
from surveys.store.database import leave_no_traces
from surveys.store.expiring import drop_links, erase_turn
from surveys.store.guesses import erase_guesses
from surveys.store.interviews import (
    Kept,
    erase_interview,
    interviews_of,
    kept_of,
    strip_finished,
    without_interviews,
)  # fmt: skip
from surveys.store.jobs import erase_jobs
from surveys.store.messages import erase_lane
from surveys.store.people import (
    cut_ties,
    erase_contact,
    erase_empty_households,
    erase_respondents,
    homes_of,
    idle_contacts,
    is_needed,
    lane_of_contact,
    leave_interviews,
    own_record,
    respondents_of,
)  # fmt: skip
from surveys.store.sent import erase_messages
from surveys.store.vault import Vault


def my_data(session: Session, vault: Vault, contact_id: int) -> dict[str, Any]:
    """All that is kept about a contact and its persons, as one JSON document in plain words.

    {"contact": {"channel", "address", "language", "since", "unreminded"}, "persons": [{"person": 1,
    "village": …, "interviews": [{"status", "started", "finished", "consent", "abroad",
    "erased", "answers":
    [{"question": label, "answer": shown}], "computed": {name: value}, "attachments": [{"id",
    "question": label, "kind": the question's type, "name", "type", "size", "state"}],
    "reminders": n, "reminded", "events": n}]}]}

    "abroad": when it was agreed that messages pass through computers abroad; "erased": when own
    words were (their answers are surveys.form.own_words.ERASED). Times are days, "2026-11-24"; ""
    where there is none. Answers that later ones made irrelevant
    are kept, so they are shown. Empty for a contact that is not there.
    """
    contact = own_record(session, contact_id)
    if contact is None:
        return {}
    persons = []
    for number, rows in groupby(kept_of(session, contact_id), key=lambda row: row.number):
        kept = list(rows)
        ids = [row.interview_id for row in kept if row.interview_id is not None]
        sent = answered_with(session, ids)
        interviews = [
            _record(
                row, form_of(session, row.form_version_id), contact.language,
                [one for one in sent if one.interview_id == row.interview_id],
            )
            for row in kept
            if row.form_version_id is not None
        ]  # fmt: skip
        persons.append({"person": number, "village": kept[0].village, "interviews": interviews})
    return {
        "contact": {
            "channel": contact.channel,
            "address": vault.open(contact.address).decode(),
            "language": contact.language,
            "since": _day(contact.created_at),
            "unreminded": _day(contact.unreminded_at),
        },
        "persons": persons,
    }


def forget(
    session: Session, contact_id: int, respondent_id: str | None, *, keep_answers: bool,
    now: datetime, by: str = "respondent",
) -> int:  # fmt: skip
    """Forget one person of a contact, or (None) all of them and the contact itself, in all waves.

    `keep_answers`: finished submissions stay without any tie to the contact; unfinished ones and
    the log of events always go. Without it the submissions go too. Audited, without naming anyone.
    Waiting messages of the contact go. Returns how many persons were forgotten.

    A contact with nobody left goes too, unless it is an administrator's: that one goes only when
    all is to be forgotten. Someone else's respondent is left alone (0).
    """
    theirs = list(respondents_of(session, contact_id).values())
    if respondent_id is not None:
        theirs = [one for one in theirs if one == respondent_id]
        if not theirs:
            return 0
    leave_no_traces(session)
    begun = interviews_of(session, theirs)
    leave_interviews(session, contact_id, begun)
    erase_messages(session, contact_id, begun)
    _forget_persons(session, theirs, keep_answers=keep_answers)
    if respondent_id is None or not is_needed(session, contact_id):
        drop_contact(session, contact_id)
    _note(session, len(theirs), keep_answers=keep_answers, now=now, by=by)
    return len(theirs)


def forget_nameless(
    session: Session, respondent_id: str, *, keep_answers: bool, now: datetime, by: str
) -> int:
    """The same of somebody to whom no contact leads any more: all that is known of them."""
    leave_no_traces(session)
    _forget_persons(session, [respondent_id], keep_answers=keep_answers)
    _note(session, 1, keep_answers=keep_answers, now=now, by=by)
    return 1


def _forget_persons(session: Session, theirs: list[str], *, keep_answers: bool) -> None:
    if keep_answers:
        strip_finished(session, theirs)
        cut_ties(session, theirs)
        drop_links(session, homes_of(session, theirs))
        erase_respondents(session, without_interviews(session, theirs))
    else:
        erase_respondents(session, theirs)
    erase_empty_households(session)


def _note(session: Session, count: int, *, keep_answers: bool, now: datetime, by: str) -> None:
    what = "answers kept" if keep_answers else "answers deleted"
    audit(session, by, "forget", f"{count} persons, {what}", now)


def drop_interview(
    session: Session, contact_id: int | None, respondent_id: str, interview_id: int
) -> None:
    """Delete an interview with everything of it. A person who has no other goes along, and so does
    a contact that nobody needs any more."""
    leave_no_traces(session)
    if contact_id is not None:
        erase_messages(session, contact_id, [interview_id])
    erase_interview(session, interview_id)
    erase_respondents(session, without_interviews(session, [respondent_id]))
    erase_empty_households(session)
    if contact_id is not None and not is_needed(session, contact_id):
        drop_contact(session, contact_id)


def drop_contact(session: Session, contact_id: int) -> None:
    """Delete a contact, what waits to be sent to it, what it ordered, what it could not say."""
    lane = lane_of_contact(session, contact_id)
    if lane is not None:
        erase_lane(session, lane)
        erase_turn(session, lane)
        erase_guesses(session, lane=lane)
    erase_jobs(session, contact_id)
    erase_contact(session, contact_id)


def sweep(session: Session) -> None:
    """Delete homes in which nobody is left and contacts whom nobody needs (see `is_needed`)."""
    leave_no_traces(session)
    erase_empty_households(session)
    for contact_id in idle_contacts(session):
        drop_contact(session, contact_id)


def _record(row: Kept, form: Form, language: str, sent: list[Answered]) -> dict[str, Any]:
    tag = language_of(form, language)
    values: dict[str, str] = json.loads(row.state or "{}").get("answers", {})
    return {
        "status": row.status,
        "started": _day(row.started_at),
        "finished": _day(row.finished_at),
        "consent": f"{row.consent_version}, {_day(row.consented_at)}",
        "abroad": _day(row.abroad_at),
        "erased": _day(row.texts_erased_at),
        "answers": [
            {"question": label_of(form, path, language), "answer": _shown(question, value, tag)}
            for question, path, value in _answered(form, values)
            if question.asked and question.type not in MEDIA_TYPES
        ],
        "computed": {
            path.rpartition("/")[2] if path == question.path else path: value
            for question, path, value in _answered(form, values)
            if not question.asked
        },
        "attachments": [
            {"id": one.id, "question": label_of(form, one.node, language),
             "kind": _kind(form, one.node), "name": one.name, "type": one.media_type,
             "size": one.size, "state": one.state}
            for one in sent
        ],
        "reminders": row.reminders or 0,
        "reminded": _day(row.reminded_at),
        "events": row.events,
    }  # fmt: skip


def _kind(form: Form, path: str) -> str:
    question = form.nodes.get(of_node(path))
    return question.type if isinstance(question, Question) else "file"


def _answered(form: Form, values: dict[str, str]) -> Iterator[tuple[Question, str, str]]:
    """Question, path and value of what was answered or computed, in the order of the form."""
    paths: dict[str, list[str]] = {}
    for path, value in values.items():
        if value:
            paths.setdefault(of_node(path), []).append(path)
    for question in form.questions:
        for path in paths.get(question.path, ()):
            yield question, path, values[path]


def _shown(question: Question, value: str, language: str) -> str:
    if question.choices is None:
        return value
    labels = {one.value: said_in(one.label, language) for one in question.choices.choices}
    given = value.split() if question.type in ("select_multiple", "rank") else [value]
    return ", ".join(labels.get(one) or one for one in given)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""
