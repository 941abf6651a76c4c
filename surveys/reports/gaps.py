"""The gap in sentences: how far apart, with what it goes, and what lies inside behaviour."""

from __future__ import annotations

from surveys.estimation.profile import Figure, VillageProfile
from surveys.reports.wording import Words, known, sign, turned


def compared(profile: VillageProfile, say: Words) -> str:
    """How far the reference area is ahead, or why that is not said."""
    if profile.reference_area is None:
        return say("No gap is shown: there is no area to compare with yet.")
    reference = say.name(profile.reference_area)
    total = profile.gap.total if profile.gap else Figure(None, withheld=profile.gap_withheld)
    if known(total) is None:
        why = say.figure(total)
        return say("Distance to {reference}: {why}.", reference=reference, why=why)
    if sign(total) > 0:
        return say(
            "In use of all adults, {reference} is ahead by {n}.",
            reference=reference,
            n=say.figure(total),
        )
    if sign(total) < 0:
        ahead = say.figure(turned(total))
        if profile.kind == "village":
            return say(
                "In use of all adults, this village is ahead of {reference} by {n}.",
                reference=reference,
                n=ahead,
            )
        return say(
            "In use of all adults, this area is ahead of {reference} by {n}.",
            reference=reference,
            n=ahead,
        )
    return say(
        "In use of all adults, no clear difference from {reference}: {n}.",
        reference=reference,
        n=say.figure(total),
    )


def split(profile: VillageProfile, say: Words) -> str:
    """Which part of the gap goes with access and which with behaviour; "" if that is not known."""
    if profile.gap is None:
        return ""
    total, access, behaviour = (
        known(figure) for figure in (profile.gap.total, profile.gap.access, profile.gap.behaviour)
    )
    if total is None or access is None or behaviour is None:
        return ""
    n, a, b = (say.number(abs(value)) for value in (total, access, behaviour))
    if access > 0 > behaviour:
        return say(
            "Behind by {a} points that go with fewer people online; ahead by {b} that go with "
            "what those online do.",
            a=a,
            b=b,
        )
    if access < 0 < behaviour:
        return say(
            "Ahead by {a} points that go with more people online; behind by {b} that go with "
            "what those online do.",
            a=a,
            b=b,
        )
    if sign(profile.gap.total) > 0:
        return say(
            "Of {n} points, {a} go with fewer people online, {b} with what those online do.",
            n=n,
            a=a,
            b=b,
        )
    if sign(profile.gap.total) < 0:
        return say(
            "Of {n} points, {a} go with more people online here, {b} with what those online do.",
            n=n,
            a=a,
            b=b,
        )
    return ""


def inside(profile: VillageProfile, say: Words) -> str:
    """Of behaviour, what goes with who is online here and what with less done by the same people.

    "" where it is not known, or where neither the whole nor both parts are clear of 0.
    """
    if profile.gap is None:
        return ""
    one = profile.gap
    composition, rate, behaviour = (
        known(figure) for figure in (one.composition, one.rate, one.behaviour)
    )
    if composition is None or rate is None or behaviour is None:
        return ""
    b, x, y = (say.number(abs(value)) for value in (behaviour, composition, rate))
    whole = sign(one.behaviour)
    if whole > 0 and min(composition, rate) >= 0:
        return say(
            "Of the {b} points that go with what those online do, {x} go with other ages and "
            "schooling of those online here, {y} with less done at the same age and schooling.",
            b=b,
            x=x,
            y=y,
        )
    if whole < 0 and max(composition, rate) <= 0:
        return say(
            "Of the {b} points by which those online are ahead, {x} go with their ages and "
            "schooling, {y} with more done at the same age and schooling.",
            b=b,
            x=x,
            y=y,
        )
    if sign(one.rate) > 0 > composition:
        return say(
            "At the same age and schooling, those online do less here: {y} points behind. Their "
            "ages and schooling put them {x} ahead.",
            x=x,
            y=y,
        )
    if sign(one.rate) < 0 < composition:
        return say(
            "At the same age and schooling, those online do more here: {y} points ahead. Their "
            "ages and schooling put them {x} behind.",
            x=x,
            y=y,
        )
    return ""
