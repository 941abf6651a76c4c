"""Cells that no spreadsheet takes for a formula, and lines of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from surveys.form.model import Question

BOM = b"\xef\xbb\xbf"
"""What makes Excel read a CSV file as UTF-8."""
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
"""A spreadsheet may take a cell that begins with one of these for a formula."""
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


def safe(value: str, question: Question) -> str:
    """A cell: what a person wrote is never a formula; a number stays a number."""
    if question.type in ("integer", "decimal", "date"):
        return value
    if question.type != "text" and NUMBER.fullmatch(value):
        return value
    return harmless(value)


def harmless(text: str) -> str:
    """A text with an apostrophe before what would begin a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def moment(at: datetime) -> str:
    """A time as ODK Central writes it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def tag(language: str) -> str:
    """The tag in a form's name of a language: "中文 (zh)" -> "zh"."""
    tag = language[language.rfind("(") + 1 : -1] if language.endswith(")") else language
    return tag.lower() or "en"
