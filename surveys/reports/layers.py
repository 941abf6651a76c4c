"""Three layers that only group what is there: space and its layout, elements and their spread,
functions and whose they are (METHOD.md §3). No number here is new.
"""

from __future__ import annotations

from surveys.estimation.profile import VillageProfile
from surveys.reports.levers import LinkName, link_name
from surveys.reports.shapes import Layer, mark, visible
from surveys.reports.villages import gradient
from surveys.reports.wording import Unit, Words

BY_ANOTHER = "d_service"
"""The name of the thing lacked that says who does a person's business: others, or nobody."""


def layers(profile: VillageProfile, say: Words) -> tuple[Layer, ...]:
    """The layers of which something is shown."""
    slope = gradient(profile, say)
    found = (
        Layer(
            say("Space: its layout"),
            say("Can people get online where they live?"),
            (*links(profile, ("T",), say), *filter(None, (slope,))),
        ),
        Layer(
            say("Elements: their spread"),
            say("Do money, skills and trade get here?"),
            links(profile, ("C", "L", "P"), say),
        ),
        Layer(
            say("Functions: whose they are"),
            say("Does the internet serve people here, or harm and bypass them?"),
            (*links(profile, ("Q",), say), *harms(profile, say)),
        ),
    )
    return tuple(one for one in found if one.parts)


def links(profile: VillageProfile, names: tuple[LinkName, ...], say: Words) -> tuple[str, ...]:
    """These links of the chain with their scores, the reference's beside."""
    found = {link.name: link for link in profile.chain if visible(link.village)}
    return tuple(
        stated(
            link_name(name, say),
            say.figure(found[name].village),
            mark(found[name].reference, say).brief if visible(found[name].reference) else "",
            say,
        )
        for name in names
        if name in found
    )


def harms(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """The outcomes that are better low (fraud), and business done by others."""
    unit: Unit = "share"
    said = [
        stated(
            say.label(one.label, one.name),
            say.figure(one.village, unit),
            mark(one.reference, say, unit).brief if visible(one.reference) else "",
            say,
        )
        for one in profile.indices
        if one.dimension == "outcome" and one.higher_is_better is False and visible(one.village)
    ]
    said += [
        stated(say.label(one.label, one.value), say.figure(one.figure, unit), "", say)
        for one in (profile.deprivation.lacks if profile.deprivation else ())
        if one.value == BY_ANOTHER and visible(one.figure)
    ]
    return tuple(said)


def stated(what: str, here: str, there: str, say: Words) -> str:
    """A name, its number, and the reference's after the diamond."""
    beside = f" ◇ {there}" if there else ""
    return say("{what}: {here}", what=what, here=here) + beside
