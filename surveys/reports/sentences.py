"""The sentences of a report: the number and who is missing, who answered, the gap, the limits."""

from __future__ import annotations

from surveys.estimation.profile import Figure, VillageProfile
from surveys.reports.wording import Words, known

PERSONS_NEEDED, HOMES_NEEDED = 10, 5


def headline(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """Two sentences: the number with its interval, and who is missing from it."""
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
    if profile.offline_known:
        missing = say("Missing: people online who did not answer.")
    else:
        missing = say(
            "Missing: homes where nobody is online, not counted yet, so these are upper limits; "
            "and people online who did not answer."
        )
    return number, missing


def needed(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """For a withheld profile: how many are needed, and what to do."""
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
    said.append(
        say(
            "What to do: send the village's link again, ask families to forward it at home, and "
            "let a helper interview neighbours who have no phone."
        )
    )
    return tuple(said)


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


def sign(figure: Figure) -> int:
    """1 or -1 if the whole interval lies on one side of 0, else 0."""
    value = known(figure)
    if value is None:
        return 0
    low = value if figure.low is None else figure.low
    high = value if figure.high is None else figure.high
    return 1 if low > 0 else -1 if high < 0 else 0


def turned(figure: Figure) -> Figure:
    """The same distance seen from the other side."""
    value, low, high = (None if x is None else -x for x in (figure.value, figure.high, figure.low))
    return Figure(value, low, high, "at_most" if figure.bound == "at_least" else "")


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
        return say(
            "In use of all adults, this village is ahead of {reference} by {n}.",
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


def limits(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """What the numbers cannot say."""
    said = []
    if not profile.by_mode.get("visited"):
        said.append(
            say(
                "These are users who answered: volunteers, not a drawn sample. No interval covers "
                "how those differ who stayed away."
            )
        )
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
        said.append(
            say(
                "The village: {homes}, {adults}.",
                homes=say.count("{n} home", "{n} homes", profile.households),
                adults=say.count("{n} adult", "{n} adults", profile.adults),
            )
        )
    if profile.flags.get("flagged"):
        said.append(
            say(
                "About {n} interviews carry a mark for checking; none was left out.",
                n=profile.flags["flagged"],
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
