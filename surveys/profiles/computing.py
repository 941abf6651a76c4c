"""The profiles of villages and areas: editions decided, everything computed in one pass, kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.estimation.profile import Around, Place, VillageProfile, from_json, to_json
from surveys.profiles.computed_wave import Round, computed_round, wave_before
from surveys.profiles.given import Profiles
from surveys.profiles.measuring import measure_all
from surveys.profiles.seldom import seldom_collected
from surveys.store.areas import ids_of
from surveys.store.database import Database
from surveys.store.reports import Edition, Made, documents, keep, made_again, newest
from surveys.store.schema import Area, Wave
from surveys.store.submissions import finished_in

TOGETHER = 100
"""Areas that are computed at once."""


def village_profiles(
    database: Database, wave_id: int, area_ids: Collection[int], now: datetime
) -> Mapping[str, VillageProfile]:
    """The profiles of those of these villages where somebody finished, by code.

    All villages of the wave are computed in one pass, with the reference villages. A new edition is
    kept as a report, with whose answers are in it; where nothing changed since the newest report,
    that one is given, with its date, and read when it is asked for. Who has answered since, and is
    not in it yet, is `waiting`; `around` is the area that the village is in, as that area's own
    edition has it.
    """
    with seldom_collected():
        return _all_villages(database, wave_id, area_ids, now)


def _all_villages(
    database: Database, wave_id: int, area_ids: Collection[int], now: datetime
) -> Mapping[str, VillageProfile]:
    _measured(database, wave_id)
    with database.read() as session:
        wanted = finished_in(session, wave_id).intersection(area_ids)
        if not wanted:
            return {}
        one = computed_round(session, wave_id, now)
        above = {area.id: ids_of(area.path)[-2] for area in _places(session, wanted)}
    ids = one.ids
    asked = {one.census[area_id].code for area_id in wanted}
    found = _villages(
        database, one, sorted(asked | one.editions.advanced, key=ids.__getitem__), now
    )
    around = _around(database, one, {above[ids[code]] for code in asked}, now)
    answered = {code: one.answered[code] for code in asked if code in one.answered}
    waiting, rejected = one.editions.waiting, one.rejected
    organisation, contact = one.organisation, one.contact

    def given(code: str, profile: VillageProfile) -> VillageProfile:
        """With what is as it is now, whatever the edition's date; it holds nothing of the rows."""
        profile = _counted(replace(profile, waiting=waiting.get(code, 0)), answered)
        beside = _beside(profile, around.get(above[ids[code]]))
        return replace(
            profile, around=beside, organisation=organisation, contact=contact,
            rejected=_to_five(rejected.get(code, 0)),
        )  # fmt: skip

    return Profiles(database, {code: found[code] for code in found if code in asked}, given)


def _villages(
    database: Database, one: Round, codes: Sequence[str], now: datetime
) -> dict[str, VillageProfile | int]:
    """Of these villages the profile where it had to be made, else the report that stands.

    What an unchanged one is read off is hashed, and neither made nor read again.
    """
    ids = one.ids
    prints = one.computed.fingerprints(one.about, _program())
    found: dict[str, VillageProfile | int] = {}
    made: list[tuple[str, Edition | None]] = []
    for code in codes:
        before = one.kept.get(ids[code])
        same = (
            before is not None
            and before.made_of is not None
            and before.made_of == prints.get(code)
            and before.members == one.whose.get(code, {})
        )
        if before is not None and (same or one.stands(code)):
            found[code] = before.report_id
        else:
            made.append((code, before))
    with database.read() as session:
        kept = documents(session, [before.report_id for _, before in made if before is not None])
    fresh: list[Made] = []
    again: dict[int, str] = {}
    for code, before in made:
        profile = one.computed.village(code, one.about)
        document, members = to_json(profile), one.whose.get(code, {})
        earlier = None if before is None else kept[before.report_id]
        if (
            before is None
            or earlier is None
            or not _same(earlier, document)
            or (members != before.members)
        ):
            fresh.append(Made(ids[code], document, members, prints.get(code)))
        else:
            # It says the same, and said it then.
            profile = replace(profile, computed_at=earlier["computed_at"])
            if code in prints:
                again[before.report_id] = prints[code]
        found[code] = profile
    if fresh or again:
        with database.begin() as session:
            keep(session, one.wave_id, fresh, now)
            made_again(session, again)
    # In the order of the villages, whichever were made.
    return {code: found[code] for code in codes}


@cache
def _program() -> str:
    """What stands for the program that computes: with another one no fingerprint is the same."""
    found = blake2b(digest_size=16)
    for one in sorted(files("surveys.estimation").iterdir(), key=lambda one: one.name):
        if one.name.endswith(".py"):
            found.update(one.read_bytes())
    return found.hexdigest()


def area_profile(
    database: Database, wave_id: int, area_id: int, now: datetime, *, ranks: bool = False
) -> VillageProfile | None:
    """The profile of an area above villages; None where nobody there has finished.

    It holds what its villages' editions hold, and changes when enough of that has changed.
    """
    _measured(database, wave_id)
    with database.read() as session:
        one = computed_round(session, wave_id, now)
        names = _names(session, session.get_one(Area, area_id))
    # What is published of an area rests on editions that are kept.
    if one.editions.advanced:
        village_profiles(database, wave_id, list(one.census), now)
    found = _of_area(database, one, area_id, names, now, ranks=ranks)
    return None if found is None else _asking(found, one, _inside(one, names))


def area_profiles(
    database: Database, wave_id: int, area_ids: Sequence[int], now: datetime
) -> Iterator[tuple[int, VillageProfile]]:
    """Of several areas, one after the other and computed in one pass, what `area_profile` gives;
    those where nobody has finished are left out.
    """
    _measured(database, wave_id)
    with database.read() as session, seldom_collected():
        one = computed_round(session, wave_id, now)
        names = {area.id: _names(session, area) for area in _places(session, area_ids)}
    if one.editions.advanced:
        village_profiles(database, wave_id, list(one.census), now)
        with database.read() as session:
            # With the villages' editions those of the areas around them may have been kept.
            one = replace(one, kept=newest(session, wave_id))
    _together(one, names.values())
    for area_id in area_ids:
        found = _of_area(database, one, area_id, names[area_id], now)
        if found is not None:
            yield area_id, _asking(found, one, _inside(one, names[area_id]))


def _of_area(
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

    kept, inside = one.kept.get(area_id), _inside(one, names)
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
    document = to_json(profile)
    if ranks:
        return profile
    if earlier is not None and _same(earlier, document):
        return from_json(earlier)
    with database.begin() as session:
        keep(session, one.wave_id, [Made(area_id, document, members)], now)
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


def _around(
    database: Database, one: Round, area_ids: Collection[int], now: datetime
) -> dict[int, Around]:
    """Of those areas in which several villages have answered, and that may be shown."""
    with database.read() as session:
        names = _all_names(session, area_ids)
    found = {}
    several = {
        area_id: place
        for area_id, place in names.items()
        if sum(code in one.answered for code in _inside(one, place)) > 1
    }
    _together(one, several.values())
    for area_id, place in several.items():
        area = _of_area(database, one, area_id, place, now)
        if area is not None and area.level != "withheld":
            indices = {index.name: index.village for index in area.indices}
            found[area_id] = Around(place[-1], area.online, area.use_of_users, area.use, indices)
    return found


def _together(one: Round, places: Collection[tuple[str, ...]]) -> None:
    """Compute these areas, those of one level at once: a hundredth of the price of each alone."""
    for depth in sorted({len(place) for place in places}):
        level = [
            place
            for place in places
            if len(place) == depth
            and place not in one.areas
            and one.in_numbers(_inside(one, place))
        ]
        for start in range(0, len(level), TOGETHER):
            some = level[start : start + TOGETHER]
            with seldom_collected():
                one.areas.update(one.computed.areas_at(some, one.about))


def _beside(profile: VillageProfile, around: Around | None) -> Around | None:
    """The area that a village is in; None where it is the reference that it is beside anyway."""
    if around is None or profile.level == "withheld" or around.name == profile.reference_area:
        return None
    return around


def _asking(profile: VillageProfile, one: Round, codes: Collection[str]) -> VillageProfile:
    """With who asks, whom to ask, and how many were rejected in these villages: as the wave has it
    now, whatever the edition's date."""
    of = sum(one.rejected.get(code, 0) for code in codes)
    return replace(
        profile, organisation=one.organisation, contact=one.contact, rejected=_to_five(of)
    )


def _to_five(count: int) -> int:
    return 5 * round(count / 5)


def _inside(one: Round, names: tuple[str, ...]) -> Sequence[str]:
    """The codes of the villages in an area."""
    return one.inside.get(names, ())


def _counted(
    profile: VillageProfile, answered: Mapping[str, tuple[int, int]]
) -> VillageProfile:  # fmt: skip
    """Of a village of which nothing is shown: how many answered by now, to say what is lacking."""
    if profile.level != "withheld" or profile.complementary:
        return profile
    persons, homes = answered.get(profile.code, (0, 0))
    return replace(profile, persons=persons, homes=homes, waiting=0)


def _same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two profiles say the same, apart from when and what is filled in as it is given."""
    apart = {
        "computed_at": "", "waiting": 0, "around": None, "organisation": "", "contact": "",
        "rejected": 0,
    }  # fmt: skip
    return {**before, **apart} == {**now, **apart}


def _measured(database: Database, wave_id: int) -> None:
    """See that what is read of a wave, and of the one before, has been written down."""
    with database.read() as session:
        before = wave_before(session, session.get_one(Wave, wave_id))
    for one in (wave_id, before.id if before else None):
        if one is not None:
            measure_all(database, one)


def _places(session: Session, area_ids: Collection[int]) -> Sequence[Area]:
    return session.scalars(select(Area).where(Area.id.in_(area_ids))).all()


def _names(session: Session, area: Area) -> tuple[str, ...]:
    """The names from the programme down to an area."""
    ids = ids_of(area.path)
    names = dict(session.execute(select(Area.id, Area.name).where(Area.id.in_(ids))).all())
    return tuple(names[one] for one in ids)


def _all_names(session: Session, area_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Of each area what `_names` gives."""
    called = dict(session.execute(select(Area.id, Area.name).where(Area.kind != "village")).all())
    return {
        area.id: tuple(called[one] for one in ids_of(area.path))
        for area in _places(session, area_ids)
    }
