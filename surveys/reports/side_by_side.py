"""The villages of an area side by side: groups in words, a map, small panels, and the rings.

Nothing is computed here: what a village's own profile shows is shown again, and what it withholds
is withheld. Villages are numbered by name; nobody is sorted by score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from surveys.estimation.profile import NONE, Band, Figure, Place, VillageProfile
from surveys.reports.fieldwork import Fieldwork
from surveys.reports.placing import DOT, Ground, ground
from surveys.reports.shapes import Mark, mark, visible
from surveys.reports.villages import band_words, rank_words
from surveys.reports.wording import Unit, Words, known

NUMBERED = 60
"""Villages that have a number on the map and a panel each; of more, the areas have panels."""

Sign = Literal["below", "same", "above", "alone", "hidden"]
"""How a village is drawn: by its band; shown but not compared; nothing shown."""


@dataclass(frozen=True, slots=True)
class Village:
    """A village of an area as far as it is published: its figures, or that they are withheld."""

    code: str
    name: str
    shown: bool
    complementary: bool
    persons: int
    band: Band | None
    figures: Mapping[str, Figure]
    """online, use, access, resource: those that there are."""
    at: tuple[float, float] | None
    """(latitude, longitude) in degrees."""
    ring: int | None
    link: str
    ranks: tuple[int, ...] = ()
    """On request: the first and the last that it may have."""

    @property
    def sign(self) -> Sign:
        """How it is drawn."""
        return (self.band or "alone") if self.shown else "hidden"


@dataclass(frozen=True, slots=True)
class Named:
    """A village in a list: its number on the map ("" without one), its name, its page."""

    number: str
    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Group:
    """Villages that are told apart from the others in one way, or not; or how many they are."""

    sign: Sign
    title: str
    villages: tuple[Named, ...]
    count: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A village on the map."""

    sign: Sign
    number: str
    name: str
    x: float
    y: float
    label: tuple[float, float] | None
    line: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The map: the villages from the back to the front, its size, and its bar in kilometres."""

    width: float
    height: float
    dots: tuple[Drawn, ...]
    bar: float
    length: str
    small: bool
    """Drawn with small dots: there are many."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One measure of a panel, and where (0-100) the area as a whole lies."""

    label: str
    mark: Mark
    whole: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """A village, or a part of the area, in a few dots."""

    number: str
    name: str
    link: str
    note: str
    strips: tuple[Strip, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """The villages of a ring on one line, by the use of all adults."""

    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Slope:
    """How use goes from ring to ring: number and interval on a scale with 0 in the middle."""

    text: str
    mark: Mark
    """Positions 0-100 on that scale."""
    end: str
    """What its ends stand for, in points."""


def villages_of(
    profile: VillageProfile,
    fieldwork: Sequence[Fieldwork],
    own: Mapping[str, VillageProfile],
    links: Mapping[str, str],
) -> tuple[Village, ...]:
    """The villages of an area in the order of `fieldwork`, or without that of the profile.

    own: the villages' own profiles, by code. Where any is given, they alone say what is shown.
    """
    places = {one.code: one for one in profile.within.villages} if profile.within else {}
    rows = fieldwork or [
        Fieldwork(one.code, one.name, one.persons, None, latitude=one.latitude,
                  longitude=one.longitude)
        for one in places.values()
    ]  # fmt: skip
    return tuple(
        _village(row, places.get(row.code), own.get(row.code), bool(own), links) for row in rows
    )


def _village(
    row: Fieldwork,
    place: Place | None,
    own: VillageProfile | None,
    by_profiles: bool,
    links: Mapping[str, str],
) -> Village:
    figures: Mapping[str, Figure] = {}
    if own is not None:
        shown, band, persons = own.level != "withheld", own.band, own.persons
        figures = figures_of(own) if shown else {}
    else:
        shown = place is not None and not by_profiles
        band, persons = (place.band, place.persons) if place else (None, 0)
        figures = {"online": place.online, "use": place.use} if place and shown else {}
    at = None
    if row.latitude is not None and row.longitude is not None:
        at = row.latitude, row.longitude
    return Village(
        code=row.code,
        name=row.name,
        shown=shown,
        complementary=own is not None and own.complementary,
        persons=persons,
        band=band if shown else None,
        figures=figures,
        at=at,
        ring=row.ring,
        link=links.get(row.code, ""),
        ranks=place.ranks if place is not None and shown else (),
    )


def figures_of(profile: VillageProfile) -> dict[str, Figure]:
    """What a panel shows of a village or an area."""
    found = {"online": profile.online, "use": profile.use}
    for dimension in ("access", "resource"):
        for one in profile.indices:
            if one.kind == "score" and one.dimension == dimension:
                found.setdefault(dimension, one.village)
    return found


def numbers(villages: Sequence[Village]) -> dict[str, str]:
    """Of each code its number; of many, only those have one that are told apart."""
    many = len(villages) > NUMBERED
    if not any(one.at for one in villages):
        return {one.code: "" for one in villages}
    told = [one for one in villages if not many or one.sign in ("below", "above")]
    found = {one.code: str(at) for at, one in enumerate(told, start=1)}
    return {one.code: found.get(one.code, "") for one in villages}


def groups(villages: Sequence[Village], say: Words) -> tuple[Group, ...]:
    """The villages by how they stand to the mean of the others, and those not shown."""
    number, many = numbers(villages), len(villages) > NUMBERED
    titles: tuple[tuple[Sign, bool, str], ...] = (
        ("below", False, band_words("below", say)),
        ("same", False, band_words("same", say)),
        ("above", False, band_words("above", say)),
        ("alone", False, say("shown, but not compared")),
        ("hidden", False, say("not shown yet: too few answers")),
        ("hidden", True, say("not shown: a smaller village could be worked out from it")),
    )
    found = []
    for sign, complementary, title in titles:
        some = [v for v in villages if v.sign == sign and v.complementary == complementary]
        if not some:
            continue
        if many and sign in ("same", "alone", "hidden"):
            count = say.count("{n} village", "{n} villages", len(some))
            found.append(Group(sign, title, (), count))
        else:
            named = tuple(Named(number[v.code], say.name(v.name), v.link) for v in some)
            found.append(Group(sign, title, named))
    return tuple(found)


def chart(villages: Sequence[Village], say: Words) -> Chart | None:
    """The map of the villages whose place is known; None where no place is."""
    number, small = numbers(villages), len(villages) > NUMBERED
    placed = [one for one in villages if one.at]
    sheet: Ground | None = ground(
        [one.at for one in placed if one.at],
        [number[one.code] for one in placed],
        DOT * 0.6 if small else DOT,
    )
    if sheet is None:
        return None
    dots = [
        Drawn(one.sign, number[one.code], say.name(one.name), s.x, s.y, s.label, s.line)
        for one, s in zip(placed, sheet.spots, strict=True)
    ]
    # What is told apart lies on top.
    order: tuple[Sign, ...] = ("hidden", "alone", "same", "above", "below")
    dots.sort(key=lambda dot: order.index(dot.sign))
    length = (
        say("{n} km", n=f"{sheet.km:g}")
        if sheet.km >= 1
        else say("{n} m", n=f"{sheet.km * 1000:g}")
    )
    return Chart(sheet.width, sheet.height, tuple(dots), sheet.bar, length, small)


def panels(
    profile: VillageProfile,
    villages: Sequence[Village],
    parts: Mapping[str, VillageProfile],
    links: Mapping[str, str],
    say: Words,
) -> tuple[Panel, ...]:
    """A panel for each village that is shown; of many villages one for each part of the area.

    parts: profiles of the areas right below, by name.
    """
    whole = figures_of(profile) if profile.level != "withheld" else {}
    if len(villages) > NUMBERED:
        return tuple(
            Panel(
                "",
                say.name(name),
                links.get(name, ""),
                say.count("{n} person", "{n} people", one.persons),
                strips(figures_of(one), whole, say),
            )
            for name, one in parts.items()
            if one.level != "withheld"
        )
    number = numbers(villages)
    return tuple(
        Panel(
            number[one.code],
            say.name(one.name),
            one.link,
            say("; ").join(_notes(one, say)),
            strips(one.figures, whole, say),
        )
        for one in villages
        if one.shown
    )


def _notes(one: Village, say: Words) -> list[str]:
    said = [say.count("{n} person", "{n} people", one.persons)]
    if one.band:
        said.append(band_words(one.band, say))
    return [*said, rank_words(one.ranks, say)] if one.ranks else said


def strips(
    figures: Mapping[str, Figure], whole: Mapping[str, Figure], say: Words
) -> tuple[Strip, ...]:
    """The measures of a panel, each with the area's own."""
    labels = {
        "online": say("Online"),
        "use": say("Use"),
        "access": say("Access"),
        "resource": say("Resource"),
    }
    return tuple(
        Strip(
            labels[name],
            short(figures[name], say, "share" if name == "online" else "points"),
            known(whole.get(name, NONE)),
        )
        for name in labels
        if name in figures
    )


def short(figure: Figure, say: Words, unit: Unit) -> Mark:
    """A mark whose bound is a sign, as there is no room for words in a panel."""
    bound = {"at_most": "≤", "at_least": "≥"}.get(figure.bound, "")
    found = mark(replace(figure, bound=""), say, unit)
    return replace(found, text=bound + found.text) if bound and found.value is not None else found


def bounds(villages: Sequence[Village], say: Words) -> str:
    """What the signs of bounds mean; "" where there are none."""
    found = {figure.bound for one in villages if one.shown for figure in one.figures.values()}
    signs = {"at_most": say("≤: at most"), "at_least": say("≥: at least")}
    return say("; ").join(text for bound, text in signs.items() if bound in found)


def rings(villages: Sequence[Village], say: Words) -> tuple[Ring, ...]:
    """The villages that are shown by ring, the centre first; none where one ring alone is known."""
    found: dict[int, list[Mark]] = {}
    for one in villages:
        use = one.figures.get("use")
        if one.ring is not None and use is not None and visible(use) and known(use) is not None:
            found.setdefault(one.ring, []).append(mark(use, say))
    if len(found) < 2:
        return ()
    return tuple(
        Ring(say("centre") if ring == 0 else say("ring {n}", n=ring), tuple(found[ring]))
        for ring in sorted(found)
    )


def slope(profile: VillageProfile, text: str, say: Words) -> Slope | None:
    """The gradient as a dot with its interval; None where there is none."""
    figure = profile.within.gradient if profile.within else None
    if figure is None or figure.low is None or figure.high is None or known(figure) is None:
        return None
    reach = 5 * ceil(max(abs(figure.low), abs(figure.high)) / 5) or 5

    def at(value: float | None) -> float | None:
        return None if value is None else 50 + 50 * value / reach

    said = say.figure(figure, "spread")
    drawn = Mark(said, said, True, at(known(figure)), at(figure.low), at(figure.high))
    return Slope(text, drawn, say.number(reach))
