"""Known margins of online adults, from a file: every row checked, then stored."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.publish.areas import UnknownArea, find_area
from surveys.publish.sentences import sentence
from surveys.publish.village_rows import (
    MOST,
    LineProblem,
    header_of,
    not_csv,
    number_of,
    text_of,
)  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class MarginsRead:
    """A list of margins in which nothing is wrong."""

    rows: Rows
    known: dict[str, Area]
    """The areas by the names that the list has for them."""

    @property
    def result(self) -> MarginsResult:
        """What importing it does."""
        some = {key: any(counts.values()) for key, counts in self.rows.items()}
        having = {self.known[name].id for (name, _), there in some.items() if there}
        return MarginsResult(len(having), sum(not there for there in some.values()))


def import_margins(
    session: Session,
    content: bytes,
    now: datetime,
    *,
    by: str = "command line",
    within: Sequence[str] | None = None,
    area_id: int | None = None,
) -> MarginsResult:
    """Import margins (columns: docs/commands.md) in the place of those that the areas had.

    Raises `MarginsRefused` as `read_margins`, which says what `within` is; then nothing is written.
    `area_id` is for the audit.
    """
    read = read_margins(session, content, within)
    for (name, variable), counts in read.rows.items():
        some = any(counts.values())
        replace_margins(session, read.known[name].id, variable, counts if some else {})
    audit(session, by, "import margins", f"{read.result.areas} areas", now, area_id=area_id)
    return read.result


def read_margins(
    session: Session, content: bytes, within: Sequence[str] | None = None
) -> MarginsRead:
    """Read a list of margins and find its areas; nothing is written.

    `within`: paths of areas; one that is not below any of them is as unknown as one that is not
    there. Raises `MarginsRefused` with every problem and its line.
    """
    problems: list[LineProblem] = []
    first: dict[tuple[str, str], int] = {}
    rows = _read(content, first, problems)
    known: dict[str, Area] = {}
    for name, line in {name: line for (name, _), line in reversed(first.items())}.items():
        try:
            known[name] = _area(session, name, within)
        except UnknownArea as error:
            problems.append(LineProblem(line, error.args[0]))
    seen: dict[tuple[int, str], str] = {}
    for (name, variable), line in first.items():
        if name in known and seen.setdefault((known[name].id, variable), name) != name:
            same = seen[known[name].id, variable]
            what = sentence("{area} and {same} are the same area: use one name.",
                            area=name, same=same)  # fmt: skip
            problems.append(LineProblem(line, what))
    if problems:
        raise MarginsRefused(problems)
    return MarginsRead(rows, known)


def _area(session: Session, name: str, within: Sequence[str] | None) -> Area:
    if within is None:
        return find_area(session, name)
    try:
        found: Area | None = find_area(session, name)
    except UnknownArea:
        found = None
    if found is None or not found.path.startswith(tuple(within)):
        what = "no area of yours is named {area}: write it as County/Township."
        raise UnknownArea(sentence(what, area=name[:80]))
    return found


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
                    what = sentence(
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
        problems.append(LineProblem(before + 1, not_csv(error)))
    if not rows and not problems:
        problems.append(LineProblem(before + 1, sentence("there is no margin here.")))
    for (area, variable), counts in rows.items():
        lacking = [one for one in categories[variable] if one not in counts]
        if lacking and not problems:
            what = sentence(
                "{variable} of {area} lacks {lacking}: write 0 where there is nobody.",
                variable=variable, area=area, lacking=", ".join(lacking),
            )  # fmt: skip
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
        wrong.append(sentence("the area is missing."))
    if variable not in categories:
        what = "the variable must be sex_age or schooling, not {variable}."
        wrong.append(sentence(what, variable=variable[:40]))
    elif category not in categories[variable]:
        what = "{variable} has no category {category}; it has {known}."
        known = ", ".join(categories[variable])
        wrong.append(sentence(what, variable=variable, category=category[:40], known=known))
    count = number_of(given, "count", float, 0, MOST, wrong)
    if not given["count"]:
        wrong.append(sentence("the count is missing: write 0 where there is nobody."))
    counts = rows.get((area, variable), {})
    if not wrong and category in counts:
        what = "{variable} {category} of {area} stands twice."
        wrong.append(sentence(what, variable=variable, category=category, area=area))
    problems.extend(LineProblem(line, what) for what in wrong)
    if count is not None and not wrong:
        rows.setdefault((area, variable), counts)[category] = count
        first.setdefault((area, variable), line)
