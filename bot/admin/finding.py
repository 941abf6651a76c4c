"""/find: one interview by its id, without its answers; and what a review says of it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.reviewing import LETTERS, REVIEWING, review_buttons, reviewer, state_name
from bot.say import send, tapped, without_buttons
from bot.texts import Speak
from surveys.publish.reviews import HasLeft, NoSuchSubmission, NotFinished, find, review
from surveys.store.jobs import add_job
from surveys.store.reviews import FEWEST, reviewed_by_id

SHORT = 8
"""Characters of an id that people are shown: enough to find it again."""


@only_for("find")
def find_one(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/find ID: what is known of an interview; it comes in a moment, for its flags take one."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "find")
    wanted = command(incoming.text)[1]
    if not wanted:
        text = say("Send /find and an interview's id, or its first {n} characters.")
        return [send(incoming.chat_id, text.format(n=FEWEST) + "\n" + say(
            "The id stands in the exported files, in the column KEY."))]  # fmt: skip
    try:
        one = find(session, wanted, [right.path for right in mine])
    except NoSuchSubmission as missing:
        return [send(incoming.chat_id, _missing(missing, say))]
    arguments = {"contact_id": mine[0].contact_id, "key": one.key}
    add_job(session, "find", arguments, desk.clock(), key=f"find:{incoming.update_id}")
    return [send(incoming.chat_id, say("Found. What is known of it comes in a moment."))]


@only_for("find")
@taps
def find_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons under an interview: "fi:<letter of the review>:<interview>"."""
    _, say = voice(session, incoming, desk)
    letter, number = parts(incoming, 2)
    if letter not in LETTERS:
        raise Malformed
    mine = tuple(one for one in allowed(session, incoming, "find") if one.role in REVIEWING)
    one = reviewed_by_id(session, whole(number), [right.path for right in mine])
    right = None if one is None else reviewer(mine, one)
    if one is None or right is None:
        return unknown_button(session, incoming, desk)
    state = LETTERS[letter]
    by = f"administrator {right.administrator_id}"
    try:
        changed = review(session, one, state, desk.clock(), by)
    except HasLeft:
        text = say(
            "This interview was rejected and has left the published numbers. It cannot come back"
            " in this wave."
        )
        return [*tapped(incoming), send(incoming.chat_id, text)]
    except NotFinished:
        return unknown_button(session, incoming, desk)
    if not changed:
        return tapped(incoming, say("It says so already."))
    old = (
        [without_buttons(incoming.chat_id, incoming.message_id)]
        if incoming.message_id is not None
        else []
    )
    text = say("Interview {id} is now: {state}.").format(
        id=short(one.key), state=state_name(state, say)
    )
    if state == "rejected":
        text += "\n" + say(
            "It does not count any more. What a profile shows already changes only when ten"
            " interviews of five homes can leave it together."
        )
    return [*tapped(incoming), *old, send(incoming.chat_id, text, review_buttons(one, state, say))]


def short(key: str) -> str:
    """The part of an id that people are shown.

    >>> short("uuid:12345678-1234-4123-8123-123456789012")
    '12345678'
    """
    return key.removeprefix("uuid:")[:SHORT]


def _missing(missing: NoSuchSubmission, say: Speak) -> str:
    if missing.several:
        return say("Several interviews begin so. Send more of the id.")
    if missing.short:
        return say("That is too little: send the id, or its first {n} characters or more.").format(
            n=FEWEST
        )
    return say("No interview of your villages has this id.")
