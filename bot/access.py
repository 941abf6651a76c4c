"""Who is speaking, in which language, and what they may do."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import Speak, language_tag, speak
from surveys.conduct.people import Reach, reach
from surveys.store.administrators import Right, rights_of


def voice(session: Session, incoming: Incoming, desk: Desk) -> tuple[Reach | None, Speak]:
    """The contact behind an update, if known, and the language to speak to them."""
    person = reach(session, incoming.lane)
    tag = person.language if person else language_tag(incoming.language)
    return person, speak(tag or desk.settings.language)


def rights(session: Session, incoming: Incoming) -> tuple[Right, ...]:
    """What the sender of an update may do, and where; empty for everyone else."""
    return rights_of(session, incoming.lane)


def command(text: str) -> tuple[str, str]:
    """A typed command and what stands after it: "/start@bot CODE" -> ("start", "CODE").

    ("", text) where the text is no command.
    """
    if not text.startswith("/"):
        return "", text
    first, _, rest = text.partition(" ")
    return first[1:].partition("@")[0].lower(), rest.strip()


def unknown_command(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The answer to every command that is not ours, or not for this person: always the same."""
    _, say = voice(session, incoming, desk)
    return [send(incoming.chat_id, say("I do not know this command. /help says what I can do."))]
