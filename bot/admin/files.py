"""Files that owners send: fetched beside the conversation, taken in when they say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.accepted import LARGEST, too_large, what_can_be_sent
from bot.access import Malformed, allowed, parts, taps, voice
from bot.admin.guard import only_for
from bot.admin.setup import next_step
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import instead, send, tapped
from bot.texts import Speak, escape
from surveys.form.problems import FormError
from surveys.publish import AlreadyPublished, VillagesRefused, import_villages, publish
from surveys.publish.form_drafts import FORM, TRIAL, read_draft
from surveys.publish.margins import import_margins
from surveys.publish.recognise import kind_of_list
from surveys.publish.villages import look_at_villages
from surveys.store.administrators import Right
from surveys.store.database import leave_no_traces
from surveys.store.drafts import Kept, draft_of, erase_draft
from surveys.store.jobs import add_job


def is_file(incoming: Incoming) -> bool:
    """A document, a picture, or a list typed into the chat: of owners, something to set up with."""
    if incoming.kind == "text":
        return "\n" in incoming.text and kind_of_list(incoming.text) is not None
    return incoming.kind == "other" and incoming.what in ("document", "photo")


@only_for("setup")
def sent(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """An owner sent a file: a job fetches it and looks at it; or it is said what can be sent."""
    _, say = voice(session, incoming, desk)
    document = incoming.document
    if document is None:
        picture = say("I cannot read pictures.") + " " if incoming.what == "photo" else ""
        return [send(incoming.chat_id, picture + what_can_be_sent(say))]
    if document.size > LARGEST:
        return [send(incoming.chat_id, too_large(say))]
    mine = allowed(session, incoming, "setup")
    # No key: nothing of it stays, and in this transaction the update is handled once.
    what = {"contact_id": mine[0].contact_id, "file_id": document.file_id}
    add_job(session, "file", what, desk.clock())
    return [send(incoming.chat_id, say("I am reading the file. One moment, please."))]


@only_for("setup")
@taps
def file_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons under what a file would do: "y:t:<mark>" take it in, "y:n:<mark>" not now;
    "y:p:0" under /setup: files to fill in."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "setup")
    step, mark = parts(incoming, 2)
    if step == "p":
        what = {"contact_id": mine[0].contact_id, "area": mine[0].area}
        add_job(session, "templates", what, desk.clock())
        return [*tapped(incoming), send(incoming.chat_id, say("The files come in a moment."))]
    if step not in ("t", "n"):
        raise Malformed
    draft = draft_of(session, desk.vault, mine[0].contact_id)
    if draft is None or _mark_of(draft) != mark:
        text = say("This is done already, or it waited too long. Send the file once more.")
        return tapped(incoming, text)
    erase_draft(session, mine[0].contact_id)
    leave_no_traces(session)
    if step == "n":
        return instead(incoming, say("Nothing was changed. You can send the file again any time."))
    try:
        done = _take_in(session, draft, mine, say, desk)
    except (VillagesRefused, FormError, AlreadyPublished):
        text = say("Meanwhile something has changed here. Please send the file once more.")
        return instead(incoming, text)
    return instead(incoming, f"✅ {done}\n\n{next_step(session, mine[0], say)}")


def _mark_of(draft: Kept) -> str:
    """What the buttons under a draft carry; of a form the same while it is tried."""
    return read_draft(draft.body).mark if draft.kind in (FORM, TRIAL) else draft.mark


def _take_in(session: Session, draft: Kept, mine: Sequence[Right], say: Speak, desk: Desk) -> str:
    """Do it; what was done. Raises what the functions of surveys.publish raise."""
    by, within = f"administrator {mine[0].administrator_id}", [right.path for right in mine]
    now, area_id = desk.clock(), mine[0].area_id
    if draft.kind == "villages":
        # Once more: since it was looked at, villages or rights may have changed.
        seen = look_at_villages(session, draft.body, within)
        import_villages(session, draft.body, now, by=by, area_id=area_id)
        return say("Taken in: {added} new, {changed} changed.").format(
            added=say.count("{n} village", "{n} villages", seen.added), changed=seen.changed
        )
    if draft.kind == "margins":
        result = import_margins(session, draft.body, now, by=by, within=within, area_id=area_id)
        return say.count(
            "Taken in: margins of {n} area.", "Taken in: margins of {n} areas.", result.areas
        )
    if draft.kind in (FORM, TRIAL) and any(right.path.count("/") == 2 for right in mine):
        return _publish(session, draft.body, by, now, say)
    raise Malformed


def _publish(session: Session, body: bytes, by: str, now: datetime, say: Speak) -> str:
    version = publish(session, read_draft(body).workbook(), by, now)
    return say(
        "The questionnaire “{title}” is here in version {version}. A wave that is open goes on"
        " with the version it began with; /wave opens one with this."
    ).format(title=escape(version.title[:100]), version=escape(version.version[:40]))
