"""Dates and times as texts: read, written as a form's pattern says, and as days since 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

EPOCH = date(1970, 1, 1)
DAY_IN_SECONDS = 86_400

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATE = re.compile(r"([0-9]{1,4})-([0-9]{1,2})-([0-9]{1,2})(?:T|\Z)")
_TIME = re.compile(
    r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]+))?)?"
    r"(Z|[+-][0-9]{1,2}(?::?[0-9]{2})?)?\Z"
)
_ESCAPES = frozenset("%YymnbdeHhMS3aW")


def day_of(text: str) -> date | None:
    """The day that a text names, with or without a time; None where it is none."""
    found = _DATE.match(text)
    if found is None or (found.end() < len(text) and _TIME.match(text, found.end()) is None):
        return None
    year, month, day = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def days_of(text: str) -> int | None:
    """The days from 1970-01-01 to the day that a text names; None where it is none."""
    day = day_of(text)
    return None if day is None else (day - EPOCH).days


def day_after_epoch(days: float) -> str:
    """The date so many whole days after 1970-01-01, "" where no calendar holds it."""
    try:
        return (EPOCH + timedelta(days=int(days))).isoformat()
    except (OverflowError, ValueError):
        return ""


def moment_of(text: str, zone: tzinfo | None) -> datetime | None:
    """The moment that a text names, in this zone; midnight where it names a day only."""
    day = day_of(text)
    if day is None:
        return None
    after = text.partition("T")[2]
    found = _TIME.match(after)
    if found is None:
        return datetime.combine(day, time(0, tzinfo=zone))
    clock = _clock(found)
    if clock is None:
        return None
    offset = _offset(found[5])
    try:
        moment = datetime.combine(day, clock, tzinfo=zone if offset is None else offset)
        return moment if zone is None else moment.astimezone(zone)
    except (OverflowError, ValueError):
        return None


def moment_after_epoch(days: float, zone: tzinfo | None) -> datetime | None:
    """The moment so many days, with their fraction, after 1970-01-01T00:00Z."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)
        return moment.astimezone(zone or UTC)
    except (OverflowError, ValueError):
        return None


def moment_of_clock(text: str, now: datetime) -> datetime | None:
    """A time without a date, "13:30:00.000+08:00", as a moment of the day of `now`, in its zone;
    None where it is none."""
    found = _TIME.match(text)
    clock = None if found is None else _clock(found)
    if found is None or clock is None:
        return None
    offset = _offset(found[5])
    try:
        moment = datetime.combine(now.date(), clock, tzinfo=offset or now.tzinfo)
        return moment if offset is None else moment.astimezone(now.tzinfo)
    except (OverflowError, ValueError):
        return None


def fraction_of_day(moment: datetime) -> float:
    """How much of its day has passed at a moment, 0 <= x < 1."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return seconds / DAY_IN_SECONDS


def days_with_fraction(moment: datetime) -> float:
    """The days since 1970-01-01T00:00Z with their fraction; a moment without a zone is in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.timestamp() / DAY_IN_SECONDS


def written(moment: datetime) -> str:
    """A moment as the ODK XForms specification writes it: to the millisecond, with its zone."""
    told = moment.isoformat(timespec="milliseconds")
    return f"{told[:-6]}Z" if told.endswith("+00:00") else told


def unknown_escape(pattern: str) -> str:
    """The first escape of a pattern that `formatted` does not know, "" where it knows them all."""
    for found in re.finditer(r"%(.?)", pattern, re.DOTALL):
        if found[1] not in _ESCAPES or not found[1]:
            return found[0]
    return ""


def formatted(moment: datetime, pattern: str) -> str:
    """A moment as a pattern of `format-date` or `format-date-time` says.

    Months and weekdays are written in English, as the XForm's author wrote the pattern; an escape
    that does not exist stays as it is.
    """

    def field(found: re.Match[str]) -> str:
        match found[1]:
            case "%":
                return "%"
            case "Y":
                return f"{moment.year:04}"
            case "y":
                return f"{moment.year:04}"[2:]
            case "m":
                return f"{moment.month:02}"
            case "n":
                return str(moment.month)
            case "b":
                return _MONTHS[moment.month - 1]
            case "d":
                return f"{moment.day:02}"
            case "e":
                return str(moment.day)
            case "H":
                return f"{moment.hour:02}"
            case "h":
                return str(moment.hour)
            case "M":
                return f"{moment.minute:02}"
            case "S":
                return f"{moment.second:02}"
            case "3":
                return f"{moment.microsecond // 1000:03}"
            case "a":
                return _WEEKDAYS[moment.weekday()]
            case "W":
                return str(moment.isocalendar().week)
            case _:
                return found[0]

    return re.sub(r"%(.)", field, pattern, flags=re.DOTALL)


def _clock(found: re.Match[str]) -> time | None:
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    fraction = int(((found[4] or "") + "000000")[:6])
    try:
        return time(hour, minute, second, fraction)
    except ValueError:
        return None


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    shift = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        return timezone(-shift if text[0] == "-" else shift)
    except ValueError:
        return UTC
