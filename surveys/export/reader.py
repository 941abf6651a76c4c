"""How the answers to a question are read into the cells of its columns.

Of the standard library alone: processes that make nothing but lines of CSV import this
(`surveys.export.apart`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from surveys.export.table import Cell, Kind, Variable

Shape = Literal["one", "several", "ranked", "place"]
"""One column · one of all choices and one for each · the same, with the rank of each · four
numbers: latitude, longitude, altitude, accuracy."""
NUMBERS = ("Latitude", "Longitude", "Altitude", "Accuracy")
"""Of a place: degrees, degrees, metres, metres."""
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_DEGREES = r"-?\d{1,15}(\.\d+)?(e-\d+)?"
_GEOPOINT = re.compile(rf"{_DEGREES}( {_DEGREES}){{1,3}}")

READ: Mapping[Kind, Callable[[str], Cell]] = {
    "integer": int, "yes_no": int, "decimal": float, "date": date.fromisoformat,
    "time": time.fromisoformat, "moment": datetime.fromisoformat,
}  # fmt: skip
"""An answer as its column's kind, where it `fits`; of other kinds as it is."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The columns of a question, as far as is needed to fill them."""

    paths: tuple[str, ...]
    """Where it stands in a submission, in any version."""
    shape: Shape
    variables: tuple[Variable, ...]
    """The whole answer, then its parts; of a place its numbers alone."""
    unseen: bool = False
    """Whether its kind was taken from there being no answer at all."""
    bands: Mapping[str, Cell] | None = None
    """Of a question that is coarsened: what stands for each answer."""

    def cells(self) -> Callable[[str], list[Cell]] | None:
        """What makes the cells of its columns from an answer; None where it is its only cell."""
        if self.bands is not None:
            bands = self.bands
            return lambda value: [bands.get(value)]
        if self.shape == "place":
            return _numbers
        read = READ.get(self.variables[0].kind)
        parts = [one.part for one in self.variables[1:]]
        if self.shape == "several":
            return lambda value: _chosen(value, parts)
        if self.shape == "ranked":
            return lambda value: _ranks(value, parts)
        return None if read is None else lambda value: [read(value)]

    def fitting(self) -> Callable[[str], bool]:
        """What tells whether an answer leaves the columns as they are: of what was seen of it
        `surveys.export.kinds` would make the same columns.
        """
        if self.unseen:
            return lambda value: False
        if self.shape == "place":
            return is_place
        first = self.variables[0]
        if self.shape != "one":
            parts = frozenset(one.part for one in self.variables[1:])
            return lambda value: parts.issuperset(value.split())
        if first.kind == "category":
            return frozenset(one.value for one in first.values).__contains__
        return lambda value: fits(first.kind, value)


def is_place(value: str) -> bool:
    """Whether a value is two to four numbers.

    >>> is_place("31.2 -121.5 0 5"), is_place("31.2")
    (True, False)
    """
    return _GEOPOINT.fullmatch(value) is not None


def fits(kind: Kind, value: str) -> bool:
    """Whether a value as an XForm writes it is of a kind.

    >>> fits("integer", "12"), fits("integer", "012"), fits("decimal", "1.50"), fits("date", "2026")
    (True, False, True, False)
    >>> fits("time", "07:30:00.000+08:00"), fits("moment", "2026-03-02T07:30:00.000")
    (True, False)
    """
    if kind == "yes_no":
        return value in ("0", "1")
    if kind == "integer":
        return _WHOLE.fullmatch(value) is not None
    if kind == "decimal":
        return _NUMBER.fullmatch(value) is not None
    if kind == "date":
        return _DAY.fullmatch(value) is not None and _is(date, value)
    if kind == "time":
        return _TIME.fullmatch(value) is not None and _is(time, value)
    if kind == "moment":
        return _MOMENT.fullmatch(value) is not None and _is(datetime, value)
    return True


def _is(what: type[date] | type[time], value: str) -> bool:
    try:
        what.fromisoformat(value)
    except ValueError:
        return False
    return True


def _numbers(value: str) -> list[Cell]:
    found: list[Cell] = [float(one) for one in value.split()]
    return [*found, *[None] * (len(NUMBERS) - len(found))]


def _chosen(value: str, choices: Sequence[str]) -> list[Cell]:
    several = value.split()
    return [value, *(int(one in several) for one in choices)]


def _ranks(value: str, choices: Sequence[str]) -> list[Cell]:
    rank = {one: number for number, one in enumerate(value.split(), 1)}
    return [value, *(rank.get(one) for one in choices)]
