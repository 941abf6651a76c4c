"""Nothing is kept longer than people were told when they agreed.

    for erased in steps(database, now, free_text_days=90): …     # each step is one transaction

Answers go after the wave's months; what people said in their own words, and what they photographed,
recorded or sent, after some days; who they are, when their wave is over, unless they agreed to be
written to again (docs/privacy.md); what an administrator sent and did not confirm, after a day.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from surveys.conduct.forms import loaded_form, of_node
from surveys.form.own_words import ERASED, OwnWords
from surveys.store.audit import audit
from surveys.store.database import Database, leave_no_traces
from surveys.store.drafts import erase_drafts_before
from surveys.store.expiring import (
    count_let_go,
    count_old,
    count_with_words,
    drop_files,
    erase_interviews,
    leave_answers,
    let_go,
    lock_contacts,
    logged_words,
    note_waves_over,
    note_without_words,
    old_interviews,
    put_logged,
    put_without_words,
    waves_kept,
    waves_over,
    with_words,
)  # fmt: skip
from surveys.store.guesses import erase_guesses
from surveys.store.messages import written
from surveys.store.replicas import alone_erasing

UNCONFIRMED = timedelta(hours=24)
"""How long a draft waits for its administrator."""
FREE_TEXT_DAYS = 90
BATCH = 200
"""Interviews, or contacts, of one transaction: some 50 ms, so that answers need not wait."""
PROMISED = ("1", "2", "3")
"""The texts of consent that said the contact would be kept, and could be forgotten at any time
(docs/decisions/0017)."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of each were erased, or are to be."""

    interviews: int = 0
    """Deleted as a whole."""
    texts: int = 0
    """Interviews of which own words, photos and recordings are erased."""
    contacts: int = 0
    """Phones from which nothing leads to answers any more."""

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            self.interviews + other.interviews,
            self.texts + other.texts,
            self.contacts + other.contacts,
        )


def expire(database: Database, now: datetime, free_text_days: int = FREE_TEXT_DAYS) -> int:
    """Do all `steps`; how many interviews were deleted."""
    return sum((step.interviews for step in steps(database, now, free_text_days)), 0)


def steps(
    database: Database, now: datetime, free_text_days: int = FREE_TEXT_DAYS
) -> Iterator[Erased]:
    """Erase what is due, a batch at a time: each step is a short transaction of its own, audited
    by its counts, and whatever ends this in between, the next time goes on from there.

    Several programs may do it at once: they take turns, a step at a time.
    Where nothing is due it is a few looks at indexes. An interview's time counts from its end, or
    from its last answer where it never ended. Persons without any interview left go with it, and
    contacts without persons (administrators stay).
    """
    with database.begin() as session:
        alone_erasing(session)
        drafts = erase_drafts_before(session, now - UNCONFIRMED)
        if erase_guesses(session, before=now) or drafts:
            leave_no_traces(session)
    with database.read() as session:
        waves = waves_kept(session)
    for wave_id, months in waves:
        while gone := _old(database, wave_id, months_before(now, months), now):
            yield Erased(interviews=gone)
    while texts := _words(database, words_before(now, free_text_days), now):
        yield Erased(texts=texts)
    yield from _contacts(database, now)


def due(session: Session, now: datetime, free_text_days: int = FREE_TEXT_DAYS) -> Erased:
    """How many of each are due by this time, of what is kept now."""
    return Erased(
        sum(
            count_old(session, wave_id, months_before(now, months))
            for wave_id, months in waves_kept(session)
        ),
        count_with_words(session, words_before(now, free_text_days)),
        count_let_go(session, now, PROMISED),
    )


def release(session: Session, contact_id: int, now: datetime) -> bool:
    """Do at once for one contact what `steps` would do: whether it may not be kept any longer."""
    if not let_go(session, now, PROMISED, ids=[contact_id]):
        return False
    leave_no_traces(session)
    leave_answers(session, [contact_id])
    audit(session, "retention", "let go", "1 contacts", now)
    return True


def months_before(now: datetime, months: int) -> datetime:
    """The same day of the month, so many months ago (the month's last day where it is shorter)."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def words_before(now: datetime, days: int) -> datetime:
    """Interviews that ended before this are so many days old; whole days (UTC), so that a day's are
    erased, and audited, together."""
    return (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def _old(database: Database, wave_id: int, before: datetime, now: datetime) -> int:
    with database.begin() as session:
        alone_erasing(session)
        found = old_interviews(session, wave_id, before, BATCH)
        if found:
            leave_no_traces(session)
            erase_interviews(session, [one for one, _ in found], {person for _, person in found})
            audit(session, "retention", "expire", f"{len(found)} interviews", now)
    return len(found)


def _words(database: Database, before: datetime, now: datetime) -> int:
    """Erase own words, photos and recordings from the next interviews; how many they were."""
    with database.begin() as session:
        alone_erasing(session)
        found = with_words(session, before, BATCH)
        if not found:
            return 0
        changed = []
        of_version: dict[int, list[int]] = {}
        for one in found:
            words = loaded_form(session, one.form_version_id).words
            of_version.setdefault(one.form_version_id, []).append(one.id)
            state, in_state = without_words(json.loads(one.state or "{}"), words)
            kept = one.submission
            gone = words.erased(kept) if kept is not None else {}
            if in_state or gone:
                submission = {**kept, **gone} if kept is not None else None
                changed.append((one.id, written(state), submission))
        put_without_words(session, changed)
        lines = 0
        for version, ids in of_version.items():
            said = loaded_form(session, version).words.said
            logged = [
                line for line, node in logged_words(session, ids, said, ERASED)
                if of_node(node) in said
            ] if said else []  # fmt: skip
            put_logged(session, logged, ERASED)
            lines += len(logged)
        ids = [one.id for one in found]
        files = drop_files(session, ids)
        note_without_words(session, ids, now)
        if changed or lines or files:
            leave_no_traces(session)
            what = f"own words of {len(found)} interviews, {files} photos, recordings and files"
            audit(session, "retention", "erase", what, now)
    return len(found)


def without_words(state: dict[str, Any], words: OwnWords) -> tuple[dict[str, Any], bool]:
    """An interview's state as JSON without own words, and whether anything changed."""
    answers: dict[str, str] = state.get("answers", {})
    gone = words.erased(answers)
    # A draft may be of choices that somebody typed, a search was typed.
    drop = {"search"} | ({"draft"} if of_node(str(state.get("current"))) in words.said else set())
    if not gone and state.keys().isdisjoint(drop):
        return state, False
    # What is known of conditions was known of the words; it is found out anew.
    left = {key: value for key, value in state.items() if key not in drop | {"relevance"}}
    if answers:
        left["answers"] = {**answers, **gone}
    return left, True


def _contacts(database: Database, now: datetime) -> Iterator[Erased]:
    """When waves are over, let go whom nobody may keep: once a wave, looking at all contacts, as
    some of earlier waves waited for this one."""
    with database.read() as session:
        over = waves_over(session, now)
    if not over:
        return
    after = 0
    while True:
        with database.begin() as session:
            alone_erasing(session)
            ids = let_go(session, now, PROMISED, after=after, limit=BATCH, at_rest=True)
            if not ids:
                break
            after = ids[-1]
            # Locked first, then asked again: they may have agreed or begun to answer meanwhile.
            locked = lock_contacts(session, ids)
            gone = let_go(session, now, PROMISED, ids=locked, at_rest=True)
            if gone:
                leave_no_traces(session)
                leave_answers(session, gone)
                audit(session, "retention", "let go", f"{len(gone)} contacts", now)
        yield Erased(contacts=len(gone))
    with database.begin() as session:
        # Who is just writing, or was locked, is looked at again in an hour.
        if not let_go(session, now, PROMISED, limit=1):
            note_waves_over(session, over, now)
