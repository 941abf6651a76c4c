"""An interview in chat: what comes in becomes an event, what the engine wants becomes messages."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from bot.access import parts, rights, taps, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import prompts
from bot.respondent.buttons import ACTIONS, QUICK
from bot.respondent.ending import all_answered, not_begun, not_understood, nothing_to_answer
from bot.respondent.sent import event_of
from bot.respondent.telling import key_of, key_of_record, messages, strip
from bot.say import send, tapped
from bot.texts import Speak, speak
from surveys.conduct.advance import Gone, WaveClosed, advance
from surveys.conduct.people import Reach, anew, number_of, remember
from surveys.form.model import Form
from surveys.interview.state import (
    Begin,
    Event,
    Interview,
    Logged,
    Paged,
    Tapped,
    Typed,
)  # fmt: skip

__all__ = [
    "all_answered",
    "go",
    "key_of",
    "key_of_record",
    "nothing_to_answer",
    "resume",
    "tap",
    "typed",
]


KEPT = ("answered", "corrected")
"""Lines of the log that are answers."""


@taps
def tap(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A button of a question: "i:<interview>:<seq>:<what it means>" (see `buttons`)."""
    person, say = voice(session, incoming, desk)
    interview, seq, button = parts(incoming, 3)
    interview_id = whole(interview, prompts.DIGITS)
    event = _meant(whole(seq), button)
    if person is not None and interview_id == person.current_interview_id:
        return go(session, interview_id, event, incoming, desk, say=say)
    if person is None or number_of(session, person.contact_id, interview_id) is None:
        return [*tapped(incoming, say("This question is no longer there.")), *strip(incoming)]
    other = say("Someone else is answering now. /start changes that.")
    return [*tapped(incoming, other), *strip(incoming)]


def _meant(seq: int, button: str) -> Event | Callable[[Form, Interview], Event]:
    """What a button of a question means. Raises `Malformed`."""
    if button in ACTIONS:
        return Tapped(seq, ACTIONS[button])
    if button.startswith("p"):
        return Paged(seq, whole(button[1:]))
    if button not in QUICK:
        return Tapped(seq, whole(button))

    def in_time(form: Form, interview: Interview) -> Event:
        # What is typed has no number: an old button must not answer the question of today.
        in_question = interview.asked == seq and interview.status == "open"
        return Typed(button) if in_question else Tapped(seq, "done")

    return in_time


def typed(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Something typed or sent: an answer to the question at hand."""
    person, say = voice(session, incoming, desk)
    if person is None or person.current_interview_id is None:
        if rights(session, incoming):
            return [send(incoming.chat_id, not_understood(say))]
        # Whoever has not agreed is not known: not even that a button waits for them.
        return [send(incoming.chat_id, (nothing_to_answer if person else not_begun)(say))]
    if incoming.message_id is not None:
        key = f"heard:{person.current_interview_id}:{incoming.update_id}"
        remember(session, person.contact_id, key, incoming.message_id, desk.clock())
    event = event_of(session, incoming, desk)
    return go(session, person.current_interview_id, event, incoming, desk, say=say)


def resume(
    session: Session,
    person: Reach,
    interview_id: int,
    incoming: Incoming,
    desk: Desk,
    *,
    quiet: bool = False,
) -> list[Outgoing]:
    """Show the question at hand of an interview. `quiet`: the tap was answered already."""
    say = speak(person.language)
    return go(session, interview_id, Begin(), incoming, desk, say=say, quiet=quiet)


def go(
    session: Session,
    interview_id: int,
    event: Event | Callable[[Form, Interview], Event],
    incoming: Incoming,
    desk: Desk,
    *,
    say: Speak,
    quiet: bool = False,
    unasked: bool = False,
) -> list[Outgoing]:
    """Step an interview and say what follows from it.

    `quiet`: the tap was answered already. `unasked`: nobody wanted the question itself, so nothing
    is said where there is none (any more).
    """
    tap_answer = [] if quiet else tapped(incoming)
    try:
        turn = advance(session, interview_id, event, desk.clock(), incoming.update_id)
    except Gone:
        if unasked:
            return tap_answer
        return [*tap_answer, send(incoming.chat_id, nothing_to_answer(say))]
    except WaveClosed:
        if unasked:
            return tap_answer
        text = (
            say("That survey has ended. A new one is open: /start")
            if anew(session, incoming.lane)
            else say("This survey has ended, so no more answers are taken. Thank you for yours.")
        )
        return [*strip(incoming), *tap_answer, send(incoming.chat_id, text)]
    kept = sum(isinstance(one, Logged) and one.kind in KEPT for one in turn.effects)
    desk.metrics.answers.inc(kept)
    return messages(session, turn, incoming, desk, say, quiet=quiet)
