"""Stata: a .dta file a table (version 14 and later), with labels and extended missing values."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surveys.export.coding import codes, cut, in_language, labelled, yes_no
from surveys.export.columns import columns, labels_of
from surveys.export.naming import stata_names
from surveys.export.table import Table

VARIABLE_LABEL = 80
"""Characters; a value's label may have 32,000 bytes."""
VALUE_LABEL = 32_000
FORMATS = {"yes_no": "%8.0g", "category": "%8.0g", "integer": "%8.0g", "decimal": "%9.0g",
           "date": "%td", "time": "%tcHH:MM:SS", "moment": "%tc"}  # fmt: skip


def write_stata(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .dta file for each table into a folder; labels in this language.

    A value that is no answer in substance becomes .a, .b, … with its label. A table stands in
    memory while its file is written.
    """
    return [_write(table, folder / f"{table.name}.dta", language) for table in tables]


def _write(table: Table, path: Path, language: str) -> Path:
    import pandas as pd
    from pyreadstat import write_dta

    names = stata_names([one.name for one in table.variables])
    labels: dict[str, str | None] = {}
    of_values: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[str]] = {}
    formats: dict[str, str] = {}
    series: dict[str, pd.Series[Any]] = {}
    for name, column in zip(names, columns(table), strict=True):
        one = column.variable
        labels[name] = cut(in_language(one.label, language, one.name), VARIABLE_LABEL)
        if one.kind in FORMATS:
            formats[name] = FORMATS[one.kind]
        series[name] = column.series()
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
                series[name] = series[name].astype(object).replace(letters)
    write_dta(
        pd.DataFrame(series, copy=False),
        path,
        version=14,
        column_labels=labels,
        variable_value_labels=of_values,
        missing_user_values=missing,
        variable_format=formats,
    )
    return path


def letters_of(missing: Sequence[int]) -> dict[int, str]:
    """Which of Stata's missing values .a to .z stands for each code; beyond 26 codes stay.

    >>> letters_of([8, 99])
    {8: 'a', 99: 'b'}
    """
    return dict(zip(missing, string.ascii_lowercase, strict=False))
