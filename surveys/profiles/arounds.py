"""The areas that villages are in, by their own editions: found when they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.estimation.pace import Pace
from surveys.estimation.profile import Around, VillageProfile, from_json
from surveys.profiles.area_editions import all_names, of_area, together
from surveys.profiles.computed_wave import Among, Round, computed_round
from surveys.profiles.stands import Seen
from surveys.store.areas import ids_of, paths_of
from surveys.store.database import Database
from surveys.store.reports import documents

AT_ONCE = 25
"""Areas that are computed, or read, at once: who asks for one asks for the next."""


def around_of(area: VillageProfile | None, name: str) -> Around | None:
    """What a village's profile says of its area; None where that may not be shown."""
    if area is None or area.level == "withheld":
        return None
    indices = {index.name: index.village for index in area.indices}
    return Around(name, area.online, area.use_of_users, area.use, indices)


class Arounds:
    """Areas by id. One stands where all its villages do, and nothing of them is newer."""

    def __init__(
        self, database: Database, seen: Seen, area_ids: Sequence[int], now: datetime
    ) -> None:
        """seen: after what has changed was computed; area_ids: those that may be asked for."""
        self._database, self._seen, self._now = database, seen, now
        with database.read() as session:
            self._names = all_names(session, area_ids)
            inside = self._all_inside(session, area_ids)
        self._inside = {one: villages for one, villages in inside.items() if len(villages) > 1}
        """Of each that has several villages where somebody has answered, these."""
        self._stands = [one for one in self._inside if self._standing(one)]
        stands = set(self._stands)
        self._others = [one for one in self._inside if one not in stands]
        self._found: dict[int, Around | None] = dict.fromkeys(inside.keys() - self._inside.keys())

    def __call__(self, area_id: int) -> Around | None:
        """One of them; None where it may not be shown, or has one village only."""
        if area_id not in self._found:
            stands = area_id in self._stands
            order = self._stands if stands else self._others
            at = order.index(area_id)
            some = order[at : at + AT_ONCE]
            self._found |= self._read(some) if stands else self._computed(some)
        return self._found[area_id]

    def _read(self, area_ids: Sequence[int]) -> dict[int, Around | None]:
        reports = {self._seen.reports[one]: one for one in area_ids}
        with self._database.read() as session:
            kept = documents(session, list(reports))
        return {
            area_id: around_of(from_json(kept[report_id]), self._names[area_id][-1])
            for report_id, area_id in reports.items()
        }

    def _computed(self, area_ids: Sequence[int]) -> dict[int, Around | None]:
        villages = {village for area in area_ids for village in self._inside[area]}
        one = partial(self._database, self._seen, villages, area_ids, self._now)
        together(one, [self._names[area] for area in area_ids])
        found = {}
        for area in area_ids:
            names = self._names[area]
            profile = of_area(self._database, one, area, names, self._now)
            found[area] = around_of(profile, names[-1])
        return found

    def _all_inside(self, session: Session, area_ids: Sequence[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {one: [] for one in area_ids}
        for village, path in paths_of(session, self._seen.answered).items():
            above = ids_of(path)[-2]
            if above in found:
                found[above].append(village)
        return found

    def _standing(self, area_id: int) -> bool:
        report = self._seen.reports.get(area_id)
        rows = [self._seen.rows.get(one) for one in self._inside[area_id]]
        return report is not None and all(
            row is not None and row.report_id < report for row in rows
        )


def partial(
    database: Database,
    seen: Seen,
    villages: Collection[int],
    areas: Sequence[int],
    now: datetime,
) -> Round:
    """Some villages computed, with what must be with them; areas: of which they are the whole.

    Where nothing stands, or a wave before it is told of, all of them are.
    """
    with database.read() as session:
        if seen.rests is None or seen.earlier:
            return computed_round(session, seen.wave_id, now)
        needed = seen.needed(session, villages)
        among = Among(needed, frozenset(areas), seen.beside(needed), Pace(seen.rests.pace))
        return computed_round(session, seen.wave_id, now, among)
