"""A reminder's button for whom it bothers. The other one goes on, like that of every menu."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import unknown_button, voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import edit, tapped
from surveys.conduct.remind import no_more

NO_MORE = "o:n"
"""What the button carries."""


def leave_alone(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """ "o:n": nobody on this phone is reminded any more."""
    person, say = voice(session, incoming, desk)
    if person is None or incoming.text != NO_MORE:
        return unknown_button(session, incoming, desk)
    no_more(session, person.contact_id, desk.clock())
    text = say(
        "All right: no more reminders. Your answers so far stay, and /start goes on whenever you"
        " like. If they shall be deleted: /forget"
    )
    return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]
