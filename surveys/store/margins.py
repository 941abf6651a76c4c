"""Known margins of online adults: those of a place, and of all that are raked with a village."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.store.areas import ids_of
from surveys.store.schema import Area, Margin

Place = tuple[str, ...]
Counts = dict[str, dict[str, float]]
"""Variable -> category -> how many online adults."""
Named = tuple[tuple[str, str], ...]
"""The variable and category of each count."""


class Margins(Mapping[Place, Counts]):
    """Margins by place. Of each place the numbers alone are kept: every village may have some."""

    def __init__(self) -> None:
        """Of no place."""
        self._named: dict[Named, Named] = {}
        self._counts: dict[Place, tuple[Named, array[float]]] = {}

    def add(self, place: Place, counts: Sequence[tuple[str, str, float]]) -> None:
        """All that a place has: variable, category, how many online adults."""
        named = tuple((variable, category) for variable, category, _ in counts)
        numbers = array("d", (count for _, _, count in counts))
        self._counts[place] = self._named.setdefault(named, named), numbers

    def __getitem__(self, place: Place) -> Counts:
        named, numbers = self._counts[place]
        found: Counts = {}
        for (variable, category), count in zip(named, numbers, strict=True):
            found.setdefault(variable, {})[category] = count
        return found

    def __contains__(self, place: object) -> bool:
        return place in self._counts

    def __iter__(self) -> Iterator[Place]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)


def replace_margins(
    session: Session, area_id: int, variable: str, counts: dict[str, float]
) -> None:
    """Put these counts in the place of what an area had of a variable; with no counts, none."""
    session.execute(delete(Margin).where(Margin.area_id == area_id, Margin.variable == variable))
    session.add_all(
        Margin(area_id=area_id, variable=variable, category=category, count=count)
        for category, count in counts.items()
    )


def margins_for(session: Session, village_ids: Collection[int]) -> tuple[set[int], Margins]:
    """What these villages can be raked to, and the ids of all villages that may be raked with them.

    Margins by place, as surveys.estimation.margins names it: the names from the programme down, a
    village by its code. Raked together are the villages of the nearest area that has margins, and,
    where a village has its own, those right beside it.
    """
    having = set(session.scalars(select(Margin.area_id).distinct()))
    if not having:
        return set(), Margins()
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
    found = Margins()
    rows = session.execute(
        select(Margin.area_id, Margin.variable, Margin.category, Margin.count)
        .where(Margin.area_id.in_(wanted))
        .order_by(Margin.area_id, Margin.variable, Margin.category)
        .execution_options(yield_per=1000)
    )
    for area_id, ones in groupby(rows, lambda one: one.area_id):
        area = areas[area_id]
        own = area.code if area.kind == "village" else area.name
        place = (*(areas[up].name for up in above[area_id]), own or "")
        found.add(place, [(one[1], one[2], one[3]) for one in ones])
    return beside, found
