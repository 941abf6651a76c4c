"""Villages: a list of them becomes areas; the same list again, changed, updates them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.publish.areas import programme
from surveys.publish.sentences import sentence
from surveys.publish.village_rows import LineProblem, VillageRow, read_villages
from surveys.store.audit import audit
from surveys.store.schema import Area

OVERWRITTEN = (
    "households", "adults", "target", "adults_offline", "ring", "latitude", "longitude",
    "reference", "time_zone", "language",
)  # fmt: skip

EXAMPLE = "EXAMPLE"
"""What the codes of the template's rows begin with."""


class VillagesRefused(Exception):  # noqa: N818
    """A list of villages that was not imported, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[LineProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("; ".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    added: int
    updated: int
    """Villages that were there before, changed or not."""
    areas: int
    """New counties and townships."""
    references: int
    """Villages of the list that are reference areas."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VillagesSeen:
    """What a list of villages would do."""

    villages: int
    places: int
    """The townships, or counties, that its villages lie in."""
    added: int
    changed: int
    adults: int
    """Of all villages of the list together."""
    without_adults: int
    warnings: tuple[str, ...]


def look_at_villages(session: Session, content: bytes, within: Sequence[str]) -> VillagesSeen:
    """What importing a list would do; nothing is written.

    `within`: paths of areas that it may change. Raises `VillagesRefused` with every problem, among
    them lines about villages that are, or would be, anywhere else.
    """
    reading = read_villages(content)
    if reading.problems:
        raise VillagesRefused(reading.problems)
    rows = reading.rows
    kept = _kept(session)
    above = {
        area.id: (area.parent_id, area.name)
        for area in session.scalars(select(Area).where(Area.kind.in_(("county", "township"))))
    }
    _refuse_elsewhere(session, rows, kept, above, within)
    _refuse_same_names(session, rows, kept)
    changed = 0
    for row in rows:
        village = kept.get(row.code.casefold())
        if village is not None:
            now = (_names(village.parent_id, above), village.name)
            changed += now != (row.area, row.name) or any(
                getattr(village, column) != getattr(row, column)
                for column in OVERWRITTEN
                if column in reading.columns
            )
    return VillagesSeen(
        villages=len(rows),
        places=len({row.area for row in rows}),
        added=sum(row.code.casefold() not in kept for row in rows),
        changed=changed,
        adults=sum(row.adults or 0 for row in rows),
        without_adults=sum(row.adults is None for row in rows),
        warnings=tuple(reading.warnings),
    )


def import_villages(
    session: Session,
    csv_bytes: bytes,
    now: datetime,
    *,
    organisation: str = "",
    by: str = "command line",
    area_id: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Import a list of villages (columns: docs/commands.md), with the areas above them.

    A code that is there is updated; columns that the file lacks, and villages that it leaves out,
    stay as they are. Raises `VillagesRefused` with every problem and its line; then nothing is
    written. `progress` is told (villages done, of how many); `area_id` is for the audit.
    """
    reading = read_villages(csv_bytes)
    if reading.problems:
        raise VillagesRefused(reading.problems)
    rows = reading.rows
    kept = _kept(session)
    _refuse_same_names(session, rows, kept)
    tree = _Tree(session, programme(session, organisation))
    parents = {row.code.casefold(): tree.at(row.area) for row in rows}
    _step_aside(session, rows, parents, kept)
    added: list[Area] = []
    for done, row in enumerate(rows, 1):
        village = kept.get(row.code.casefold())
        parent = parents[row.code.casefold()]
        if village is None:
            village = Area(kind="village", code=row.code, path="")
            session.add(village)
            added.append(village)
        village.name, village.parent_id = row.name, parent.id
        for column in OVERWRITTEN:
            if column in reading.columns:
                setattr(village, column, getattr(row, column))
        if village.id is not None:
            village.path = f"{parent.path}{village.id}/"
        if progress is not None and done % 50 == 0:
            progress(done, len(rows))
    session.flush()
    above = {area.id: area for area in tree.every}
    for village in added:
        village.path = f"{above[village.parent_id or 0].path}{village.id}/"
    session.flush()
    result = ImportResult(
        added=len(added),
        updated=len(rows) - len(added),
        areas=tree.made,
        references=sum(row.reference for row in rows),
        warnings=tuple(reading.warnings),
    )
    audit(session, by, "import villages", f"{result.added} new, {result.updated} updated", now,
          area_id=area_id)  # fmt: skip
    return result


class _Tree:
    """The counties and townships below the programme; those that are missing are made."""

    def __init__(self, session: Session, root: Area) -> None:
        self.session = session
        self.root = root
        self.made = 0
        found = session.scalars(select(Area).where(Area.kind != "village"))
        self.every = list(found)
        self.below = {(area.parent_id, area.name): area for area in self.every}

    def at(self, path: tuple[str, ...]) -> Area:
        """The area of a path."""
        area = self.root
        for kind, name in zip(("county", "township"), path, strict=False):
            below = self.below.get((area.id, name))
            if below is None:
                below = Area(kind=kind, name=name, parent_id=area.id, path="")
                self.session.add(below)
                self.session.flush()
                below.path = f"{area.path}{below.id}/"
                self.below[area.id, name] = below
                self.every.append(below)
                self.made += 1
            area = below
        return area


def _kept(session: Session) -> dict[str, Area]:
    villages = session.scalars(select(Area).where(Area.kind == "village"))
    return {(area.code or "").casefold(): area for area in villages}


def _refuse_elsewhere(
    session: Session,
    rows: list[VillageRow],
    kept: Mapping[str, Area],
    above: Mapping[int, tuple[int | None, str]],
    within: Sequence[str],
) -> None:
    """Who runs an area changes nothing outside of it; and the template's rows are examples."""
    mine = list(session.scalars(select(Area).where(Area.path.in_(within))))
    everywhere = any(area.kind == "programme" for area in mine)
    tops = [_names(area.id, above) for area in mine if area.kind in ("county", "township")]
    own = {
        (area.code or "").casefold(): _names(area.parent_id, above)
        for area in mine
        if area.kind == "village"
    }
    problems = []
    for row in rows:
        code = row.code.casefold()
        village = kept.get(code)
        if code.startswith(EXAMPLE.casefold()):
            what = sentence("this is an example of the template: take the line out.")
            problems.append(LineProblem(row.line, what))
        elif everywhere:
            continue
        elif own.get(code) != row.area and not any(row.area[: len(top)] == top for top in tops):
            what = sentence(
                "{area} is not among your areas: you can take in villages of {mine}.",
                area="/".join(row.area), mine=", ".join("/".join(top) for top in tops) or "–",
            )  # fmt: skip
            problems.append(LineProblem(row.line, what))
        elif village is not None and not village.path.startswith(tuple(within)):
            what = sentence(
                "the code {code} is used already: give this village another one.", code=row.code
            )
            problems.append(LineProblem(row.line, what))
    if problems:
        raise VillagesRefused(problems)


def _refuse_same_names(session: Session, rows: list[VillageRow], kept: dict[str, Area]) -> None:
    """Two villages of one township cannot have one name: administrators choose by it."""
    listed = {row.code.casefold() for row in rows}
    above = {
        area.id: (area.parent_id, area.name)
        for area in session.scalars(select(Area).where(Area.kind.in_(("county", "township"))))
    }
    taken = {
        (_names(village.parent_id, above), village.name): str(village.code)
        for code, village in kept.items()
        if code not in listed
    }
    problems = []
    for row in rows:
        place = (row.area, row.name)
        if place in taken:
            what = sentence(
                "{area} has the village {code} named {name} already:"
                " give one of them another name.",
                area="/".join(row.area), code=taken[place], name=row.name,
            )  # fmt: skip
            problems.append(LineProblem(row.line, what))
        taken.setdefault(place, f"{row.code} (line {row.line})")
    if problems:
        raise VillagesRefused(problems)


def _names(area_id: int | None, above: Mapping[int, tuple[int | None, str]]) -> tuple[str, ...]:
    """The path of a township or county, as a row of the list writes it."""
    if area_id not in above:
        return ()
    parent_id, name = above[area_id or 0]
    return (*_names(parent_id, above), name)


def _step_aside(
    session: Session, rows: list[VillageRow], parents: dict[str, Area], kept: dict[str, Area]
) -> None:
    """Villages that swap names, row by row, would for a moment have the same."""
    for row in rows:
        village = kept.get(row.code.casefold())
        place = (parents[row.code.casefold()].id, row.name)
        if village is not None and (village.parent_id, village.name) != place:
            village.name = f"{village.name[:160]} ({village.code})"
    session.flush()
