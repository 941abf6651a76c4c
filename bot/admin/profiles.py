"""/profile: what a village says, or all villages of an area together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from bot.access import allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.places import AT_ONCE, called, choices
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import instead, send, tapped
from bot.texts import Speak, escape
from surveys.store.administrators import Right, Village, areas_below
from surveys.store.jobs import add_job


@only_for("profile")
def profile(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/profile, with or without a part of a village's or area's name: the profile, or which one?"""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "profile")
    part = command(incoming.text)[1].casefold()
    found = called(areas_below(session, mine), part)
    # Of a village's own administrator, and where all areas hold one village, it is that one.
    villages = [one for one in found if one.code]
    exact = (
        [one for one in found if part in (one.name.casefold(), one.code.casefold())]
        if part
        else villages
    )
    if len(exact or found) == 1:
        return _order_profile(session, (exact or found)[0], mine, incoming, desk=desk, say=say)
    if not found:
        text = say("No village of yours has that in its name. /villages lists them.")
        return [send(incoming.chat_id, text)]
    text = say("Which village?")
    if len(found) > AT_ONCE:
        text += "\n" + say("Tap one, or send /profile and a part of the name.")
    return [send(incoming.chat_id, text, choices(_told(found, say), 0, part, say))]


@only_for("profile")
@taps
def profile_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /profile: "a:p:<area>" orders it, "a:n:<from>:<part>" turns the page."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "profile")
    step, what = parts(incoming, 2)
    reachable = areas_below(session, mine)
    if step == "n":
        start, _, part = what.partition(":")
        rows = choices(_told(called(reachable, part), say), whole(start), part, say)
        return instead(incoming, say("Which village?"), rows)
    wanted = [village for village in reachable if village.area_id == whole(what)]
    if step != "p" or not wanted:
        return unknown_button(session, incoming, desk)
    ordered = _order_profile(session, wanted[0], mine, incoming, desk=desk, say=say)
    return [*tapped(incoming), *ordered]


def _told(found: Sequence[Village], say: Speak) -> list[Village]:
    """With names that tell an area from a village of the same name."""
    return [
        one if one.code else replace(one, name=say("{area}: all villages").format(area=one.name))
        for one in found
    ]


def _order_profile(
    session: Session,
    village: Village,
    mine: Sequence[Right],
    incoming: Incoming,
    *,
    desk: Desk,
    say: Speak,
) -> list[Outgoing]:
    arguments = {
        "area_id": village.area_id,
        "contact_id": mine[0].contact_id,
        "reason": "asked",
    }
    add_job(session, "profile", arguments, desk.clock(), key=f"asked:{incoming.update_id}")
    text = say("The profile of <b>{village}</b> comes in a moment.")
    return [send(incoming.chat_id, text.format(village=escape(village.name)))]
