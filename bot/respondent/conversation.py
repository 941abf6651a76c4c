"""An interview in chat: what comes in becomes an event, what the engine wants becomes messages."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from bot.access import parts, taps, voice, whole
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.respondent import prompts
from bot.say import edit, send, tapped, without_buttons
from bot.texts import Speak, escape, speak, split
from surveys.conduct.advance import Gone, Turn, WaveClosed, advance
from surveys.conduct.people import (
    Reach,
    anew,
    family_link,
    home_link,
    number_of,
    open_wave_of_area,
    remember,
)
from surveys.form.model import Form
from surveys.interview.state import (
    Action,
    Ask,
    Begin,
    Closed,
    Event,
    Finished,
    Interview,
    Redraw,
    Refused,
    Say,
    Sent,
    Stale,
    Stopped,
    Tapped,
    Typed,
)  # fmt: skip
from surveys.store.quotas import Cell

ACTIONS: dict[str, Action] = {"d": "done", "b": "back", "s": "skip", "x": "stop"}


@taps
def tap(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """A button of a question: "i:<interview>:<seq>:<place or action>"."""
    person, say = voice(session, incoming, desk)
    interview, seq, button = parts(incoming, 3)
    interview_id = whole(interview, prompts.DIGITS)
    event = Tapped(whole(seq), ACTIONS[button] if button in ACTIONS else whole(button))
    if person is not None and interview_id == person.current_interview_id:
        return go(session, interview_id, event, incoming, desk, say=say)
    if person is None or number_of(session, person.contact_id, interview_id) is None:
        return [*tapped(incoming, say("This question is no longer there.")), *_strip(incoming)]
    other = say("Someone else is answering now. /start changes that.")
    return [*tapped(incoming, other), *_strip(incoming)]


def typed(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """Something typed, or a sticker, photo or voice message: an answer to the question at hand."""
    person, say = voice(session, incoming, desk)
    if person is None or person.current_interview_id is None:
        return [send(incoming.chat_id, nothing_to_answer(say))]
    if incoming.message_id is not None:
        key = f"heard:{person.current_interview_id}:{incoming.update_id}"
        remember(session, person.contact_id, key, incoming.message_id, desk.clock())
    event = Typed(incoming.text) if incoming.kind == "text" else Sent(incoming.what)
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
        return [*_strip(incoming), *tap_answer, send(incoming.chat_id, text)]
    return _messages(session, turn, incoming, desk, say, quiet=quiet)


def nothing_to_answer(say: Speak) -> str:
    """What is said to someone who writes while no question is open."""
    return say("There is no question open now. /start begins or goes on; /help says what I can do.")


def all_answered(say: Speak) -> str:
    """What is said to someone who goes on writing after the last question."""
    return say("You have answered everything, thank you. /start lets someone else answer.")


def key_of(interview_id: int, seq: int) -> str:
    """Under which key a question's message is kept, so that it can be edited."""
    return f"ask:{interview_id}:{seq}"


def key_of_record(interview_id: int, incoming: Incoming, place: int = 0) -> str:
    """Under which key something that repeats answers is kept, so that it can leave the chat."""
    return f"ask:{interview_id}:r{incoming.update_id}.{place}"


def _messages(
    session: Session, turn: Turn, incoming: Incoming, desk: Desk, say: Speak, *, quiet: bool
) -> list[Outgoing]:
    chat = incoming.chat_id
    interview = prompts.code(turn.interview_id)
    notice = ""
    out: list[Outgoing] = []
    notes: list[str] = []
    stale = any(isinstance(effect, Stale) for effect in turn.effects)

    def tell_notes() -> None:
        if notes:
            for part in split("\n\n".join(notes), 3500):
                # A note may repeat answers: it leaves the chat with them.
                key = key_of_record(turn.interview_id, incoming, len(out)) if turn.kept else None
                out.append(send(chat, escape(part), key=key))
            notes.clear()

    for effect in turn.effects:
        if isinstance(effect, Closed):
            own = incoming.message_id if incoming.kind == "tap" and not quiet else None
            key = key_of(turn.interview_id, effect.seq)
            text = prompts.settled(effect, say)
            out.append(edit(chat, text, message_id=own, edits=None if own else key))
        elif isinstance(effect, Say):
            notes.append(effect.text)
        elif isinstance(effect, Ask):
            tell_notes()
            buttons = prompts.keyboard(effect.prompt, interview, say)
            # Asked once more, the newest message takes the key over.
            key = key_of(turn.interview_id, effect.prompt.seq)
            if stale:
                # It stands further up already: only the copy down here shall have buttons.
                out.append(Outgoing("editMessageReplyMarkup", {"chat_id": chat}, chat, edits=key))
            out.append(send(chat, prompts.question(effect.prompt, say), buttons, key=key))
        elif isinstance(effect, Redraw):
            own = incoming.message_id if incoming.kind == "tap" else None
            key = key_of(turn.interview_id, effect.prompt.seq)
            buttons = prompts.keyboard(effect.prompt, interview, say)
            text = prompts.question(effect.prompt, say)
            out.append(edit(chat, text, buttons, message_id=own, edits=None if own else key))
        elif isinstance(effect, Refused):
            sentence = prompts.refusal(effect, say)
            if incoming.kind == "tap" and len(sentence) <= 200:
                notice = sentence
            else:
                out.append(send(chat, escape(sentence)))
        elif isinstance(effect, Stale):
            if turn.interview.status == "finished" and (quiet or incoming.kind != "tap"):
                out.append(send(chat, all_answered(say)))
            else:
                notice = say("Already answered.")
                out.extend(_strip(incoming))
        elif isinstance(effect, Stopped):
            out.append(_stopped(turn, chat, say))
        elif isinstance(effect, Finished):
            tell_notes()
            out.extend(_finished(session, turn, chat, desk, say))
    tell_notes()
    return [*([] if quiet else tapped(incoming, notice)), *out]


def _stopped(turn: Turn, chat: int, say: Speak) -> Outgoing:
    interview = prompts.code(turn.interview_id)
    return send(
        chat,
        say("We stop here. Your answers so far are kept, and you can go on another day: /start"),
        [
            [("▶ " + say("Go on now"), f"w:g:{interview}")],
            [(say("I go on later"), f"s:l:{interview}")],
            [("🗑 " + say("Delete my answers"), f"s:d:{interview}")],
        ],
    )


def _finished(session: Session, turn: Turn, chat: int, desk: Desk, say: Speak) -> list[Outgoing]:
    if turn.full is not None:
        return [_enough(session, turn, turn.full, chat, say)]
    if not turn.kept:
        return [send(chat, say("Nothing of this was kept."))]
    interview = prompts.code(turn.interview_id)
    link = f"https://t.me/{desk.bot_username}?start=home-{family_link(session, turn.interview_id)}"
    return [
        send(
            chat,
            say("Others in your home who are 16 or older can answer too, each for themselves.")
            + "\n"
            + say("Forward the next message to them, or let them answer on this phone."),
            [
                [(say("Someone else answers here"), f"w:m:{interview}")],
                [("🧹 " + say("Remove answers from chat"), f"r:{interview}")],
            ],
        ),
        send(
            chat,
            say("Please answer a few questions about the internet in our village.")
            + f"\n{escape(link)}",
        ),
    ]


def _enough(session: Session, turn: Turn, full: Cell, chat: int, say: Speak) -> Outgoing:
    """Enough people like this one have answered: with thanks, and who else may."""
    text = "\n".join(
        (
            _enough_from(full, say),
            say("Nothing you told us is kept."),
            say("Someone else in your home who is 16 or older can answer."),
        )
    )
    wave = open_wave_of_area(session, turn.area_id)
    if wave is None:
        return send(chat, text)
    home = turn.household_id
    where = f"v.{wave.code}" if home is None else f"h.{home_link(session, home)}"
    return send(chat, text, [[(say("Someone else answers here"), f"w:h:{where}")]])


def _enough_from(full: Cell, say: Speak) -> str:
    if full.sex == "f" and full.age:
        return say("Thank you. We already have enough answers from women of your age here.")
    if full.sex == "m" and full.age:
        return say("Thank you. We already have enough answers from men of your age here.")
    if full.age:
        return say("Thank you. We already have enough answers from people of your age here.")
    if full.sex == "f":
        return say("Thank you. We already have enough answers from women here.")
    if full.sex == "m":
        return say("Thank you. We already have enough answers from men here.")
    return say("Thank you. We already have enough answers here.")


def _strip(incoming: Incoming) -> list[Outgoing]:
    if incoming.kind != "tap" or incoming.message_id is None:
        return []
    return [without_buttons(incoming.chat_id, incoming.message_id)]
