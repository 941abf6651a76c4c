"""Those online by sex, by age and by schooling: two groups on a line, and whether they differ."""

from __future__ import annotations

from typing import Literal

from surveys.estimation.profile import Breakdown, VillageProfile
from surveys.reports.shapes import Pair, Part, mark
from surveys.reports.wording import Words, sign, turned


def pairs(profile: VillageProfile, say: Words) -> tuple[Pair, ...]:
    """A line for each breakdown; nothing where none of them is shown for the same reason."""
    found = profile.breakdowns
    if found and all(one.withheld for one in found):
        reasons = {because(one, say) for one in found}
        if len(reasons) == 1:
            return (Pair(say("Sex, age and schooling"), (), reasons.pop()),)
    return tuple(pair(one, say) for one in found)


def pair(one: Breakdown, say: Words) -> Pair:
    """Both groups' use scores, with how many people; or why they are not shown."""
    label = variable_name(one.variable, say)
    if len(one.groups) != 2 or one.withheld:
        return Pair(label, (), because(one, say))
    parts = tuple(
        Part(group_name(group.name, say), say("about {n}", n=group.persons), mark(group.use, say))
        for group in one.groups
    )
    return Pair(label, parts, differ(one, say))


def apart(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """The breakdowns in which one group clearly does more, in sentences."""
    return tuple(
        say("Among those online, {who}.", who=differ(one, say))
        for one in profile.breakdowns
        if not one.withheld and sign(one.difference)
    )


def because(one: Breakdown, say: Words) -> str:
    """Why a breakdown is not shown: both groups are, or neither."""
    if one.withheld in ("few_persons", "few_homes", "too_few_for_this"):
        return say("not shown: a group has fewer than 10 people online, or 5 homes")
    return say.why(one.withheld)


def differ(one: Breakdown, say: Words) -> str:
    """Who does more online and by how much, where the interval excludes 0."""
    way = sign(one.difference)
    if not way:
        return say("no clear difference")
    first, second = (group.name for group in one.groups)
    n = say.figure(one.difference if way > 0 else turned(one.difference))
    return {
        "f": say("women do more: by {n}", n=n),
        "m": say("men do more: by {n}", n=n),
        "to54": say("the younger do more: by {n}", n=n),
        "from55": say("the older do more: by {n}", n=n),
        "junior": say("those with less schooling do more: by {n}", n=n),
        "above": say("those with more schooling do more: by {n}", n=n),
    }[second if way > 0 else first]


def variable_name(name: Literal["sex", "age", "schooling"], say: Words) -> str:
    """What a breakdown is by."""
    return {"sex": say("Sex"), "age": say("Age"), "schooling": say("Schooling")}[name]


def group_name(name: str, say: Words) -> str:
    """What a group is called."""
    return {
        "f": say("women"),
        "m": say("men"),
        "to54": say("to 54"),
        "from55": say("55 and over"),
        "junior": say("to junior secondary"),
        "above": say("above"),
    }[name]
