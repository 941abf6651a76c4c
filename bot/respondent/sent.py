"""What a person sends, as the engine's event; and what is said of a file that cannot be taken."""

from __future__ import annotations

import json
import secrets

from sqlalchemy.orm import Session

from bot import barcodes
from bot.access import voice
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from surveys.conduct.attachments import Offered, offer
from surveys.conduct.forms import form_of, of_node
from surveys.conduct.people import Reach, reach, remember
from surveys.form.model import MEDIA_TYPES, Question
from surveys.interview.state import Attached, Event, Located, Sent, Typed, from_json
from surveys.store.stepped import load

LARGEST = 20 * 1024 * 1024
"""Bytes of a file that Telegram gives to bots."""
LETTERS = 10
"""Bytes of chance in a name: nobody guesses it, no two are alike."""


def event_of(session: Session, incoming: Incoming, desk: Desk) -> Event:
    """The engine's event of a message.

    A file gets a name of ours, and is offered to the step that follows in this transaction: what
    it takes is fetched (surveys.conduct.attachments).
    """
    if incoming.kind == "text":
        return Typed(incoming.text)
    if incoming.place is not None:
        place = incoming.place
        return Located(place.latitude, place.longitude, accuracy=place.accuracy)
    file = incoming.file
    if file is None:
        return Sent(incoming.what)
    name = secrets.token_hex(LETTERS) + file.ending
    sealed = desk.vault.seal(file.file_id.encode())
    offer(session, name, Offered(sealed, file.size, file.media_type))
    return Attached(file.medium, name)


def wants_file(session: Session, incoming: Incoming) -> bool:
    """Whether the sender is asked for a photo, a sound, a video, a file or a barcode just now."""
    return bool(_wanted(session, reach(session, incoming.lane)))


def not_taken(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """What is said of a file that the question at hand wants, and that cannot be had from Telegram
    or not be read here; nothing where it can."""
    file = incoming.file
    if file is None:
        return []
    person, say = voice(session, incoming, desk)
    wanted = _wanted(session, person)
    if not wanted or person is None:
        return []
    if file.size > LARGEST:
        text = say("This is too large for me: {n} MB at most. Please send a smaller one.").format(
            n=LARGEST // 1024 // 1024
        )
    elif wanted == "barcode" and file.medium == "image" and not barcodes.can_read():
        text = say("I cannot read barcodes in photos here. Please type the digits.")
    else:
        return []
    if incoming.message_id is not None:
        key = f"heard:{person.current_interview_id}:{incoming.update_id}"
        remember(session, person.contact_id, key, incoming.message_id, desk.clock())
    return [send(incoming.chat_id, text)]


def _wanted(session: Session, person: Reach | None) -> str:
    """The type of the question at hand, where it is answered with a file; else ""."""
    if person is None or person.current_interview_id is None:
        return ""
    row = load(session, person.current_interview_id)
    if row is None or row.status == "finished":
        return ""
    interview = from_json(json.loads(row.state))
    form = form_of(session, row.form_version_id)
    question = form.nodes.get(of_node(interview.current or ""))
    if not isinstance(question, Question):
        return ""
    return question.type if question.type in MEDIA_TYPES | {"barcode"} else ""
