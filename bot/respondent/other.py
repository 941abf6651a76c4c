"""What is no answer: /help, unknown commands, edited messages, groups, blocking."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import rights, voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send, tapped
from surveys.conduct.people import set_blocked


def help_(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/help: what the bot does and what it listens to."""
    _, say = voice(session, incoming, desk)
    lines = [
        say("I ask a few questions about the internet in your village. Tap a button, or type."),
        "",
        "/start – " + say("begin, or go on where you were"),
        "/language – " + say("another language"),
        "/mydata – " + say("see all that is kept about you"),
        "/forget – " + say("have it deleted"),
    ]
    if rights(session, incoming):
        lines += [
            "",
            "/summary – " + say("how the survey goes, village by village"),
            "/villages – " + say("your villages and their links"),
            "/profile – " + say("the profile of a village"),
        ]
        if any(right.role == "programme" for right in rights(session, incoming)):
            lines.append("/export – " + say("the answers as files"))
    return [send(incoming.chat_id, "\n".join(lines))]


def unknown_button(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A button that no version of this bot knows any more."""
    _, say = voice(session, incoming, desk)
    return tapped(incoming, say("This button no longer works. /start goes on."))


def edited(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Someone corrected a message of theirs in the chat."""
    _, say = voice(session, incoming, desk)
    text = say("I cannot see changes in old messages. Use the Back button to change an answer.")
    return [send(incoming.chat_id, text)]


def in_group(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Someone spoke to the bot in a group: no answer, so that no group reads of a survey."""
    return []


def blocked(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Someone blocked the bot, or let it in again: nothing is said, it is remembered."""
    set_blocked(session, incoming.lane, desk.clock() if incoming.kind == "blocked" else None)
    return []
