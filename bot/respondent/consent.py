"""Consent in two steps, each with a text and a button of its own: to the survey, and to messages
that pass through computers abroad. Whoever says no to either is not known here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.access import Malformed, parts, taps, tongue, voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent.conversation import go, resume
from bot.respondent.where import Where, behind_button
from bot.say import Keyboard, edit, instead, send, tapped
from bot.texts import Speak, escape, speak
from surveys.conduct.forget import drop_interview
from surveys.conduct.panel import panel_of
from surveys.conduct.people import (
    Person,
    Reach,
    agreed_abroad,
    count_day,
    enrol,
    messages_of_interview,
    persons,
    turn_to,
)  # fmt: skip
from surveys.interview.state import Begin

CONSENT_VERSION = "4"
"""Of the texts in `_text` and `_abroad`: raise it with every change of their meaning."""
BEFORE = ("y",)
"""What the button said that agreed to earlier versions: it shows the text of today."""
LONGEST = 500
"""Characters of what an operator may have set without end."""
DOUBLE_TAP = timedelta(minutes=1)
"""Within which a second "I agree" means the same person: they tapped twice, or we were slow."""


def ask_consent(  # noqa: PLR0917
    session: Session, person: Reach | None, where: Where, incoming: Incoming, desk: Desk, say: Speak
) -> Outgoing:
    """The first step: in the message tapped on, or in a new one."""
    text = _text(session, person, where, desk, say)
    buttons = [
        [("✅ " + say("I am 16 or older and agree"), _data(CONSENT_VERSION, where, say))],
        [(say("No, thank you"), _data("n", where, say))],
    ]
    if incoming.kind == "tap":
        return edit(incoming.chat_id, text, buttons, message_id=incoming.message_id)
    return send(incoming.chat_id, text, buttons)


@taps
def consented(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of both steps: "c:<answer>:<tag>:<where>". The answer is the version of the text
    that is agreed to, with a "+" where abroad is, too; "n" in both steps."""
    answer, chosen, data = parts(incoming, 3)
    version, abroad = answer.removesuffix("+"), answer.endswith("+")
    if version not in ("n", CONSENT_VERSION, *BEFORE):
        raise Malformed
    say = speak(tongue(chosen))
    where = behind_button(session, data, incoming.lane, desk.clock())
    if where is None:
        return over(incoming, say)
    person, _ = voice(session, incoming, desk)
    if version in BEFORE:
        return [*tapped(incoming), ask_consent(session, person, where, incoming, desk, say)]
    now = desk.clock()
    known = persons(session, person.contact_id, where.wave.wave_id) if person else []
    begun = _just_begun(known, where, now)
    if version == "n":
        return _declined(session, person, begun, where, incoming, desk, say)
    since = now if abroad else None
    if since is None and person is not None:
        # What goes abroad is the chat of this phone: who uses it agreed to this very text.
        since = agreed_abroad(session, person.contact_id, CONSENT_VERSION)
    if since is None:
        return instead(incoming, _abroad(say), _abroad_buttons(where, say))
    text = "\n".join(
        (
            _text(session, person, where, desk, say) + "\n",
            "✓ <b>" + say("I am 16 or older and agree") + "</b>",
            "✓ <b>" + say("Messages may pass through Telegram, abroad") + "</b>",
        )
    )
    agreed = edit(incoming.chat_id, text, message_id=incoming.message_id)
    if person is not None and begun is not None and begun.interview_id is not None:
        turn_to(session, person.contact_id, begun.interview_id)
        again = resume(session, person, begun.interview_id, incoming, desk, quiet=True)
        return [*tapped(incoming), agreed, *again]
    interview_id = enrol(
        session,
        desk.vault,
        lane=incoming.lane,
        address=str(incoming.chat_id),
        language=say.language,
        wave=where.wave,
        household_id=where.household_id,
        respondent_id=next(
            (one.respondent_id for one in known if one.number == where.number), None
        ),
        consent_version=CONSENT_VERSION,
        abroad_at=since,
        now=now,
    )
    first = go(session, interview_id, Begin(), incoming, desk, say=say, quiet=True)
    return [*tapped(incoming), agreed, *first]


def over(incoming: Incoming, say: Speak) -> list[Outgoing]:
    """A button of a survey that is no longer there."""
    text = say("This survey is no longer open. Thank you for your interest.")
    last = edit(incoming.chat_id, text, message_id=incoming.message_id)
    return [*tapped(incoming, text), last]


def _declined(  # noqa: PLR0917
    session: Session, person: Reach | None, begun: Person | None, where: Where,
    incoming: Incoming, desk: Desk, say: Speak,
) -> list[Outgoing]:  # fmt: skip
    """No: nothing is kept, not even what a Yes began a moment before."""
    gone: list[Outgoing] = []
    if person is not None and begun is not None and begun.interview_id is not None:
        shown = messages_of_interview(session, begun.interview_id)
        if shown:
            chat = incoming.chat_id
            gone = [Outgoing("deleteMessages", {"chat_id": chat, "message_ids": shown}, chat)]
        drop_interview(session, person.contact_id, begun.respondent_id, begun.interview_id)
    day = desk.clock().astimezone(where.wave.zone)
    count_day(session, where.wave.area_id, "declined", day)
    text = (
        say("That is all right. Nothing about you was kept. If you change your mind, open the"
            " link again.")
        if where.number is None
        else say("That is all right. Nothing new was kept. What you answered before stays, unless"
                 " you send /forget.")
    )  # fmt: skip
    return [*tapped(incoming), *gone, edit(incoming.chat_id, text, message_id=incoming.message_id)]


def _just_begun(known: list[Person], where: Where, now: datetime) -> Person | None:
    """Whose interview this very button began a moment ago (it was tapped twice)."""
    for one in known:
        home = where.household_id in (None, one.household_id)
        same = where.number in (None, one.number)
        fresh = one.begun is not None and now - one.begun < DOUBLE_TAP
        untouched = one.interview_id and one.status == "open" and not one.answered
        if untouched and home and same and fresh:
            return one
    return None


def _data(answer: str, where: Where, say: Speak) -> str:
    return f"c:{answer}:{say.language}:{where.data}"


def _abroad(say: Speak) -> str:
    return "\n".join(
        (
            "<b>" + say("One more thing") + "</b>",
            say(
                "We write to each other through Telegram (telegram.org), whose computers stand"
                " abroad. Your chat number and your answers pass through them, so that we can talk"
                " here. May they?"
            ),
        )
    )


def _abroad_buttons(where: Where, say: Speak) -> Keyboard:
    return [
        [("✅ " + say("Yes, go on"), _data(f"{CONSENT_VERSION}+", where, say))],
        [(say("No, thank you"), _data("n", where, say))],
    ]


def _text(
    session: Session, person: Reach | None, where: Where, desk: Desk, say: Speak
) -> str:  # fmt: skip
    wave = where.wave
    months = say.count("{n} month", "{n} months", wave.retention_months)
    days = say.count("{n} day", "{n} days", desk.settings.free_text_days)
    stays = person is not None and panel_of(session, person.contact_id)[0] is not None
    since = agreed_abroad(session, person.contact_id, CONSENT_VERSION) if person else None
    paragraphs = [
        f"<b>{escape(wave.village)}</b>",
        say(
            "<b>{organisation}</b> asks how people here can use the internet, so that help goes"
            " where it is needed. It takes about ten minutes."
        ).format(organisation=escape(wave.organisation[:LONGEST])),
        _kept(say, months, days, stays=stays),
    ]
    if where.number is not None:
        paragraphs.append(
            say(
                "<b>You took part before:</b> the new answers are kept beside your earlier"
                " ones, to see what has changed in the village."
            )
        )
    if since is not None:
        day = say.day(since.astimezone(wave.zone), desk.clock().astimezone(wave.zone))
        paragraphs.append(
            say(
                "The messages pass through Telegram, whose computers stand abroad. This was agreed"
                " to on this phone on {day}."
            ).format(day=day)
        )
    paragraphs += [
        _free(say, stays=stays),
        say("If you stop in the middle, I may remind you: at most twice, and you can say no."),
        say("Questions: {contact}").format(contact=escape(wave.contact[:LONGEST])),
    ]
    return "\n\n".join(paragraphs)


def _kept(say: Speak, months: str, days: str, *, stays: bool) -> str:
    number = (
        say("Your chat number is locked away apart from them, and kept for the next round, as you"
            " agreed. /mydata changes that.")
        if stays
        else say("Your chat number is locked away apart from them, and deleted when this survey"
                 " ends.")
    )  # fmt: skip
    return " ".join(
        (
            say("<b>What is kept:</b> your answers, without your name."),
            number,
            say(
                "What you write yourself, photos and recordings are deleted after {days}, all"
                " answers after {months}. Reports show only whole villages, never one person."
            ).format(days=days, months=months),
        )
    )


def _free(say: Speak, *, stays: bool) -> str:
    if stays:
        return say(
            "<b>You are free:</b> no, stop or skip costs you nothing. /forget deletes everything,"
            " at any time."
        )
    return say(
        "<b>You are free:</b> no, stop or skip costs you nothing. /forget deletes everything, until"
        " this survey ends. Afterwards nobody can tell any more which answers are yours."
    )
