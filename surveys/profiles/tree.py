"""An area with all below it, profile by profile: what a folder of pages is made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from surveys.estimation.profile import VillageProfile
from surveys.profiles.areas import area_profile, area_profiles
from surveys.profiles.fieldwork import VillageProgress, latest_wave, summary
from surveys.profiles.villages import village_profiles
from surveys.reports.area import Beside, area_page
from surveys.reports.fieldwork import Fieldwork
from surveys.reports.render import page
from surveys.reports.side_by_side import NUMBERED
from surveys.store.areas import ids_of
from surveys.store.database import Database
from surveys.store.submissions import finished_in
from surveys.store.subtree import Branch, inside, subtree


@dataclass(frozen=True, slots=True)
class Leaf:
    """An area or village, its profile (None: nobody has finished there), what is beside it."""

    branch: Branch
    profile: VillageProfile | None
    answered: int
    target: int | None
    beside: Beside | None
    """Of an area; a village has none."""


def beside(database: Database, area_id: int, wave_id: int, now: datetime) -> Beside:
    """What the page of one area shows besides its profile; no links."""
    with database.read() as session:
        branches = subtree(session, area_id)
        rows = _fieldwork(session, branches, wave_id, now)
    found = _parts(branches[0], branches, rows)
    own = village_profiles(database, wave_id, list(rows), now)
    parts: dict[str, VillageProfile] = {}
    if len(rows) > NUMBERED:
        below = _below(branches[0], branches)
        made = area_profiles(database, wave_id, [one.area_id for one in below], now)
        names = {one.area_id: one.name for one in below}
        parts = {names[area_id]: profile for area_id, profile in made}
    return Beside(found, own, parts)


def drawing(
    database: Database, profile: VillageProfile, wave_id: int, area_id: int, now: datetime
) -> Callable[..., str]:
    """How the page of a village or an area is drawn: called with a language, and `paper=True` for
    a PDF."""
    if profile.kind == "village":
        return partial(page, profile)
    return partial(area_page, profile, beside=beside(database, area_id, wave_id, now))


def area_shown(
    database: Database, wave_id: int, area_id: int, now: datetime
) -> VillageProfile | None:
    """The profile of an area, or what says that nothing can be shown of it yet; None where nobody
    has finished."""
    found = area_profile(database, wave_id, area_id, now)
    if found is not None:
        return found
    with database.read() as session:
        branches = subtree(session, area_id)
    villages = [one.area_id for one in branches if one.kind == "village"]
    return nothing_yet(branches[0], village_profiles(database, wave_id, villages, now).values())


@dataclass(frozen=True, slots=True)
class Tree:
    """An area and all below it, each in the newest wave of its own."""

    branches: tuple[Branch, ...]
    """Each before what is in it, by name."""
    waves: Mapping[int, int | None]
    """Area -> its wave."""
    paged: frozenset[int]
    """Where somebody has finished in that wave: what has a profile."""


def tree(session: Session, area_id: int, now: datetime) -> Tree:
    """The tree below an area, and who of it has a profile."""
    branches = subtree(session, area_id)
    rows = _progress(session, branches, None, now)
    waves = {
        one.area_id: _wave(rows[one.area_id])
        if one.kind == "village"
        else latest_wave(session, one.area_id)
        for one in branches
    }
    finished = {
        wave_id: finished_in(session, wave_id) for wave_id in set(waves.values()) if wave_id
    }
    villages = [one for one in branches if one.kind == "village"]
    paged = frozenset(
        one.area_id
        for one in branches
        if any(
            village.area_id in finished.get(waves[one.area_id] or 0, ())
            for village in villages
            if inside(village, one)
        )
    )
    return Tree(tuple(branches), waves, paged)


def leaves(database: Database, found: Tree, now: datetime) -> Iterator[Leaf]:
    """Each area and village of a tree with its profile, wave by wave, villages before areas.

    A wave is computed twice (villages, then areas), however many pages are made of it.
    """
    for wave_id in dict.fromkeys(found.waves.values()):
        of = [one for one in found.branches if found.waves[one.area_id] == wave_id]
        if wave_id is None:
            yield from (Leaf(one, None, 0, None, None) for one in of)
        else:
            yield from _of_wave(database, of, found.branches, wave_id, now)


def nothing_yet(area: Branch, own: Iterable[VillageProfile]) -> VillageProfile | None:
    """What stands for the profile of an area in which no village has answers enough for one.

    own: the profiles of its villages. None where nobody has finished in any.
    """
    villages = list(own)
    if not villages:
        return None
    depth = len(ids_of(area.path)) - 1
    return replace(
        villages[0],
        village=area.name,
        code="",
        kind=area.kind,
        area=villages[0].area[:depth],
        persons=sum(one.persons for one in villages),
        homes=sum(one.homes for one in villages),
        level="withheld",
        complementary=False,
        target=None,
        households=None,
        adults=None,
        waiting=0,
        within=None,
        around=None,
    )


def _of_wave(
    database: Database,
    of: Sequence[Branch],
    branches: Sequence[Branch],
    wave_id: int,
    now: datetime,
) -> Iterator[Leaf]:
    """The pages of one wave."""
    areas = [one for one in reversed(of) if one.kind != "village"]
    needed = [
        one
        for one in branches
        if one.kind == "village" and (one in of or any(inside(one, area) for area in areas))
    ]
    with database.read() as session:
        rows = _fieldwork(session, needed, wave_id, now)
    own = village_profiles(database, wave_id, [one.area_id for one in needed], now)
    for one in of:
        if one.kind == "village":
            row = rows[one.area_id]
            yield Leaf(one, own.get(one.code), row.answered, row.target, None)
    # Of what areas show of their villages this is all that is needed.
    few = {code: _few(profile) for code, profile in own.items()}
    made: dict[int, VillageProfile] = {}
    # From the bottom up: what an area shows of the areas in it is there already.
    areas.sort(key=lambda one: -len(one.path.split("/")))
    for one, found in _with_profiles(database, wave_id, areas, now):
        if found is not None:
            made[one.area_id] = found
        inner = (own[v.code] for v in needed if inside(v, one) and v.code in own)
        yield _leaf(one, found or nothing_yet(one, inner), branches, rows, few=few, made=made)


def _with_profiles(
    database: Database, wave_id: int, areas: Sequence[Branch], now: datetime
) -> Iterator[tuple[Branch, VillageProfile | None]]:
    found = area_profiles(database, wave_id, [one.area_id for one in areas], now)
    coming = next(found, None)
    for one in areas:
        if coming is not None and coming[0] == one.area_id:
            yield one, coming[1]
            coming = next(found, None)
        else:
            yield one, None


def _leaf(
    one: Branch,
    profile: VillageProfile | None,
    branches: Sequence[Branch],
    rows: Mapping[int, Fieldwork],
    *,
    few: Mapping[str, VillageProfile],
    made: Mapping[int, VillageProfile],
) -> Leaf:
    found = _parts(one, branches, rows)
    parts = {
        part.name: made[part.area_id] for part in _below(one, branches) if part.area_id in made
    }
    targets = [row.target for row in found]
    return Leaf(
        one,
        profile,
        sum(row.answered for row in found),
        sum(target for target in targets if target) if found and all(targets) else None,
        Beside(found, {row.code: few[row.code] for row in found if row.code in few}, parts),
    )


def _progress(
    session: Session, branches: Collection[Branch], wave_id: int | None, now: datetime
) -> dict[int, VillageProgress]:
    ids = [one.area_id for one in branches if one.kind == "village"]
    return {row.area_id: row for row in summary(session, ids, wave_id, now)}


def _wave(row: VillageProgress) -> int | None:
    return row.wave.id if row.wave else None


def _fieldwork(
    session: Session, branches: Collection[Branch], wave_id: int, now: datetime
) -> dict[int, Fieldwork]:
    """Of each village a row, by its id."""
    rows = _progress(session, branches, wave_id, now)
    return {
        one.area_id: Fieldwork(
            code=one.code,
            name=one.name,
            answered=rows[one.area_id].finished,
            target=rows[one.area_id].target,
            expected=rows[one.area_id].expected,
            never=rows[one.area_id].prospect == "never",
            ring=one.ring,
            latitude=one.latitude,
            longitude=one.longitude,
        )
        for one in branches
        if one.kind == "village"
    }


def _below(area: Branch, branches: Sequence[Branch]) -> list[Branch]:
    """The areas right below another, villages apart."""
    return [one for one in branches if one.parent_id == area.area_id and one.kind != "village"]


def _parts(
    area: Branch, branches: Sequence[Branch], rows: Mapping[int, Fieldwork]
) -> list[Fieldwork]:
    """The villages of an area by name, each with the area right below in which it lies."""
    below = {one.area_id: one.name for one in _below(area, branches)}
    found = [
        replace(
            rows[one.area_id],
            part=next((below[at] for at in map(int, one.path.split("/")[1:-1]) if at in below), ""),
        )
        for one in branches
        if one.kind == "village" and inside(one, area)
    ]
    return sorted(found, key=lambda row: (row.name, row.code))


def _few(profile: VillageProfile) -> VillageProfile:
    """Of a village's profile what the page of its area shows, so that many of them fit."""
    scores = tuple(one for one in profile.indices if one.kind == "score")
    return replace(
        profile, indices=scores, shares=(), chain=(), breakdowns=(), benchmarks=(), around=None,
        deprivation=None, inequality=None, change=None,
    )  # fmt: skip
