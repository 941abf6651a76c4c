"""A table's columns as arrays that are no wider than they must be, for formats written whole.

A category takes 2 bytes a row (4 above 127 codes), yes or no 2, a number or a time 8, a text its
characters once and 8 bytes more for each row.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from surveys.export.coding import codes, wall
from surveys.export.table import Cell, Table, Variable

if TYPE_CHECKING:
    import pandas as pd

NOTHING = -(2**31)
"""Stands for an empty cell of a category, of yes or no, and of days."""
_EPOCH = datetime(1970, 1, 1)
_DAY_ONE = date(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)
NAN = float("nan")
MOST_KEPT = 20_000
"""So many texts are looked up before they are kept again: a village's name is, a key is not."""


class Column:
    """One column, filled cell by cell."""

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.codes = dict(codes(variable.values).of)
        """Of a category; a value that the form does not have gets the next number."""
        wide = variable.kind in ("decimal", "integer", "time", "moment")
        self._numbers: array[Any] = array("d" if wide else "i")
        self._texts: list[str] = []
        self._kept: dict[str, str] = {}

    def add(self, cell: Cell) -> None:
        """The next row's cell."""
        kind = self.variable.kind
        if kind == "text":
            # A NUL ends a text in the libraries below, and what follows it would be lost.
            text = "" if cell is None else str(cell).replace("\0", "")
            if len(self._kept) < MOST_KEPT:
                text = self._kept.setdefault(text, text)
            self._texts.append(text)
        elif cell is None:
            self._numbers.append(NAN if self._numbers.typecode == "d" else NOTHING)
        elif kind == "category":
            self._numbers.append(self._code(str(cell)))
        elif isinstance(cell, datetime | time):
            self._numbers.append(_milliseconds(wall(cell, self.variable)))
        elif isinstance(cell, date):
            self._numbers.append((cell - _DAY_ONE).days)
        else:
            self._numbers.append(cell)

    def _code(self, value: str) -> int:
        if value not in self.codes:
            self.codes[value] = max(self.codes.values(), default=0) + 1
        return self.codes[value]

    def series(self) -> pd.Series[Any]:
        """The column: texts, whole numbers that may be missing, numbers, days, times of a day or
        of a day and a time, these by the clock (`surveys.export.coding.wall`)."""
        import numpy as np
        import pandas as pd

        kind = self.variable.kind
        if kind == "text":
            return pd.Series(self._texts, dtype=pd.StringDtype("python", na_value=np.nan))
        values: Any = np.frombuffer(self._numbers, dtype=self._numbers.typecode)
        if kind == "decimal":
            return pd.Series(values)
        empty = np.isnan(values) if values.dtype == np.float64 else values == NOTHING
        filled = np.where(empty, 0, values)
        if kind == "moment":
            times = np.round(filled).astype("datetime64[ms]")
            return pd.Series(np.where(empty, np.datetime64("NaT"), times))
        if kind == "time" and not empty.all():
            whole = [None if gone else _of_day(ms) for ms, gone in zip(filled, empty, strict=True)]
            return pd.Series(whole, dtype=object)
        if kind == "date" and not empty.all():
            days = filled.astype("datetime64[D]").astype(object)
            days[empty] = None
            return pd.Series(days)
        for width in ("i1", "i2", "i4"):
            limits = np.iinfo(width)
            if limits.min <= filled.min(initial=0) and filled.max(initial=0) <= limits.max:
                return pd.Series(pd.arrays.IntegerArray(filled.astype(width), empty))
        return pd.Series(values)


def _milliseconds(at: datetime | time) -> float:
    """Since 1970, or since midnight."""
    whole = at if isinstance(at, datetime) else datetime.combine(_DAY_ONE, at)
    return (whole - _EPOCH) / MILLISECOND


def _of_day(milliseconds: float) -> time:
    return (_EPOCH + milliseconds * MILLISECOND).time()


def columns(table: Table) -> list[Column]:
    """All columns of a table, its rows read once."""
    found = [Column(variable) for variable in table.variables]
    for batch in table.rows():
        for row in batch:
            for column, cell in zip(found, row, strict=True):
                column.add(cell)
    return found


def labels_of(column: Column, labels: Mapping[str, str]) -> dict[int, str]:
    """Each code of a category and its label; a value without one is its own label."""
    return {code: labels.get(value) or value for value, code in column.codes.items()}
