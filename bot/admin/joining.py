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
from bot.texts import Speak, escape
from surveys.conduct.guessing import may_try, wrong_code
from surveys.conduct.people import know, reach
from surveys.publish.invites import accept_invite, signed
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
    now, code = desk.clock(), command(incoming.text)[1].removeprefix(INVITE)
    ours = signed(desk.vault, code)
    if not may_try(session, incoming.lane, now, signed=ours):
        return [_not_valid(incoming, say)]
    if not ours:
        # Refused without a look at the invites.
        wrong_code(session, incoming.lane, now)
        return [_not_valid(incoming, say)]
    name = " ".join(incoming.sender.split())[:LONGEST]
    stranger = reach(session, incoming.lane) is None
    contact_id = know(session, desk.vault, incoming.lane, str(incoming.chat_id), say.language, now)
    sealed = desk.vault.seal(name.encode()) if name else None
    granted = accept_invite(session, desk.vault, code, contact_id, now, name=sealed)
    if granted is None:
        if stranger:
            # Who has no right link leaves no trace.
            erase_contact(session, contact_id)
        return [_not_valid(incoming, say)]
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


def _not_valid(incoming: Incoming, say: Speak) -> Outgoing:
    """The same sentence whatever is wrong with a code: it tells nothing."""
    text = say("This link is not valid, or was used already. Please ask for a new one.")
    return send(incoming.chat_id, text)
