"""Parquet: a file a table, categories as dictionaries, labels in the schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

from surveys.export.coding import wall
from surveys.export.table import Cell, Table, Variable
from surveys.export.unwritable import Unwritable

WITHOUT = (
    "Parquet needs the package pyarrow, which is not installed here: pip install 'usegap[parquet]'."
)
"""What is said where it is not there."""
ROWS = 20_000
"""Of a row group: of what is still to be written, all that is in memory at a time. Of each group
that is written the writer keeps 0.2 MiB, and as much again at its end."""
KEY = b"usegap"
"""Of the metadata: labels, values and conditions of every column as JSON, under its name."""


def write_parquet(tables: Sequence[Table], folder: Path, language: str) -> list[Path]:
    """Writes a .parquet file for each table into a folder; labels stand in it in every language.

    Raises Unwritable where pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise Unwritable(WITHOUT) from None
    return [_write(table, folder / f"{table.name}.parquet") for table in tables]


def _write(table: Table, path: Path) -> Path:
    from pyarrow import parquet

    schema = _schema(table)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting = _Waiting(table, schema)
        for batch in table.rows():
            left = batch
            while left:
                room = ROWS - waiting.count
                waiting.add(left[:room])
                left = left[room:]
                if waiting.count == ROWS:
                    writer.write_table(waiting.group())
        if waiting.count:
            writer.write_table(waiting.group())
    return path


class _Waiting:
    """Rows of the next row group, of each batch and column an array."""

    def __init__(self, table: Table, schema: Any) -> None:
        self._variables = table.variables
        self._schema = schema
        self._arrays: list[list[Any]] = [[] for _ in table.variables]
        # Every choice is in the dictionary, chosen or not, in the form's order.
        self._codes = [
            {value.value: code for code, value in enumerate(one.values)} for one in table.variables
        ]
        self.count = 0
        """How many rows there are."""

    def add(self, batch: Sequence[Sequence[Cell]]) -> None:
        """The next rows, at least one."""
        import pyarrow as pa

        for at, (one, cells) in enumerate(
            zip(self._variables, zip(*batch, strict=True), strict=True)
        ):
            kind = pa.int32() if one.kind == "category" else self._schema.field(at).type
            self._arrays[at].append(pa.array(_values(one, cells, self._codes[at]), kind))
        self.count += len(batch)

    def group(self) -> Any:
        """All of them, and none is left."""
        import pyarrow as pa

        made = []
        for one, arrays, codes in zip(self._variables, self._arrays, self._codes, strict=True):
            if one.kind == "category":
                choices = pa.array(list(codes), pa.string())
                arrays[:] = [pa.DictionaryArray.from_arrays(some, choices) for some in arrays]
            made.append(pa.chunked_array(arrays))
            arrays.clear()
        self.count = 0
        return pa.Table.from_arrays(made, schema=self._schema)


def _values(one: Variable, cells: Sequence[Cell], codes: dict[str, int]) -> Sequence[Any]:
    """Cells as Arrow takes them; codes: of a category, one that the form does not have is added."""
    if one.kind == "category":
        return [
            None if cell is None else codes.setdefault(str(cell), len(codes)) for cell in cells
        ]  # fmt: skip
    if one.kind in ("time", "moment"):
        return [wall(cell, one) if isinstance(cell, datetime | time) else cell for cell in cells]
    if one.kind == "yes_no":
        return [None if cell is None else bool(cell) for cell in cells]
    return cells


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
