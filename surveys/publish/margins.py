"""Known margins of online adults, from a file: every row checked, then stored."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.publish.areas import UnknownArea, find_area
from surveys.publish.village_rows import MOST, LineProblem, header_of, number_of, text_of
from surveys.publish.villages import VillagesRefused
from surveys.store.audit import audit
from surveys.store.margins import replace_margins
from surveys.store.schema import Area

COLUMNS = ("area", "variable", "category", "count")

Rows = dict[tuple[str, str], dict[str, float]]
"""(area, variable) -> category -> how many online adults."""


class MarginsRefused(VillagesRefused):
    """A list of margins that was not imported, with everything that is wrong with it."""


@dataclass(frozen=True, slots=True)
class MarginsResult:
    """What an import did."""

    areas: int
    """Areas that have these margins now."""
    taken_away: int
    """Margins of which every count was 0."""


def import_margins(
    session: Session, content: bytes, now: datetime, *, by: str = "command line"
) -> MarginsResult:
    """Import margins (columns: docs/commands.md) in the place of those that the areas had.

    Raises `MarginsRefused` with every problem and its line; then nothing is written.
    """
    problems: list[LineProblem] = []
    first: dict[tuple[str, str], int] = {}
    rows = _read(content, first, problems)
    known: dict[str, Area] = {}
    for (name, _), line in first.items():
        if name not in known:
            try:
                known[name] = find_area(session, name)
            except UnknownArea as error:
                problems.append(LineProblem(line, str(error)))
    seen: dict[tuple[int, str], str] = {}
    for (name, variable), line in first.items():
        if name in known and seen.setdefault((known[name].id, variable), name) != name:
            what = f"{name} and {seen[known[name].id, variable]} are the same area: use one name."
            problems.append(LineProblem(line, what))
    if problems:
        raise MarginsRefused(problems)
    having: set[int] = set()
    taken_away = 0
    for (name, variable), counts in rows.items():
        some = any(counts.values())
        replace_margins(session, known[name].id, variable, counts if some else {})
        taken_away += not some
        having |= {known[name].id} if some else set()
    audit(session, by, "import margins", f"{len(having)} areas", now)
    return MarginsResult(len(having), taken_away)


def _read(content: bytes, first: dict[tuple[str, str], int], problems: list[LineProblem]) -> Rows:
    """The counts of each area and variable; `first`: the line on which each begins."""
    from surveys.estimation.margins import VARIABLES

    categories = {one.name: one.categories for one in VARIABLES}
    rows: Rows = {}
    text = text_of(content, problems)
    if text is None:
        return rows
    head, _, _ = text.lstrip("\r\n").partition("\n")
    separator = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    places: dict[str, int] | None = None
    before = 0
    try:
        for cells in lines:
            line, before = before + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                headers = [header_of(cell) for cell in cells]
                places = {name: headers.index(name) for name in COLUMNS if name in headers}
                if len(places) < len(COLUMNS):
                    what = (
                        "the first line must name the columns area, variable, category and count."
                    )
                    problems.append(LineProblem(line, what))
                    return rows
                continue
            given = {
                name: cells[place].strip() if place < len(cells) else ""
                for name, place in places.items()
            }
            _row(given, line, categories, rows, first, problems)
    except csv.Error as error:
        problems.append(LineProblem(before + 1, f"this cannot be read as CSV ({error})."))
    if not rows and not problems:
        problems.append(LineProblem(before + 1, "there is no margin here."))
    for (area, variable), counts in rows.items():
        lacking = [one for one in categories[variable] if one not in counts]
        if lacking and not problems:
            what = (
                f"{variable} of {area} lacks {', '.join(lacking)}: write 0 where there is nobody."
            )
            problems.append(LineProblem(first[area, variable], what))
    return rows


def _row(  # noqa: PLR0917
    given: dict[str, str],
    line: int,
    categories: dict[str, tuple[str, ...]],
    rows: Rows,
    first: dict[tuple[str, str], int],
    problems: list[LineProblem],
) -> None:
    area, variable = given["area"], given["variable"].casefold()
    # "F  16 – 34" is what a spreadsheet may make of it.
    category = re.sub(r"\s*[-‐‑–—]\s*", "-", " ".join(given["category"].casefold().split()))
    wrong: list[str] = []
    if not area:
        wrong.append("the area is missing.")
    if variable not in categories:
        wrong.append(f"the variable must be {' or '.join(categories)}, not {variable[:40]}.")
    elif category not in categories[variable]:
        known = ", ".join(categories[variable])
        wrong.append(f"{variable} has no category {category[:40]}; it has {known}.")
    count = number_of(given, "count", float, 0, MOST, wrong)
    if not given["count"]:
        wrong.append("the count is missing: write 0 where there is nobody.")
    counts = rows.get((area, variable), {})
    if not wrong and category in counts:
        wrong.append(f"{variable} {category} of {area} stands twice.")
    problems.extend(LineProblem(line, what) for what in wrong)
    if count is not None and not wrong:
        rows.setdefault((area, variable), counts)[category] = count
        first.setdefault((area, variable), line)
