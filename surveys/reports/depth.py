"""How unequal use is, and who lacks much: said where there are enough answers for it."""

from __future__ import annotations

from surveys.estimation.profile import Share, VillageProfile
from surveys.reports.shapes import Lacking, Row, mark, visible
from surveys.reports.wording import Words, known, sign, turned

MOST = 4
"""Of the things lacked, those named."""


def unequal(profile: VillageProfile, say: Words) -> tuple[str, ...]:
    """The Gini index of all adults, and whether schooling goes with use."""
    if profile.inequality is None:
        return ()
    said = []
    gini, schooling = profile.inequality.gini, profile.inequality.by_schooling
    if known(gini) is not None:
        said.append(
            say(
                "From 0 (all adults use the internet alike) to 100 (one does it all): {n}.",
                n=say.figure(gini),
            )
        )
    if known(schooling) is not None:
        way = sign(schooling)
        n = say.figure(turned(schooling) if way < 0 else schooling)
        if way > 0:
            text = say("Among those online, more schooling goes with more use: {n} of 100.", n=n)
        elif way < 0:
            text = say("Among those online, less schooling goes with more use: {n} of 100.", n=n)
        else:
            text = say("Among those online, no clear link of schooling and use: {n} of 100.", n=n)
        said.append(text)
    return tuple(said)


def lacking(profile: VillageProfile, say: Words) -> Lacking:
    """How many lack a third of the things and more, how much they lack, and what most often."""
    one = profile.deprivation
    if one is None:
        return Lacking()
    shown = sorted((share for share in one.lacks if visible(share.figure)), key=_seldom)
    if not visible(one.headcount) and not shown:
        return Lacking()
    things = len(one.lacks)
    values = {"k": -(-things // 3), "things": things, "h": say.figure(one.headcount)}
    said = []
    if visible(one.headcount):
        said.append(
            say("Of 100 adults, {h} lack {k} or more of {things} things.", **values)
            if one.of == "all"
            else say("Of 100 people online, {h} lack {k} or more of {things} things.", **values)
        )
    if known(one.intensity) is not None and known(one.adjusted) is not None:
        said.append(
            say(
                "On average these lack {a} of the things; both together, 0–100: {m}.",
                a=say.figure(one.intensity, "share"),
                m=say.figure(one.adjusted),
            )
        )
    return Lacking(
        tuple(said),
        tuple(
            Row(say.label(share.label, share.value), "", mark(share.figure, say, "share"))
            for share in shown[:MOST]
        ),
    )


def _seldom(share: Share) -> float:
    """For an order from the most frequent down: 0 what nearly all lack."""
    one = share.figure
    if one.words:
        return 100.0 if one.words == "few" else 0.0
    value = known(one)
    return 100 - (((one.low or 0.0) + (one.high or 0.0)) / 2 if value is None else value)
