"""A stored value as a person reads it, and as they may type it."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d{2}:\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:Z|[+-]\d{2}:?\d{2})?")
_DECIMALS = 7
"""Of degrees: a hundredth of a metre."""


def shown_value(kind: str, value: str, language: str = "") -> str:
    """The value of a question of this type as a person reads it; typed again it is the same value.

    Times without their zone, without seconds that are zero; a place in degrees with what is known
    of its height; of several places each with ";" between. Everything else is as it is stored.
    `language`: the form's name of it, "中文 (zh)".
    """
    match kind:
        case "time":
            return _time(value)
        case "dateTime":
            day, mark, hour = value.partition("T")
            return f"{day} {_time(hour)}" if mark else value
        case "geopoint":
            return _place(value)
        case "geotrace" | "geoshape":
            return "; ".join(_place(part.strip()) for part in value.split(";") if part.strip())
        case "acknowledge":
            return _read(value, language)
        case _:
            return value


def _read(value: str, language: str) -> str:
    tag = language[language.rfind("(") + 1 :].rstrip(")").lower()
    chinese = tag.split("-")[0].split("_")[0] == "zh" or "中文" in language
    return "知道了" if value == "OK" and chinese else value


def _time(value: str) -> str:
    found = _CLOCK.fullmatch(value)
    if found is None:
        return value
    return found[1] if not int(found[2] or 0) else f"{found[1]}:{found[2]}"


def _place(value: str) -> str:
    try:
        numbers = [round(float(part), _DECIMALS) for part in value.split()]
    except ValueError:
        return value
    if not 2 <= len(numbers) <= 4:
        return value
    while len(numbers) > 2 and not numbers[-1]:
        numbers.pop()
    return ", ".join(_number(number) for number in numbers)


def _number(number: float) -> str:
    return f"{number:.{_DECIMALS}f}".rstrip("0").rstrip(".") if number else "0"
