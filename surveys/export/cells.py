"""Cells that no spreadsheet takes for a formula, and lines of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time

from surveys.export.table import Cell, Variable

BOM = b"\xef\xbb\xbf"
"""What makes Excel read a CSV file as UTF-8."""
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet may take a cell that begins with one of these for a formula."""
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
PLACES = re.compile(r"[-\d.e ;]+")


def text_of(cell: Cell, variable: Variable) -> str:
    """A cell as text: what a person wrote is never a formula; a number stays a number."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if not cell.startswith(DANGEROUS):
            return cell
        # What is made of digits alone does nothing, whatever program opens it.
        typed = variable.question in ("text", "barcode", "")
        places = variable.question in ("geotrace", "geoshape") and PLACES.fullmatch(cell)
        return cell if places or (not typed and NUMBER.fullmatch(cell)) else harmless(cell)
    if isinstance(cell, datetime):
        return told(cell) if variable.question else moment(cell)
    if isinstance(cell, time):
        return told(cell)
    if isinstance(cell, float):
        return number(cell)
    return str(cell)


def told(at: datetime | time) -> str:
    """A time as an XForm writes it: by the clock of who answered, with its offset.

    >>> told(time.fromisoformat("07:30:00.000+08:00"))
    '07:30:00.000+08:00'
    """
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def harmless(text: str) -> str:
    """A text with an apostrophe before what would begin a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def number(value: float) -> str:
    """A number in full, without a fraction where there is none.

    >>> number(50.0), number(66.66666666666667)
    ('50', '66.66666666666667')
    """
    return str(int(value)) if value.is_integer() else repr(value)


def moment(at: datetime) -> str:
    """A time as ODK Central writes it: UTC, milliseconds, Z."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[: -len('+00:00')]}Z"


def alike(cells: Sequence[Cell]) -> bool:
    """Whether some cells of a column are all the same: sooner found than what each of them means.

    >>> alike(["a", "a", "a"]), alike(["a", "b", "a"]), alike(["a", None])
    (True, False, False)
    """
    return cells[0] == cells[-1] and cells.count(cells[0]) == len(cells)


def lines(
    rows: Iterable[Sequence[str]], delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL
) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")  # type: ignore[arg-type]
    writer.writerows(rows)
    return text.getvalue().encode()


def tag(language: str) -> str:
    """The tag in a form's name of a language: "中文 (zh)" -> "zh"."""
    tag = language[language.rfind("(") + 1 : -1] if language.endswith(")") else language
    return tag.lower() or "en"
