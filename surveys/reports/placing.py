"""Places on the earth as places on a sheet: a small map's geometry, and where its numbers stand.

North is up; a degree of longitude is shortened by the cosine of the middle latitude, so that
distances within a county are true in every direction (to a part in a hundred over 200 km).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, hypot, log10, pi, radians, sin

RADIUS = 6371.0088
"""Kilometres: the earth's mean radius (IUGG)."""
WIDTH, TALLEST, LOWEST = 328.0, 300.0, 110.0
"""Of the sheet, in its own units: a phone's pixels."""
EDGE = 18.0
"""What stays free around the places, for dots and numbers."""
LEAST = 0.5
"""Kilometres that a sheet shows at least, for places that are all at one point."""
DOT = 7.0
"""A dot's radius, with its rim."""
LETTER, LINE = 7.2, 12.0
"""How wide a digit is, and how high a number stands, at the map's size of type."""
AROUND = tuple(2 * pi * step / 12 for step in range(12))
FURTHER = (0.0, 7.0, 14.0, 22.0, 32.0, 44.0, 58.0)
"""How far from its dot a number may stand; from the second on a line leads to it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the sheet, and where the middle of its number stands; None: it has none."""

    x: float
    y: float
    label: tuple[float, float] | None = None
    line: bool = False
    """A line leads from the dot to the number."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A sheet with its places, in their order, and the bar that says how far is how far."""

    width: float
    height: float
    spots: tuple[Spot, ...]
    km: float
    """How long the bar is on the ground."""
    bar: float
    """And on the sheet."""


def ground(
    points: Sequence[tuple[float, float]], labels: Sequence[str], dot: float = DOT
) -> Ground | None:
    """Places (latitude, longitude in degrees) on a sheet, with a number each, "" for none.

    dot: the radius that they are drawn with. None for no places.

    >>> found = ground([(26.0, 108.0), (26.0, 108.1)], ["1", "2"])
    >>> round((found.spots[1].x - found.spots[0].x) / found.bar * found.km, 2)  # km
    9.99
    """
    if not points:
        return None
    flat = flattened(points)
    east, north = ([one[axis] for one in flat] for axis in (0, 1))
    wide, tall = max(max(east) - min(east), LEAST), max(max(north) - min(north), LEAST)
    unit = min((WIDTH - 2 * EDGE) / wide, (TALLEST - 2 * EDGE) / tall)
    height = max(LOWEST, tall * unit + 2 * EDGE)
    middle = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2
    at = [
        (WIDTH / 2 + (x - middle[0]) * unit, height / 2 - (y - middle[1]) * unit) for x, y in flat
    ]
    km = round_length(WIDTH / 3 / unit)
    return Ground(WIDTH, height, labelled(at, labels, height, dot), km, km * unit)


def flattened(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """(km east, km north) of the first place, for (latitude, longitude) in degrees."""
    latitudes = [latitude for latitude, _ in points]
    shrink = cos(radians((max(latitudes) + min(latitudes)) / 2))
    first = points[0]
    degree = RADIUS * pi / 180
    return [
        # Across the date line the short way round.
        (((lon - first[1] + 180) % 360 - 180) * degree * shrink, (lat - first[0]) * degree)
        for lat, lon in points
    ]


def round_length(longest: float) -> float:
    """The longest of 1, 2 and 5 times a power of ten that is not above `longest`.

    >>> round_length(37.0), round_length(0.9), round_length(5.0)
    (20.0, 0.5, 5.0)
    """
    power = 10.0 ** floor(log10(longest) + 1e-9)
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def labelled(
    at: Sequence[tuple[float, float]], labels: Sequence[str], height: float, radius: float = DOT
) -> tuple[Spot, ...]:
    """A number beside each dot, on no other dot or number where there is room for that.

    Those with the most neighbours choose first.
    """
    crowd = [sum(hypot(x - a, y - b) < 4 * DOT for a, b in at) for x, y in at]
    taken = [_box(x, y, 2 * radius, 2 * radius) for x, y in at]
    found: list[Spot] = [Spot(x, y) for x, y in at]
    for number in sorted(range(len(at)), key=lambda one: -crowd[one]):
        if labels[number]:
            wide = len(labels[number]) * LETTER
            found[number], box = _beside(at[number], wide, radius, taken, height)
            taken.append(box)
    return tuple(found)


def _beside(
    dot: tuple[float, float],
    wide: float,
    radius: float,
    taken: Sequence[tuple[float, float, float, float]],
    height: float,
) -> tuple[Spot, tuple[float, float, float, float]]:
    """Where a number of this width stands best, and the box it takes there."""
    best: tuple[float, Spot, tuple[float, float, float, float]] | None = None
    for further in FURTHER:
        for angle in AROUND:
            reach = further + radius
            x = dot[0] + cos(angle) * (reach + wide / 2)
            y = dot[1] - sin(angle) * (reach + LINE / 2)
            box = _box(x, y, wide, LINE)
            outside = box[0] < 0 or box[1] < 0 or box[2] > WIDTH or box[3] > height
            over = sum(_shared(box, other) for other in taken) + (1e6 if outside else 0)
            if best is None or over < best[0] - 1e-9:
                best = over, Spot(*dot, (x, y), further > 0), box
            if not over:
                return best[1:]
    assert best is not None  # noqa: S101
    return best[1:]


def _box(x: float, y: float, wide: float, high: float) -> tuple[float, float, float, float]:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _shared(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """The area that two boxes share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0
