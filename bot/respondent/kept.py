"""What is kept about a person: shown to them, forgotten when they say so, taken out of the chat."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from bot.access import voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import prompts
from bot.respondent.conversation import nothing_to_answer
from bot.say import Button, edit, file, send, tapped
from bot.texts import Speak, escape
from surveys.conduct.forget import forget, my_data
from surveys.conduct.people import messages_of_interview, my_persons, number_of

EVERYONE = 0
"""In place of a person's number: all persons of this phone, and the phone itself."""
AT_ONCE = 100
"""Messages that Telegram deletes in one call."""
IN_CHAT = 3000
"""What fits a message; longer records are sent as a file."""


def mydata(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/mydata: of which person? At once where there is one."""
    person, say = voice(session, incoming, desk)
    numbers = my_persons(session, person.contact_id) if person else {}
    if person is None or not numbers:
        return [send(incoming.chat_id, say("Nothing is kept about you."))]
    if len(numbers) == 1:
        return _record(session, person.contact_id, next(iter(numbers)), incoming, desk, say=say)
    text = say("Whose answers do you want to see?")
    return [send(incoming.chat_id, text, _persons(numbers, "m", say))]


def mydata_of(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The button of a person: "m:<number>"."""
    person, say = voice(session, incoming, desk)
    if person is None:
        return [*tapped(incoming), send(incoming.chat_id, say("Nothing is kept about you."))]
    number = int(incoming.text.split(":")[1])
    return [
        *tapped(incoming),
        *_record(session, person.contact_id, number, incoming, desk, say=say),
    ]


def forget_who(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/forget: which person?"""
    person, say = voice(session, incoming, desk)
    if person is None:
        return [send(incoming.chat_id, say("Nothing is kept about you."))]
    numbers = my_persons(session, person.contact_id)
    if len(numbers) <= 1:
        return [send(incoming.chat_id, *_sure(EVERYONE, say, alone=True))]
    rows = _persons(numbers, "f:a", say)
    rows.append([(say("Everyone on this phone"), f"f:a:{EVERYONE}")])
    return [send(incoming.chat_id, say("Who shall be forgotten?"), rows)]


def forget_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of forgetting: "f:a:<number>" asks once, "f:d" deletes, "f:k" keeps the answers
    without any tie to the person, "f:x" leaves all as it is."""
    _, step, which = incoming.text.split(":")
    number = int(which)
    person, say = voice(session, incoming, desk)
    if person is None:
        text = say("Nothing is kept about you.")
    elif step == "x":
        text = say("All right. Nothing was deleted.")
    else:
        numbers = my_persons(session, person.contact_id)
        if number != EVERYONE and number not in numbers:
            text = say("Nothing is kept about you.")
        elif step == "a":
            question, rows = _sure(number, say)
            return [
                *tapped(incoming),
                edit(incoming.chat_id, question, rows, message_id=incoming.message_id),
            ]
        else:
            forget(
                session,
                person.contact_id,
                None if number == EVERYONE else numbers[number],
                keep_answers=step == "k",
                now=desk.clock(),
            )
            text = say("Done. It is deleted, and cannot be brought back.")
    return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]


def stopped(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """After Stop: "s:l:<interview>" later, "s:d:<interview>" delete."""
    _, choice, interview = incoming.text.split(":")
    person, say = voice(session, incoming, desk)
    if choice == "l":
        text = say("Until another day. Send /start when you like to go on.")
        return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]
    interview_id = int(interview, prompts.DIGITS)
    number = _number_of(session, person.contact_id, interview_id) if person else None
    if number is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    question, rows = _sure(number, say)
    return [
        *tapped(incoming),
        edit(incoming.chat_id, question, rows, message_id=incoming.message_id),
    ]


def clear_chat(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """ "r:<interview>": take the questions and answers of one interview out of the chat."""
    person, say = voice(session, incoming, desk)
    interview_id = int(incoming.text.split(":")[1], prompts.DIGITS)
    if person is None or _number_of(session, person.contact_id, interview_id) is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    messages = messages_of_interview(session, interview_id)
    calls = [
        Outgoing(
            "deleteMessages",
            {"chat_id": incoming.chat_id, "message_ids": messages[start : start + AT_ONCE]},
            incoming.chat_id,
        )
        for start in range(0, len(messages), AT_ONCE)
    ]
    text = say("The answers are gone from this chat. They are still kept for the survey.")
    return [
        *tapped(incoming),
        *calls,
        edit(incoming.chat_id, text, message_id=incoming.message_id),
    ]


def _sure(number: int, say: Speak, *, alone: bool = False) -> tuple[str, list[list[Button]]]:
    if alone:
        text = say("Everything about you will be deleted.")
    elif number == EVERYONE:
        text = say("Everything about everyone on this phone will be deleted.")
    else:
        text = say("Everything about person {n} will be deleted.").format(n=number)
    text += "\n" + say("What shall become of the answers?")
    return text, [
        [("🗑 " + say("Delete the answers too"), f"f:d:{number}")],
        [(say("Keep them without me"), f"f:k:{number}")],
        [(say("Do not delete anything"), f"f:x:{number}")],
    ]


def _persons(numbers: dict[int, str], stem: str, say: Speak) -> list[list[Button]]:
    return [[(say("Person {n}").format(n=number), f"{stem}:{number}")] for number in numbers]


def _number_of(session: Session, contact_id: int, interview_id: int) -> int | None:
    return number_of(session, contact_id, interview_id)


def _record(
    session: Session, contact_id: int, number: int, incoming: Incoming, desk: Desk, *, say: Speak
) -> list[Outgoing]:
    record = my_data(session, desk.vault, contact_id)
    text = "\n".join(_lines(record, number, say))
    if len(text) <= IN_CHAT:
        return [send(incoming.chat_id, escape(text))]
    caption = say("All that is kept about you.")
    return [file(incoming.chat_id, text.encode(), "mydata.txt", caption)]


def _lines(record: dict[str, Any], number: int, say: Speak) -> list[str]:
    contact = record["contact"]
    lines = [
        say("All that is kept about you."),
        say("Chat number: {address} ({channel}), locked away apart from the answers").format(
            address=contact["address"], channel=contact["channel"]
        ),
        say("Language: {language}").format(language=contact["language"]),
        say("Since: {since}").format(since=contact["since"]),
    ]
    for person in record["persons"]:
        if person["person"] != number:
            continue
        lines += ["", say("Person {n}").format(n=number) + f" · {person['village']}"]
        for interview in person["interviews"]:
            lines.append(say("Begun: {day}").format(day=interview["started"]))
            if interview["finished"]:
                lines.append(say("Finished: {day}").format(day=interview["finished"]))
            lines += [f"· {row['question']}\n  → {row['answer']}" for row in interview["answers"]]
            lines.append(
                say.count("and {n} line of when what was answered",
                          "and {n} lines of when what was answered", interview["events"])
            )  # fmt: skip
    return lines
