"""Reminding those who stopped in the middle: at most twice, never at night, never whom it bothers.

Reminders are ordered village by village as jobs, due when people there may be written to
(surveys.conduct.quiet); who is reminded is found out when the job is done, so that whoever went on
meanwhile, was reminded by someone else, or asked to be left alone is not written to.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from surveys.conduct.forms import form_of, zone_of
from surveys.conduct.quiet import next_allowed
from surveys.interview.engine import step
from surveys.interview.state import Ask, Begin, from_json
from surveys.store.areas import village_by_id
from surveys.store.audit import audit
from surveys.store.jobs import add_job
from surveys.store.people import set_contact
from surveys.store.reminders import (
    KIND,
    Left,
    Times,
    chats_left,
    count_reminder,
    left_in,
    ordered,
)  # fmt: skip

SILENT = timedelta(hours=24)
"""After so long without a word somebody has left, stopped or not."""
AGAIN = timedelta(hours=48)
"""Between two reminders of one interview."""
MOST = 2
"""Reminders of one interview, ever."""
A_DAY = timedelta(hours=24)
"""Between two reminders in one chat, of whomever."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A village in which people can be reminded."""

    area_id: int
    chats: int
    """How many chats are written to: one message each, whoever answers there."""
    due: datetime
    """When, in UTC: now, or when the village's quiet hours end."""
    ordered: bool
    """Somebody has ordered it already."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What is to be told to whom."""

    interview_id: int
    contact_id: int
    lane: str
    address: bytes
    """Sealed."""
    language: str
    village: str
    number: int | None
    """Which person, where several answer through this chat."""
    done: int
    total: int
    """Questions behind them, of about how many."""
    time: int
    """1 or 2."""


def waiting(session: Session, area_ids: Collection[int], now: datetime) -> list[Waiting]:
    """The villages in which somebody can be reminded, or will be, most first."""
    known = ordered(session, area_ids)
    found = []
    for area_id, chats in chats_left(session, area_ids, _times(now)).items():
        village = village_by_id(session, area_id)
        if village is not None:
            due = known.get(area_id) or next_allowed(now, zone_of(session, village.path))
            found.append(Waiting(area_id, chats, due, area_id in known))
    return sorted(found, key=lambda one: (-one.chats, one.area_id))


def order(session: Session, area_ids: Collection[int], by: str, now: datetime) -> list[Waiting]:
    """Order reminders in these villages, each when people there may be written to; what is
    ordered. A village where that was done already has no second order.

    by: who, as the audit table names them.
    """
    fresh = [one for one in waiting(session, area_ids, now) if not one.ordered]
    for one in fresh:
        add_job(session, KIND, {"area_id": one.area_id, "by": by}, one.due)
    return fresh


def remind(session: Session, area_id: int, by: str, now: datetime) -> list[Reminder]:
    """Whom to remind in a village now; they are noted as reminded, which is audited.

    Where it has become evening before this was done, it is ordered anew, for the morning.
    """
    village = village_by_id(session, area_id)
    if village is None:
        return []
    due = next_allowed(now, zone_of(session, village.path))
    if due > now:
        add_job(session, KIND, {"area_id": area_id, "by": by}, due)
        return []
    found = [
        _reminder(session, left, now)
        for left in left_in(session, area_id, _times(now))
        if count_reminder(session, left, now)
    ]
    if found:
        audit(session, by, "remind", f"{len(found)} chats", now, area_id=area_id)
    return found


def no_more(session: Session, contact_id: int, now: datetime) -> None:
    """A person asked not to be reminded any more, whoever answers through their chat."""
    set_contact(session, contact_id, unreminded_at=now)


def _times(now: datetime) -> Times:
    return Times(now - SILENT, now - AGAIN, MOST, now - A_DAY)


def _reminder(session: Session, left: Left, now: datetime) -> Reminder:
    form = form_of(session, left.form_version_id)
    # What they would see if they went on; nothing of it is kept.
    _, effects = step(
        form, from_json(json.loads(left.state)), Begin(),
        now.astimezone(zone_of(session, left.area_path)),
    )  # fmt: skip
    asked = [effect.prompt for effect in effects if isinstance(effect, Ask)]
    done, total = (asked[0].number - 1, asked[0].total) if asked else (0, 0)
    return Reminder(
        interview_id=left.interview_id,
        contact_id=left.contact_id,
        lane=left.lane,
        address=left.address,
        language=left.language,
        village=left.village,
        number=left.number if left.persons > 1 else None,
        done=done,
        total=total,
        time=left.reminders + 1,
    )
