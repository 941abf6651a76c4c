"""Quotas: how many finished interviews of one sex and age an area wants, and how many it has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Table, delete, func, literal, select
from sqlalchemy.orm import Session

from surveys.form.indicators import from_json
from surveys.store.areas import ids_of
from surveys.store.database import do_last, insert_into, kind_of
from surveys.store.forms import compiled
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Base, DailyCount, FormVersion, Interview, Quota, Wave
from surveys.store.visits import VISITED

QUOTA: Table = Base.metadata.tables["quota"]
SEXES = ("f", "m")
AGES = ("16-34", "35-54", "55-64", "65+")
"""As the margins of surveys.estimation.margins: what is filled evenly can be weighed."""
FROM = (16, 35, 55, 65)
"""Where they begin."""
TURNED_AWAY = "full"
"""The kind of daily count of those whose cell was full."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A sex and an age; "" stands for all."""

    sex: str = ""
    age: str = ""

    def holds(self, other: Cell) -> bool:
        """Whether a person of the cell `other` belongs here, too."""
        return self.sex in ("", other.sex) and self.age in ("", other.age)

    @property
    def width(self) -> int:
        """How many cells of one sex and one age are in it, roughly: to put the widest first."""
        return (not self.sex) + 2 * (not self.age)


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A quota as it is stored."""

    area_id: int
    cell: Cell
    most: int


def age_band(value: str) -> str:
    """The age group of an answer in years (or of the youngest of its group); "" for none.

    >>> age_band("16"), age_band("64"), age_band("75"), age_band("0"), age_band("")
    ('16-34', '55-64', '65+', '', '')
    """
    try:
        years = float(value)
    except ValueError:
        return ""
    place = bisect_right(FROM, years)
    return AGES[place - 1] if place else ""


def cell_of(sex: str, age: str) -> Cell:
    """The cell of someone who answered so; what is not known stays ""."""
    return Cell(sex if sex in SEXES else "", age_band(age))


def quotas_at(session: Session, wave_id: int, path: str) -> list[QuotaRow]:
    """The quotas of a wave that hold for a village: its own, and those of the areas above it."""
    return _rows(session, wave_id, ids_of(path))


def quotas_of(session: Session, wave_id: int, area_id: int) -> list[QuotaRow]:
    """The quotas that an area has itself: the widest first, then women before men, by age."""
    return sorted(
        _rows(session, wave_id, [area_id]),
        key=lambda row: (-row.cell.width, row.cell.sex, row.cell.age),
    )


def areas_with_quotas(session: Session, wave_id: int) -> list[int]:
    """The areas that have quotas in a wave."""
    return list(
        session.scalars(
            select(Quota.area_id).where(Quota.wave_id == wave_id).distinct().order_by(Quota.area_id)
        )
    )


def set_quota(session: Session, wave_id: int, area_id: int, cell: Cell, most: int | None) -> None:
    """Want at most so many of a cell; None: no quota on it any more."""
    key = {"wave_id": wave_id, "area_id": area_id, "sex": cell.sex, "age": cell.age}
    if most is None:
        session.execute(
            delete(QUOTA).where(*(QUOTA.c[name] == value for name, value in key.items()))
        )
        return
    statement = insert_into(kind_of(session), QUOTA).values({**key, "most": most})
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[QUOTA.c[name] for name in key], set_={"most": most}
        )
    )


def counted(session: Session, wave_id: int, path: str) -> dict[Cell, int]:
    """How many have finished in a wave in an area and all below it, by cell.

    Cells of which sex or age is "" are those who did not say. Rejected submissions do not count,
    and visited homes neither: those were drawn by lot.
    """
    found: dict[Cell, int] = {}
    below = select(Area.id).where(Area.path.startswith(path, autoescape=True))
    for version_id, roles in roles_of_wave(session, wave_id).items():
        sex, age = (
            Interview.submission[roles[role]].as_string() if role in roles else literal("")
            for role in ("sex", "age")
        )
        answered = (
            select(sex.label("sex"), age.label("age"))
            .where(
                Interview.wave_id == wave_id,
                Interview.area_id.in_(below),
                Interview.form_version_id == version_id,
                Interview.status == "finished",
                Interview.review != REJECTED,
                func.coalesce(Interview.mode, "") != VISITED,
            )
            .subquery()
        )
        # A subquery, because a path is a parameter, and PostgreSQL takes two of them for two.
        rows = session.execute(
            select(answered.c.sex, answered.c.age, func.count().label("persons")).group_by(
                answered.c.sex, answered.c.age
            )
        )
        for row in rows:
            cell = cell_of(row.sex or "", row.age or "")
            found[cell] = found.get(cell, 0) + int(row.persons)
    return found


def turned_away(session: Session, wave_id: int, path: str) -> int:
    """How many were told since a wave was opened that there are enough answers from such people,
    in an area and all below it."""
    opened = session.execute(select(Wave.opened_at).where(Wave.id == wave_id)).scalar_one()
    below = select(Area.id).where(Area.path.startswith(path, autoescape=True))
    do_last(session)
    return (
        session.scalar(
            select(func.sum(DailyCount.count)).where(
                DailyCount.kind == TURNED_AWAY,
                DailyCount.area_id.in_(below),
                DailyCount.day >= opened.date(),
            )
        )
        or 0
    )


def within(found: Mapping[Cell, int], cell: Cell) -> int:
    """How many of those counted belong to a cell.

    >>> within({Cell("f", "65+"): 2, Cell("m", "65+"): 3, Cell("", "65+"): 1}, Cell("", "65+"))
    6
    """
    return sum(persons for one, persons in found.items() if cell.holds(one))


def roles_of_wave(session: Session, wave_id: int) -> dict[int, dict[str, str]]:
    """Of each form version that is answered in a wave the paths of the roles sex and age."""
    used = (
        select(Interview.form_version_id).where(Interview.wave_id == wave_id).distinct()
    )  # fmt: skip
    return {one: roles_of(session, one) for one in session.scalars(used)}


def roles_of(session: Session, form_version_id: int) -> dict[str, str]:
    """The paths of the roles sex and age of a form version, where it has them."""
    row = session.execute(
        select(FormVersion.xform, FormVersion.indicators).where(FormVersion.id == form_version_id)
    ).one()
    names = {one.role: one.name for one in from_json(row.indicators)}
    paths = {question.name: question.path for question in compiled(row.xform).questions}
    return {role: paths[names[role]] for role in ("sex", "age") if names.get(role) in paths}


def _rows(session: Session, wave_id: int, area_ids: Collection[int]) -> list[QuotaRow]:
    rows = session.execute(
        select(Quota.area_id, Quota.sex, Quota.age, Quota.most).where(
            Quota.wave_id == wave_id, Quota.area_id.in_(area_ids)
        )
    )
    return [QuotaRow(row.area_id, Cell(row.sex, row.age), row.most) for row in rows]
