"""From a village's link to the first question: language, consent, who is answering."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.access import Malformed, command, menu, parts, rights, taps, tongue, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import other, prompts
from bot.respondent.answering import may_choose, who_answers, who_finishes
from bot.respondent.conversation import go, nothing_to_answer, resume
from bot.respondent.where import Where, behind_button, where_to
from bot.say import Keyboard, edit, send, tapped, without_buttons
from bot.texts import LANGUAGES, Speak, escape, speak
from surveys.conduct.people import (
    NotYours,
    NoWave,
    Person,
    Reach,
    count_day,
    enrol,
    persons,
    set_language,
    turn_to,
)  # fmt: skip
from surveys.form.model import Form, language_of
from surveys.interview.state import Begin, Event, Interview, Spoke

CONSENT_VERSION = "3"
"""Of the text in `_consent_text`: raise it with every change of its meaning."""
LONGEST = 500
"""Characters of what an operator may have set without end."""
DOUBLE_TAP = timedelta(minutes=1)
"""Within which a second "I agree" means the same person: they tapped twice, or we were slow."""


def start(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/start, with the code of a village, a family link, or nothing."""
    person, say = voice(session, incoming, desk)
    payload = command(incoming.text)[1]
    try:
        where = where_to(session, payload, person, incoming.lane, desk.clock())
    except NoWave as closed:
        return [_nobody_begins(session, person, closed, incoming, desk, say=say)]
    if where is None and not payload and rights(session, incoming):
        return other.help_(session, incoming, desk)
    if where is None:
        return [send(incoming.chat_id, _lost(payload, say))]
    known = persons(session, person.contact_id, where.wave.wave_id) if person else []
    if not any(one.interview_id for one in known):
        day = desk.clock().astimezone(where.wave.zone)
        count_day(session, where.wave.area_id, "opened", day)
    if may_choose(known, where):
        return [send(incoming.chat_id, *who_answers(session, known, where, say))]
    if person is not None:
        return [_consent(where, say, incoming)]
    greeting = (
        f"你好！这里是<b>{escape(where.wave.village)}</b>的问卷。请选择语言。\n\n"
        f"Hello! This is the survey of <b>{escape(where.wave.village)}</b>."
        " Please choose your language."
    )
    return [send(incoming.chat_id, greeting, _languages(where.data))]


def language(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/language: which one?"""
    return [send(incoming.chat_id, "请选择语言 / Please choose your language", _languages(""))]


@taps
def language_chosen(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A language button: "l:<tag>:<where>"; consent follows, or the question in that language."""
    chosen, data = parts(incoming, 2)
    tag = tongue(chosen)
    person, _ = voice(session, incoming, desk)
    say = speak(tag)
    if person is not None:
        set_language(session, person.contact_id, tag)
    if data:
        where = behind_button(session, data, incoming.lane, desk.clock())
        if where is None:
            return _over(incoming, say)
        return [*tapped(incoming), _consent(where, say, incoming, in_place=True)]
    done = edit(incoming.chat_id, f"✓ {LANGUAGES[tag]}", message_id=incoming.message_id)
    own_menu = menu(session, incoming, say)
    if person is None or person.current_interview_id is None:
        return [*tapped(incoming), done, *own_menu]

    def spoken(form: Form, interview: Interview) -> Event:
        return Spoke(language_of(form, tag))

    return [
        *tapped(incoming),
        done,
        *own_menu,
        *go(
            session, person.current_interview_id, spoken, incoming, desk, say=say, quiet=True,
            unasked=True,
        ),
    ]  # fmt: skip


@taps
def consented(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The consent buttons: "c:<y or n>:<tag>:<where>"."""
    answer, chosen, data = parts(incoming, 3)
    if answer not in ("y", "n"):
        raise Malformed
    tag = tongue(chosen)
    say = speak(tag)
    where = behind_button(session, data, incoming.lane, desk.clock())
    if where is None:
        return _over(incoming, say)
    now = desk.clock()
    if answer == "n":
        count_day(session, where.wave.area_id, "declined", now.astimezone(where.wave.zone))
        text = (
            say(
                "That is all right. Nothing about you was kept. If you change your mind, open the"
                " link again."
            )
            if where.number is None
            else say(
                "That is all right. Nothing new was kept. What you answered before stays, unless"
                " you send /forget."
            )
        )
        return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]
    person, _ = voice(session, incoming, desk)
    agreed = edit(
        incoming.chat_id,
        _consent_text(where, say) + "\n\n✓ <b>" + say("I am 16 or older and agree") + "</b>",
        message_id=incoming.message_id,
    )
    known = persons(session, person.contact_id, where.wave.wave_id) if person else []
    begun = _just_begun(known, where, now) if where.number is None else None
    if person is not None and begun is not None:
        turn_to(session, person.contact_id, begun)
        again = resume(session, person, begun, incoming, desk, quiet=True)
        return [*tapped(incoming), agreed, *again]
    interview_id = enrol(
        session,
        desk.vault,
        lane=incoming.lane,
        address=str(incoming.chat_id),
        language=tag,
        wave=where.wave,
        household_id=where.household_id,
        respondent_id=next(
            (one.respondent_id for one in known if one.number == where.number), None
        ),
        consent_version=CONSENT_VERSION,
        now=now,
    )
    first = go(session, interview_id, Begin(), incoming, desk, say=say, quiet=True)
    return [*tapped(incoming), agreed, *first]


@taps
def who(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Who is answering: "w:g:<interview>" goes on, "w:m:<interview>" asks, "w:h|o:<where>" a new
    person of this home or of another, "w:r:<where>" someone of an earlier wave again."""
    choice, data = parts(incoming, 2)
    person, say = voice(session, incoming, desk)
    if choice in ("h", "o", "r"):
        where = behind_button(session, data, incoming.lane, desk.clock())
        if where is None:
            return _over(incoming, say)
        if where.number is None:
            return [*tapped(incoming), _consent(where, say, incoming, in_place=True)]
        same = _same(session, person, where)
        if same is not None and same.interview_id is None:
            return [*tapped(incoming), _consent(where, say, incoming, in_place=True)]
        # An old button: they have begun since, or were forgotten.
        choice, data = ("g", prompts.code(same.interview_id or 0)) if same else ("m", "")
    if choice not in ("m", "g"):
        raise Malformed
    if person is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    if choice == "m":
        return [*tapped(incoming), _menu(session, person, incoming, desk, say)]
    interview_id = whole(data, prompts.DIGITS)
    try:
        turn_to(session, person.contact_id, interview_id)
    except NotYours:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    goes_on = resume(session, person, interview_id, incoming, desk, quiet=True)
    if incoming.message_id is None:
        return [*tapped(incoming), *goes_on]
    used = without_buttons(incoming.chat_id, incoming.message_id)
    return [*tapped(incoming), used, *goes_on]


def _same(session: Session, person: Reach | None, where: Where) -> Person | None:
    """The person of this phone who is to answer again; None: forgotten meanwhile."""
    known = persons(session, person.contact_id, where.wave.wave_id) if person else []
    return next((one for one in known if one.number == where.number), None)


def _menu(session: Session, person: Reach, incoming: Incoming, desk: Desk, say: Speak) -> Outgoing:
    """Who is answering now, in the village where this phone answered last?"""
    try:
        where = where_to(session, "", person, incoming.lane, desk.clock())
    except NoWave as closed:
        return _nobody_begins(session, person, closed, incoming, desk, say=say)
    if where is None:
        return send(incoming.chat_id, _lost("", say))
    known = persons(session, person.contact_id, where.wave.wave_id)
    return send(incoming.chat_id, *who_answers(session, known, where, say))


def _just_begun(known: list[Person], where: Where, now: datetime) -> int | None:
    """An interview that this very button began a moment ago (it was tapped twice)."""
    for one in known:
        home = where.household_id in (None, one.household_id)
        fresh = one.begun is not None and now - one.begun < DOUBLE_TAP
        if one.interview_id and one.status == "open" and not one.answered and home and fresh:
            return one.interview_id
    return None


def _consent(where: Where, say: Speak, incoming: Incoming, *, in_place: bool = False) -> Outgoing:
    text = _consent_text(where, say)
    buttons = [
        [("✅ " + say("I am 16 or older and agree"), f"c:y:{say.language}:{where.data}")],
        [(say("No, thank you"), f"c:n:{say.language}:{where.data}")],
    ]
    if in_place:
        return edit(incoming.chat_id, text, buttons, message_id=incoming.message_id)
    return send(incoming.chat_id, text, buttons)


def _consent_text(where: Where, say: Speak) -> str:
    wave = where.wave
    months = say.count("{n} month", "{n} months", wave.retention_months)
    paragraphs = [
        f"<b>{escape(wave.village)}</b>",
        say(
            "<b>{organisation}</b> asks how people here can use the internet, so that help goes"
            " where it is needed. It takes about ten minutes."
        ).format(organisation=escape(wave.organisation[:LONGEST])),
        say(
            "<b>What is kept:</b> your answers, without your name; and your chat number, locked"
            " away apart from them, so that you can go on another day, or take part again."
            " Answers are deleted after {months}. Reports show only whole villages, never one"
            " person."
        ).format(months=months),
        *(
            [
                say(
                    "<b>You took part before:</b> the new answers are kept beside your earlier"
                    " ones, to see what has changed in the village."
                )
            ]
            if where.number is not None
            else []
        ),
        say("The messages pass through Telegram, whose computers stand abroad."),
        say(
            "<b>You are free:</b> no, stop or skip costs you nothing. /forget deletes everything,"
            " at any time."
        ),
        say("If you stop in the middle, I may remind you: at most twice, and you can say no."),
        say("Questions: {contact}").format(contact=escape(wave.contact[:LONGEST])),
    ]
    return "\n\n".join(paragraphs)


def _languages(data: str) -> Keyboard:
    return [[(name, f"l:{tag}:{data}")] for tag, name in LANGUAGES.items()]


def _nobody_begins(
    session: Session, person: Reach | None, closed: NoWave, incoming: Incoming, desk: Desk, *,
    say: Speak,
) -> Outgoing:  # fmt: skip
    """Nobody can begin in this village now; who has begun may be able to finish."""
    text = say("No survey is open in {village} now. Thank you for asking.")
    if closed.ending is not None:
        known = persons(session, person.contact_id, closed.ending.wave_id) if person else []
        menu = who_finishes(known, closed.ending, say, desk.clock())
        if menu is not None:
            return send(incoming.chat_id, *menu)
        text = say(
            "The survey in {village} is ending, and nobody new begins any more. Thank you for"
            " coming."
        )
    return send(incoming.chat_id, text.format(village=escape(closed.village)))


def _lost(payload: str, say: Speak) -> str:
    if payload:
        return say(
            "I do not know this village code. Please ask the person who gave you the link, or scan"
            " the poster once more."
        )
    return say(
        "To take part, please open the link of your village, or scan the code on its poster."
    )


def _over(incoming: Incoming, say: Speak) -> list[Outgoing]:
    """A button of a survey that is no longer there."""
    text = say("This survey is no longer open. Thank you for your interest.")
    over = edit(incoming.chat_id, text, message_id=incoming.message_id)
    return [*tapped(incoming, text), over]
