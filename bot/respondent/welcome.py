"""From a village's link to the first question: language, consent, who is answering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.access import Malformed, command, menu, parts, rights, taps, tongue, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import other, prompts
from bot.respondent.conversation import go, nothing_to_answer, resume
from bot.say import Keyboard, edit, send, tapped, without_buttons
from bot.texts import LANGUAGES, Speak, escape, speak
from surveys.conduct.people import (
    NotYours,
    NoWave,
    OpenWave,
    Person,
    Reach,
    count_day,
    enrol,
    family_link,
    latest_village,
    open_wave,
    open_wave_of_area,
    open_wave_of_home,
    persons,
    set_language,
    turn_to,
)  # fmt: skip
from surveys.form.model import Form, language_of
from surveys.interview.state import Begin, Event, Interview, Spoke

CONSENT_VERSION = "1"
"""Of the text in `_consent`: raise it with every change of its meaning."""
HOME = "home-"
"""What a family link begins with."""
LONGEST = 500
"""Characters of what an operator may have set without end."""
LONGEST_LINK = 64
"""Characters that Telegram passes on from a link."""
DOUBLE_TAP = timedelta(minutes=1)
"""Within which a second "I agree" means the same person: they tapped twice, or we were slow."""
MOST_NAMED = 20
"""Persons whom the menu names one by one: a helper may have a whole hamlet on one phone."""


@dataclass(frozen=True, slots=True)
class Where:
    """The village someone came to, and the home, when a family link brought them."""

    wave: OpenWave
    household_id: str | None
    data: str
    """The same in a button: "v.CODE" or "h.LINK"."""


def start(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/start, with the code of a village, a family link, or nothing."""
    person, say = voice(session, incoming, desk)
    payload = command(incoming.text)[1]
    try:
        where = _where_to(session, payload, person)
    except NoWave as closed:
        return [send(incoming.chat_id, _closed(closed, say))]
    if where is None and not payload and rights(session, incoming):
        return other.help_(session, incoming, desk)
    if where is None:
        return [send(incoming.chat_id, _lost(payload, say))]
    known = persons(session, person.contact_id, where.wave.wave_id) if person else []
    if person is not None and known:
        return [_who(session, known, where, incoming=incoming, say=say)]
    count_day(session, where.wave.area_id, "opened", desk.clock().astimezone(where.wave.zone))
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
        where = _from_button(session, data)
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
    where = _from_button(session, data)
    if where is None:
        return _over(incoming, say)
    now = desk.clock()
    if answer == "n":
        count_day(session, where.wave.area_id, "declined", now.astimezone(where.wave.zone))
        text = say(
            "That is all right. Nothing about you was kept. If you change your mind, open the"
            " link again."
        )
        return [*tapped(incoming), edit(incoming.chat_id, text, message_id=incoming.message_id)]
    person, _ = voice(session, incoming, desk)
    agreed = edit(
        incoming.chat_id,
        _consent_text(where, say) + "\n\n✓ <b>" + say("I am 16 or older and agree") + "</b>",
        message_id=incoming.message_id,
    )
    begun = _just_begun(session, person, where, now)
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
        consent_version=CONSENT_VERSION,
        now=now,
    )
    first = go(session, interview_id, Begin(), incoming, desk, say=say, quiet=True)
    return [*tapped(incoming), agreed, *first]


@taps
def who(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Who is answering: "w:g:<interview>" goes on, "w:m:<interview>" asks, "w:h|o:<where>" a new
    person of this home or of another."""
    choice, data = parts(incoming, 2)
    person, say = voice(session, incoming, desk)
    if choice in ("h", "o"):
        where = _from_button(session, data)
        if where is None:
            return _over(incoming, say)
        return [*tapped(incoming), _consent(where, say, incoming, in_place=True)]
    if choice not in ("m", "g"):
        raise Malformed
    if person is None:
        return [*tapped(incoming), send(incoming.chat_id, nothing_to_answer(say))]
    if choice == "m":
        return [*tapped(incoming), _menu(session, person, incoming, say)]
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


def _menu(session: Session, person: Reach, incoming: Incoming, say: Speak) -> Outgoing:
    """Who is answering now, in the village where this phone answered last?"""
    try:
        where = _where_to(session, "", person)
    except NoWave as closed:
        return send(incoming.chat_id, _closed(closed, say))
    if where is None:
        return send(incoming.chat_id, _lost("", say))
    known = persons(session, person.contact_id, where.wave.wave_id)
    return _who(session, known, where, incoming=incoming, say=say)


def _where_to(session: Session, payload: str, person: Reach | None) -> Where | None:
    if payload.startswith(HOME):
        return _find(session, "h." + payload.removeprefix(HOME))
    if payload:
        return _find(session, "v." + payload)
    area_id = latest_village(session, person.contact_id) if person else None
    wave = open_wave_of_area(session, area_id) if area_id is not None else None
    return Where(wave, None, f"v.{wave.code}") if wave else None


def _from_button(session: Session, data: str) -> Where | None:
    try:
        return _find(session, data)
    except NoWave:
        return None


def _find(session: Session, data: str) -> Where | None:
    kind, _, code = data.partition(".")
    if len(code) > LONGEST_LINK or not code.isprintable():
        return None
    if kind == "h":
        found = open_wave_of_home(session, code)
        return Where(found[0], found[1], data) if found else None
    wave = open_wave(session, code)
    return Where(wave, None, f"v.{wave.code}") if wave else None


def _just_begun(session: Session, person: Reach | None, where: Where, now: datetime) -> int | None:
    """An interview that this very button began a moment ago (it was tapped twice)."""
    if person is None:
        return None
    for known in persons(session, person.contact_id, where.wave.wave_id):
        home = where.household_id in (None, known.household_id)
        fresh = known.begun is not None and now - known.begun < DOUBLE_TAP
        if known.interview_id and known.status == "open" and not known.answered and home and fresh:
            return known.interview_id
    return None


def _who(
    session: Session, known: list[Person], where: Where, *, incoming: Incoming, say: Speak
) -> Outgoing:
    rows: list[list[tuple[str, str]]] = []
    lines = [say("Who is answering now?")]
    unfinished = [one for one in known if one.interview_id and one.status != "finished"]
    for one in unfinished[-MOST_NAMED:]:
        name = say("Person {n}").format(n=one.number)
        begun = f" ({one.begun.astimezone(where.wave.zone):%m-%d %H:%M})" if one.begun else ""
        answered = say.count("{n} answer so far", "{n} answers so far", one.answered)
        lines.append(f"{name}{begun}: {answered}")
        go_on = say("Go on: person {n}").format(n=one.number)
        rows.append([(f"▶ {go_on}", f"w:g:{prompts.code(one.interview_id or 0)}")])
    finished = [str(one.number) for one in known if one.status == "finished"]
    if finished:
        some = "… " * (len(finished) > MOST_NAMED) + ", ".join(finished[-MOST_NAMED:])
        lines.append("✓ " + say("Finished, thank you: person {numbers}").format(numbers=some))
    home = [one.interview_id for one in known if one.interview_id is not None]
    if where.household_id is None and home:
        link = family_link(session, max(home))
        rows.append([(say("Another person at home"), f"w:h:h.{link}")])
        rows.append([(say("Someone of another home"), f"w:o:{where.data}")])
    else:
        rows.append([(say("Another person at home"), f"w:h:{where.data}")])
    return send(incoming.chat_id, "\n".join(lines), rows)


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
            " away apart from them, so that you can go on another day. Answers are deleted after"
            " {months}. Reports show only whole villages, never one person."
        ).format(months=months),
        say("The messages pass through Telegram, whose computers stand abroad."),
        say(
            "<b>You are free:</b> no, stop or skip costs you nothing. /forget deletes everything,"
            " at any time."
        ),
        say("Questions: {contact}").format(contact=escape(wave.contact[:LONGEST])),
    ]
    return "\n\n".join(paragraphs)


def _languages(data: str) -> Keyboard:
    return [[(name, f"l:{tag}:{data}")] for tag, name in LANGUAGES.items()]


def _closed(closed: NoWave, say: Speak) -> str:
    """Nothing is asked in this village now."""
    text = say("No survey is open in {village} now. Thank you for asking.")
    return text.format(village=escape(closed.village))


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
