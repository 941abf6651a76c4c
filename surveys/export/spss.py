"""SPSS: a .sav file a table, with labels, measures and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surveys.export.coding import MOST_DISCRETE, codes, cut, in_language, labelled, yes_no
from surveys.export.columns import columns, labels_of
from surveys.export.naming import spss_names
from surveys.export.table import Table, Variable

VARIABLE_LABEL, VALUE_LABEL = 255, 120
"""The longest labels that SPSS keeps, in bytes."""
WIDEST_TEXT = 32_767
"""Bytes of a text."""


def write_spss(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .sav file for each table into a folder; labels in this language.

    A table stands in memory while its file is written.
    """
    return [_write(table, folder / f"{table.name}.sav", language) for table in tables]


def _write(table: Table, path: Path, language: str) -> Path:
    import pandas as pd
    from pyreadstat import write_sav

    names = spss_names([one.name for one in table.variables])
    found = columns(table)
    labels: dict[str, str | None] = {}
    of_values: dict[str, dict[Any, str]] = {}
    missing: dict[str, list[Any]] = {}
    measures: dict[str, str] = {}
    formats: dict[str, str] = {}
    for name, column in zip(names, found, strict=True):
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
    frame = pd.DataFrame(
        {name: one.series() for name, one in zip(names, found, strict=True)}, copy=False
    )
    for name, column in zip(names, found, strict=True):
        if column.variable.kind == "text":
            frame[name] = frame[name].map(lambda text: cut(text, WIDEST_TEXT, in_bytes=True))
    write_sav(
        frame,
        path,
        column_labels=labels,
        row_compress=True,
        variable_value_labels=of_values,
        missing_ranges=missing,
        variable_measure=measures,
        variable_format=formats,
    )
    return path


FORMATS = {"yes_no": "F1.0", "category": "F8.0", "integer": "F8.0", "date": "SDATE10",
           "time": "TIME8", "moment": "DATETIME20"}  # fmt: skip
"""How numbers are shown: days as 2026/03/02, times as 07:30:00."""


def _missing(variable: Variable) -> list[Any]:
    """Up to three values, or the range that holds them all."""
    of = codes(variable.values).missing
    if len(of) <= MOST_DISCRETE:
        return [float(one) for one in of]
    return [{"lo": float(of[0]), "hi": float(of[-1])}]
