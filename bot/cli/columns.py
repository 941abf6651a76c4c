"""Columns of a CSV file from elsewhere, as numbers and as codes; what is wrong is one sentence.

The sentences name columns and rows, never a value: values are answers.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.opening import Problem, content_of, note

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.frame import Bools, Floats, Ints

MISSING = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "<NA>", "NULL", "null", ".")
)  # fmt: skip
"""What stands for no value: nothing, and what R, pandas, databases, older Kobo and Stata write."""
WORDS = {**dict.fromkeys(("TRUE", "True", "true"), 1.0),
         **dict.fromkeys(("FALSE", "False", "false"), 0.0)}  # fmt: skip
COMMA = re.compile(r"[-+]?[\d.]*\d,\d+")
SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Cells:
    """One column: which of its different texts each row has."""

    codes: Ints
    """(rows,)"""
    texts: list[str]
    """The different texts, without blanks around them."""

    @cached_property
    def given(self) -> Bools:
        """(rows,) where there is a value."""
        import numpy as np

        there: Bools = np.array([text not in MISSING for text in self.texts], bool)[self.codes]
        return there

    @cached_property
    def numbers(self) -> Floats:
        """(texts,) as numbers, NaN where a text is none."""
        import numpy as np
        import pandas as pd

        texts = pd.Series(self.texts, dtype=object)
        found: Floats = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    def only(self, rows: Bools) -> Cells:
        """The rows chosen."""
        return Cells(self.codes[rows], self.texts)


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file."""

    name: str
    header: tuple[str, ...]
    """All its columns, those too that were not asked for."""
    columns: dict[str, Cells]
    rows: Ints
    """(rows,) their numbers, from 1 below the header."""

    def cells(self, column: str) -> Cells:
        """A column; a `Problem` where there is no such one."""
        if column not in self.columns:
            ends = [one for one in self.header if re.search(rf"[/:-]{re.escape(column)}$", one)]
            near = ends[:1] or get_close_matches(column, self.header, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise Problem(f"{self.name} has no column {column}.{meant}")
        return self.columns[column]

    def values(self, column: str) -> list[str]:
        """The text of each row."""
        cells = self.cells(column)
        return [cells.texts[code] for code in cells.codes]

    def numbers(self, column: str) -> Floats:
        """A column of numbers, TRUE and FALSE 1 and 0, NaN where missing; raises `Problem`."""
        import numpy as np

        cells = self.cells(column)
        found = cells.numbers
        if MISSING.union(WORDS, "01").issuperset(cells.texts):
            found = np.array(
                [WORDS.get(text, known) for text, known in zip(cells.texts, found, strict=True)]
            )
        numbers: Floats = found[cells.codes]
        wrong = np.isnan(numbers) & cells.given
        if wrong.any():
            text = cells.texts[int(cells.codes[int(wrong.argmax())])]
            what = (
                "has a number with a comma, which has to be written with a point,"
                if COMMA.fullmatch(text)
                else "holds something that is no number,"
            )
            raise Problem(f"{self.name}: the column {column} {what} first in {self._row(wrong)}.")
        return numbers

    def shares(self, wanted: str) -> Floats:
        """0 and 1 of a column of these, or of `COLUMN=VALUE`; NaN where missing."""
        import numpy as np
        import pandas as pd

        column, value = self.value_of(wanted)
        if value is None:
            found = self.numbers(column)
            wrong = np.isfinite(found) & (found != 0) & (found != 1)
            if wrong.any():
                raise Problem(
                    f"{self.name}: the column {wanted} is not of 0 and 1, first in"
                    f" {self._row(wrong)}: write {wanted}=VALUE."
                )
            return found
        cells = self.cells(column)
        same = np.array([text == value for text in cells.texts])
        number = float(pd.to_numeric(pd.Series([value]), errors="coerce").to_numpy(np.float64)[0])
        if np.isfinite(number):
            same |= cells.numbers == number
        here = same[cells.codes]
        return np.where(cells.given | here, here.astype(np.float64), np.nan)

    def value_of(self, wanted: str) -> tuple[str, str | None]:
        """The column and the value of `COLUMN=VALUE`; no value where it is a column's name."""
        column, sign, value = wanted.rpartition("=")
        return (wanted, None) if wanted in self.columns or not sign else (column, value.strip())

    def measured(self, wanted: str) -> Floats:
        """Numbers of a column, or 0 and 1 of `COLUMN=VALUE`."""
        column, value = self.value_of(wanted)
        return self.numbers(column) if value is None else self.shares(wanted)

    def whole(self, column: str) -> None:
        """A `Problem` where a column lacks a value."""
        lacks = ~self.cells(column).given
        if lacks.any():
            raise Problem(
                f"{self.name}: the column {column} has no value in {int(lacks.sum())} rows,"
                f" first in {self._row(lacks)}."
            )

    def codes(self, column: str) -> tuple[Ints, list[str]]:
        """Codes from 0, -1 where missing, and the values, numbers in their order."""
        import numpy as np

        cells = self.cells(column)
        held = np.bincount(cells.codes[cells.given], minlength=len(cells.texts)) > 0
        there = np.flatnonzero(held)
        numbers = cells.numbers[there]
        texts = np.array([cells.texts[at] for at in there], dtype=object)
        if not np.isnan(numbers).any():
            order = there[np.argsort(numbers, kind="stable")]
        else:
            order = there[np.argsort(texts, kind="stable")]
        place = np.full(len(cells.texts), -1)
        place[order] = np.arange(len(order))
        return place[cells.codes], [cells.texts[at] for at in order]

    def only(self, rows: Bools) -> Table:
        """The rows chosen, numbered as before."""
        cut = {name: cells.only(rows) for name, cells in self.columns.items()}
        return Table(self.name, self.header, cut, self.rows[rows])

    def _row(self, rows: Bools) -> str:
        return f"row {self.rows[int(rows.argmax())]} below the header"


def read_table(file: Path, wanted: list[str]) -> Table:
    """Those of the wanted columns that a CSV file has; raises `Problem`.

    UTF-8, UTF-16 with its mark, or GB18030; comma, semicolon or tab, whichever makes most columns.
    """
    import numpy as np
    import pandas as pd

    text = _text(content_of(file), file.name).lstrip("\r\n")
    if text[:4].lower() == "sep=":
        text = text.partition("\n")[2]
    if not text.strip():
        raise Problem(f"{file.name} is empty.")
    try:
        headers = {one: _header(text, one) for one in SEPARATORS}
        separator = max(headers, key=lambda one: len(headers[one]))
        names = headers[separator]
        twice = [name for name in wanted if names.count(name) > 1]
        if twice:
            raise Problem(f"{file.name} has the column {twice[0]} twice.")
        places = sorted({names.index(name) for name in wanted if name in names})
        # Excel leaves empty rows at the end.
        text = text.rstrip(separator + " \r\n")
        # A first line with one cell more than the header: what stands there makes a row too long.
        frame = pd.read_csv(
            io.StringIO(separator * len(names) + "\n" + text, newline=""), sep=separator,
            dtype=object, keep_default_na=False, na_filter=False, header=None,
            names=[str(at) for at in range(len(names) + 1)],
            usecols=[*places, len(names)], index_col=False,
        ).iloc[2:]  # fmt: skip
    except (csv.Error, pd.errors.ParserError):
        raise Problem(f"{file.name} cannot be read as CSV.") from None
    if frame.empty:
        raise Problem(f"{file.name} has no rows below its header.")
    longer = (frame.pop(str(len(names))).fillna("") != "").to_numpy()
    if longer.any():
        raise Problem(
            f"{file.name} has more cells than columns, first in row {int(longer.argmax()) + 1}"
            " below the header: is there a comma in a number?"
        )
    columns = {names[at]: cells_of(frame[str(at)]) for at in places}
    return Table(file.name, tuple(names), columns, np.arange(1, len(frame) + 1))


def _header(text: str, separator: str) -> list[str]:
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    return [name.strip() for name in header]


def cells_of(column: pd.Series[str]) -> Cells:
    """The different texts of a column, without blanks around them."""
    import numpy as np
    import pandas as pd

    codes, texts = pd.factorize(column.fillna("").to_numpy(object))
    stripped = [str(text).strip() for text in texts]
    if len(set(stripped)) < len(stripped):
        again, found = pd.factorize(np.array(stripped, dtype=object))
        return Cells(again[codes], [str(text) for text in found])
    return Cells(codes, stripped)


def _text(content: bytes, name: str) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise Problem(f"{name} is an Excel workbook: save it as CSV UTF-8.")
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            note(f"{name} is not UTF-8: it was read as GB18030.")
        return text
    raise Problem(f"{name} is neither UTF-8 nor GB18030 text: save it as CSV UTF-8.")
