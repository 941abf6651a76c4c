"""Stata: a .dta file a table (version 14 and later), with labels and extended missing values."""

from __future__ import annotations

import shutil
import string
import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from surveys.export.coding import codes, cut, in_language, labelled, yes_no
from surveys.export.columns import Columns, columns, example, labels_of
from surveys.export.naming import stata_names
from surveys.export.stata_rows import StataRows
from surveys.export.table import Table
from surveys.export.unwritable import not_alike

VARIABLE_LABEL = 80
"""Characters; a value's label may have 32,000 bytes."""
VALUE_LABEL = 32_000
FORMATS = {"yes_no": "%8.0g", "category": "%8.0g", "integer": "%8.0g", "decimal": "%9.0g",
           "date": "%td", "time": "%tcHH:MM:SS", "moment": "%tc"}  # fmt: skip

BEFORE_TYPES, AFTER_ROWS = b"<variable_types>", b"</data><strls>"
BEFORE_LABELS = b"</strls>"
PARTS, ROWS, BEHIND, LABELS = 14, 9, 10, 11
"""How many parts a file has, and which of them are the rows, the long texts behind them, and the
labels of values."""


def write_stata(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .dta file for each table into a folder; labels in this language.

    A value that is no answer in substance becomes .a, .b, … with its label. Head and labels are
    written by pyreadstat, with one row; the rows are ours (`surveys.export.stata_rows`), a batch at
    a time.
    """
    return [_write(table, folder / f"{table.name}.dta", language) for table in tables]


def _write(table: Table, path: Path, language: str) -> Path:
    from pyreadstat import write_dta

    with columns(table, path.parent) as found, TemporaryFile(dir=path.parent) as behind:
        names = stata_names([one.name for one in table.variables])
        frame, parts = example(found, names)
        write_dta(frame, path, version=14, **_meaning(names, found, language))
        around = _Around(path.read_bytes())
        letters = [letters_of(codes(one.variable.values).missing) for one in found.all]
        made = StataRows(found.all, around.types, letters)
        around.check(made.rows(parts, 0, BytesIO()))
        done = 0
        with path.open("wb") as file:
            # Written once more when it is known how much there is.
            file.write(around.head)
            for some in found.parts():
                file.write(made.rows(some, done, behind))
                done += len(some[0])
            file.write(AFTER_ROWS)
            behind.seek(0)
            shutil.copyfileobj(behind, file)
            file.write(around.tail)
            file.seek(0)
            file.write(around.finished(done, done * made.width, behind.tell()))
    return path


class _Around:
    """What stands around the rows of a file, taken from one with a single row."""

    def __init__(self, file: bytes) -> None:
        self._map = file.index(b"<map>") + len(b"<map>")
        """Where it is said at which byte each part of the file begins."""
        self._places = list(struct.unpack_from(f"<{PARTS}q", file, self._map))
        rows = self._places[ROWS] + len(b"<data>")
        self.head = file[:rows]
        self.tail = file[self._places[LABELS] - len(BEFORE_LABELS) :]
        self._between = file[rows : self._places[BEHIND]]
        begin = file.index(BEFORE_TYPES) + len(BEFORE_TYPES)
        end = file.index(b"</variable_types>")
        self.types = struct.unpack(f"<{(end - begin) // 2}H", file[begin:end])
        """Of each column, as the format numbers them."""

    def check(self, row: bytes) -> None:
        """Raises Unwritable where pyreadstat wrote another one in the place of this row."""
        if self._between != row + AFTER_ROWS[: -len(b"<strls>")]:
            raise not_alike()

    def finished(self, count: int, rows: int, behind: int) -> bytes:
        """The head of a file with so many rows, of so many bytes, and so many behind them."""
        places = self._places.copy()
        places[BEHIND] = len(self.head) + rows + len(b"</data>")
        labels = places[BEHIND] + len(b"<strls>") + behind + len(BEFORE_LABELS)
        places[LABELS:] = [one - places[LABELS] + labels for one in places[LABELS:]]
        head = bytearray(self.head)
        struct.pack_into(f"<{PARTS}q", head, self._map, *places)
        struct.pack_into("<q", head, head.index(b"<N>") + len(b"<N>"), count)
        return bytes(head)


def _meaning(names: Sequence[str], found: Columns, language: str) -> dict[str, Any]:
    """Labels, missing values and formats, as pyreadstat takes them."""
    labels: dict[str, str | None] = {}
    of_values: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[str]] = {}
    formats: dict[str, str] = {}
    for name, column in zip(names, found.all, strict=True):
        one = column.variable
        labels[name] = cut(in_language(one.label, language, one.name), VARIABLE_LABEL)
        if one.kind in FORMATS:
            formats[name] = FORMATS[one.kind]
        if one.kind == "yes_no":
            of_values[name] = yes_no(language)
        elif one.kind == "category":
            letters = letters_of(codes(one.values).missing)
            of_values[name] = {
                letters.get(code, code): cut(text, VALUE_LABEL, in_bytes=True)
                for code, text in labels_of(column, labelled(one, language)).items()
            }
            if letters:
                missing[name] = list(letters.values())
    return {
        "column_labels": labels,
        "variable_value_labels": of_values,
        "missing_user_values": missing,
        "variable_format": formats,
    }


def letters_of(missing: Sequence[int]) -> dict[int, str]:
    """Which of Stata's missing values .a to .z stands for each code; beyond 26 codes stay.

    >>> letters_of([8, 99])
    {8: 'a', 99: 'b'}
    """
    return dict(zip(missing, string.ascii_lowercase, strict=False))
