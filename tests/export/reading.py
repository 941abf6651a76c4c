"""Exports as they are written, read back."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from surveys.export import Filters, Wanted, into_folder, tables
from surveys.export.central import central_csv
from tests.fieldwork import NOW


def rows(content, delimiter=","):
    """The rows of a CSV file, by column."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def made_of(
    database, field, *, released=False, progress=None, unseal=None, now=NOW, folder=None, **filters
):  # fmt: skip
    """The tables of a field, of all its villages without a word on it."""
    filters.setdefault("area_ids", tuple(field.villages.values()))
    return tables(
        database, Filters(**filters), now, released=released, unseal=unseal, progress=progress,
        folder=folder,
    )  # fmt: skip


def files_of(made, **wanted):
    """The files of an export, by name."""
    with TemporaryDirectory() as folder:
        paths = into_folder(made, Wanted(**wanted), Path(folder))
        return {path.name: path.read_bytes() for path in paths}


def submissions(database, field, **more):
    """The rows of submissions.csv."""
    return rows(b"".join(central_csv(made_of(database, field, **more).submissions)))
