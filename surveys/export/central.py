"""Tables as CSV files, with columns named and ordered as ODK Central does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from surveys.export.cells import BOM, harmless, lines, text_of
from surveys.export.frequencies import Counting
from surveys.export.questions import SUBMISSIONS
from surveys.export.table import MARK, Table

CONSTANT = {
    "KEY": (("SubmitterID", ""), ("SubmitterName", "")),
    "AttachmentsExpected": (("Status", ""),),
    "ReviewState": (("DeviceID", ""), ("Edits", "0")),
}  # fmt: skip
"""After which column of ours Central has others of which we know nothing (nobody is named, nothing
is edited), and what stands there; of the submissions alone."""


def write_central(
    tables: Sequence[Table],
    folder: Path,
    *,
    bom: bool = False,
    counts: dict[str, Counting] | None = None,
) -> list[Path]:
    """Writes a .csv file for each table into a folder, a batch of rows at a time.

    counts: where the answers of each table are counted while it is read.
    """
    paths = []
    for table in tables:
        path = folder / f"{table.name}.csv"
        counting = None
        if counts is not None:
            counting = counts[table.name] = Counting(table)
        with path.open("wb") as file:
            file.writelines(central_csv(table, bom=bom, counting=counting))
        paths.append(path)
    return paths


def central_csv(
    table: Table, *, bom: bool = False, counting: Counting | None = None
) -> Iterator[bytes]:
    """A table piece by piece, header first."""
    known = CONSTANT if table.name == SUBMISSIONS else {}
    more = {
        place: known[name]
        for place, one in enumerate(table.variables)
        if not one.question and (name := one.name.removeprefix(MARK)) in known
    }
    header: list[str] = []
    for place, one in enumerate(table.variables):
        header.append(harmless(one.name))
        if place in more:
            header.extend(name for name, _ in more[place])
    yield BOM * bom + lines([header])
    behind = {place: [value for _, value in constant] for place, constant in more.items()}
    if table.lines is not None:
        yield from table.lines(behind, counting)
        return
    for batch in table.rows():
        rows = []
        for row in batch:
            cells: list[str] = []
            for place, (cell, variable) in enumerate(zip(row, table.variables, strict=True)):
                cells.append(text_of(cell, variable))
                if place in behind:
                    cells.extend(behind[place])
            rows.append(cells)
            if counting is not None:
                counting.add(row)
        yield lines(rows)
