"""A wave that ends soon: those in the middle are told once until when they can finish."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from surveys.conduct.forms import zone_of
from surveys.conduct.quiet import next_allowed
from surveys.store.areas import paths_of
from surveys.store.waves import ACTIVE, UnderWay, ends_at, note_told, under_way

WORTH = timedelta(hours=1)
"""Less time than this to finish is not worth a message."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is to be told, and until when they can finish."""

    one: UnderWay
    until: datetime
    zone: ZoneInfo


def tell_later(session: Session, wave_id: int, area_id: int, now: datetime) -> datetime | None:
    """When the people of a village may be told that their wave ends, in UTC (`now`: at once); None:
    nobody is to be told any more (it was closed, or kept open, or ends before that)."""
    until = ends_at(session, wave_id)
    path = paths_of(session, [area_id]).get(area_id)
    if until is None or path is None:
        return None
    due = next_allowed(now, zone_of(session, path))
    return due if due + WORTH <= until else None


def tell(session: Session, wave_id: int, area_id: int, now: datetime) -> list[Told]:
    """Whom to tell in a village, one interview a chat: the one that was answered last. They are
    noted as written to, so that no reminder comes on the same day.

    Not: whoever blocked the bot, wants no reminders, or was not heard of for `ACTIVE`.
    """
    until = ends_at(session, wave_id)
    if until is None:
        return []
    zone = zone_of(session, paths_of(session, [area_id])[area_id])
    found = under_way(session, wave_id, area_id, now - ACTIVE)
    note_told(session, [one.interview_id for one in found], now)
    return [Told(one, until, zone) for one in found]
