"""/remind: a word to those who stopped in the middle. How many is said here, never who."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.access import allowed, command, parts, taps, unknown_button, voice
from bot.admin.guard import only_for
from bot.admin.places import DATA, called, short
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Keyboard, edit, send, tapped
from bot.texts import Speak, escape
from surveys.conduct.remind import Waiting, order, waiting
from surveys.store.administrators import Village, villages_below

LISTED = 12
"""Villages in the list, those with most first."""


@only_for("remind")
def remind(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/remind, with or without a part of a village's name: how many, where, and shall they be?"""
    _, say = voice(session, incoming, desk)
    part = command(incoming.text)[1].casefold()
    if len(f"n:y:{part}".encode()) > DATA:
        return [send(incoming.chat_id, say("Please send a shorter part of the name."))]
    villages = _mine(session, incoming, part)
    if not villages:
        text = (
            say("No village of yours has that in its name. /villages lists them.")
            if part
            else say("There are no villages yet.")
        )
        return [send(incoming.chat_id, text)]
    found = waiting(session, [village.area_id for village in villages], desk.clock())
    text, rows = _question(found, villages, part, desk, say=say)
    return [send(incoming.chat_id, text, rows)]


@only_for("remind")
@taps
def remind_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /remind: "n:y:<part>" orders the reminders, "n:x:" does not."""
    _, say = voice(session, incoming, desk)
    step, part = parts(incoming, 2)
    if step not in ("y", "x"):
        return unknown_button(session, incoming, desk)
    if step == "x":
        text = say("All right, nobody is reminded now.")
    else:
        area_ids = [village.area_id for village in _mine(session, incoming, part)]
        by = f"administrator {allowed(session, incoming, 'remind')[0].administrator_id}"
        waits = sum(one.chats for one in waiting(session, area_ids, desk.clock()) if one.ordered)
        text = _ordered(order(session, area_ids, by, desk.clock()), waits, desk, say)
    return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]


def _mine(session: Session, incoming: Incoming, part: str) -> list[Village]:
    return called(villages_below(session, allowed(session, incoming, "remind")), part)


def _question(
    found: Sequence[Waiting], villages: Sequence[Village], part: str, desk: Desk, *, say: Speak
) -> tuple[str, Keyboard]:
    fresh = [one for one in found if not one.ordered]
    already = sum(one.chats for one in found if one.ordered)
    lines = []
    if fresh:
        lines.append(
            "<b>"
            + say.count(
                "{n} person stopped in the middle and can be reminded.",
                "{n} persons stopped in the middle and can be reminded.",
                sum(one.chats for one in fresh),
            )
            + "</b>"
        )
        names = {village.area_id: village.name for village in villages}
        lines.append(
            "\n".join(f"{escape(short(names[one.area_id]))}: {one.chats}" for one in fresh[:LISTED])
        )
        if len(fresh) > LISTED:
            lines[-1] += "\n" + say("and {n} villages more").format(n=len(fresh) - LISTED)
    else:
        lines.append(say("There is nobody to remind now."))
    if already:
        lines.append(_already(already, say))
    lines.append(
        say(
            "Each person is reminded at most twice, two days apart, between 9:00 and 20:00, and"
            " can say no. Who has been silent for less than a day is left in peace."
        )
    )
    if not fresh:
        return "\n\n".join(lines), ()
    if all(one.due > desk.clock() for one in fresh):
        lines.append(say("It is late there now: they would go out in the morning."))
    buttons = [[("✉ " + say("Remind them"), f"n:y:{part}")], [(say("Nobody for now"), "n:x:")]]
    return "\n\n".join(lines), buttons


def _already(count: int, say: Speak) -> str:
    return say.count(
        "{n} reminder is ordered already and goes out by itself.",
        "{n} reminders are ordered already and go out by themselves.",
        count,
    )


def _ordered(found: Sequence[Waiting], already: int, desk: Desk, say: Speak) -> str:
    if not found:
        return _already(already, say) if already else say("Nobody is left to remind now.")
    now = sum(one.chats for one in found if one.due <= desk.clock())
    later = sum(one.chats for one in found if one.due > desk.clock())
    lines = []
    if now:
        lines.append(
            say.count(
                "{n} person is being reminded now.", "{n} persons are being reminded now.", now
            )
        )
    if later:
        lines.append(
            say.count(
                "{n} person is reminded in the morning, at 9:00.",
                "{n} persons are reminded in the morning, at 9:00.",
                later,
            )
        )
    lines.append(say("/summary shows how many go on."))
    return "✓ " + "\n".join(lines)
