"""Places as ODK keeps them, and what its functions say of them: lengths, areas, fences.

A geopoint is "latitude longitude altitude accuracy" (degrees, metres), a geotrace several of them
with ";" between, a geoshape a geotrace that ends where it began. Formulas and rules as JavaRosa has
them (GeoUtils, XPathFuncExprGeo), but where JavaRosa raises because something is no place, a length
or an area is NaN and everything else false. `intersects` is as ODK Collect has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import acos, cos, isfinite, nan, radians, sin

Place = tuple[float, float]
"""Latitude and longitude, in degrees."""

Places = str | list[str]
"""One geotrace or geoshape; or the values of a set of nodes: several geopoints, or one geoshape."""

EARTH_RADIUS = 6_378_100.0
"""In metres, at the equator, as JavaRosa has it."""
METRES_IN_DEGREE = radians(1) * EARTH_RADIUS

# What Java's Double.parseDouble reads, without hexadecimal, NaN and infinity: they are no places.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?")
_BLANK = "".join(map(chr, range(33)))
_MOST_PARTS = 4


def place_of(text: str) -> Place | None:
    """The place that a geopoint names; None where it names none.

    As in JavaRosa what is missing is 0: "" is where the equator meets the zero meridian.
    """
    parts = [part for part in text.split(" ") if part]
    if len(parts) > _MOST_PARTS:
        return None
    numbers = [0.0, 0.0]
    for which, part in enumerate(parts):
        written = part.strip(_BLANK)
        if not _NUMBER.fullmatch(written):
            return None
        number = float(written.rstrip("fFdD"))
        if not isfinite(number):
            return None
        if which < len(numbers):
            numbers[which] = number
    return numbers[0], numbers[1]


def places_of(values: Places) -> list[Place] | None:
    """The places that a geotrace, a geoshape or the values of several nodes name, in order; None
    where one of them is none."""
    if not isinstance(values, str) and len(values) != 1:
        return _each(values)
    text = values if isinstance(values, str) else values[0]
    parts = text.split(";")
    # As Java splits: what is empty at the end is no part, unless it is all there is.
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return _each([part.strip(_BLANK) for part in parts])


def _each(texts: Sequence[str]) -> list[Place] | None:
    found: list[Place] = []
    for text in texts:
        place = place_of(text)
        if place is None:
            return None
        found.append(place)
    return found


def area(values: Places) -> float:
    """area() and enclosed-area(): square metres inside the polygon, 0 below three places, NaN where
    there is no place.

    Triangles from the first place, on a plane of degrees as long as they are at each latitude.
    Source: https://mathworld.wolfram.com/PolygonArea.html, as JavaRosa applies it.
    """
    places = places_of(values)
    if places is None:
        return nan
    if len(places) < 3:
        return 0.0
    (first_latitude, first_longitude), *others = places
    corners = [
        (
            (longitude - first_longitude) * METRES_IN_DEGREE * cos(radians(latitude)),
            (latitude - first_latitude) * METRES_IN_DEGREE,
        )
        for latitude, longitude in others
    ]
    return abs(sum((y1 * x2 - x1 * y2) / 2 for (x1, y1), (x2, y2) in pairwise(corners)))


def distance(values: Places, *others: str) -> float:
    """distance(): metres along the places of one geotrace or geoshape, of a set of nodes, or along
    several geopoints; 0 for one place, NaN where there is no place.

    By the spherical law of cosines. Two places that are one are 0 apart; JavaRosa gives NaN for
    some of them, where the cosine comes out above 1.
    """
    if others:
        if not isinstance(values, str):
            values = values[0] if values else ""
        places = _each([values, *others])
    else:
        places = places_of(values)
    if places is None:
        return nan
    return sum((_between(one, other) for one, other in pairwise(places)), 0.0)


def _between(one: Place, other: Place) -> float:
    along = radians(one[1] - other[1])
    first, second = radians(one[0]), radians(other[0])
    cosine = sin(first) * sin(second) + cos(first) * cos(second) * cos(along)
    return acos(max(-1.0, min(1.0, cosine))) * EARTH_RADIUS


def geofence(point: str, values: Places) -> bool:
    """geofence(): whether a geopoint is inside a geoshape, on a plane of latitude and longitude.

    Source: https://wrfranklin.org/Research/Short_Notes/pnpoly.html, which JavaRosa follows. The
    shape's last place is its first; where it is not, its last side is missing.
    """
    place, places = place_of(point), places_of(values)
    if place is None or places is None:
        return False
    latitude, longitude = place
    inside = False
    for (lat1, long1), (lat2, long2) in pairwise(places):
        crosses = (lat2 > latitude) != (lat1 > latitude)
        if crosses and longitude < (long1 - long2) * (latitude - lat2) / (lat1 - lat2) + long2:
            inside = not inside
    return inside


# Whether a line crosses itself ----------------------------------------------------------------

MOST_SIDES = 1_000
"""Every side is held against every other: of a line of more nobody asks."""


def intersects(values: Places) -> bool:
    """intersects(): whether any two sides of a geotrace or geoshape meet, other than neighbours at
    their common corner; false where something is no place, and for more than `MOST_SIDES`."""
    places = places_of(values)
    if places is None or len(places) < 3:
        return False
    sides = [(one, other) for one, other in pairwise(places) if one != other]
    if len(sides) > MOST_SIDES:
        return False
    if len(sides) == 2:
        return _folds(*sides)
    closed = places[0] == places[-1]
    return any(
        _meet(side, other)
        for which, side in enumerate(sides)
        for beyond, other in enumerate(sides[which + 2 :], start=which + 2)
        if not (closed and which == 0 and beyond == len(sides) - 1)
    )


_Side = tuple[Place, Place]


def _folds(first: _Side, second: _Side) -> bool:
    """Whether a line of two sides comes back upon itself."""
    return (_turn(first[0], *second) == 0 and _within(first[0], second)) or (
        _turn(second[1], *first) == 0 and _within(second[1], first)
    )


def _meet(one: _Side, other: _Side) -> bool:
    a, b = _turn(one[0], *other), _turn(one[1], *other)
    if a * b > 0:
        return False
    c, d = _turn(other[0], *one), _turn(other[1], *one)
    if a * b < 0 and c * d < 0:
        return True
    return (
        (a == 0 and _within(one[0], other))
        or (b == 0 and _within(one[1], other))
        or (c == 0 and _within(other[0], one))
        or (d == 0 and _within(other[1], one))
    )


def _turn(a: Place, b: Place, c: Place) -> int:
    """Which way it goes from a by b to c: 1, -1, or 0 for straight on."""
    product = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
    return (product > 0) - (product < 0)


def _within(place: Place, side: _Side) -> bool:
    """Whether a place is in the box around a side."""
    return all(
        min(side[0][axis], side[1][axis]) <= place[axis] <= max(side[0][axis], side[1][axis])
        for axis in (0, 1)
    )
