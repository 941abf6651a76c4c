"""An invite's link: whoever opens it first becomes an administrator."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import command, menu, role_name, voice
from bot.admin.team import LONGEST, name_of
from bot.admin.tour import next_button
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import escape
from surveys.conduct.people import know, reach
from surveys.publish import accept_invite
from surveys.store.people import erase_contact

INVITE = "admin-"
"""What an invite's link begins with."""


def is_invite(incoming: Incoming) -> bool:
    """Whether someone opened an invite's link."""
    name, rest = command(incoming.text)
    return incoming.kind == "text" and name == "start" and rest.startswith(INVITE)


def accept(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/start admin-CODE: whoever opens the link first becomes an administrator, once."""
    _, say = voice(session, incoming, desk)
    now = desk.clock()
    name = " ".join(incoming.sender.split())[:LONGEST]
    code = command(incoming.text)[1].removeprefix(INVITE)
    stranger = reach(session, incoming.lane) is None
    contact_id = know(session, desk.vault, incoming.lane, str(incoming.chat_id), say.language, now)
    granted = accept_invite(
        session, code, contact_id, now, name=desk.vault.seal(name.encode()) if name else None
    )
    if granted is None:
        if stranger:
            # Who has no right link leaves no trace.
            erase_contact(session, contact_id)
        text = say("This link is not valid, or was used already. Please ask for a new one.")
        return [send(incoming.chat_id, text)]
    text = say(
        "Welcome. You are now {role} of <b>{area}</b>. /help lists what you can do here."
    ).format(role=role_name(granted.role, say), area=escape(granted.area))
    called = name_of(session, contact_id, desk)
    if called:
        text += "\n\n" + say(
            "Your team reads your name as “{name}”. /team name … changes it."
        ).format(name=escape(called))
    shown_round = send(incoming.chat_id, text, next_button(say))
    return [*menu(session, incoming, say), shown_round]
