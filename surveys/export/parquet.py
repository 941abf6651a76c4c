"""Parquet: a file a table, categories as dictionaries, labels in the schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

from surveys.export.coding import wall
from surveys.export.table import Cell, Table, Variable
from surveys.export.unwritable import Unwritable

ROWS = 20_000
"""Of a row group: all that is in memory at a time."""
KEY = b"usegap"
"""Of the metadata: labels, values and conditions of every column as JSON, under its name."""


def write_parquet(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .parquet file for each table into a folder; labels stand in it in every language.

    Raises Unwritable where pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise Unwritable(
            "Parquet needs the package pyarrow, which is not installed here: pip install"
            " 'usegap[parquet]'."
        ) from None
    return [_write(table, folder / f"{table.name}.parquet") for table in tables]


def _write(table: Table, path: Path) -> Path:
    from pyarrow import parquet

    schema = _schema(table)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[Sequence[Cell]] = []
        for row in chain.from_iterable(table.rows()):
            waiting.append(row)
            if len(waiting) == ROWS:
                writer.write_table(_group(table, schema, waiting))
                waiting.clear()
        if waiting:
            writer.write_table(_group(table, schema, waiting))
    return path


def _schema(table: Table) -> Any:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "category": pa.dictionary(pa.int32(), pa.string()),
        "integer": pa.int64(),
        "decimal": pa.float64(),
        "date": pa.date32(),
        "time": pa.time32("ms"),
        "moment": pa.timestamp("ms", tz="UTC"),
        "yes_no": pa.bool_(),
    }
    clock = pa.timestamp("ms")
    fields = [
        pa.field(
            one.name, clock if one.kind == "moment" and one.question else types[one.kind]
        )
        for one in table.variables
    ]  # fmt: skip
    meaning = {one.name: _meaning(one) for one in table.variables}
    return pa.schema(fields, {KEY: json.dumps(meaning, ensure_ascii=False).encode()})


def _meaning(one: Variable) -> dict[str, Any]:
    return {
        "label": dict(one.label),
        "type": one.question,
        "measure": one.measure,
        "values": [
            {"value": value.value, "label": dict(value.label), "missing": value.missing}
            for value in one.values
        ],
        "relevant": one.relevant,
    }


def _group(table: Table, schema: Any, rows: Sequence[Sequence[Cell]]) -> Any:
    import pyarrow as pa

    arrays = []
    for number, one in enumerate(table.variables):
        cells: list[Any] = [row[number] for row in rows]
        if one.kind in ("time", "moment"):
            cells = [
                wall(cell, one) if isinstance(cell, datetime | time) else cell for cell in cells
            ]
        elif one.kind == "yes_no":
            cells = [None if cell is None else bool(cell) for cell in cells]
        if one.kind == "category":
            # Every choice is in the dictionary, chosen or not, in the form's order.
            known = [value.value for value in one.values]
            known += sorted({str(cell) for cell in cells if cell is not None}.difference(known))
            at = {value: index for index, value in enumerate(known)}
            codes = [None if cell is None else at[str(cell)] for cell in cells]
            arrays.append(
                pa.DictionaryArray.from_arrays(
                    pa.array(codes, pa.int32()), pa.array(known, pa.string())
                )
            )
        else:
            arrays.append(pa.array(cells, schema.field(number).type))
    return pa.Table.from_arrays(arrays, schema=schema)
