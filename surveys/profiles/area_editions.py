"""Areas above villages: their editions, made of those of their villages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.estimation.profile import Place, VillageProfile, from_json, to_json
from surveys.profiles.computed_wave import Round
from surveys.profiles.seldom import seldom_collected
from surveys.store.areas import ids_of
from surveys.store.database import Database
from surveys.store.reports import Edition, Made, documents, keep, told_in
from surveys.store.schema import Area

TOGETHER = 100
"""Areas that are computed at once."""


def of_area(
    database: Database,
    one: Round,
    area_id: int,
    names: tuple[str, ...],
    now: datetime,
    *,
    ranks: bool = False,
) -> VillageProfile | None:
    """The newest edition of an area, kept if it is a new one."""
    import pandas as pd

    from surveys.estimation.editions import area_moves

    kept, inside = one.kept.get(area_id), inside_of(one, names)
    members = one.in_numbers(inside)
    with database.read() as session:
        earlier = _document(session, kept)
        standing = _standing(session, one, inside)
    if kept is not None and earlier is not None and members.keys() != kept.members.keys():
        counted, before = (
            pd.DataFrame(
                [(key, said.split()[0]) for key, said in held.items()],
                columns=["submission", "home"],
            )
            for held in (members, kept.members)
        )
        aside = {
            key for code in one.editions.frozen.intersection(inside) for key in one.whose[code]
        }
        gone = kept.members.keys() - one.there
        if not area_moves(counted, before, aside, gone, over=one.over):
            return from_json(earlier)
    if not members:
        return None
    made = None if ranks else one.areas.get(names)
    made = made or one.computed.area(names, one.about, ranks=ranks)
    profile = _with_standing(made, one, standing)
    if ranks:
        return profile
    if earlier is not None and same(earlier, to_json(profile)):
        return from_json(earlier)
    with database.begin() as session:
        keep(session, one.wave_id, [Made(area_id, profile, members, told_in(profile))], now)
    return profile


def _document(session: Session, kept: Edition | None) -> dict[str, Any] | None:
    return None if kept is None else documents(session, [kept.report_id]).get(kept.report_id)


def _standing(session: Session, one: Round, inside: Collection[str]) -> list[VillageProfile]:
    """What stands of the frozen villages of an area."""
    frozen = one.editions.frozen.intersection(inside)
    if not frozen:
        return []
    ids = one.ids
    kept = [one.kept[ids[code]].report_id for code in sorted(frozen) if ids[code] in one.kept]
    found = documents(session, kept)
    return [from_json(found[report_id]) for report_id in kept]


def _with_standing(
    profile: VillageProfile, one: Round, standing: Collection[VillageProfile]
) -> VillageProfile:
    """With the frozen villages of an area as what stands of them says."""
    if profile.within is None:
        return profile
    ids = one.ids
    rows = [
        Place(
            of.code, of.village, of.persons, of.use, of.online, of.band,
            latitude=one.census[ids[of.code]].latitude,
            longitude=one.census[ids[of.code]].longitude,
        )
        for of in standing
        if of.level != "withheld"
    ]  # fmt: skip
    others = (row for row in profile.within.villages if row.code not in one.editions.frozen)
    villages = sorted((*others, *rows), key=lambda row: ids[row.code])
    return replace(profile, within=replace(profile.within, villages=tuple(villages)))


def together(one: Round, places: Collection[tuple[str, ...]]) -> None:
    """Compute these areas, those of one level at once: a hundredth of the price of each alone."""
    one.areas.update(computed_areas(one, places))


def computed_areas(
    one: Round, places: Collection[tuple[str, ...]]
) -> dict[tuple[str, ...], VillageProfile]:
    """The same, given by their names from the top down; it touches no database."""
    found: dict[tuple[str, ...], VillageProfile] = {}
    for depth in sorted({len(place) for place in places}):
        level = [
            place
            for place in places
            if len(place) == depth
            and place not in one.areas
            and one.in_numbers(inside_of(one, place))
        ]
        for start in range(0, len(level), TOGETHER):
            some = level[start : start + TOGETHER]
            with seldom_collected():
                found |= one.computed.areas_at(some, one.about)
    return found


def inside_of(one: Round, names: tuple[str, ...]) -> Sequence[str]:
    """The codes of the villages in an area."""
    return one.inside.get(names, ())


def same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two profiles say the same, apart from when and what is filled in as it is given."""
    apart = {
        "computed_at": "", "waiting": 0, "around": None, "organisation": "", "contact": "",
        "rejected": 0,
    }  # fmt: skip
    return {**before, **apart} == {**now, **apart}


def places_of(session: Session, area_ids: Collection[int]) -> Sequence[Area]:
    """These areas."""
    return session.scalars(select(Area).where(Area.id.in_(area_ids))).all()


def names_of(session: Session, area: Area) -> tuple[str, ...]:
    """The names from the programme down to an area."""
    ids = ids_of(area.path)
    names = dict(session.execute(select(Area.id, Area.name).where(Area.id.in_(ids))).all())
    return tuple(names[one] for one in ids)


def all_names(session: Session, area_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Of each area what `_names` gives."""
    called = dict(session.execute(select(Area.id, Area.name).where(Area.kind != "village")).all())
    return {
        area.id: tuple(called[one] for one in ids_of(area.path))
        for area in places_of(session, area_ids)
    }
