"""The profiles of villages and areas: editions decided, everything computed in one pass, kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.estimation.profile import Around, Place, VillageProfile, from_json, to_json
from surveys.form.indicators import Indicator
from surveys.form.indicators import from_json as indicators_from_json
from surveys.form.model import Form
from surveys.profiles.given import Profiles
from surveys.profiles.measuring import measure_all
from surveys.store.areas import ids_of, reference_villages, zone_name
from surveys.store.database import Database
from surveys.store.forms import compiled, lists_of
from surveys.store.margins import margins_for
from surveys.store.measured import read
from surveys.store.quality import checked
from surveys.store.reports import (
    Edition,
    Made,
    documents,
    held_by,
    keep,
    made_again,
    newest,
)  # fmt: skip
from surveys.store.reviews import editions_of, rejected_in
from surveys.store.schema import Area, FormVersion, Wave
from surveys.store.submissions import Census, census, finished_in, frame, labels_of

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.computed import Computed
    from surveys.estimation.editions import Editions
    from surveys.estimation.table import About
    from surveys.estimation.villages import Before


TOGETHER = 100
"""Areas that are computed at once."""


@dataclass(frozen=True, slots=True)
class _Round:
    """A wave as it is computed, and what was kept of it before."""

    wave_id: int
    rows: pd.DataFrame
    census: Mapping[int, Census]
    kept: Mapping[int, Edition]
    computed: Computed
    editions: Editions
    about: About
    organisation: str
    contact: str
    whose: Mapping[str, Mapping[str, str]]
    """Village's code -> whose answers its edition holds: key -> home and breakdowns."""
    counted: Mapping[str, Mapping[str, str]]
    """Who is in the numbers of each village, by its code: key -> home."""
    answered: Mapping[str, tuple[int, int]]
    """Village's code -> persons who have answered there by now, and homes."""
    inside: Mapping[tuple[str, ...], Sequence[str]]
    """Of each place above villages, by its names from the top, the codes of those in it."""
    areas: dict[tuple[str, ...], VillageProfile]
    """The profiles of areas, as far as they are computed."""
    rejected: Mapping[str, int]
    """Village's code -> how many of its submissions a review rejected."""
    there: frozenset[str]
    """The submissions of which nobody asked to be forgotten."""
    over: bool
    """Whether the wave is closed."""
    reference: frozenset[str]
    """The codes of its villages."""

    def in_numbers(self, codes: Collection[str]) -> dict[str, str]:
        """Who is in the numbers of an area made of these villages: key -> home."""
        found: dict[str, str] = {}
        for code in codes:
            found |= self.counted.get(code, {})
        return found

    def stands(self, code: str) -> bool:
        """Whether what was published of a village stands, whatever has changed around it.

        Someone of it was forgotten; or of its reference, or of the wave before, and it has no new
        edition: then only that would show.
        """
        earlier = self.computed.earlier
        around = self.editions.frozen & self.reference
        before = earlier is not None and code in earlier[1].editions.frozen
        still = code not in self.editions.advanced and (bool(around) or before)
        return code in self.editions.frozen or still


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
    _measured(database, wave_id)
    with database.read() as session:
        wanted = finished_in(session, wave_id).intersection(area_ids)
        if not wanted:
            return {}
        one = _round(session, wave_id, now)
        above = {area.id: ids_of(area.path)[-2] for area in _places(session, wanted)}
    ids = {place.code: area_id for area_id, place in one.census.items()}
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
    database: Database, one: _Round, codes: Sequence[str], now: datetime
) -> dict[str, VillageProfile | int]:
    """Of these villages the profile where it had to be made, else the report that stands.

    What an unchanged one is read off is hashed, and neither made nor read again.
    """
    ids = {place.code: area_id for area_id, place in one.census.items()}
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
        one = _round(session, wave_id, now)
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
    with database.read() as session:
        one = _round(session, wave_id, now)
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
    one: _Round,
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


def _standing(session: Session, one: _Round, inside: Collection[str]) -> list[VillageProfile]:
    """What stands of the frozen villages of an area."""
    frozen = one.editions.frozen.intersection(inside)
    if not frozen:
        return []
    ids = {place.code: area_id for area_id, place in one.census.items()}
    kept = [one.kept[ids[code]].report_id for code in sorted(frozen) if ids[code] in one.kept]
    found = documents(session, kept)
    return [from_json(found[report_id]) for report_id in kept]


def _with_standing(
    profile: VillageProfile, one: _Round, standing: Collection[VillageProfile]
) -> VillageProfile:
    """With the frozen villages of an area as what stands of them says."""
    if profile.within is None:
        return profile
    ids = {place.code: area_id for area_id, place in one.census.items()}
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
    database: Database, one: _Round, area_ids: Collection[int], now: datetime
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


def _together(one: _Round, places: Collection[tuple[str, ...]]) -> None:
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
            one.areas.update(one.computed.areas_at(some, one.about))


def _beside(profile: VillageProfile, around: Around | None) -> Around | None:
    """The area that a village is in; None where it is the reference that it is beside anyway."""
    if around is None or profile.level == "withheld" or around.name == profile.reference_area:
        return None
    return around


def _asking(profile: VillageProfile, one: _Round, codes: Collection[str]) -> VillageProfile:
    """With who asks, whom to ask, and how many were rejected in these villages: as the wave has it
    now, whatever the edition's date."""
    of = sum(one.rejected.get(code, 0) for code in codes)
    return replace(
        profile, organisation=one.organisation, contact=one.contact, rejected=_to_five(of)
    )


def _to_five(count: int) -> int:
    return 5 * round(count / 5)


def _inside(one: _Round, names: tuple[str, ...]) -> Sequence[str]:
    """The codes of the villages in an area."""
    return one.inside.get(names, ())


def _round(session: Session, wave_id: int, now: datetime) -> _Round:
    from surveys.estimation.leaving import Rejected as RejectedAnswers
    from surveys.estimation.table import About
    from surveys.estimation.villages import compute

    wave, indicators, form = _wave(session, wave_id)
    reference = reference_villages(session, wave)
    together = finished_in(session, wave_id) | set(reference)
    _, margins = margins_for(session, together)
    names = [one.name for one in indicators]
    kept = newest(session, wave_id)
    rejected = rejected_in(session, wave_id)
    still = _still_held(session, wave_id, rejected, kept)
    together |= {rejected[key] for key in still.keys}
    everybody = read(session, wave_id)
    quality = checked(session, wave_id, rows=everybody)
    rows, villages = frame(
        session, wave_id, together, names, quality, rejected=still.keys, rows=everybody
    )
    places = census(session, together)
    past = {places[area_id].code: told for area_id, told in still.past.items()}
    computed = compute(
        rows,
        villages,
        indicators,
        labels_of(form),
        [places[area_id].code for area_id in reference],
        margins=margins,
        before=_wave_before(session, wave, together),
        held=held_by(kept, places),
        rejected=RejectedAnswers(still.keys, past),
        over=wave.closed_at is not None,
    )
    at = now.astimezone(_zone(session, wave.area_id)).isoformat("T", "seconds")
    return _Round(
        wave_id=wave_id,
        rows=rows,
        census=places,
        kept=kept,
        computed=computed,
        editions=computed.editions,
        about=About(
            wave.name, form.id, form.version, at, _reference_name(session, reference) or None
        ),
        organisation=wave.organisation,
        contact=wave.contact,
        whose=_whose(computed),
        counted=_by_village(computed.counted()),
        answered=_answered(rows),
        inside=_insides(places.values()),
        areas={},
        rejected=Counter(places[one].code for one in rejected.values() if one in places),
        there=frozenset(rows["submission"].to_numpy(object)) | rejected.keys(),
        over=wave.closed_at is not None,
        reference=frozenset(places[area_id].code for area_id in reference),
    )


@dataclass(frozen=True, slots=True)
class _StillHeld:
    """What a review rejected of that which editions hold."""

    keys: frozenset[str]
    past: Mapping[int, Sequence[Mapping[str, str]]]
    """Of the villages of these: the members of all their editions."""


def _still_held(
    session: Session, wave_id: int, rejected: Mapping[str, int], kept: Mapping[int, Edition]
) -> _StillHeld:
    """What is in no edition yet never comes into one; the rest is in it until it can leave."""
    keys = frozenset(
        key for key, area_id in rejected.items() if area_id in kept and key in kept[area_id].members
    )
    past = {
        area_id: editions_of(session, wave_id, area_id)
        for area_id in {rejected[key] for key in keys}
    }
    return _StillHeld(keys, past)


def _whose(computed: Computed) -> dict[str, dict[str, str]]:
    """Whose answers the edition of each village holds."""
    held = computed.held()
    return _by_village(held, home_and(held))


def _by_village(rows: pd.DataFrame, said: Sequence[str] | None = None) -> dict[str, dict[str, str]]:
    """Of each village: submission's key -> what is said of it, its home where nothing is given."""
    import numpy as np
    import pandas as pd

    codes, villages = pd.factorize(rows["village"])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(1, len(villages)))
    keys = rows["submission"].to_numpy(object)[order].tolist()
    texts = rows["home"].to_numpy(object) if said is None else np.array(said, object)
    texts = texts[order].tolist()
    bounds = [0, *ends.tolist(), len(keys)]
    return {
        str(village): dict(zip(keys[start:end], texts[start:end], strict=True))
        for village, start, end in zip(villages, bounds, bounds[1:], strict=False)
    }


def home_and(held: pd.DataFrame) -> list[str]:
    """A home, and in which breakdowns its person is, as a report keeps it: of each row."""
    import numpy as np

    from surveys.estimation.editions import BROKEN, GONE

    names = (*BROKEN, *GONE)
    kinds = np.zeros(len(held), np.int64)
    for place, name in enumerate(names):
        kinds |= held[name].to_numpy(bool).astype(np.int64) << place
    suffix = [
        "".join(f" {name}" for place, name in enumerate(names) if kind >> place & 1)
        for kind in range(1 << len(names))
    ]
    return [
        home + suffix[kind]
        for home, kind in zip(held["home"].to_numpy(object), kinds.tolist(), strict=True)
    ]


def _answered(rows: pd.DataFrame) -> dict[str, tuple[int, int]]:
    grouped = rows.groupby("village", observed=True)["home"]
    sizes, homes = grouped.size(), grouped.nunique()
    return {
        str(code): (persons, several)
        for code, persons, several in zip(
            sizes.index, sizes.tolist(), homes.reindex(sizes.index).tolist(), strict=True
        )
    }


def _insides(places: Collection[Census]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for place in places:
        for depth in range(1, len(place.area) + 1):
            found.setdefault(place.area[:depth], []).append(place.code)
    return found


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
        before = _earlier(session, session.get_one(Wave, wave_id))
    for one in (wave_id, before.id if before else None):
        if one is not None:
            measure_all(database, one)


def _earlier(session: Session, wave: Wave) -> Wave | None:
    """The wave before in the same area, or in one that it is part of."""
    path = session.get_one(Area, wave.area_id).path
    return session.scalar(
        select(Wave)
        .where(
            Wave.area_id.in_(ids_of(path)),
            Wave.opened_at < wave.opened_at,
            Wave.closed_at.is_not(None),
        )
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
    )


def _wave_before(session: Session, wave: Wave, villages: Collection[int]) -> Before | None:
    from surveys.estimation.villages import Before

    earlier = _earlier(session, wave)
    if earlier is None:
        return None
    _, indicators, form = _wave(session, earlier.id)
    names = [one.name for one in indicators]
    kept = newest(session, earlier.id)
    # Of a wave that is over no more editions are made for what is rejected now.
    still = _still_held(session, earlier.id, rejected_in(session, earlier.id), kept)
    rows, _ = frame(session, earlier.id, villages, names, rejected=still.keys)
    held = held_by(kept, census(session, villages))
    _, margins = margins_for(session, set(villages))
    return Before(earlier.name, rows, indicators, labels_of(form), margins, held)


def _wave(session: Session, wave_id: int) -> tuple[Wave, tuple[Indicator, ...], Form]:
    wave = session.get_one(Wave, wave_id)
    version = session.get_one(FormVersion, wave.form_version_id)
    lists = lists_of(session, version.id, version.xform)
    return wave, indicators_from_json(version.indicators), compiled(version.xform, lists)


def _places(session: Session, area_ids: Collection[int]) -> Sequence[Area]:
    return session.scalars(select(Area).where(Area.id.in_(area_ids))).all()


def _names(session: Session, area: Area) -> tuple[str, ...]:
    """The names from the programme down to an area."""
    ids = ids_of(area.path)
    names = dict(session.execute(select(Area.id, Area.name).where(Area.id.in_(ids))).tuples().all())
    return tuple(names[one] for one in ids)


def _all_names(session: Session, area_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Of each area what `_names` gives."""
    called = dict(session.execute(select(Area.id, Area.name).where(Area.kind != "village")).all())
    return {
        area.id: tuple(called[one] for one in ids_of(area.path))
        for area in _places(session, area_ids)
    }


def _reference_name(session: Session, reference: Sequence[int]) -> str:
    """One village's own name; of several, the name of the nearest area that holds them all."""
    if not reference:
        return ""
    paths = [
        ids_of(path)
        for path in session.scalars(select(Area.path).where(Area.id.in_(reference)))
    ]  # fmt: skip
    shared = [at[0] for at in zip(*paths, strict=False) if len(set(at)) == 1]
    return session.get_one(Area, shared[-1]).name


def _zone(session: Session, area_id: int) -> ZoneInfo:
    path = session.get_one(Area, area_id).path
    return ZoneInfo(zone_name(session, path) or "UTC")
