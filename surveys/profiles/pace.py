"""How fast answers come in, and when a target will be reached at that pace: plain arithmetic.

    pace = finished in the last 7 days / 7, or by the days since the wave opened where it is younger
    days to go = (target - finished) / pace

Nothing is said before a wave is `FIRST_DAYS` old or with fewer than `FEW` finished, except that
nobody finished in a whole week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

WINDOW = 7
"""Days that a pace looks back."""
FIRST_DAYS = 3
FEW = 5
FARTHEST = 365
"""Days; what would take longer is not reached at this pace."""

Prospect = Literal["reached", "closed", "no_target", "early", "never", "on"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be said of the end."""

    prospect: Prospect
    """reached: the target is. closed: the wave is. no_target. early: too early to say, or too few
    answers. never: not at this pace. on: by `expected`."""
    pace: float | None
    """Finished a day; None where the wave is closed or too young."""
    expected: date | None
    """By the clock of the village."""


def outlook(
    finished: int,
    recent: int,
    target: int | None,
    *,
    opened: datetime,
    closed: datetime | None,
    now: datetime,
) -> Outlook:
    """The pace of a village and when it reaches its target.

    finished: persons so far; recent: those of them in the last `WINDOW` days. `now` is in the
    zone in which the day is to be told.

    >>> from datetime import UTC
    >>> day = datetime(2026, 3, 11, 9, tzinfo=UTC)
    >>> outlook(20, 14, 30, opened=datetime(2026, 3, 1, tzinfo=UTC), closed=None, now=day)
    Outlook(prospect='on', pace=2.0, expected=datetime.date(2026, 3, 16))
    """
    days = (now - opened) / timedelta(days=1)
    over = closed is not None and closed <= now
    pace = None if over or days < FIRST_DAYS else recent / min(days, WINDOW)
    if target and finished >= target:
        return Outlook("reached", pace, None)
    if over:
        return Outlook("closed", pace, None)
    if not target:
        return Outlook("no_target", pace, None)
    if pace is None:
        return Outlook("early", pace, None)
    if not pace and days >= WINDOW:
        return Outlook("never", pace, None)
    if finished < FEW or not pace:
        return Outlook("early", pace, None)
    left = (target - finished) / pace
    if left > FARTHEST:
        return Outlook("never", pace, None)
    return Outlook("on", pace, (now + timedelta(days=left)).date())
