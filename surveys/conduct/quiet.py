"""When people may be written to who did not ask for it: not in the evening, not at night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(9)
"""From here on, by the clock of the place …"""
EVENING = time(20)
"""… until here."""


def next_allowed(now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from `now` on, in UTC, at which the clock of a zone says between 09:00 and
    20:00: `now` itself, or the next 09:00 there. `now` has its zone.

    >>> shanghai = ZoneInfo("Asia/Shanghai")
    >>> next_allowed(datetime(2026, 3, 2, 11, 59, tzinfo=UTC), shanghai).isoformat()
    '2026-03-02T11:59:00+00:00'
    >>> next_allowed(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), shanghai).isoformat()
    '2026-03-03T01:00:00+00:00'
    """
    local = now.astimezone(zone)
    if MORNING <= local.time() < EVENING:
        return now.astimezone(UTC)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, zone).astimezone(UTC)
