"""Who may use a command. Strangers do not learn that it is there; administrators learn why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from sqlalchemy.orm import Session

from bot.access import (
    ROLES,
    Handle,
    allowed,
    rights,
    role_name,
    unknown_button,
    unknown_command,
    voice,
)
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send


def only_for(name: str) -> Callable[[Handle], Handle]:
    """Let the command `name`, and its buttons, through to those who hold a role that it asks for.

    Another administrator is told who may; to everyone else it does not exist.
    """

    def guard(handle: Handle) -> Handle:
        @wraps(handle)
        def guarded(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
            if allowed(session, incoming, name):
                return handle(session, incoming, desk)
            if incoming.kind == "tap":
                return unknown_button(session, incoming, desk)
            if not rights(session, incoming):
                return unknown_command(session, incoming, desk)
            _, say = voice(session, incoming, desk)
            who = say(", ").join(role_name(role, say) for role in ROLES[name])
            text = say("/{command} is for: {roles}. If you need it, ask who invited you.")
            return [send(incoming.chat_id, text.format(command=name, roles=who))]

        return guarded

    return guard
