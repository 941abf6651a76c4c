"""What has changed since the wave before: said only where it is clear of 0."""

from __future__ import annotations

from surveys.estimation.profile import Figure, VillageProfile
from surveys.reports.shapes import Mark, Row, visible
from surveys.reports.wording import Words, known, sign, turned


def change_rows(profile: VillageProfile, say: Words) -> tuple[Row, ...]:
    """Adults online, the use of those online, the use of all: up, down, or no clear change."""
    if profile.change is None:
        return ()
    one = profile.change
    lines = (
        (say("Adults online"), one.online),
        (say("Use, of those online"), one.use_of_users),
        (say("Use, of all adults"), one.use),
    )
    return tuple(
        Row(label, "", Mark(moved(figure, say), moved(figure, say), visible(figure)))
        for label, figure in lines
    )


def moved(figure: Figure, say: Words) -> str:
    """Up or down by how many points, or why that is not said."""
    if known(figure) is None:
        return say.figure(figure)
    way = sign(figure)
    if way > 0:
        return say("up by {n}", n=say.figure(figure))
    if way < 0:
        return say("down by {n}", n=say.figure(turned(figure)))
    return say("no clear change: {n}", n=say.figure(figure))


def change_sentence(profile: VillageProfile, say: Words) -> str:
    """The change of the use of all adults; "" where it is not known."""
    if profile.change is None or known(profile.change.use) is None:
        return ""
    figure, wave = profile.change.use, say.name(profile.change.wave)
    way = sign(figure)
    if way > 0:
        return say("Since {wave}, use of all adults is up by {n}.", wave=wave, n=say.figure(figure))
    if way < 0:
        n = say.figure(turned(figure))
        return say("Since {wave}, use of all adults is down by {n}.", wave=wave, n=n)
    return say(
        "Since {wave}, no clear change in the use of all adults: {n}.",
        wave=wave,
        n=say.figure(figure),
    )
