"""Every handler, in one list: the first whose `matches` is true handles an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.access import command, unknown_command
from bot.admin import commands as admin
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import conversation, kept, other, welcome
from bot.texts import LANGUAGES, speak

Matches = Callable[[Incoming], bool]
Handle = Callable[[Session, Incoming, Desk], list[Outgoing]]


@dataclass(frozen=True, slots=True)
class Handler:
    """What is done with one kind of update."""

    name: str
    matches: Matches
    handle: Handle


def _command(name: str) -> Matches:
    return lambda incoming: incoming.kind == "text" and command(incoming.text)[0] == name


def _button(stem: str) -> Matches:
    return lambda incoming: incoming.kind == "tap" and incoming.text.startswith(stem + ":")


def _kind(*kinds: str) -> Matches:
    return lambda incoming: incoming.kind in kinds


def _is_command(incoming: Incoming) -> bool:
    return incoming.kind == "text" and incoming.text.startswith("/")


# "/back", "/skip" and "/stop" answer a text question, where a plain word is an answer.
WITHIN = ("back", "skip", "stop", "done")


def _within(incoming: Incoming) -> bool:
    return incoming.kind == "text" and command(incoming.text)[0] in WITHIN


HANDLERS: tuple[Handler, ...] = (
    Handler("question button", _button("i"), conversation.tap),
    Handler("group", _kind("group"), other.in_group),
    Handler("blocked", _kind("blocked", "unblocked"), other.blocked),
    Handler("edited", _kind("edited"), other.edited),
    Handler("invite", admin.is_invite, admin.accept),
    Handler("start", _command("start"), welcome.start),
    Handler("language", _command("language"), welcome.language),
    Handler("mydata", _command("mydata"), kept.mydata),
    Handler("forget", _command("forget"), kept.forget_who),
    Handler("help", _command("help"), other.help_),
    Handler("summary", _command("summary"), admin.summarise),
    Handler("villages", _command("villages"), admin.villages),
    Handler("profile", _command("profile"), admin.profile),
    Handler("export", _command("export"), admin.export),
    Handler("language button", _button("l"), welcome.language_chosen),
    Handler("consent button", _button("c"), welcome.consented),
    Handler("who button", _button("w"), welcome.who),
    Handler("mydata button", _button("m"), kept.mydata_of),
    Handler("forget button", _button("f"), kept.forget_step),
    Handler("stopped button", _button("s"), kept.stopped),
    Handler("clear button", _button("r"), kept.clear_chat),
    Handler("administrator's button", _button("a"), admin.profile_step),
    Handler("any other button", _kind("tap"), other.unknown_button),
    Handler("word inside a question", _within, conversation.typed),
    Handler("any other command", _is_command, unknown_command),
    Handler("answer", _kind("text", "other"), conversation.typed),
)


def handle(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """What follows from one update, inside its transaction."""
    for handler in HANDLERS:
        if handler.matches(incoming):
            return handler.handle(session, incoming, desk)
    return []


def menu(language: str) -> list[tuple[str, str]]:
    """Telegram's menu for residents: commands with what they do."""
    say = speak(language)
    return [
        ("start", say("begin, or go on where you were")),
        ("language", say("another language")),
        ("mydata", say("see all that is kept about you")),
        ("forget", say("have it deleted")),
        ("help", say("what I can do")),
    ]


def menus() -> dict[str, list[tuple[str, str]]]:
    """The menu in every language of the bot; "" is for phones in any other."""
    return {"": menu("en")} | {language: menu(language) for language in LANGUAGES}
