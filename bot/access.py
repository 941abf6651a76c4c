"""Who is speaking, in which language, and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send, tapped
from bot.texts import LANGUAGES, Speak, language_tag, speak, written_in
from surveys.conduct.people import Reach, reach, set_blocked
from surveys.store.administrators import Right, Role, rights_of

Handle = Callable[[Session, Incoming, Desk], list[Outgoing]]
LARGEST = 2**31
"""No id and no place behind a button is as large."""
ROLES: Mapping[str, tuple[Role, ...]] = {
    "summary": ("owner", "area", "helper", "analyst", "viewer"),
    "villages": ("owner", "area", "helper", "analyst", "viewer"),
    "poster": ("owner", "area", "helper"),
    "profile": ("owner", "area", "analyst", "viewer"),
    "wave": ("owner", "area", "helper", "analyst", "viewer"),
    "quota": ("owner", "area", "helper"),
    "find": ("owner", "area", "analyst"),
    "export": ("owner", "analyst"),
    "schedule": ("owner", "area", "analyst", "viewer"),
    "remind": ("owner", "area"),
    "team": ("owner", "area", "helper", "analyst", "viewer"),
    "audit": ("owner", "area"),
    "setup": ("owner",),
    "tour": ("owner", "area", "helper", "analyst", "viewer"),
}
"""The commands of administrators in the order of their menu, and who may use each."""


class Malformed(Exception):  # noqa: N818
    """No button of ours carries such data."""


def voice(session: Session, incoming: Incoming, desk: Desk) -> tuple[Reach | None, Speak]:
    """The contact behind an update, if known, and the language to speak to them."""
    person = reach(session, incoming.lane)
    if person is not None and person.blocked and incoming.kind in ("text", "tap", "other"):
        # Whoever writes can be written to, whatever became of a message to them once.
        set_blocked(session, incoming.lane, None)
    # Whoever is not known yet is answered in the language in which they write.
    said = incoming.text if incoming.kind == "text" else ""
    tag = person.language if person else written_in(said) or language_tag(incoming.language)
    return person, speak(tag or desk.settings.language)


def rights(session: Session, incoming: Incoming) -> tuple[Right, ...]:
    """What the sender of an update may do, and where; empty for everyone else."""
    return rights_of(session, incoming.lane)


def allowed(session: Session, incoming: Incoming, name: str) -> tuple[Right, ...]:
    """The rights by which the sender may use a command: where they hold a role that it asks for.

    Whoever looks over one area and runs another uses each command only where its role is held.
    """
    return tuple(right for right in rights(session, incoming) if right.role in ROLES[name])


def role_name(role: str, say: Speak) -> str:
    """What a role is called."""
    return {
        "owner": say("owner"),
        "area": say("area administrator"),
        "helper": say("helper"),
        "analyst": say("analyst"),
        "viewer": say("viewer"),
    }[role]


def command(text: str) -> tuple[str, str]:
    """A typed command and what stands after it: "/start@bot CODE" -> ("start", "CODE").

    ("", text) where the text is no command.
    """
    if not text.startswith("/"):
        return "", text
    first, *rest = text.split(maxsplit=1)
    return first[1:].partition("@")[0].lower(), rest[0].strip() if rest else ""


def unknown_command(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The answer to every command that is not ours, or not for this person: always the same."""
    _, say = voice(session, incoming, desk)
    return [send(incoming.chat_id, say("I do not know this command. /help says what I can do."))]


def unknown_button(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A button that no version of this bot knows any more, or not for this person."""
    _, say = voice(session, incoming, desk)
    return tapped(incoming, say("This button no longer works. /start goes on."))


def taps(handle: Handle) -> Handle:
    """Let a handler of buttons raise `Malformed`: such a button is one that nobody knows."""

    @wraps(handle)
    def guarded(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
        try:
            return handle(session, incoming, desk)
        except Malformed:
            return unknown_button(session, incoming, desk)

    return guarded


def parts(incoming: Incoming, count: int) -> list[str]:
    """What stands between the colons of a button's data, without its first letter.

    There are `count` of them, the last with what colons it has. Raises `Malformed`.
    """
    found = incoming.text.split(":", maxsplit=count)[1:]
    if len(found) != count:
        raise Malformed
    return found


def whole(text: str, base: int = 10) -> int:
    """A number of a button's data: 0 or more. Raises `Malformed`."""
    if not (text.isascii() and text.isalnum() and len(text) < len(str(LARGEST))):
        raise Malformed
    try:
        number = int(text, base)
    except ValueError:
        raise Malformed from None
    if number >= LARGEST:
        raise Malformed
    return number


def tongue(text: str) -> str:
    """A language of ours. Raises `Malformed`."""
    if text not in LANGUAGES:
        raise Malformed
    return text


def menu(session: Session, incoming: Incoming, say: Speak) -> list[Outgoing]:
    """Telegram's menu of this one chat, with an administrator's commands; nobody else has one."""
    roles = {right.role for right in rights(session, incoming)}
    return menu_of(roles, incoming.chat_id, say)


def menu_of(roles: Collection[str], chat_id: int, say: Speak) -> list[Outgoing]:
    """The menu of someone with these roles; nothing without any."""
    if not roles:
        return []
    what = what_commands_do(say)
    commands = [(name, what[name]) for name, who in ROLES.items() if set(roles) & set(who)]
    commands += [(name, what[name]) for name in ("start", "language", "forget", "help")]
    given = {
        "commands": [{"command": name, "description": text} for name, text in commands],
        "scope": {"type": "chat", "chat_id": chat_id},
    }
    return [Outgoing("setMyCommands", given, chat_id)]


def what_commands_do(say: Speak) -> dict[str, str]:
    """A few words for each command, in the order of /help."""
    return {
        "start": say("begin, or go on where you were"),
        "language": say("another language"),
        "mydata": say("see all that is kept about you"),
        "forget": say("have it deleted"),
        "help": say("what I can do"),
        "summary": say("how the survey goes, village by village"),
        "villages": say("your villages and their links"),
        "poster": say("a poster for a village"),
        "profile": say("the profile of a village"),
        "wave": say("the rounds of the survey: open, close, compare"),
        "quota": say("how many of which age are wanted"),
        "find": say("one interview by its id, without answers"),
        "export": say("the answers as files"),
        "schedule": say("what I send you by myself, and when"),
        "remind": say("remind those who stopped in the middle"),
        "team": say("who is in the team; invite, take out"),
        "audit": say("who did what, when"),
        "setup": say("set up the survey, step by step"),
        "tour": say("be shown round, in two minutes"),
    }
