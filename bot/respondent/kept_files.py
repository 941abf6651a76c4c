"""The photos, recordings and files that are kept about a person: told, and given back to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from bot.access import Malformed, parts, taps, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent.conversation import key_of_record
from bot.respondent.markup import plain
from bot.respondent.said import said
from bot.say import Keyboard, send, tapped
from bot.texts import Speak
from surveys.conduct.people import my_persons
from surveys.store.attachments import answered_with
from surveys.store.interviews import interviews_of


def lines(interview: dict[str, Any], say: Speak) -> list[str]:
    """What is kept of an interview as files, one a line; `interview`: as `my_data` has it."""
    return [
        f"· {plain(one['question'])}\n  → {said(one['kind'], one['name'], say)}{_how(one, say)}"
        for one in interview["attachments"]
    ]


def buttons(record: dict[str, Any], number: int, say: Speak) -> Keyboard:
    """The button that gives them back; none where there are none. `record`: as `my_data` has it."""
    there = any(
        one["state"] == "fetched"
        for person in record["persons"]
        if person["person"] == number
        for interview in person["interviews"]
        for one in interview["attachments"]
    )
    return [[("📎 " + say("Send me these files"), f"mf:{number}")]] if there else ()


@taps
def files_of(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The button "mf:<number>": all files that are kept of a person, as they are kept."""
    person, say = voice(session, incoming, desk)
    number = whole(parts(incoming, 1)[0])
    mine = my_persons(session, person.contact_id) if person else {}
    if number not in mine:
        raise Malformed
    kept = answered_with(session, interviews_of(session, [mine[number]]))
    chat = incoming.chat_id
    files = [
        Outgoing(
            "sendDocument",
            {"chat_id": chat},
            chat,
            # They leave the chat with the answers.
            key=key_of_record(one.interview_id, incoming, place),
            field="document",
            filename=one.name,
            shows=one.id,
        )
        for place, one in enumerate(kept)
        if one.state == "fetched"
    ]
    nothing = [] if files else [send(chat, say("Nothing of this is kept any more."))]
    return [*tapped(incoming), *files, *nothing]


def _how(one: dict[str, Any], say: Speak) -> str:
    if one["state"] == "waiting":
        return ", " + say("not here from Telegram yet")
    if one["state"] == "failed":
        return ", " + say("could not be kept")
    return f", {max(1, round(one['size'] / 1024)):,} KB"
