"""The rows, bars and lists of a report, made from a profile's figures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from surveys.estimation.profile import Figure, Gap, IndexFigure, Shares, VillageProfile
from surveys.reports.levers import ANSWERS
from surveys.reports.shapes import (
    Ladder,
    Listed,
    Mark,
    Row,
    Slice,
    Step,
    complete,
    mark,
    visible,
    within,
)
from surveys.reports.wording import Unit, Words, known, turned

NOTHING: Mapping[str, str] = MappingProxyType({})

LEVELS = ("above", "basic", "low", "narrow", "limited", "none", "notassessed")
"""The steps of the skills ladder (Eurostat), from the top down, as the form's values name them."""


def online_rows(profile: VillageProfile, say: Words) -> tuple[Row, ...]:
    """Adults online, the use of those online, and both together: the use of all adults."""
    around = profile.around
    beside = next((b.value for b in profile.benchmarks if b.beside == "pi"), None)
    return (
        Row(
            say("Adults online"),
            say("used the internet in the last 3 months"),
            mark(profile.online, say, "share"),
            _there(profile, profile.reference_online, say, "share"),
            within(beside),
            "access",
            mark(around.online, say, "share") if around else None,
        ),
        Row(
            say("Use, of those online"),
            say("kinds of things they do, 0–100"),
            mark(profile.use_of_users, say),
            _there(profile, profile.reference_use_of_users, say),
            None,
            "use",
            mark(around.use_of_users, say) if around else None,
        ),
        Row(
            say("Use, of all adults"),
            say("the two together; those offline count 0"),
            mark(profile.use, say),
            _there(profile, profile.reference_use, say),
            None,
            "use",
            mark(around.use, say) if around else None,
        ),
    )


def _there(
    profile: VillageProfile, figure: Figure, say: Words, unit: Unit = "points"
) -> Mark | None:
    """The reference area's mark, where there is such an area."""
    return mark(figure, say, unit) if profile.reference_area is not None else None


def dot_rows(online: tuple[Row, ...], indices: tuple[Row, ...]) -> tuple[Row, ...]:
    """Access, use and resource, in this order: of those online first, then the indices."""
    return tuple(
        row
        for dimension in ("access", "use", "resource")
        for row in (*online, *indices)
        if row.dimension == dimension
    )


def index_rows(profile: VillageProfile, say: Words) -> tuple[Row, ...]:
    """The indices, access, use and resource first; the chain's stand with their levers."""
    order = ("access", "use", "resource", "knowledge", "outcome", "demand")
    # The use of all adults stands above, and there it counts homes visited.
    scores = (one for one in profile.indices if one.kind == "score")
    use = next((one for one in scores if one.dimension == "use"), None)
    shown = [
        index
        for index in profile.indices
        if not index.dimension.startswith("chain")
        and index.kind in ("score", "proportion")
        and index is not use
    ]
    shown.sort(key=lambda i: (*order, i.dimension).index(i.dimension))
    return tuple(index_row(index, profile, say) for index in shown)


def index_row(index: IndexFigure, profile: VillageProfile, say: Words) -> Row:
    """One index beside the reference's."""
    unit: Unit = "share" if index.kind == "proportion" else "points"
    note = dimension_note(index, say)
    if index.base == "users":
        note = say("{note}; of those online", note=note) if note else say("of those online")
    return Row(
        label=say.label(index.label, index.name),
        note=note,
        village=mark(index.village, say, unit),
        reference=_there(profile, index.reference, say, unit),
        published=next(
            (within(b.value) for b in profile.benchmarks if b.beside == index.name), None
        ),
        dimension=index.dimension,
        around=_around(index, profile, say, unit),
    )


def _around(index: IndexFigure, profile: VillageProfile, say: Words, unit: Unit) -> Mark | None:
    """The mark of the area that the village is in."""
    if profile.around is None:
        return None
    found = profile.around.indices.get(index.name)
    return None if found is None else mark(found, say, unit)


def dimension_note(index: IndexFigure, say: Words) -> str:
    """What goes into a score of this dimension, in a few words."""
    if index.kind != "score":
        return ""
    if index.dimension == "access":
        return say("own phone, internet at home, signal, cost")
    if index.dimension == "resource":
        return say("help, newer tools, services done online")
    return ""


def ladder_of(profile: VillageProfile) -> Shares | None:
    """The shares whose values are the levels of the skills ladder."""
    for shares in profile.shares:
        values = {level(share.value) for share in shares.shares}
        if len(values & {"above", "basic", "low", "narrow", "limited"}) >= 3:
            return shares
    return None


def level(value: str) -> str:
    """A level's value as `LEVELS` has it ("Not assessed" is "notassessed")."""
    return "".join(letter for letter in value.lower() if letter.isalnum())


def needs_of(profile: VillageProfile) -> Shares | None:
    """What the village asks for: of the lists of all, the one with most of what levers answer."""
    answered = frozenset().union(*ANSWERS.values())
    ladder = ladder_of(profile)
    lists = [s for s in profile.shares if s.of != "non_users" and s is not ladder]
    return max(lists, key=lambda s: sum(one.value in answered for one in s.shares), default=None)


def reasons_of(profile: VillageProfile) -> Shares | None:
    """Why some are not online: the shares of non-users."""
    return next((s for s in profile.shares if s.of == "non_users"), None)


def listed(shares: Shares | None, say: Words, published: Mapping[str, str] = NOTHING) -> Listed:
    """The choices of a list in the profile's order; one reason where none of them is shown.

    published: of a choice's value, a figure published elsewhere.
    """
    if shares is None:
        return Listed()
    if not any(map(visible, (share.figure for share in shares.shares))):
        return Listed(why=say.figure(shares.shares[0].figure) if shares.shares else "")
    # What few have chosen stands on one line, unless a published figure stands beside it.
    few = [
        share
        for share in shares.shares
        if share.figure.words == "few" and share.value not in published
    ]
    rows = [
        Row(
            say.label(share.label, share.value),
            "",
            mark(share.figure, say, "share"),
            beside=published.get(share.value, ""),
        )
        for share in shares.shares
        if share not in few
    ]
    if few:
        names = say(", ").join(say.label(share.label, share.value) for share in few)
        rows.append(Row(names, "", mark(few[0].figure, say, "share")))
    return Listed(tuple(rows))


def published_of(profile: VillageProfile, shares: Shares | None, say: Words) -> dict[str, str]:
    """Figures that are published of the choices of a list, by the choice's value."""
    start = f"{shares.name}/" if shares else "/"
    return {
        one.beside.removeprefix(start): say.published(one.value)
        for one in profile.benchmarks
        if one.beside.startswith(start)
    }


def skills(profile: VillageProfile, say: Words) -> Ladder:
    """The ladder's levels from the top down, each as wide as its share."""
    shares = ladder_of(profile)
    if shares is None:
        return Ladder()
    found = {level(share.value): share.figure for share in shares.shares}
    if not any(map(visible, found.values())):
        return Ladder(why=say.figure(next(iter(found.values()))))
    widths = {name: known(figure) or 0.0 for name, figure in found.items()}
    total = sum(widths.values())
    # Whole numbers may add up to 99 or 101: the bar is as long as it is.
    scale = 100 / total if total > 100 or all(map(complete, found.values())) else 1.0
    steps = tuple(
        Step(
            level_name(name, say),
            say.figure(found[name], "share"),
            mark(found[name], say, "share").brief,
            widths[name] * scale,
            LEVELS.index(name),
        )
        for name in LEVELS
        if name in found
    )
    return Ladder(steps, max(0.0, round(100 - total * scale, 6)))


def level_name(name: str, say: Words) -> str:
    """What a level of the skills ladder is called."""
    return {
        "above": say("above basic"),
        "basic": say("basic"),
        "low": say("low"),
        "narrow": say("narrow"),
        "limited": say("limited"),
        "none": say("no skills"),
        "notassessed": say("not assessed (not online)"),
    }[name]


def gap_slices(gap: Gap, say: Words) -> tuple[Slice, ...]:
    """The two parts of the gap on one bar that holds both, a part below zero to the left."""
    access, behaviour = known(gap.access), known(gap.behaviour)
    if access is None or behaviour is None:
        return ()
    start = min(0.0, access) + min(0.0, behaviour)
    span = (abs(access) + abs(behaviour)) or 1.0
    zero = 0 - start
    first = (zero, access) if access >= 0 else (zero + access, -access)
    second = (zero + max(0.0, access), behaviour) if behaviour >= 0 else (0.0, -behaviour)
    labels = (
        say("with fewer online") if access >= 0 else say("ahead, with more online"),
        say("with what those online do")
        if behaviour >= 0
        else say("ahead, with more done by those online"),
    )
    figures = (
        gap.access if access >= 0 else turned(gap.access),
        gap.behaviour if behaviour >= 0 else turned(gap.behaviour),
    )
    return tuple(
        Slice(
            label,
            say.figure(figure),
            mark(figure, say).brief,
            100 * begin / span,
            100 * width / span,
            place,
        )
        for place, (label, figure, (begin, width)) in enumerate(
            zip(labels, figures, (first, second), strict=True)
        )
    )
