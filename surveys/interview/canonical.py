"""A value that was not typed by a person, made what an XForm writes; or why it is none."""

from __future__ import annotations

import re
from datetime import datetime
from math import isfinite

from surveys.form import dates
from surveys.form.model import Question
from surveys.form.values import text_of_number
from surveys.interview.state import RefusalReason

_WHOLE = re.compile(r"[-+]?[0-9]+\Z")
_CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?(Z|[-+][0-9:]{2,6})?\Z"
)
_POINTS = {"geopoint": (1, 1), "geotrace": (2, None), "geoshape": (3, None)}
"""Fewest and most places of each kind."""


def canonical(question: Question, value: str, now: datetime) -> tuple[str, RefusalReason | None]:
    """The value of a question as an XForm writes it, or why it cannot be one.

    Numbers lose zeros that say nothing, decimals that are whole have one ("2.0", as ODK keeps
    them), times get the zone of `now`, places four numbers.
    """
    kind = question.type
    if kind == "integer" or (kind == "range" and question.value_type == "int"):
        return (str(int(value)), None) if _WHOLE.match(value) else (value, "not_a_whole_number")
    if kind in ("decimal", "range"):
        return _number(value)
    if kind == "date":
        day = dates.day_of(value)
        return ("", "not_a_date") if day is None else (day.isoformat(), None)
    if kind == "dateTime":
        moment = dates.moment_of(value, now.tzinfo)
        return ("", "not_a_moment") if moment is None else (dates.written(moment), None)
    if kind == "time":
        return _time(value, now)
    if kind in _POINTS:
        return _places(kind, value)
    return value, None


def _number(value: str) -> tuple[str, RefusalReason | None]:
    try:
        number = float(value)
    except ValueError:
        return value, "not_a_number"
    return (_decimal(number), None) if isfinite(number) else (value, "not_a_number")


def _decimal(number: float) -> str:
    told = text_of_number(number)
    return told if "." in told else f"{told}.0"


def _time(value: str, now: datetime) -> tuple[str, RefusalReason | None]:
    found = _CLOCK.match(value)
    if found is None:
        return value, "not_a_time"
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        return value, "not_a_time"
    thousandths = ((found[4] or "") + "000")[:3]
    zone = found[5] or dates.written(now)[23:]
    return f"{hour:02}:{minute:02}:{second:02}.{thousandths}{zone}", None


def _places(kind: str, value: str) -> tuple[str, RefusalReason | None]:
    points = [part.strip() for part in value.strip().rstrip(";").split(";")]
    fewest, most = _POINTS[kind]
    try:
        numbers = [[float(number) for number in point.split()] for point in points]
    except ValueError:
        return value, "not_a_place"
    if any(not 2 <= len(point) <= 4 or not _on_earth(point) for point in numbers):
        return value, "not_a_place"
    if len(points) < fewest or (most is not None and len(points) > most):
        return value, "not_enough_places" if len(points) < fewest else "not_a_place"
    return "; ".join(point_of(*point) for point in numbers), None


def _on_earth(point: list[float]) -> bool:
    return all(isfinite(number) for number in point) and abs(point[0]) <= 90 >= abs(point[1]) / 2


def point_of(
    latitude: float, longitude: float, altitude: float = 0.0, accuracy: float = 0.0
) -> str:
    """A place as an XForm writes it: degrees, and metres.

    >>> point_of(30.5, 114)
    '30.5 114.0 0.0 0.0'
    """
    return " ".join(
        _decimal(round(float(number), 7)) for number in (latitude, longitude, altitude, accuracy)
    )
