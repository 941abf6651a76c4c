"""What is kept about a person: shown to them, forgotten when they say so, taken out of the chat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from bot.access import Malformed, parts, rights, taps, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import kept_files, kept_office, later, prompts
from bot.respondent.conversation import key_of_record, nothing_to_answer
from bot.respondent.markup import plain
from bot.say import Button, edit, file, instead, markup, send, tapped
from bot.texts import LANGUAGES, Speak, escape
from surveys.conduct.forget import forget, my_data
from surveys.conduct.people import messages_of_interview, my_persons, number_of, several_waves
from surveys.form.own_words import ERASED
from surveys.publish.team import is_last_owner
from surveys.store.interviews import interviews_of
from surveys.store.team import administrator_of

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
    if person is None:
        return [send(incoming.chat_id, say("Nothing is kept about you."))]
    if len(numbers) <= 1:
        only = next(iter(numbers), EVERYONE)
        return _record(session, person.contact_id, only, incoming, desk, say=say)
    text = say("Whose answers do you want to see?")
    return [send(incoming.chat_id, text, _persons(numbers, "m", say))]


@taps
def mydata_of(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The button of a person: "m:<number>"."""
    person, say = voice(session, incoming, desk)
    if person is None:
        return [*tapped(incoming), send(incoming.chat_id, say("Nothing is kept about you."))]
    number = whole(parts(incoming, 1)[0])
    if number not in my_persons(session, person.contact_id):
        raise Malformed
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
    if _alone(session, incoming):
        # The persons who answered here can be forgotten all the same.
        return [send(incoming.chat_id, last_owner(say), _persons(numbers, "f:a", say))]
    if len(numbers) <= 1:
        sure = _sure(
            EVERYONE, say, alone=True, leads=bool(rights(session, incoming)),
            waves=several_waves(session, list(numbers.values())),
        )  # fmt: skip
        return [send(incoming.chat_id, *sure)]
    rows = _persons(numbers, "f:a", say)
    rows.append([(say("Everyone on this phone"), f"f:a:{EVERYONE}")])
    return [send(incoming.chat_id, say("Who shall be forgotten?"), rows)]


@taps
def forget_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of forgetting: "f:a:<number>" asks once, "f:d" deletes, "f:k" keeps the answers
    without any tie to the person, "f:x" leaves all as it is."""
    step, which = parts(incoming, 2)
    number = whole(which)
    if step not in ("a", "d", "k", "x"):
        raise Malformed
    person, say = voice(session, incoming, desk)
    numbers = my_persons(session, person.contact_id) if person else {}
    before: list[Outgoing] = []
    if person is None:
        return tapped(incoming, say("Nothing is kept about you."))
    if number != EVERYONE and number not in numbers:
        raise Malformed
    if step != "x" and number == EVERYONE and _alone(session, incoming):
        return [*tapped(incoming), send(incoming.chat_id, last_owner(say))]
    if step == "x":
        text = say("All right. Nothing was deleted.")
    elif step == "a":
        leads = number == EVERYONE and bool(rights(session, incoming))
        whose = list(numbers.values()) if number == EVERYONE else [numbers[number]]
        question, rows = _sure(number, say, leads=leads, waves=several_waves(session, whose))
        return instead(incoming, question, rows)
    else:
        who = list(numbers.values()) if number == EVERYONE else [numbers[number]]
        for interview_id in interviews_of(session, who):
            # Afterwards nobody knows any more which messages these were.
            before += _out_of_chat(session, interview_id, incoming)
        if number == EVERYONE and rights(session, incoming):
            scope = {"type": "chat", "chat_id": incoming.chat_id}
            before.append(Outgoing("deleteMyCommands", {"scope": scope}, incoming.chat_id))
        forget(
            session,
            person.contact_id,
            None if number == EVERYONE else numbers[number],
            keep_answers=step == "k",
            now=desk.clock(),
        )
        text = (
            say("Done. The finished answers stay, with nothing that leads to you.")
            if step == "k"
            else say("Done. It is deleted, and cannot be brought back.")
        )
    return [
        *tapped(incoming),
        *before,
        edit(incoming.chat_id, text, message_id=incoming.message_id),
    ]


@taps
def stopped(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """After Stop: "s:l:<interview>" later, "s:d:<interview>" delete."""
    choice, interview = parts(incoming, 2)
    interview_id = whole(interview, prompts.DIGITS)
    if choice not in ("l", "d"):
        raise Malformed
    person, say = voice(session, incoming, desk)
    if choice == "l":
        text = say("Until another day. Send /start when you like to go on.")
        return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]
    number = number_of(session, person.contact_id, interview_id) if person else None
    if person is None or number is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    numbers = my_persons(session, person.contact_id)
    waves = several_waves(session, [numbers[number]])
    question, rows = _sure(number, say, alone=len(numbers) == 1, waves=waves)
    return instead(incoming, question, rows)


@taps
def clear_chat(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """ "r:<interview>": take the questions and answers of one interview out of the chat."""
    person, say = voice(session, incoming, desk)
    interview_id = whole(parts(incoming, 1)[0], prompts.DIGITS)
    if person is None or number_of(session, person.contact_id, interview_id) is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    text = say(
        "The answers are gone from this chat. They are still kept for the survey. (Telegram lets me"
        " remove the last two days; what is older, you can delete yourself.)"
    )
    return [
        *tapped(incoming),
        *_out_of_chat(session, interview_id, incoming),
        edit(incoming.chat_id, text, message_id=incoming.message_id),
    ]


def _out_of_chat(session: Session, interview_id: int, incoming: Incoming) -> list[Outgoing]:
    messages = messages_of_interview(session, interview_id)
    return [
        Outgoing(
            "deleteMessages",
            {"chat_id": incoming.chat_id, "message_ids": messages[start : start + AT_ONCE]},
            incoming.chat_id,
        )
        for start in range(0, len(messages), AT_ONCE)
    ]


def _sure(
    number: int, say: Speak, *, alone: bool = False, leads: bool = False, waves: bool = False
) -> tuple[str, list[list[Button]]]:
    """The one question before anything is deleted. `alone`: nobody else answers on this phone;
    `leads`: the rights of an administrator go with it; `waves`: they answered in several waves."""
    if alone:
        text = say("Everything about you will be deleted.")
    elif number == EVERYONE:
        text = say("Everything about everyone on this phone will be deleted.")
    else:
        text = say("Everything about person {n} will be deleted.").format(n=number)
    if waves:
        text += "\n" + say("This goes for the earlier surveys, too.")
    if leads:
        text += "\n" + say("You will not be an administrator any more.")
    text += "\n" + say("What shall become of the answers?")
    return text, [
        [("🗑 " + say("Delete the answers too"), f"f:d:{number}")],
        [(say("Keep them, forget who I am"), f"f:k:{number}")],
        [(say("Do not delete anything"), f"f:x:{number}")],
    ]


def last_owner(say: Speak) -> str:
    """Why the last owner of a programme cannot be forgotten as they are."""
    return say(
        "You are the last owner: without you, nobody could invite anyone any more. Invite another"
        " owner first: /team. Then I forget you."
    )


def _alone(session: Session, incoming: Incoming) -> bool:
    """Whether the sender is the last owner of the programme."""
    mine = rights(session, incoming)
    return bool(mine) and is_last_owner(session, mine[0].administrator_id)


def _persons(numbers: dict[int, str], stem: str, say: Speak) -> list[list[Button]]:
    return [[(say("Person {n}").format(n=number), f"{stem}:{number}")] for number in numbers]


def _record(
    session: Session, contact_id: int, number: int, incoming: Incoming, desk: Desk, *, say: Speak
) -> list[Outgoing]:
    record = my_data(session, desk.vault, contact_id)
    areas = [right.area for right in rights(session, incoming)]
    found = administrator_of(session, contact_id)
    named = desk.vault.open(found[1]).decode() if found and found[1] else ""
    office = kept_office.lines(session, found[0], say) if found else []
    # Of who answered nothing here there is nothing to be asked again about.
    again = later.line(session, contact_id, say) if record["persons"] else ""
    text = "\n".join(_lines(record, number, areas, named, office, again=again, say=say))
    who = my_persons(session, contact_id).get(number)
    begun = interviews_of(session, [who]) if who else []
    key = key_of_record(begun[-1], incoming) if begun else None
    give = [
        *kept_files.buttons(record, number, say),
        *(later.button(session, contact_id, say) if _any_finished(record) else ()),
    ]
    if len(text) <= IN_CHAT:
        return [send(incoming.chat_id, escape(text), give, key=key)]
    caption = say("All that is kept about you.")
    all_of_it = file(incoming.chat_id, text.encode(), "mydata.txt", caption, key=key)
    if give:
        payload = {**all_of_it.payload, "reply_markup": markup(give)}
        all_of_it = replace(all_of_it, payload=payload)
    return [all_of_it]


def _any_finished(record: dict[str, Any]) -> bool:
    return any(one["finished"] for person in record["persons"] for one in person["interviews"])


def _lines(
    record: dict[str, Any], number: int, areas: list[str], named: str, office: list[str],
    *, again: str, say: Speak,
) -> list[str]:  # fmt: skip
    contact = record["contact"]
    lines = [
        say("All that is kept about you."),
        say("Chat number: {address} ({channel}), locked away apart from the answers").format(
            address=contact["address"], channel=contact["channel"]
        ),
        say("Language: {language}").format(
            language=LANGUAGES.get(contact["language"], contact["language"])
        ),
        say("Since: {since}").format(since=contact["since"]),
        *(
            [say("No reminders, as you said on {day}").format(day=contact["unreminded"])]
            if contact["unreminded"]
            else []
        ),
        *([again] if again else []),
        *(say("Administrator of: {area}").format(area=area) for area in areas),
        *([say("Name for your team: {name}").format(name=named)] if named else []),
        *office,
    ]
    for person in record["persons"]:
        if person["person"] != number:
            continue
        lines += ["", say("Person {n}").format(n=number) + f" · {person['village']}"]
        for place, interview in enumerate(person["interviews"]):
            lines += [""] * (place > 0)
            agreed = say("Agreed (text, day): {consent}")
            lines.append(agreed.format(consent=interview["consent"]))
            if interview["abroad"]:
                abroad = say("Agreed that messages pass through Telegram, abroad: {day}")
                lines.append(abroad.format(day=interview["abroad"]))
            lines.append(say("Begun: {day}").format(day=interview["started"]))
            if interview["finished"]:
                lines.append(say("Finished: {day}").format(day=interview["finished"]))
            if interview["erased"]:
                erased = say("Own words, photos and recordings erased: {day}")
                lines.append(erased.format(day=interview["erased"]))
            if interview["reminders"]:
                said = say("Reminders sent: {n}, the last on {day}")
                lines.append(said.format(n=interview["reminders"], day=interview["reminded"]))
            for row in interview["answers"]:
                gone = row["answer"] == ERASED
                answer = say("(your own words, erased)") if gone else row["answer"]
                lines.append(f"· {plain(row['question'])}\n  → {answer}")
            lines += kept_files.lines(interview, say)
            computed = ", ".join(
                f"{name} {value}"
                for name, value in interview["computed"].items()
                if value != ERASED
            )
            if computed:
                lines.append(say("Worked out from this: {computed}").format(computed=computed))
            lines.append(
                say.count("and {n} line of when what was answered",
                          "and {n} lines of when what was answered", interview["events"])
            )  # fmt: skip
    return lines
