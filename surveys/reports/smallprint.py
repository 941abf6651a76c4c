"""What the numbers cannot say, and how they came about."""

from __future__ import annotations

from dataclasses import replace

from surveys.estimation.profile import Scale, VillageProfile
from surveys.reports.shapes import visible
from surveys.reports.wording import Words, known

LONGEST_CONTACT = 96
"""Columns of who asks and whom to ask."""


def limits(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """What the numbers cannot say."""
    if profile.followup and profile.kind == "village":
        return (
            say(
                "Homes that had kept silent were drawn by lot and visited, and the brackets cover "
                "them; not homes where nobody opened or answered."
            ),
        )
    said = [
        say(
            "These are users who answered: volunteers, not a drawn sample. No interval covers "
            "how those differ who stayed away."
        )
    ]
    off = known(profile.missing_users)
    if off is not None:
        said.append(
            say(
                "For each 10 points that users who stayed away would score lower, take {n} off.",
                n=say.number(off),
            )
        )
    return tuple(said)


def method(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """How the numbers came about: for the small print."""
    said = [
        say("In brackets: where the number most likely lies (19 times in 20)."),
        say("A score of 100: everyone does several things online in each of five fields."),
        weighed(profile, say),
        say("Phones not joined by a family link count as other homes."),
    ]
    if profile.households and profile.adults:
        homes = say.count("{n} home", "{n} homes", profile.households)
        adults = say.count("{n} adult", "{n} adults", profile.adults)
        if profile.kind == "village":
            said.append(say("The village: {homes}, {adults}.", homes=homes, adults=adults))
        else:
            said.append(say("The area: {homes}, {adults}.", homes=homes, adults=adults))
    if profile.within and profile.within.modelled:
        said.append(
            say(
                "{n} villages of this area are in the model for small villages, with the others "
                "of the survey.",
                n=profile.within.modelled,
            )
        )
    scales = profile.within.scales if profile.within else ()
    said += [scale(one, say) for one in scales if visible(one.alpha) or visible(one.omega)]
    said += flags(profile, say)
    if profile.rejected:
        said.append(
            say(
                "About {n} interviews were rejected after a check; what these numbers held already "
                "leaves them ten at a time.",
                n=profile.rejected,
            )
        )
    said.append(
        say(
            "{wave}; questionnaire {form}, version {version}; computed on {date}.",
            wave=say.name(profile.wave),
            form=say.name(profile.form_id),
            version=say.name(profile.form_version),
            date=say.date(profile.computed_at),
        )
    )
    return tuple(said)


def asking(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """Who asks, and whom to ask about it."""
    whole, said = replace(say, longest=LONGEST_CONTACT), []
    if profile.organisation:
        said.append(say("Asked by {who}.", who=whole.name(profile.organisation)))
    if profile.contact:
        said.append(say("Questions about this: {who}.", who=whole.name(profile.contact)))
    return tuple(said)


def weighed(profile: VillageProfile, say: Words) -> str:
    """To which known numbers the answers were weighed: always said, none too."""
    names = {"sex_age": say("sex and age"), "schooling": say("schooling")}
    used = [name for variable, name in names.items() if variable in profile.margins]
    if not used:
        return say(
            "Not weighed by sex, age or schooling: how many of each are online is not known."
        )
    return say(
        "Weighed to the known numbers of people online by {what} ({place}).",
        what=say(", ").join(used),
        place=say.name(profile.margins_of),
    )


def flags(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """What is marked for checking, in one sentence; nothing where nothing is."""
    found = profile.flags
    kinds = {
        "straight_lining": say("same answer throughout"),
        "speeding": say("very fast"),
        "contradiction": say("at odds with the count of adults"),
        "duplicate": say("same as another's"),
    }
    homes = {
        "rosters_differ": say("homes where adults were counted differently"),
        "rosters_short": say("homes with more people online than counted"),
    }
    marked = []
    if found.get("flagged"):
        of = say(", ").join(
            say("{what} {n}", what=what, n=found[name])
            for name, what in kinds.items()
            if found.get(name)
        )
        about = say("interviews {n}", n=found["flagged"])
        marked.append(say("{what} ({of})", what=about, of=of) if of else about)
    marked += [
        say("{what} {n}", what=what, n=found[name])
        for name, what in homes.items()
        if found.get(name)
    ]
    if not marked:
        return ()
    return (
        say(
            "Marked for checking, to the nearest 5, none left out: {what}.",
            what=say("; ").join(marked),
        ),
    )


def scale(one: Scale, say: Words) -> str:
    """How well the items of a score hang together."""
    return say(
        "How well the questions on “{what}” hang together, 0–1, {people}: alpha {alpha}, omega "
        "{omega}.",
        what=say.label(one.label, one.name),
        people=say.count("{n} person", "{n} people", one.persons),
        alpha=say.figure(one.alpha, "ratio"),
        omega=say.figure(one.omega, "ratio"),
    )
