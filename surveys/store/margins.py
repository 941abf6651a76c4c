"""Known margins of online adults: those of a place, and of all that are raked with a village."""

from __future__ import annotations

from collections.abc import Collection
from sys import intern

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.schema import Area, Margin

Place = tuple[str, ...]
Counts = dict[str, dict[str, float]]
"""Variable -> category -> how many online adults."""


def replace_margins(
    session: Session, area_id: int, variable: str, counts: dict[str, float]
) -> None:
    """Put these counts in the place of what an area had of a variable; with no counts, none."""
    session.execute(delete(Margin).where(Margin.area_id == area_id, Margin.variable == variable))
    session.add_all(
        Margin(area_id=area_id, variable=variable, category=category, count=count)
        for category, count in counts.items()
    )


def margins_for(
    session: Session, village_ids: Collection[int]
) -> tuple[set[int], dict[Place, Counts]]:
    """What these villages can be raked to, and the ids of all villages that may be raked with them.

    Margins by place, as surveys.estimation.margins names it: the names from the programme down, a
    village by its code. Raked together are the villages of the nearest area that has margins, and,
    where a village has its own, those right beside it.
    """
    having = set(session.scalars(select(Margin.area_id).distinct()))
    if not having:
        return set(), {}
    areas = {
        row.id: row
        for row in session.execute(select(Area.id, Area.kind, Area.path, Area.name, Area.code))
    }
    above = {area_id: ids_of(row.path)[:-1] for area_id, row in areas.items()}
    pools: set[int] = set()
    for village in village_ids:
        if village in having:
            pools.update(above[village][-1:])
        pools.update(next(([one] for one in reversed(above[village]) if one in having), []))
    beside = {
        area_id
        for area_id, row in areas.items()
        if row.kind == "village" and not pools.isdisjoint(above[area_id])
    }
    wanted = having & (beside | pools)
    found: dict[Place, Counts] = {}
    # As rows: every village may have some, and a session keeps the objects that it makes.
    rows = session.execute(
        select(Margin.area_id, Margin.variable, Margin.category, Margin.count.label("persons"))
        .where(Margin.area_id.in_(wanted))
        .execution_options(yield_per=1000)
    )  # fmt: skip
    for one in rows:
        area = areas[one.area_id]
        own = area.code if area.kind == "village" else area.name
        place = (*(areas[up].name for up in above[one.area_id]), own or "")
        counts = found.setdefault(place, {}).setdefault(intern(one.variable), {})
        counts[intern(one.category)] = one.persons
    return beside, found
