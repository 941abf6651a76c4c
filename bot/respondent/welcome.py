"""From a village's link to the first question: language, consent in two steps, who is answering."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import Malformed, command, menu, parts, rights, taps, tongue, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import other, prompts
from bot.respondent.answering import may_choose, who_answers, who_finishes
from bot.respondent.consent import ask_consent, over
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
    persons,
    set_language,
    turn_to,
)  # fmt: skip
from surveys.form.model import Form, language_of
from surveys.interview.state import Event, Interview, Spoke


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
        return [ask_consent(session, person, where, incoming, desk, say)]
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
            return over(incoming, say)
        return [*tapped(incoming), ask_consent(session, person, where, incoming, desk, say)]
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
def who(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Who is answering: "w:g:<interview>" goes on, "w:m:<interview>" asks, "w:h|o:<where>" a new
    person of this home or of another, "w:r:<where>" someone of an earlier wave again."""
    choice, data = parts(incoming, 2)
    person, say = voice(session, incoming, desk)
    if choice in ("h", "o", "r"):
        where = behind_button(session, data, incoming.lane, desk.clock())
        if where is None:
            return over(incoming, say)
        if where.number is None:
            return [*tapped(incoming), ask_consent(session, person, where, incoming, desk, say)]
        same = _same(session, person, where)
        if same is not None and same.interview_id is None:
            return [*tapped(incoming), ask_consent(session, person, where, incoming, desk, say)]
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
