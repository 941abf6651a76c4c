"""The sentences of a report: the number and who is missing, who answered, how it compares."""

from __future__ import annotations

from surveys.estimation.profile import VillageProfile
from surveys.reports.wording import Words, known

PERSONS_NEEDED, HOMES_NEEDED = 10, 5


def headline(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """The number with its interval, and who is missing from it, or was visited.

    In an area silent homes are visited in some villages: of the others they are missing still.
    """
    if known(profile.use) is not None and known(profile.online) is not None:
        number = say(
            "Adults here score {use} of 100 for using the internet; {online} of 100 adults are "
            "online.",
            use=say.figure(profile.use),
            online=say.figure(profile.online),
        )
    else:
        number = say(
            "Use of the internet, all adults, 0–100: {use}. Adults online: {online}.",
            use=say.figure(profile.use),
            online=say.figure(profile.online, "share"),
        )
    visited: tuple[str, ...] = ()
    if profile.followup:
        visited = (
            say.count(
                "{n} home that had kept silent was visited; the share online and the use of all "
                "adults count it.",
                "{n} homes that had kept silent were visited; the share online and the use of all "
                "adults count them.",
                profile.followup,
            ),
        )
        if profile.kind == "village":
            return number, *visited
    if profile.offline_known:
        missing = say("Missing: people online who did not answer.")
    else:
        missing = say(
            "Missing: homes where nobody is online, not counted yet, so these are upper limits; "
            "and people online who did not answer."
        )
    return number, missing, *visited


def needed(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """For a withheld profile: how many are needed, and what to do."""
    if profile.complementary:
        return hidden(profile, say)
    said = [say("Nothing can be shown yet: that takes answers from 10 people in 5 homes.")]
    lacking = []
    if profile.persons < PERSONS_NEEDED:
        more = PERSONS_NEEDED - profile.persons
        lacking.append(say.count("{n} more person", "{n} more people", more))
    if profile.homes < HOMES_NEEDED:
        more = HOMES_NEEDED - profile.homes
        lacking.append(say.count("{n} more home", "{n} more homes", more))
    if lacking:
        said.append(say("Still needed: {what}.", what=say(", ").join(lacking)))
    if profile.kind == "village":
        said.append(
            say(
                "What to do: send the village's link again, ask families to forward it at home, "
                "and let a helper interview neighbours who have no phone."
            )
        )
    else:
        said.append(
            say(
                "What to do: send the villages' links again, ask families to forward them at "
                "home, and let helpers interview neighbours who have no phone."
            )
        )
    return tuple(said)


def hidden(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """Enough answered, and still nothing is shown: why, where it counts, and what to do."""
    if profile.kind == "village":
        return (
            say(
                "Enough people answered, but showing this village would give away a smaller one "
                "next to it. It is counted in its township."
            ),
            say(
                "What to do: get more answers in the villages around it that have few; with 10 "
                "people from 5 homes in each, all are shown."
            ),
        )
    return (
        say(
            "Enough people answered, but showing this area would give away a smaller one next to "
            "it. It is counted in the area above it."
        ),
        say(
            "What to do: get more answers in the villages that have few; with 10 people from 5 "
            "homes in each, all are shown."
        ),
    )


def respondents(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """How many answered, how they were reached, who has no phone, and the grade."""
    answered = say(
        "{people} from {homes} answered.",
        people=say.count("{n} person", "{n} people", profile.persons),
        homes=say.count("{n} home", "{n} homes", profile.homes),
    )
    if profile.target:
        answered = say(
            "{people} from {homes} answered (target: {target}).",
            people=say.count("{n} person", "{n} people", profile.persons),
            homes=say.count("{n} home", "{n} homes", profile.homes),
            target=profile.target,
        )
    said = [answered]
    names = {
        "self": say("own phone"),
        "helped": say("with help"),
        "proxy": say("answered for by another"),
        "visited": say("visited"),
    }
    reached = [
        say("{how} {n}", how=name, n=profile.by_mode[mode])
        for mode, name in names.items()
        if profile.by_mode.get(mode)
    ]
    if reached:
        said.append(say("Reached, to the nearest 5: {ways}.", ways=say(", ").join(reached)))
    if profile.without_phone.withheld != "not_asked":
        said.append(
            say(
                "Adults without a phone of their own, in these homes: {share}.",
                share=say.figure(profile.without_phone, "share"),
            )
        )
    if profile.grade == "A":
        said.append(say("Grade A: within 5 points, and homes that kept silent were visited."))
    elif profile.grade == "B":
        said.append(say("Grade B: good to within 10 points."))
    elif profile.grade == "C":
        said.append(say("Grade C: a first impression, not good to within 10 points."))
    return tuple(said)


def banded(profile: VillageProfile, say: Words) -> str:
    """How the village stands to the mean of the others, "" where that was not tested: no rank."""
    others = profile.compared - 1
    if profile.band == "below":
        return say("Clearly below the mean of the other {n} villages.", n=others)
    if profile.band == "above":
        return say("Clearly above the mean of the other {n} villages.", n=others)
    if profile.band == "same":
        return say("Not clearly different from the mean of the other {n} villages.", n=others)
    return ""


def waiting(profile: VillageProfile, say: Words) -> str:
    """Who has answered and is not counted yet, and when they will be; "" if nobody is."""
    if not profile.waiting:
        return ""
    return say.count(
        "{n} more person has answered and is not in these numbers yet; new ones come once 10 from "
        "5 homes have.",
        "{n} more people have answered and are not in these numbers yet; new ones come once 10 "
        "from 5 homes have.",
        profile.waiting,
    )


def since(profile: VillageProfile, previous: VillageProfile, say: Words) -> tuple[str, ...]:
    """What has come since the last report; never a claim that something changed.

    Two reports of one wave share most of their answers: the earlier number is given for memory.
    """
    date, more = say.date(previous.computed_at), profile.persons - previous.persons
    if more < 0:
        said = say("Since {date}: {n} fewer answers.", date=date, n=-more)
    else:
        said = say("Since {date}: {n} more answers.", date=date, n=more)
    if previous.level == "withheld" or known(previous.use) is None:
        return (said,)
    return said, say("The score then: {use}.", use=say.figure(previous.use))
