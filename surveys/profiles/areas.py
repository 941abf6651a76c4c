"""The profiles of areas above villages, which hold what their villages' editions hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from surveys.estimation.profile import VillageProfile
from surveys.profiles.area_editions import inside_of, names_of, of_area, places_of, together
from surveys.profiles.arounds import partial
from surveys.profiles.computed_wave import Round, computed_round
from surveys.profiles.given import to_five
from surveys.profiles.measuring import measured
from surveys.profiles.seldom import seldom_collected
from surveys.profiles.villages import look, village_profiles
from surveys.store.areas import villages_in
from surveys.store.database import Database
from surveys.store.reports import newest
from surveys.store.schema import Area


def area_profile(
    database: Database, wave_id: int, area_id: int, now: datetime, *, ranks: bool = False
) -> VillageProfile | None:
    """The profile of an area above villages; None where nobody there has finished.

    It holds what its villages' editions hold, and changes when enough of that has changed.
    """
    with database.read() as session:
        area = session.get_one(Area, area_id)
        names, villages = names_of(session, area), villages_in(session, area.path)
    looked = look(database, wave_id)
    # What is published of an area rests on editions that are kept.
    if looked.rests is not None and looked.changed:
        village_profiles(database, wave_id, list(looked.census), now)
        looked = look(database, wave_id)
    one = partial(database, looked, looked.stamps.keys() & set(villages), [area_id], now)
    if one.editions.advanced:
        village_profiles(database, wave_id, list(one.census), now)
    found = of_area(database, one, area_id, names, now, ranks=ranks)
    return None if found is None else _asking(found, one, inside_of(one, names))


def area_profiles(
    database: Database, wave_id: int, area_ids: Sequence[int], now: datetime
) -> Iterator[tuple[int, VillageProfile]]:
    """Of several areas, one after the other and computed in one pass, what `area_profile` gives;
    those where nobody has finished are left out.
    """
    measured(database, wave_id)
    with database.read() as session, seldom_collected():
        one = computed_round(session, wave_id, now)
        names = {area.id: names_of(session, area) for area in places_of(session, area_ids)}
    if one.editions.advanced:
        village_profiles(database, wave_id, list(one.census), now)
        with database.read() as session:
            # With the villages' editions those of the areas around them may have been kept.
            one = replace(one, kept=newest(session, wave_id))
    together(one, names.values())
    for area_id in area_ids:
        found = of_area(database, one, area_id, names[area_id], now)
        if found is not None:
            yield area_id, _asking(found, one, inside_of(one, names[area_id]))


def _asking(profile: VillageProfile, one: Round, codes: Collection[str]) -> VillageProfile:
    """With who asks, whom to ask, and how many were rejected in these villages: as the wave has it
    now, whatever the edition's date."""
    of = sum(one.rejected.get(code, 0) for code in codes)
    return replace(
        profile, organisation=one.organisation, contact=one.contact, rejected=to_five(of)
    )
