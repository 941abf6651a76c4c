"""The chain T → C → L → P → Q: its links in words, and the lever that moves each.

The chain runs from access to rights. Action is taken in the order that the source calls reverse:
policy, capital, talent, industry, rights (METHOD.md §3), each lever for the link that it moves.
What a village asks for is put beside the lever that answers it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from surveys.estimation.profile import Figure, Shares, VillageProfile
from surveys.reports.shapes import Lever, complete, mark, visible, within
from surveys.reports.wording import Words, known, turned

LinkName = Literal["T", "C", "L", "P", "Q"]
ORDER: tuple[LinkName, ...] = ("T", "C", "L", "P", "Q")

ANSWERS: dict[LinkName, frozenset[str]] = {
    "T": frozenset({"net", "point"}),
    "C": frozenset({"cost", "dev"}),
    "L": frozenset({"basic", "old"}),
    "P": frozenset({"sell"}),
    "Q": frozenset({"safe", "serv"}),
}
"""The needs (values of the question with the role "need") that a lever answers."""


def link_name(link: LinkName, say: Words) -> str:
    """What a link of the chain is called."""
    if link == "T":
        return say("Access")
    if link == "C":
        return say("Money")
    if link == "L":
        return say("Skills help")
    if link == "P":
        return say("Work and trade")
    return say("A say and rights")


def lever_name(link: LinkName, say: Words) -> str:
    """What the lever of a link is called."""
    if link == "T":
        return say("Policy")
    if link == "C":
        return say("Capital")
    if link == "L":
        return say("Talent")
    if link == "P":
        return say("Industry")
    return say("Rights")


def lever_action(link: LinkName, say: Words) -> str:
    """What someone in a township can do about a link, in one line."""
    if link == "T":
        return say("signal and home internet where they are missing; a service point")
    if link == "C":
        return say("cheaper plans, subsidies, small loans, shared devices")
    if link == "L":
        return say("teaching in the village, for beginners and older people first")
    if link == "P":
        return say("selling, buying and finding work online, up to the first order")
    return say("village affairs and services online, protection from fraud, complaints heard")


def chain_sentence(profile: VillageProfile, say: Words) -> str:
    """Which link is weakest, or why none is named."""
    if not profile.chain:
        return ""
    if profile.weakest:
        return say("The weakest link is: {link}.", link=link_name(profile.weakest, say))
    if profile.reference_area is None:
        return say("Without an area to compare with, no link can be called the weakest.")
    if all(known(link.shortfall) is None for link in profile.chain):
        return say("Too few answered to say which link is the weakest.")
    return say("No link is clearly weaker than all others.")


def chain_names(profile: VillageProfile, say: Words) -> str:
    """The links that are there, in their order."""
    found = {link.name for link in profile.chain}
    return " → ".join(link_name(name, say) for name in ORDER if name in found)


def lever_names(profile: VillageProfile, say: Words) -> str:
    """The levers of these links, in the order of action."""
    found = {link.name for link in profile.chain}
    return " → ".join(lever_name(name, say) for name in ORDER if name in found)


def levers(profile: VillageProfile, needs: Shares | None, say: Words) -> tuple[Lever, ...]:
    """Policy, capital, talent, industry, rights: each with its link's numbers and the needs."""
    links = {link.name: link for link in profile.chain}
    largest = max((known(link.shortfall) or 0 for link in profile.chain), default=0) or 1.0
    return tuple(
        Lever(
            lever=lever_name(name, say),
            link=link_name(name, say),
            action=lever_action(name, say),
            village=mark(links[name].village, say),
            reference=mark(links[name].reference, say),
            behind=replace(
                mark(links[name].shortfall, say, "spread"),
                value=share_of_largest(links[name].shortfall, largest),
                low=None,
                high=None,
            ),
            distance=distance(links[name].shortfall, say),
            weakest=profile.weakest == name,
            asked=asked(name, needs, say),
        )
        for name in ORDER
        if name in links
    )


def share_of_largest(figure: Figure, largest: float) -> float | None:
    """How long the bar of a shortfall is, 0-100 of the largest on the page."""
    value = known(figure)
    return None if value is None else within(100 * value / largest)


def distance(figure: Figure, say: Words) -> str:
    """How far behind the reference a link is, or ahead of it; or why that is not said."""
    value = known(figure)
    if value is None:
        return say.figure(figure, "spread")
    if value == 0:
        return say("level with it: {n}", n=say.figure(figure, "spread"))
    if value < 0:
        return say("ahead by {n}", n=say.figure(turned(figure), "spread"))
    return say("behind by {n}", n=say.figure(figure, "spread"))


def asked(link: LinkName, needs: Shares | None, say: Words) -> str:
    """The needs that this lever answers, with the share that named each; "" if none is shown."""
    said = [
        say(
            "{need} {share}",
            need=say.label(share.label, share.value),
            share=say.figure(share.figure, "share")
            if not complete(share.figure)
            else say.number(share.figure.value or 0, "share"),
        )
        for share in (needs.shares if needs else ())
        if share.value in ANSWERS[link] and visible(share.figure)
    ]
    return say(", ").join(said)
