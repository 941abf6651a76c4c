"""When a weekly report is due, by the clock of its area; and the order for it, once a week."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from surveys.conduct.forms import zone_of
from surveys.conduct.quiet import EVENING, MORNING
from surveys.store.jobs import add_job
from surveys.store.schedules import due_weekly, move_on

HOURS = range(MORNING.hour, EVENING.hour)
"""At which a weekly report may come: people may be written to then."""


def next_weekly(after: datetime, weekday: int, hour: int, zone: ZoneInfo) -> datetime:
    """The first moment after `after`, in UTC, at which a clock in this zone says that it is
    `hour`:00 of a `weekday` (0 Monday … 6 Sunday), whatever daylight saving does meanwhile.

    Where clocks are put back over that hour it is the first of the two; a day that a zone left out
    (Samoa, 30 December 2011) has none.

    >>> next_weekly(datetime(2026, 3, 27, tzinfo=UTC), 0, 9, ZoneInfo("Europe/Paris")).isoformat()
    '2026-03-30T07:00:00+00:00'
    >>> next_weekly(datetime(2026, 3, 20, tzinfo=UTC), 0, 9, ZoneInfo("Europe/Paris")).isoformat()
    '2026-03-23T08:00:00+00:00'
    """
    here = after.astimezone(zone)
    day = here.date() + timedelta(days=(weekday - here.weekday()) % 7)
    while True:
        local = datetime.combine(day, time(hour), zone)
        found = local.astimezone(UTC)
        there = found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
        if found > after and there:
            return found
        day += timedelta(days=7)


def order_weekly(session: Session, now: datetime) -> int:
    """Order the weekly reports that are due, and say when each is next; how many were ordered.

    After a pause of weeks one is ordered, not one a week. One of a day is ordered once, whichever
    replica comes first.
    """
    ordered = 0
    for due in due_weekly(session, now):
        zone = zone_of(session, due.path)
        day = due.due_at.astimezone(zone).date().isoformat()
        area_id = int(due.path.rstrip("/").rpartition("/")[2])
        arguments = {"schedule_id": due.id, "area_id": area_id, "day": day}
        ordered += add_job(session, "weekly", arguments, now, key=f"schedule:{due.id}:{day}")
        move_on(session, due.id, next_weekly(now, due.weekday, due.hour, zone))
    return ordered
