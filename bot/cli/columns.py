"""Columns of a CSV file from elsewhere, as numbers and as codes; what is wrong is one sentence.

The sentences name columns and rows, never a value: values are answers.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.opening import Problem, content_of

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.frame import Bools, Floats, Ints

MISSING = ("", "NA", "NaN", "nan", "<NA>")
"""What stands for no value: nothing, and what R and pandas write."""
TRUE, FALSE = ("TRUE", "True", "true"), ("FALSE", "False", "false")


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file."""

    name: str
    header: tuple[str, ...]
    """All its columns, those too that were not asked for."""
    frame: pd.DataFrame
    """Its texts, "" where a cell is empty; rows numbered from 1 below the header."""

    def texts(self, column: str) -> pd.Series[str]:
        """A column's texts, without blanks around them."""
        self.need(column)
        return self.frame[column].str.strip()

    def need(self, column: str) -> None:
        """A `Problem` where there is no such column."""
        if column not in self.frame:
            near = get_close_matches(column, self.header, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise Problem(f"{self.name} has no column {column}.{meant}")

    def numbers(self, column: str) -> Floats:
        """A column of numbers, NaN where missing; raises `Problem`."""
        import numpy as np
        import pandas as pd

        texts = self.texts(column)
        found = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        wrong = ~np.isfinite(found) & ~texts.isin(MISSING).to_numpy()
        if wrong.any():
            raise Problem(
                f"{self.name}: the column {column} holds something that is no number,"
                f" first in row {self._row(wrong)} below the header."
            )
        return found

    def shares(self, wanted: str) -> Floats:
        """0 and 1 of a column of these, or of `COLUMN=VALUE`; NaN where missing."""
        import numpy as np
        import pandas as pd

        column, sign, value = wanted.rpartition("=")
        if wanted in self.frame or not sign:
            texts = self.texts(wanted)
            swap = {**dict.fromkeys(TRUE, "1"), **dict.fromkeys(FALSE, "0")}
            found = pd.to_numeric(texts.replace(swap), errors="coerce").to_numpy(np.float64)
            wrong = ~np.isin(found, (0, 1)) & ~texts.isin(MISSING).to_numpy()
            if wrong.any():
                raise Problem(
                    f"{self.name}: the column {wanted} is not of 0 and 1, first in row"
                    f" {self._row(wrong)} below the header: write --proportion {wanted}=VALUE."
                )
            return found
        texts = self.texts(column)
        same = (texts == value.strip()).to_numpy()
        number = pd.to_numeric(pd.Series([value]), errors="coerce").to_numpy(np.float64)[0]
        if np.isfinite(number):
            same = same | (pd.to_numeric(texts, errors="coerce").to_numpy(np.float64) == number)
        return np.where(texts.isin(MISSING).to_numpy() & ~same, np.nan, same.astype(np.float64))

    def given(self, column: str) -> Bools:
        """Where a column has a value."""
        found: Bools = ~self.texts(column).isin(MISSING).to_numpy()
        return found

    def whole(self, column: str) -> None:
        """A `Problem` where a column lacks a value."""
        lacks = ~self.given(column)
        if lacks.any():
            raise Problem(
                f"{self.name}: the column {column} has no value in {int(lacks.sum())} rows,"
                f" first in row {self._row(lacks)} below the header."
            )

    def codes(self, column: str) -> tuple[Ints, list[str]]:
        """Codes from 0, -1 where missing, and the values, numbers in their order."""
        import numpy as np
        import pandas as pd

        texts = self.texts(column)
        given = self.given(column)
        found, values = pd.factorize(texts.where(given))
        names = [str(value) for value in values]
        numbers = pd.to_numeric(pd.Series(names, dtype=str), errors="coerce").to_numpy(np.float64)
        keys = numbers if np.isfinite(numbers).all() else np.array(names, dtype=str)
        order = np.argsort(keys, kind="stable")
        place = np.empty(len(order) + 1, np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        return place[found], [names[at] for at in order]

    def only(self, rows: Bools) -> Table:
        """The rows chosen, numbered as before."""
        return replace(self, frame=self.frame[rows])

    def _row(self, rows: Bools) -> int:
        return int(self.frame.index[int(rows.argmax())])


def read_table(file: Path, wanted: list[str]) -> Table:
    """Those of the wanted columns that a CSV file has; raises `Problem`.

    UTF-8, UTF-16 with its mark, or GB18030; comma, semicolon or tab, whichever the header has most.
    """
    import pandas as pd

    text = _text(content_of(file), file.name)
    head = text.lstrip("\r\n").partition("\n")[0]
    if not head.strip():
        raise Problem(f"{file.name} is empty.")
    separator = max(",;\t", key=head.count)
    try:
        header = next(csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=separator))
        names = [name.strip() for name in header]
        twice = [name for name in wanted if names.count(name) > 1]
        if twice:
            raise Problem(f"{file.name} has the column {twice[0]} twice.")
        places = sorted({names.index(name) for name in wanted if name in names})
        frame = pd.read_csv(
            io.StringIO(text.lstrip("\r\n"), newline=""),
            sep=separator, dtype=str, keep_default_na=False, na_filter=False, header=None,
            names=range(len(names)), usecols=places or [0], index_col=False,
        )  # fmt: skip
    except (csv.Error, pd.errors.ParserError):
        raise Problem(f"{file.name} cannot be read as CSV.") from None
    frame = frame.iloc[1:].fillna("")
    if frame.empty:
        raise Problem(f"{file.name} has no rows below its header.")
    frame = frame[places].set_axis([names[at] for at in places], axis=1)
    return Table(file.name, tuple(names), frame)


def _text(content: bytes, name: str) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise Problem(f"{name} is an Excel workbook: save it as CSV UTF-8.")
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Problem(f"{name} is neither UTF-8 nor GB18030 text: save it as CSV UTF-8.")
