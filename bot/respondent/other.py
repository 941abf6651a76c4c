"""What is no answer: /help, unknown commands, edited messages, groups, blocking."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import ROLES, rights, voice, what_commands_do
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from surveys.conduct.people import set_blocked


def help_(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/help: what the bot does and what it listens to."""
    _, say = voice(session, incoming, desk)
    what = what_commands_do(say)
    lines = [
        say("I ask a few questions about the internet in your village. Tap a button, or type."),
        "",
        *(f"/{name} – {what[name]}" for name in ("start", "language", "mydata", "forget")),
    ]
    roles = {right.role for right in rights(session, incoming)}
    if roles:
        lines.append("")
        lines += [f"/{name} – {what[name]}" for name, who in ROLES.items() if roles & set(who)]
    return [send(incoming.chat_id, "\n".join(lines))]


def edited(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Someone corrected a message of theirs in the chat; of a place that is shared live, Telegram
    says so every few seconds."""
    if not incoming.text:
        return []
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
