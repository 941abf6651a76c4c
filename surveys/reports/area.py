"""The page of a township, a county or the programme: fieldwork, its villages, and its own profile.

The page of a village is drawn first and last; between stands what an area has besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveys.estimation.profile import VillageProfile
from surveys.reports.content import content
from surveys.reports.fieldwork import Fieldwork, Progress, progress
from surveys.reports.links import Links
from surveys.reports.render import environment
from surveys.reports.side_by_side import (
    NUMBERED,
    Chart,
    Group,
    Panel,
    Ring,
    Slope,
    bounds,
    chart,
    groups,
    panels,
    rings,
    slope,
    villages_of,
)
from surveys.reports.villages import gradient
from surveys.reports.wording import Language, Words, borrowed, words


@dataclass(frozen=True, slots=True)
class Beside:
    """What an area's page shows besides its profile; all of it may be missing."""

    fieldwork: Sequence[Fieldwork] = ()
    """A row for each village of the area, by name."""
    villages: Mapping[str, VillageProfile] = field(default_factory=dict)
    """By code: the villages' own profiles, as they are kept."""
    parts: Mapping[str, VillageProfile] = field(default_factory=dict)
    """By name: the profiles of the areas right below."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Of a village's code, or of the name of an area right below, where its page is."""


@dataclass(frozen=True, slots=True)
class Places:
    """What stands between an area's headline and its numbers."""

    progress: Progress
    about: tuple[str, ...]
    groups: tuple[Group, ...]
    chart: Chart | None
    panels: tuple[Panel, ...]
    panels_of: str
    """What the panels show: villages, or the areas they lie in."""
    dashed: str
    """What their dashed line is; "" where there is none."""
    bounds: str
    rings: tuple[Ring, ...]
    slope: Slope | None
    gradient: str


def area_page(
    profile: VillageProfile,
    language: Language,
    beside: Beside,
    links: Links | None = None,
    *,
    paper: bool = False,
) -> str:
    """The profile of an area as one HTML document, for a phone and for A4, nothing from outside.

    links, paper: as of `render.page`.
    """
    say = words(language)
    template = environment().get_template("area.html")
    return template.render(
        report=content(profile, say),
        here=places(profile, beside, say),
        _=say,
        language=language,
        links=links,
        paper=paper,
    )


def places(profile: VillageProfile, beside: Beside, say: Words) -> Places:
    """What to say and draw of an area's villages."""
    found = villages_of(profile, beside.fieldwork, beside.villages, beside.links)
    shown = [one for one in found if one.shown]
    drawn = panels(profile, found, beside.parts, beside.links, say)
    outward = gradient(profile, say)
    about = []
    if any(one.band for one in shown):
        about.append(
            say(
                "By the use of all adults, against the mean of the other villages. The order says "
                "nothing."
            )
        )
    elif shown:
        about.append(say("Villages are compared once five of the survey can be."))
    if any(figure.modelled for one in shown for figure in one.figures.values()):
        about.append(borrowed(say))
    return Places(
        progress=progress(beside.fieldwork, say, beside.links),
        about=tuple(about),
        # One village is beside nobody.
        groups=groups(found, say) if len(found) > 1 else (),
        chart=chart(found, say) if len(found) > 1 else None,
        panels=drawn,
        panels_of=say("Area by area") if len(found) > NUMBERED else say("Village by village"),
        dashed=say.name(profile.village)
        if any(strip.whole is not None for panel in drawn for strip in panel.strips)
        else "",
        bounds=bounds(found, say),
        rings=rings(found, say),
        slope=slope(profile, outward, say),
        gradient=outward,
    )
