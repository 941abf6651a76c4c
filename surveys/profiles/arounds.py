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
from surveys.store.areas import paths_of
from surveys.store.database import Database
from surveys.store.reports import documents

AT_ONCE = 25
"""Areas that are computed at once: who asks for one asks for the next."""


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
        self._database, self._seen, self._order, self._now = database, seen, area_ids, now
        self._found: dict[int, Around | None] = {}

    def __call__(self, area_id: int) -> Around | None:
        """One of them; None where it may not be shown, or has one village only."""
        if area_id not in self._found:
            at = self._order.index(area_id)
            self._find(self._order[at : at + AT_ONCE])
        return self._found[area_id]

    def _find(self, area_ids: Sequence[int]) -> None:
        with self._database.read() as session:
            names = all_names(session, area_ids)
            inside = self._inside(session, area_ids)
            several = {one for one, villages in inside.items() if len(villages) > 1}
            stands = {one for one in several if self._stands(one, inside[one])}
            reports = {self._seen.reports[one]: one for one in stands}
            kept = documents(session, list(reports))
        self._found |= dict.fromkeys(area_ids)
        for report_id, area_id in reports.items():
            profile = from_json(kept[report_id])
            self._found[area_id] = around_of(profile, names[area_id][-1])
        left = [one for one in area_ids if one in several - stands]
        if not left:
            return
        one = partial(
            self._database, self._seen, {v for area in left for v in inside[area]}, left, self._now
        )
        together(one, [names[area] for area in left])
        for area in left:
            profile_of = of_area(self._database, one, area, names[area], self._now)
            self._found[area] = around_of(profile_of, names[area][-1])

    def _inside(self, session: Session, area_ids: Sequence[int]) -> dict[int, list[int]]:
        """Of each area the villages where somebody has answered."""
        found: dict[int, list[int]] = {one: [] for one in area_ids}
        for village, path in paths_of(session, self._seen.answered).items():
            above = int(path.split("/")[-3])
            if above in found:
                found[above].append(village)
        return found

    def _stands(self, area_id: int, villages: Sequence[int]) -> bool:
        report = self._seen.reports.get(area_id)
        rows = [self._seen.rows.get(one) for one in villages]
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
    """Some villages computed, with what must be with them; areas: of which they are the whole."""
    if seen.rests is None:
        raise ValueError("nothing of the wave stands")
    with database.read() as session:
        needed = seen.needed(session, villages)
        among = Among(needed, frozenset(areas), seen.beside(needed), Pace(seen.rests.pace))
        return computed_round(session, seen.wave_id, now, among)
