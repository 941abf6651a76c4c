"""Columns of a Parquet file, or of a folder of them, as those of a CSV file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from bot.cli.columns import Table, cells_of, read_table
from bot.cli.opening import Problem


def read_file(file: Path, wanted: list[str]) -> Table:
    """Those of the wanted columns that a CSV or Parquet file has; raises `Problem`."""
    if file.suffix.lower() != ".parquet" and not file.is_dir():
        return read_table(file, wanted)
    if importlib.util.find_spec("pyarrow") is None:
        from surveys.export.parquet import WITHOUT

        raise Problem(WITHOUT)
    import numpy as np
    import pyarrow as pa
    from pyarrow import dataset

    try:
        held = dataset.dataset(file, format="parquet")
        names = held.schema.names
        found = held.to_table(columns=[one for one in dict.fromkeys(wanted) if one in names])
        columns = {
            name: cells_of(found[name].cast(pa.string()).fill_null("").to_pandas().astype(object))
            for name in found.column_names
        }
    except (OSError, pa.ArrowException):
        raise Problem(f"{file.name} cannot be read as Parquet.") from None
    if not held.count_rows():
        raise Problem(f"{file.name} has no rows.")
    return Table(file.name, tuple(names), columns, np.arange(1, held.count_rows() + 1))
