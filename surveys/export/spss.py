"""SPSS: a .sav file a table, with labels, measures and missing values."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surveys.export.coding import MOST_DISCRETE, codes, cut, in_language, labelled, yes_no
from surveys.export.columns import Columns, columns, example, labels_of
from surveys.export.naming import spss_names
from surveys.export.spss_rows import SpssRows
from surveys.export.table import Table, Variable
from surveys.export.unwritable import not_alike

VARIABLE_LABEL, VALUE_LABEL = 255, 120
"""The longest labels that SPSS keeps, in bytes."""
WIDEST_TEXT = 32_767
"""Bytes of a text."""
COUNT = 80
"""Where the head says how many rows there are …"""
LARGE_COUNT = struct.pack("<4iq", 7, 16, 8, 2, 1)
"""… and what stands before it where it says so once more, in 8 bytes."""


def write_spss(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .sav file for each table into a folder; labels in this language.

    Head, labels and missing values are written by pyreadstat, with one row; the rows are ours
    (`surveys.export.spss_rows`), a batch at a time.
    """
    return [_write(table, folder / f"{table.name}.sav", language) for table in tables]


def _write(table: Table, path: Path, language: str) -> Path:
    from pyreadstat import write_sav

    with columns(table, path.parent, WIDEST_TEXT) as found:
        names = spss_names([one.name for one in table.variables])
        frame, parts = example(found, names)
        write_sav(frame, path, row_compress=True, **_meaning(names, found, language))
        made = SpssRows(found.all)
        head = without_rows(path.read_bytes(), made.rows(parts, last=True))
        struct.pack_into("<i", head, COUNT, found.count)
        at = head.index(LARGE_COUNT)
        struct.pack_into("<q", head, at + len(LARGE_COUNT), found.count)
        done = 0
        with path.open("wb") as file:
            file.write(head)
            for some in found.parts():
                done += len(some[0])
                file.write(made.rows(some, last=done == found.count))
    return path


def without_rows(file: bytes, rows: bytes) -> bytearray:
    """What stands before the rows at a file's end. Raises Unwritable where these are not there."""
    if not file.endswith(rows):
        raise not_alike()
    return bytearray(file[: -len(rows)])


def _meaning(names: Sequence[str], found: Columns, language: str) -> dict[str, Any]:
    """Labels, missing values, measures and formats, as pyreadstat takes them."""
    labels: dict[str, str | None] = {}
    of_values: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[Any]] = {}
    measures: dict[str, str] = {}
    formats: dict[str, str] = {}
    for name, column in zip(names, found.all, strict=True):
        one = column.variable
        label = in_language(one.label, language, one.name)
        labels[name] = cut(label, VARIABLE_LABEL, in_bytes=True)
        measures[name] = "nominal" if one.kind in ("text", "yes_no") else one.measure
        if one.kind == "yes_no":
            of_values[name] = yes_no(language)
        elif one.kind == "category":
            of_values[name] = {
                code: cut(text, VALUE_LABEL, in_bytes=True)
                for code, text in labels_of(column, labelled(one, language)).items()
            }
            missing |= {name: ranges} if (ranges := _missing(one)) else {}
        if one.kind in FORMATS:
            formats[name] = FORMATS[one.kind]
    return {
        "column_labels": labels,
        "variable_value_labels": of_values,
        "missing_ranges": missing,
        "variable_measure": measures,
        "variable_format": formats,
    }


FORMATS = {"yes_no": "F1.0", "category": "F8.0", "integer": "F8.0", "date": "SDATE10",
           "time": "TIME8", "moment": "DATETIME20"}  # fmt: skip
"""How numbers are shown: days as 2026/03/02, times as 07:30:00."""


def _missing(variable: Variable) -> list[Any]:
    """Up to three values, or the range that holds them all."""
    of = codes(variable.values).missing
    if len(of) <= MOST_DISCRETE:
        return [float(one) for one in of]
    return [{"lo": float(of[0]), "hi": float(of[-1])}]
