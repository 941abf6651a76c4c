"""The submissions as a CSV file, with columns named and ordered as KoboToolbox does.

Semicolons between the columns, all cells in quotes; groups and choices after a slash; Kobo's own
columns behind the form's, and ours behind those.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from surveys.export.cells import BOM, harmless, lines, text_of
from surveys.export.own import MARK
from surveys.export.table import Cell, Table, Variable

VALIDATION = {
    "approved": "validation_status_approved",
    "hasIssues": "validation_status_on_hold",
    "rejected": "validation_status_not_approved",
}
"""What Kobo calls a review; what was not reviewed has none."""
INSTEAD = ("SubmissionDate", "meta-instanceID", "KEY", "ReviewState", "FormVersion")
"""Columns of Central's for which Kobo has names of its own."""
KOBO = (
    "_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status",
    "_submitted_by", "__version__", "_tags", "_index",
)  # fmt: skip


def write_kobo(
    table: Table,
    paths: Mapping[str, str],
    folder: Path,
    *,
    labels: str | None = None,
    bom: bool = False,
) -> Path:
    """Writes the submissions into a folder, a batch of rows at a time; see `kobo_csv`."""
    path = folder / f"{table.name}.csv"
    with path.open("wb") as file:
        file.writelines(kobo_csv(table, paths, labels=labels, bom=bom))
    return path


def kobo_csv(
    table: Table, paths: Mapping[str, str], *, labels: str | None = None, bom: bool = False
) -> Iterator[bytes]:
    """The submissions piece by piece, header first.

    `paths`: of each column of a question its path, "group/field". `labels`: the tag of a language,
    for questions and choices by their labels; None: by their names and values ("XML values and
    headers", as Kobo calls it).
    """
    at = {
        one.name.removeprefix(MARK): place
        for place, one in enumerate(table.variables)
        if not one.question
    }
    fields = [place for place, one in enumerate(table.variables) if one.question]
    ours = [place for name, place in at.items() if name not in INSTEAD]
    columns = [table.variables[place] for place in (*fields, *ours)]
    write = [_writer(one, labels) for one in columns]
    asked = [table.variables[place] for place in fields]
    header = [harmless(name) for name in _header(asked, paths, labels)]
    names = [table.variables[place].name for place in ours]
    yield BOM * bom + _lines([[*header, *KOBO, *names]])
    index = 0
    for batch in table.rows():
        rows = []
        for row in batch:
            index += 1
            cells = [one(row[place]) for one, place in zip(write, (*fields, *ours), strict=True)]
            known = {name: row[at[name]] for name in INSTEAD if name in at}
            cells[len(fields) : len(fields)] = _of_kobo(known, index)
            rows.append(cells)
        yield _lines(rows)


def _header(
    asked: Sequence[Variable], paths: Mapping[str, str], labels: str | None
) -> Iterator[str]:
    question = ""
    for one in asked:
        choice = one.question == "select_multiple" and one.kind == "yes_no"
        if labels is None:
            called = paths[one.name]
        else:
            called = one.label.get(labels) or next(iter(one.label.values()), "") or one.name
            called = f"{question}/{called}" if choice else called
            question = question if choice else called
        yield called


def _writer(variable: Variable, labels: str | None) -> Callable[[Cell], str]:
    """How the cells of a column are written."""
    known: Mapping[str, str] = {}
    if labels is not None:
        known = {one.value: one.label.get(labels) or one.value for one in variable.values}

    def write(cell: Cell) -> str:
        if known and isinstance(cell, str):
            words = [cell] if variable.kind == "category" else cell.split()
            return harmless(" ".join(known.get(one, one) for one in words))
        if isinstance(cell, datetime):
            return _time(cell)
        return text_of(cell, variable)

    return write


def _of_kobo(known: Mapping[str, Cell], index: int) -> list[str]:
    """`KOBO` of a submission; nobody is named, nothing is noted."""
    finished = known.get("SubmissionDate")
    at = _time(finished) if isinstance(finished, datetime) else str(finished or "")
    review = VALIDATION.get(str(known["ReviewState"]), "")
    version = harmless(str(known["FormVersion"]))
    key = str(known["KEY"]).removeprefix("uuid:")
    return [str(index), key, at, review, "", "", "", version, "", str(index)]


def _time(at: datetime) -> str:
    """A time as Kobo writes it: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _lines(rows: list[list[str]]) -> bytes:
    return lines(rows, delimiter=";", quoting=csv.QUOTE_ALL)
