"""Attachments: what people sent as answers, and what a form shows with its questions."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Table, and_, delete, insert, null, or_, select, update
from sqlalchemy.orm import Session

from surveys.store.schema import Attachment, Base, Contact, Interview, Respondent

ATTACHMENT: Table = Base.metadata.tables["attachment"]
State = Literal["waiting", "fetched", "failed"]


# Of answers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attachment that is to be fetched, and who sent it."""

    id: int
    interview_id: int
    form_version_id: int
    node: str
    name: str
    media_type: str
    file_id: bytes
    """Sealed."""
    taken_at: datetime
    contact_id: int | None
    lane: str | None
    address: bytes | None
    """Sealed; None where nobody leads to the person any more."""
    language: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An attachment of an interview, without its content."""

    id: int
    interview_id: int
    node: str
    name: str
    media_type: str
    size: int
    state: State


def put_waiting(
    session: Session,
    interview_id: int,
    node: str,
    *,
    name: str,
    media_type: str,
    size: int,
    file_id: bytes,
    now: datetime,
) -> int:
    """Note what was sent for a question, to be fetched; what was there before is deleted.

    file_id: sealed. Gives the attachment's id.
    """
    drop_nodes(session, interview_id, [node])
    added = session.execute(
        insert(Attachment)
        .values(
            interview_id=interview_id, node=node, name=name, media_type=media_type, size=size,
            state="waiting", file_id=file_id, taken_at=now,
        )
        .returning(Attachment.id)
    )  # fmt: skip
    return added.scalar_one()


def waiting_one(session: Session, attachment_id: int) -> Waiting | None:
    """An attachment that is still to be fetched; None where it is, or is gone."""
    row = session.execute(
        select(
            Attachment.id, Attachment.interview_id, Interview.form_version_id, Attachment.node,
            Attachment.name, Attachment.media_type, Attachment.file_id, Attachment.taken_at,
            Respondent.contact_id, Contact.address_hash.label("lane"), Contact.address,
            Contact.language,
        )
        .join(Interview, Interview.id == Attachment.interview_id)
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .outerjoin(Contact, Contact.id == Respondent.contact_id)
        .where(Attachment.id == attachment_id, Attachment.state == "waiting")
    ).one_or_none()  # fmt: skip
    return None if row is None or row.file_id is None else Waiting(**row._mapping)


def keep_fetched(session: Session, attachment_id: int, sealed: bytes, size: int) -> bool:
    """Keep what was fetched, sealed, and forget where from; False where it was deleted since."""
    done = session.connection().execute(
        update(ATTACHMENT)
        .where(ATTACHMENT.c.id == attachment_id, ATTACHMENT.c.state == "waiting")
        .values(state="fetched", content=sealed, size=size, file_id=null())
    )
    return bool(done.rowcount)


def note_failed(session: Session, attachment_id: int) -> bool:
    """It will never be fetched; False where it was deleted since, or fetched."""
    done = session.connection().execute(
        update(ATTACHMENT)
        .where(ATTACHMENT.c.id == attachment_id, ATTACHMENT.c.state == "waiting")
        .values(state="failed", file_id=null())
    )
    return bool(done.rowcount)


def drop_attachment(session: Session, attachment_id: int) -> bool:
    """Delete one; False where it was deleted before."""
    gone = session.connection().execute(delete(ATTACHMENT).where(ATTACHMENT.c.id == attachment_id))
    return bool(gone.rowcount)


def drop_nodes(session: Session, interview_id: int, nodes: Collection[str]) -> int:
    """Delete the attachments of these questions of an interview; how many there were."""
    theirs = and_(ATTACHMENT.c.interview_id == interview_id, ATTACHMENT.c.node.in_(nodes))
    return session.connection().execute(delete(ATTACHMENT).where(theirs)).rowcount


def drop_of_interviews(session: Session, interview_ids: Collection[int]) -> None:
    """Delete all attachments of these interviews."""
    session.execute(delete(Attachment).where(Attachment.interview_id.in_(interview_ids)))


def answered_with(session: Session, interview_ids: Sequence[int]) -> list[Answered]:
    """The attachments of these interviews, by interview and id, without their contents."""
    rows = session.execute(
        select(
            Attachment.id, Attachment.interview_id, Attachment.node, Attachment.name,
            Attachment.media_type, Attachment.size, Attachment.state,
        )
        .where(Attachment.interview_id.in_(interview_ids))
        .order_by(Attachment.interview_id, Attachment.id)
    )  # fmt: skip
    return [Answered(**row._mapping) for row in rows]


def owner_of(session: Session, attachment_id: int) -> int | None:
    """The contact through whom an attachment was sent; None where there is none (any more)."""
    return session.scalar(
        select(Respondent.contact_id)
        .join(Interview, Interview.respondent_id == Respondent.id)
        .join(Attachment, Attachment.interview_id == Interview.id)
        .where(Attachment.id == attachment_id)
    )


# Of forms -------------------------------------------------------------------------------------


def put_media(
    session: Session,
    form_version_id: int,
    files: Mapping[str, tuple[str, bytes]],
    now: datetime,
) -> None:
    """Keep the files of a form version: name -> (media type, content).

    One with the same name and content stays; what another version of the form has sent already
    need not be uploaded again.
    """
    kept = {
        row.name: row
        for row in session.execute(
            select(Attachment.id, Attachment.name, Attachment.sha256).where(
                Attachment.form_version_id == form_version_id
            )
        )
    }
    for name, (media_type, content) in files.items():
        digest = hashlib.sha256(content).hexdigest()
        before = kept.get(name)
        if before is not None and before.sha256 == digest:
            continue
        if before is not None:
            drop_attachment(session, before.id)
        sent_as = session.scalar(
            select(Attachment.sent_as)
            .where(
                Attachment.sha256 == digest,
                Attachment.media_type == media_type,
                Attachment.sent_as.is_not(None),
            )
            .limit(1)
        )
        session.execute(
            insert(Attachment).values(
                form_version_id=form_version_id, name=name, media_type=media_type,
                size=len(content), state="fetched", content=content, sha256=digest,
                sent_as=sent_as, taken_at=now,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of a form version, without its content."""

    id: int
    name: str
    media_type: str
    size: int


def media_named(session: Session, form_version_id: int, names: Iterable[str]) -> dict[str, Medium]:
    """The files of a form version that are there, by name."""
    rows = session.execute(
        select(Attachment.id, Attachment.name, Attachment.media_type, Attachment.size).where(
            Attachment.form_version_id == form_version_id, Attachment.name.in_(list(names))
        )
    )
    return {row.name: Medium(*row) for row in rows}


def media_of(
    session: Session, form_version_id: int, *, endings: Iterable[str] = ()
) -> dict[str, bytes]:
    """The files of a form version with these endings ("csv"), or all: name -> content."""
    wanted = [Attachment.name.ilike(f"%.{ending}") for ending in endings]
    rows = session.execute(
        select(Attachment.name, Attachment.content).where(
            Attachment.form_version_id == form_version_id, *([or_(*wanted)] if wanted else [])
        )
    )
    return {row.name: row.content or b"" for row in rows}


# To be sent -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent of an attachment."""

    name: str
    content: bytes
    sealed: bool


def content_of(session: Session, attachment_id: int) -> Content | None:
    """What was kept of an attachment; None where it is gone, or was never fetched."""
    row = session.execute(
        select(Attachment.name, Attachment.content, Attachment.interview_id).where(
            Attachment.id == attachment_id
        )
    ).one_or_none()
    if row is None or row.content is None:
        return None
    return Content(row.name, row.content, row.interview_id is not None)


def sent_as(session: Session, attachment_id: int, bot: str) -> str | None:
    """Telegram's file_id of a form's file for this bot, once it was uploaded."""
    known = session.scalar(select(Attachment.sent_as).where(Attachment.id == attachment_id))
    return (known or {}).get(bot)


def note_sent_as(session: Session, attachment_id: int, bot: str, file_id: str) -> None:
    """Remember Telegram's file_id of a form's file; of an answer nothing is remembered."""
    row = session.execute(
        select(Attachment.sent_as)
        .where(Attachment.id == attachment_id, Attachment.form_version_id.is_not(None))
        .with_for_update()
    ).one_or_none()
    if row is not None:
        known = {**(row.sent_as or {}), bot: file_id}
        session.execute(
            update(Attachment).where(Attachment.id == attachment_id).values(sent_as=known)
        )
