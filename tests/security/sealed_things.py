"""A database in which every column that can hold something sealed holds something."""

from datetime import timedelta

from sqlalchemy import insert

from surveys.conduct.people import enrol, know, open_wave
from surveys.conduct.settle import take_in
from surveys.publish import accept_invite, invite
from surveys.publish.followup import import_visits
from surveys.store.drafts import keep_draft
from surveys.store.messages import Outgoing, put
from surveys.store.schema import Attachment
from surveys.store.updates import TRIES, count_failure
from tests.fieldwork import NOW, open_field

RESIDENT, OWNER, STRANGER, GROUP = 4711, 4712, 4713, -100
VISITED = b"home,Q1,use-Q2\n1,yes,news\n2,no,\n"
WORDS = "what only Alice said"


def update(number, person, text=WORDS):
    sender = {"id": person, "is_bot": False, "first_name": "Alice"}
    chat = {"id": person, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": message}


def lane(vault, person):
    return vault.fingerprint(f"telegram:{person}")


def fill(database, vault, invited=NOW):
    """Somebody in the middle of an interview, an owner, messages in and out, files, visits."""
    where = open_field(database)
    with database.begin() as session:
        interview = enrol(
            session, vault, lane=lane(vault, RESIDENT), address=str(RESIDENT), language="en",
            wave=open_wave(session, "LP01"), household_id=None, consent_version="1", now=NOW,
        )  # fmt: skip
        owner = know(session, vault, lane(vault, OWNER), str(OWNER), "en", NOW)
        code = invite(session, vault, "owner", None, NOW)
        accept_invite(session, vault, code, owner, NOW, name=vault.seal(b"Li Mei"))
        keep_draft(session, vault, owner, "villages", b"a list", NOW)
        for node, values in (
            ("photo", {"state": "waiting", "file_id": vault.seal(b"AgAC")}),
            ("voice", {"state": "fetched", "content": vault.seal(b"sound")}),
        ):
            session.execute(insert(Attachment).values(
                interview_id=interview, node=f"/data/{node}", name=node, media_type="image/jpeg",
                size=1, taken_at=NOW, **values))  # fmt: skip
        session.execute(insert(Attachment).values(
            form_version_id=where.versions[0], name="map.png", media_type="image/png", size=5,
            taken_at=NOW, state="fetched", content=b"plain", sha256="0" * 64))  # fmt: skip
        for whom, of, filed in ((RESIDENT, RESIDENT, b"file"), (STRANGER, STRANGER, None),
                                (GROUP, STRANGER, None)):  # fmt: skip
            said = Outgoing("sendMessage", {"chat_id": whom, "text": "hello"}, whom,
                            field="document" if filed else None, attachment=filed)  # fmt: skip
            put(session, vault, [said], lane(vault, of), NOW)
        import_visits(session, vault, where.villages["LP01"], where.wave, VISITED, NOW)
    take_in(database, vault, [update(1, RESIDENT), update(2, STRANGER)], NOW)
    with database.begin() as session:
        for _ in range(TRIES):
            count_failure(session, 2, "ValueError", NOW)
        pending = invite(session, vault, "viewer", None, invited - timedelta(days=1))
    return where, pending
