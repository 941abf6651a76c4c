"""The profiles of villages: what has changed is computed in one pass, and kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from surveys.estimation.profile import Around, VillageProfile, to_json
from surveys.profiles.area_editions import (
    all_names,
    computed_areas,
    inside_of,
    of_area,
    same,
)
from surveys.profiles.arounds import Arounds, around_of, partial
from surveys.profiles.computed_wave import Round, computed_round
from surveys.profiles.given import Profiles, to_five
from surveys.profiles.meanwhile import meanwhile
from surveys.profiles.measuring import measured
from surveys.profiles.seldom import seldom_collected
from surveys.profiles.stands import Seen, program, seen, settle
from surveys.store.areas import ids_of, paths_of
from surveys.store.database import Database
from surveys.store.reports import Edition, Made, documents, keep, made_again, told_in
from surveys.store.schema import Wave

Found = VillageProfile | int
"""A profile, or the report that it is kept in."""
Told = dict[str, tuple[bool, ...]]
"""Of villages by code which of `surveys.estimation.editions.TOLD` are shown."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a look at a wave gave."""

    found: Mapping[str, Found]
    """Of those who were asked for, by code."""
    now: Callable[[str], tuple[int, int, int]]
    """Of one of them: persons who have answered, their homes, and persons who are in no edition."""
    around: Callable[[int], Around | None]


def village_profiles(
    database: Database, wave_id: int, area_ids: Collection[int], now: datetime
) -> Mapping[str, VillageProfile]:
    """The profiles of those of these villages where somebody finished, by code.

    Villages of the wave are computed in one pass, with the reference villages: all of them, or of a
    large wave those of which something has changed (see `surveys.profiles.stands`). A new edition
    is kept as a report, with whose answers are in it; where nothing changed since the newest
    report, that one is given, with its date, and read when it is asked for. Who has answered since,
    and is not in it yet, is `waiting`; `around` is the area that the village is in, as that area's
    own edition has it.
    """
    with seldom_collected():
        looked = look(database, wave_id)
        wanted = looked.answered.intersection(area_ids)
        if not wanted:
            return {}
        with database.read() as session:
            above = {one: ids_of(path)[-2] for one, path in paths_of(session, wanted).items()}
            wave = session.get_one(Wave, wave_id)
            organisation, contact = wave.organisation, wave.contact
        made = _changed(database, looked, wanted, above, now)
        made = made or _whole(database, looked, wanted, above, now)
    ids = {looked.census[area_id].code: area_id for area_id in wanted}

    def given(code: str, profile: VillageProfile) -> VillageProfile:
        """With what is as it is now, whatever the edition's date; it holds nothing of the rows."""
        area_id = ids[code]
        beside = _beside(profile, made.around(above[area_id]))
        return replace(
            _counted(profile, *made.now(code)), around=beside, organisation=organisation,
            contact=contact, rejected=to_five(looked.stamps[area_id].rejected),
        )  # fmt: skip

    return Profiles(database, made.found, given)


def look(database: Database, wave_id: int) -> Seen:
    """See that what is read of a wave has been written down; what of it stands."""
    with database.read() as session:
        looked = seen(session, wave_id)
    lacking = looked.rests is None or any(one.unmeasured for one in looked.stamps.values())
    if lacking and measured(database, wave_id):
        with database.read() as session:
            looked = seen(session, wave_id)
    return looked


def _whole(
    database: Database, looked: Seen, wanted: Collection[int], above: Mapping[int, int],
    now: datetime,
) -> _Pass:  # fmt: skip
    """All villages computed; of a large wave all are kept, whichever are wanted."""
    with database.read() as session:
        one = computed_round(session, looked.wave_id, now)
    ids = one.ids
    # Whose last answer was forgotten since the look is not there any more.
    asked = {one.census[area_id].code for area_id in wanted if area_id in one.census}
    every = (area_id for area_id in looked.answered if area_id in one.census)
    kept = {one.census[area_id].code for area_id in every} if looked.large else asked
    codes = sorted(kept | one.editions.advanced, key=ids.__getitem__)
    several = _several(database, one, {above[ids[code]] for code in asked})
    one.computed.both()
    with meanwhile(lambda: computed_areas(one, several.values()), large=looked.large) as areas:
        found, told = _villages(database, one, codes, now)
        if looked.large:
            with database.begin() as session:
                settle(session, looked, one, codes, told)
        one.areas.update(areas())
    around = {
        area_id: around_of(of_area(database, one, area_id, place, now), place[-1])
        for area_id, place in several.items()
    }
    return _Pass(
        {code: found[code] for code in codes if code in asked},
        lambda code: _now(one, code),
        around.get,
    )


def _changed(
    database: Database, looked: Seen, wanted: frozenset[int], above: Mapping[int, int],
    now: datetime,
) -> _Pass | None:  # fmt: skip
    """Villages computed of which something has changed; None where all must be."""
    if looked.rests is None:
        return None
    one, made, told = None, dict[str, Found](), dict[str, tuple[bool, ...]]()
    after = looked
    if looked.changed:
        one = partial(database, looked, looked.changed, (), now)
        moved = {looked.census[area_id].code for area_id in looked.changed} & one.editions.unsettled
        if one.reference & (one.editions.advanced | moved):
            return None
        changed = (area_id for area_id in looked.changed & wanted if area_id in one.census)
        codes = {one.census[area_id].code for area_id in changed}
        ordered = sorted(codes | one.editions.advanced, key=one.ids.__getitem__)
        made, told = _villages(database, one, ordered, now)
        with database.begin() as session:
            after = settle(session, looked, one, ordered, told)
    found: dict[str, Found] = {}
    stands: dict[str, int] = {}
    for area_id in sorted(wanted):
        code = looked.census[area_id].code
        if one is None or area_id in looked.rows:
            found[code], stands[code] = looked.rows[area_id].report_id, area_id
        elif code in made:
            found[code] = made[code]

    def counted(code: str) -> tuple[int, int, int]:
        """Of those that stand looked up for whom it is asked: there may be ten thousand."""
        if one is None or code in stands:
            return looked.counted(stands[code])
        return _now(one, code)

    areas = sorted({above[area_id] for area_id in wanted})
    return _Pass(found, counted, Arounds(database, after, areas, now))


def _now(one: Round, code: str) -> tuple[int, int, int]:
    return *one.answered.get(code, (0, 0)), one.editions.waiting.get(code, 0)


def _villages(
    database: Database, one: Round, codes: Sequence[str], now: datetime
) -> tuple[dict[str, Found], Told]:
    """Of these villages the profile where it had to be made, else the report that stands; and what
    is shown of each.

    What an unchanged one is read off is hashed, and neither made nor read again.
    """
    ids = one.ids
    prints = one.computed.fingerprints(one.about, program())
    found: dict[str, Found] = {}
    told: Told = {}
    made: list[tuple[str, Edition | None]] = []
    for code in codes:
        before = one.kept.get(ids[code])
        unchanged = (
            before is not None
            and before.made_of is not None
            and before.made_of == prints.get(code)
            and before.members == one.whose.get(code, {})
        )
        if before is not None and (unchanged or one.stands(code)):
            found[code], told[code] = before.report_id, before.told
        else:
            made.append((code, before))
    with database.read() as session:
        kept = documents(session, [before.report_id for _, before in made if before is not None])
    fresh: list[Made] = []
    again: dict[int, str] = {}
    for code, before in made:
        profile = one.computed.village(code, one.about)
        members, told[code] = one.whose.get(code, {}), told_in(profile)
        earlier = None if before is None else kept[before.report_id]
        if (
            before is None
            or earlier is None
            or not same(earlier, to_json(profile))
            or (members != before.members)
        ):
            fresh.append(Made(ids[code], profile, members, told[code], prints.get(code)))
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
    return {code: found[code] for code in codes}, told


def _several(
    database: Database, one: Round, area_ids: Collection[int]
) -> dict[int, tuple[str, ...]]:
    """Those areas in which several villages have answered, by their names from the top down."""
    with database.read() as session:
        names = all_names(session, area_ids)
    return {
        area_id: place
        for area_id, place in names.items()
        if sum(code in one.answered for code in inside_of(one, place)) > 1
    }


def _beside(profile: VillageProfile, around: Around | None) -> Around | None:
    """The area that a village is in; None where it is the reference that it is beside anyway."""
    if around is None or profile.level == "withheld" or around.name == profile.reference_area:
        return None
    return around


def _counted(profile: VillageProfile, persons: int, homes: int, waiting: int) -> VillageProfile:
    """With who waits; of a village of which nothing is shown how many answered by now, to say what
    is lacking."""
    if profile.level != "withheld" or profile.complementary:
        return replace(profile, waiting=waiting)
    return replace(profile, persons=persons, homes=homes, waiting=0)
