"""May I write to you again in the next round? Asked at the end, shown and changed in /mydata."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.access import Malformed, parts, taps, voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, Keyboard, edit, send, tapped
from bot.texts import Speak
from surveys.conduct.panel import agree, decline, may_ask, panel_of


def question(session: Session, interview_id: int, chat: int, say: Speak) -> list[Outgoing]:
    """The question, to who is to be asked when this interview is finished."""
    if not may_ask(session, interview_id):
        return []
    text = "\n".join(
        (
            "<b>" + say("May I write to you again in the next round?") + "</b>",
            say("If yes, I keep your chat number, and /mydata and /forget go on working."),
            say(
                "If no, your answers stay, but when this survey ends nothing leads from them to"
                " you any more: then nobody can show them to you or delete them."
            ),
        )
    )
    yes, no = _yes(say, "q"), _no(say, "q")
    return [send(chat, text, [[yes], [no]])]


@taps
def answered(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons "pn:<y or n>:<where>": under the question (q), or under /mydata (m)."""
    answer, place = parts(incoming, 2)
    if answer not in ("y", "n") or place not in ("q", "m"):
        raise Malformed
    person, say = voice(session, incoming, desk)
    if person is None:
        return [*tapped(incoming), *_said(incoming, place, say("Nothing is kept about you."))]
    if answer == "y":
        agree(session, person.contact_id, desk.clock())
        text = say("✓ I may write to you again. You can change that in /mydata.")
    elif decline(session, person.contact_id, desk.clock()):
        text = say("Done. Your answers stay, and nothing leads from them to you any more.")
    else:
        text = say(
            "✓ I will not write to you again. When this survey ends, nothing leads from your"
            " answers to you any more. Until then you can change that in /mydata."
        )
    return [*tapped(incoming), *_said(incoming, place, text)]


def line(session: Session, contact_id: int, say: Speak) -> str:
    """What is kept of it, for /mydata."""
    agreed, declined = panel_of(session, contact_id)
    if agreed is not None:
        return say("Written to again in the next round: yes, agreed on {day}").format(
            day=_day(agreed)
        )
    if declined is not None:
        return say("Written to again in the next round: no, as you said on {day}").format(
            day=_day(declined)
        )
    return say("Written to again in the next round: you have not said yes")


def button(session: Session, contact_id: int, say: Speak) -> Keyboard:
    """The button below /mydata that changes it."""
    agreed, declined = panel_of(session, contact_id)
    if agreed is not None:
        return [[_no(say, "m")]]
    return [[_yes(say, "m")]] if declined is not None else [[_yes(say, "m")], [_no(say, "m")]]


def _yes(say: Speak, place: str) -> Button:
    return "✅ " + say("Yes, write to me again"), f"pn:y:{place}"


def _no(say: Speak, place: str) -> Button:
    return say("No, do not write to me again"), f"pn:n:{place}"


def _said(incoming: Incoming, place: str, text: str) -> list[Outgoing]:
    """In the place of the question; below /mydata, which stays."""
    if place == "q":
        return [edit(incoming.chat_id, text, message_id=incoming.message_id)]
    return [send(incoming.chat_id, text)]


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
