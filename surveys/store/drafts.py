"""What administrators have sent or begun and not confirmed yet: one each, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of
from surveys.store.schema import Base, Contact, Draft
from surveys.store.vault import Vault

DRAFT: Table = Base.metadata.tables["draft"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft, opened."""

    kind: str
    body: bytes
    mark: str
    """Says which draft it is: another one of the same person has another mark."""


def keep_draft(  # noqa: PLR0917
    session: Session, vault: Vault, contact_id: int, kind: str, body: bytes, now: datetime
) -> str:
    """Keep a draft in the place of the one before; its mark."""
    row = {"contact_id": contact_id, "kind": kind, "body": vault.seal(body), "made_at": now}
    statement = insert_into(kind_of(session), DRAFT).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[DRAFT.c.contact_id],
            set_={name: statement.excluded[name] for name in ("kind", "body", "made_at")},
        )
    )
    return _mark(vault, kind, body)


def draft_of(session: Session, vault: Vault, contact_id: int) -> Kept | None:
    """The draft of a contact."""
    row = session.execute(
        select(Draft.kind, Draft.body).where(Draft.contact_id == contact_id).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    body = vault.open(row.body)
    return Kept(row.kind, body, _mark(vault, row.kind, body))


def draft_kind(session: Session, lane: str) -> str:
    """Which kind of draft the contact with this address's hash has; "" without one."""
    kind = session.scalar(
        select(Draft.kind)
        .join(Contact, Contact.id == Draft.contact_id)
        .where(Contact.address_hash == lane)
    )
    return kind or ""


def erase_draft(session: Session, contact_id: int) -> None:
    """Confirmed, or not wanted."""
    session.execute(delete(Draft).where(Draft.contact_id == contact_id))


def erase_drafts_before(session: Session, moment: datetime) -> int:
    """Drafts that nobody confirmed; how many there were."""
    gone = session.connection().execute(delete(DRAFT).where(DRAFT.c.made_at < moment))
    return gone.rowcount


def _mark(vault: Vault, kind: str, body: bytes) -> str:
    return vault.fingerprint(f"draft:{kind}:{body.hex()}")[:16]
