"""Tables as CSV files, with columns named and ordered as KoboToolbox does.

Semicolons between the columns, all cells in quotes; groups, repeats and choices after a slash;
Kobo's own columns behind the form's, and ours behind those. Kobo writes repeats into Excel files
alone; here they are files as its sheets are.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from surveys.export.cells import BOM, harmless, lines, text_of
from surveys.export.reader import NUMBERS
from surveys.export.repeats import LINKS, RepeatTable
from surveys.export.table import MARK, Cell, Table, Variable

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
    "_submitted_by", "__version__", "_tags",
)  # fmt: skip
INDEX = "_index"
PARENT = ("_parent_table_name", "_parent_index")
_OF_PLACE = ("latitude", "longitude", "altitude", "precision")
"""What Kobo calls the numbers of a place, which stand behind the place as it was answered."""
_Group = tuple[int, ...]
"""The places in a row of the columns that are written together: one, or the four of a place."""


def write_kobo(
    table: Table, folder: Path, *, labels: str | None = None, bom: bool = False
) -> Path:  # fmt: skip
    """Writes the submissions into a folder, a batch of rows at a time; see `kobo_csv`."""
    path = folder / f"{table.name}.csv"
    with path.open("wb") as file:
        file.writelines(kobo_csv(table, labels=labels, bom=bom))
    return path


def write_kobo_repeats(
    repeats: Sequence[RepeatTable], folder: Path, *, labels: str | None = None, bom: bool = False
) -> list[Path]:
    """Writes a file for each repeat into a folder; see `repeat_csv`."""
    paths = []
    for one in repeats:
        path = folder / f"{one.table.name}.csv"
        with path.open("wb") as file:
            file.writelines(repeat_csv(one, labels=labels, bom=bom))
        paths.append(path)
    return paths


def kobo_csv(table: Table, *, labels: str | None = None, bom: bool = False) -> Iterator[bytes]:
    """The submissions piece by piece, header first.

    `labels`: the tag of a language, for questions and choices by their labels; None: by their names
    and values ("XML values and headers", as Kobo calls it).
    """
    at = {
        one.name.removeprefix(MARK): place
        for place, one in enumerate(table.variables)
        if not one.question
    }
    fields = _Fields(table.variables, labels)
    ours = [place for name, place in at.items() if name not in INSTEAD]
    columns = [table.variables[place] for place in ours]
    yield BOM * bom + _lines([[*fields.header, *KOBO, INDEX, *(one.name for one in columns)]])
    index = 0
    for batch in table.rows():
        rows = []
        for row in batch:
            index += 1
            known = {name: row[at[name]] for name in INSTEAD if name in at}
            rest = (_text(row[place], one) for place, one in zip(ours, columns, strict=True))
            rows.append([*fields.cells(row), *_of_kobo(known, index), str(index), *rest])
        yield _lines(rows)


def repeat_csv(
    repeat: RepeatTable, *, labels: str | None = None, bom: bool = False
) -> Iterator[bytes]:
    """The rows of a repeat piece by piece, header first: with the number of each, that of the row
    around it in its table, and what Kobo says of the submission.
    """
    table = repeat.linked
    fields = _Fields(table.variables, labels)
    above = [f"_submission_{name}" for name in KOBO]
    yield BOM * bom + _lines([[*fields.header, INDEX, *PARENT, *above]])
    for batch in table.rows():
        rows = []
        for row in batch:
            number, parent, submission = row[-len(LINKS) - 3 : -len(LINKS)]
            known = dict(zip(LINKS, row[-len(LINKS) :], strict=True))
            rows.append([
                *fields.cells(row), str(number), table.parent, str(parent),
                *_of_kobo(known, submission),
            ])  # fmt: skip
        yield _lines(rows)


class _Fields:
    """The form's columns of a table."""

    def __init__(self, variables: Sequence[Variable], labels: str | None) -> None:
        self._variables = variables
        self._labels = labels
        self._groups = list(_groups(variables))
        self.header = [harmless(name) for name in self._header()]
        self._write = [_writer(one, labels) for one in variables]

    def _header(self) -> Iterator[str]:
        question = ""
        for group in self._groups:
            one = self._variables[group[0]]
            if len(group) > 1:
                whole = self._called(one.whole, one.path)
                above, _, name = whole.rpartition("/") if self._labels is None else ("", "", whole)
                yield whole
                yield from (f"{above}{'/' if above else ''}_{name}_{part}" for part in _OF_PLACE)
            elif one.part:
                yield f"{question}/{self._called(one.label, one.part)}"
            else:
                question = self._called(one.label, one.path)
                yield question

    def _called(self, label: Mapping[str, str], otherwise: str) -> str:
        if self._labels is None:
            return otherwise
        return label.get(self._labels) or next(iter(label.values()), "") or otherwise

    def cells(self, row: Sequence[Cell]) -> list[str]:
        """What stands in a row in these columns."""
        found: list[str] = []
        for group in self._groups:
            texts = [self._write[place](row[place]) for place in group]
            if len(group) > 1:
                found.append(" ".join(filter(None, texts)))
            found += texts
        return found


def _groups(variables: Sequence[Variable]) -> Iterator[_Group]:
    for place, one in enumerate(variables):
        if one.question == "geopoint" and one.part:
            if one.part == NUMBERS[0]:
                yield tuple(range(place, place + len(NUMBERS)))
        elif one.question:
            yield (place,)


def _writer(variable: Variable, labels: str | None) -> Callable[[Cell], str]:
    """How the cells of a column are written."""
    known: Mapping[str, str] = {}
    if labels is not None:
        known = {one.value: one.label.get(labels) or one.value for one in variable.values}

    def write(cell: Cell) -> str:
        if known and isinstance(cell, str):
            words = [cell] if variable.kind == "category" else cell.split()
            return harmless(" ".join(known.get(one, one) for one in words))
        return _text(cell, variable)

    return write


def _text(cell: Cell, variable: Variable) -> str:
    if isinstance(cell, datetime) and not variable.question:
        return _time(cell)
    return text_of(cell, variable)


def _of_kobo(known: Mapping[str, Cell], number: Cell) -> list[str]:
    """`KOBO` of a submission; nobody is named, nothing is noted."""
    finished = known.get("SubmissionDate")
    at = _time(finished) if isinstance(finished, datetime) else str(finished or "")
    review = VALIDATION.get(str(known["ReviewState"]), "")
    version = harmless(str(known["FormVersion"]))
    key = str(known["KEY"]).removeprefix("uuid:")
    return [str(number), key, at, review, "", "", "", version, ""]


def _time(at: datetime) -> str:
    """A time as Kobo writes it: UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def _lines(rows: list[list[str]]) -> bytes:
    return lines(rows, delimiter=";", quoting=csv.QUOTE_ALL)
