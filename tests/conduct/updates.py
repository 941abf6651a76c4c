"""Updates of people, what is said to them, and the shortest way to have them settled."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from surveys.conduct.settle import Arrived, taken_from
from surveys.conduct.settle import settle as settle_first
from surveys.store.audit import audit
from surveys.store.messages import Outgoing
from surveys.store.schema import Audit

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECRET = "我家没有网 and nobody helps"


def update(number, person=77, said=SECRET):
    message = {"message_id": number, "from": {"id": person}, "chat": {"id": person}}
    return {"update_id": number, "message": message | {"text": said}}


def ask(seq, chat_id=77):
    payload = {"chat_id": chat_id, "text": SECRET}
    return Outgoing("sendMessage", payload, chat_id, key=f"ask:1:{seq}")


def edit(seq):
    return Outgoing("editMessageText", {"text": SECRET}, 77, edits=f"ask:1:{seq}")


def says(*outgoings):
    """A handler that leaves one line in the audit and says this."""

    def handle(session):
        audit(session, "test", "handled", "one", NOW)
        return outgoings

    return handle


def settle(database, vault, what, handle, now):
    """One update, by itself or its number; those of its lane before it first."""
    one = taken_from(vault, update(what)) if isinstance(what, int) else what
    queued, done = [], False
    while not done:
        done, more = settle_first(database, vault, one, lambda session, _: handle(session), now)
        queued += more
    return queued


def fresh(vault, *updates):
    return [Arrived(taken_from(vault, one), fresh=True) for one in updates]


def kept(several):
    return [Arrived(one) for one in several]


def keys(settled):
    """What is said to each of the updates that were handled."""
    return {
        taken.update_id: [one.outgoing.key for one in queued] for taken, queued in settled.queued
    }


def handled(database):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Audit))
