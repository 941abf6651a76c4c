"""Places as people type them: degrees in decimals or minutes, with or without 北纬, N and E."""

from __future__ import annotations

import re
from collections.abc import Iterator

from surveys.interview.canonical import point_of
from surveys.interview.numerals import plain

LONGEST = 20_000
"""Characters of several places."""
MOST = 500
"""Places in one answer."""

Point = tuple[float, ...]
"""Latitude, longitude, and where they were typed altitude and accuracy."""

_LINK = re.compile(r"(?:geo:|[?&](?:q|ll|center)=|/@)(-?\d+\.\d+),\s*(-?\d+\.\d+)")
_SIDES = {
    "北纬": "n", "南纬": "s", "东经": "e", "西经": "w", "北": "n", "南": "s", "东": "e", "西": "w",
    "north": "n", "south": "s", "east": "e", "west": "w", "n": "n", "s": "s", "e": "e", "w": "w",
}  # fmt: skip
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))
_ANGLE = re.compile(
    rf"(?P<before>{_SIDE})?\s*(?P<sign>[-+])?\s*(?P<degrees>\d{{1,3}}(?:\.\d+)?)\s*(?:[°度]\s*"
    r"(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*['′’分]\s*"
    r"(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|″|”|''|′′|秒)?\s*)?)?)?"
    rf"(?(before)|(?P<behind>{_SIDE})?)(?![a-z])"
)
_NAMES = re.compile(r"\b(?:lat(?:itude)?|lon(?:g|gitude)?|lng)\b\s*[:=]?|纬度\s*[:=]?|经度\s*[:=]?")
_COMMAS = re.compile(r"([-+]?\d{1,3}),(\d+)\s*[,;\s]\s*([-+]?\d{1,3}),(\d+)")
_DEGREE = re.compile("[º˚]")
_NUMBER = re.compile(r"[-+]?\d{1,7}(?:\.\d+)?(?:e-\d{1,2})?")


def place(text: str) -> Point | None:
    """The place that someone typed; None where it is none on this earth.

    "30.5, 114.3", "30°30'N 114°18'E", 北纬30.5度 东经114.3度, a link of a map, or as ODK writes it
    with altitude and accuracy. The latitude comes first where nothing says which it
    is, unless the first number is too large for one.
    """
    if len(text) > 300:
        return None
    linked = _LINK.search(text)
    if linked is not None:
        return _on_earth(float(linked[1]), float(linked[2]))
    typed = plain(_DEGREE.sub("°", text)).replace("−", "-")
    named = _NAMES.findall(typed)
    typed = _NAMES.sub(" ", typed).strip(" ()[].。")
    if commas := _COMMAS.fullmatch(typed):
        typed = f"{commas[1]}.{commas[2]} {commas[3]}.{commas[4]}"
    numbers = [part for part in re.split(r"[\s,、;]+", typed) if part]
    if all(_NUMBER.fullmatch(part) for part in numbers):
        return _of_numbers([float(part) for part in numbers], named)
    return _of_angles(typed)


def _of_numbers(numbers: list[float], named: list[str]) -> Point | None:
    if not 2 <= len(numbers) <= 4:
        return None
    first, second, *more = numbers
    turned = bool(named) and (named[0].startswith("lo") or "经" in named[0] or "lng" in named[0])
    if turned or (abs(first) > 90 and not more and not named):
        first, second = second, first
    return _on_earth(first, second, *more)


def _of_angles(typed: str) -> Point | None:
    """Two angles with minutes or sides."""
    found = list(_ANGLE.finditer(typed))
    rest = _ANGLE.sub("", typed)
    if len(found) != 2 or rest.strip(" ,、;和"):
        return None
    angles = [_angle(one) for one in found]
    sides = [_side(one) for one in found]
    if None in angles or "?" in sides:
        return None
    (first, second), (one, other) = [angle or 0.0 for angle in angles], sides
    if one in ("e", "w") or other in ("n", "s"):
        first, second, one, other = second, first, other, one
    if one in ("e", "w") or other in ("n", "s"):
        return None
    return _on_earth(-first if one == "s" else first, -second if other == "w" else second)


def _angle(found: re.Match[str]) -> float | None:
    minutes, seconds = float(found["minutes"] or 0), float(found["seconds"] or 0)
    if minutes >= 60 or seconds >= 60:
        return None
    angle = float(found["degrees"]) + minutes / 60 + seconds / 3600
    return -angle if found["sign"] == "-" else angle


def _side(found: re.Match[str]) -> str:
    """The side of the earth, "" where none is named, "?" for two or one beside a minus."""
    before, behind = found["before"], found["behind"]
    if (before and behind) or (found["sign"] == "-" and (before or behind)):
        return "?"
    return _SIDES.get(before or behind or "", "")


def _on_earth(latitude: float, longitude: float, *more: float) -> Point | None:
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return (latitude, longitude, *more)


def point(text: str) -> str | None:
    """The place that someone typed as an XForm writes it: "30.5 114.3 0.0 0.0"."""
    found = place(text)
    return None if found is None else point_of(*found)


def points(text: str) -> list[str] | None:
    """Several places, one a line or with ";" between, as an XForm writes each; None where one of
    them is none or there are more than `MOST`."""
    if len(text) > LONGEST:
        return None
    found: list[str] = []
    for part in _parts(text):
        one = point(part)
        if one is None or len(found) == MOST:
            return None
        found.append(one)
    return found


def _parts(text: str) -> Iterator[str]:
    for part in re.split(r"[\n;；]+", text):
        if part.strip():
            yield part
