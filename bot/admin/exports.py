"""/export: the answers as files."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import allowed, voice
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from surveys.store.audit import audit
from surveys.store.jobs import add_job


@only_for("export")
def export(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/export: the answers as files, to owners and analysts."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "export")
    now = desk.clock()
    arguments = {"contact_id": mine[0].contact_id, "area_id": mine[0].area_id}
    add_job(session, "export", arguments, now, key=f"export:{incoming.update_id}")
    actor = f"administrator {mine[0].administrator_id}"
    audit(session, actor, "export", "submissions", now, area_id=mine[0].area_id)
    return [send(incoming.chat_id, say("The files are being made. They come in a moment."))]
