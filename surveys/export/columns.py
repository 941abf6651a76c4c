"""A table's rows column by column, for formats whose head says how wide each column is.

The rows are read once. Until it is known how wide texts are and which values come, they wait in a
file: a batch after the other, of each column an array. In memory is one batch.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surveys.export.coding import codes, cut, wall
from surveys.export.table import Cell, Table, Variable

if TYPE_CHECKING:
    import pandas as pd

NARROW: Mapping[str, type[np.int32 | np.int8]] = {
    "category": np.int32, "date": np.int32, "yes_no": np.int8,
}  # fmt: skip
"""As what numbers wait; others as they are."""
LARGEST = 2_147_483_620
"""The largest whole number that Stata keeps in four bytes."""
EPOCH, DAY_ONE = datetime(1970, 1, 1), date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
Texts = list[bytes]
"""In UTF-8."""
Part = NDArray[np.float64] | Texts
"""The cells of a column in some rows: texts, or numbers, NaN where a cell is empty. Of a category
they are codes, of yes or no 1 and 0, of a date days since 1970, of a moment milliseconds, of a time
microseconds, by the clock (`surveys.export.coding.wall`)."""


class Column:
    """One column, and what its format must know of all its cells."""

    def __init__(self, variable: Variable, longest: int | None = None) -> None:
        """longest: bytes to which texts are cut."""
        self.variable = variable
        of = codes(variable.values)
        self.codes = dict(of.of)
        """Of a category; a value that the form does not have gets the next number."""
        self.widest = 1
        """Bytes of the widest text; an empty one has one, too."""
        self.largest = 0.0
        """The largest number, without its sign."""
        self.in_substance = not of.missing
        """Whether any of its values is no missing one, or none could be one."""
        self._missing = np.array(of.missing, np.float64)
        self._longest = longest
        self._number = self._reading()

    @property
    def is_text(self) -> bool:
        """Whether its cells are texts."""
        return self.variable.kind == "text"

    def part(self, cells: Sequence[Cell]) -> Part:
        """The cells of the next rows."""
        if self.is_text:
            texts = [self._text(cell) for cell in cells]
            self.widest = max(self.widest, *map(len, texts))
            return texts
        to = self._number
        if to is not None:
            cells = [None if cell is None else to(cell) for cell in cells]
        # None becomes NaN.
        numbers = np.array(cells, np.float64)
        if not self.in_substance:
            self.in_substance = bool((~np.isnan(numbers) & ~np.isin(numbers, self._missing)).any())
        self.largest = float(np.fmax.reduce(np.abs(numbers), initial=self.largest))
        return numbers

    def example(self, number: int) -> tuple[pd.Series[Any], Part]:
        """One cell as wide as the widest, for a library's data frame and as a part; number: of the
        column, that no two long texts are alike.
        """
        import pandas as pd

        kind = self.variable.kind
        if kind == "text":
            made: Any = f"{number} ".ljust(self.widest, "x")[: self.widest]
            series = pd.Series([made], dtype=pd.StringDtype("python", na_value=np.nan))
            return series, [made.encode()]
        if (kind == "integer" and self.largest > LARGEST) or not self.in_substance:
            kind = "decimal"
        made = {
            "decimal": 0.1, "date": date(2026, 3, 2), "time": time(7, 30, 0, 500_000),
            "moment": datetime(2026, 3, 2, 7, 30, 0, 125_000),
        }.get(kind, 1)  # fmt: skip
        types = {"decimal": "float64", "moment": "datetime64[ms]"}
        series = pd.Series([made], dtype=types.get(kind, "object"))
        to = self._number
        cell = made if to is None or kind in ("category", "decimal") else to(made)
        return series, np.array([cell], np.float64)

    def _text(self, cell: Cell) -> bytes:
        if cell is None:
            return b""
        # A NUL ends a text in these formats, and what follows it would be lost.
        text = str(cell).replace("\0", "")
        if self._longest is not None:
            text = cut(text, self._longest, in_bytes=True)
        return text.encode()

    def _reading(self) -> Callable[[Any], float] | None:
        """What makes a number of a cell; None where it is one."""
        variable = self.variable
        if variable.kind == "category":
            return self._code
        if variable.kind == "date":
            first = DAY_ONE.toordinal()
            return lambda cell: cell.toordinal() - first
        if variable.kind == "time":
            return lambda cell: _since(datetime.combine(DAY_ONE, cell.replace(tzinfo=None)))
        if variable.kind == "moment":
            return lambda cell: round(_since(wall(cell, variable)) / 1000)
        return None

    def _code(self, value: object) -> int:
        text = str(value)
        if text not in self.codes:
            self.codes[text] = max(self.codes.values(), default=0) + 1
        return self.codes[text]


def _since(at: Any) -> int:
    """Microseconds since 1970."""
    whole: timedelta = at - EPOCH
    return whole // MICROSECOND


class Columns:
    """The columns of a table, all of whose rows were read."""

    def __init__(self, table: Table, file: IO[bytes], longest: int | None) -> None:
        """file: where they wait."""
        self.all = [Column(one, longest) for one in table.variables]
        self.count = 0
        """How many rows there are."""
        self._batches = 0
        self._file = file
        for batch in table.rows():
            if batch:
                self._take(batch)

    def _take(self, batch: Sequence[Sequence[Cell]]) -> None:
        waiting = []
        for column, cells in zip(self.all, zip(*batch, strict=True), strict=True):
            part = column.part(cells)
            if not isinstance(part, list) and column.variable.kind in NARROW:
                narrow = NARROW[column.variable.kind]
                empty = np.isnan(part)
                part = np.where(empty, np.iinfo(narrow).min, part).astype(narrow)
            waiting.append(part)
        pickle.dump(waiting, self._file, pickle.HIGHEST_PROTOCOL)
        self.count += len(batch)
        self._batches += 1

    def parts(self) -> Iterator[Sequence[Part]]:
        """Some rows after the other, of each column a part."""
        self._file.seek(0)
        for _ in range(self._batches):
            waited = pickle.load(self._file)  # noqa: S301 - our own, and without a name
            yield [_wide(part) for part in waited]


def _wide(part: Any) -> Part:
    if isinstance(part, list):
        return part
    if part.dtype == np.float64:
        numbers: NDArray[np.float64] = part
        return numbers
    wide: NDArray[np.float64] = np.where(part == np.iinfo(part.dtype).min, np.nan, part)
    return wide


@contextmanager
def columns(table: Table, folder: Path, longest: int | None = None) -> Iterator[Columns]:
    """The columns of a table, its rows read once; they wait in a file in a folder, gone at the end.

    longest: bytes to which texts are cut.
    """
    with TemporaryFile(dir=folder) as file:
        yield Columns(table, file, longest)


def example(found: Columns, names: Sequence[str]) -> tuple[pd.DataFrame, list[Part]]:
    """A row that needs as much room as any, as a data frame and as parts."""
    import pandas as pd

    made = [one.example(at) for at, one in enumerate(found.all)]
    frame = {name: series for name, (series, _) in zip(names, made, strict=True)}
    return pd.DataFrame(frame), [part for _, part in made]


def labels_of(column: Column, labels: Mapping[str, str]) -> dict[int, str]:
    """Each code of a category and its label; a value without one is its own label."""
    return {code: labels.get(value) or value for value, code in column.codes.items()}
