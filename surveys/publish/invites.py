"""Invites: a one-time link makes whoever opens it an administrator of an area.

A code is 144 random bits and 48 that sign them with the secret key: one that is not ours is known
as such without a look into the database, and who can read the database alone can test none.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.publish.areas import find_area, programme
from surveys.store.administrators import Role
from surveys.store.audit import audit
from surveys.store.schema import Administrator, Area, Grant, Invite
from surveys.store.vault import Vault

INVITE_DAYS = 14
RANDOM = 18
"""Bytes of a code."""
SIGN = 12
"""Hexadecimal digits that sign it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What an invite gave."""

    administrator_id: int
    role: str
    area_id: int
    area: str
    """The area's name."""


def invite(  # noqa: PLR0917
    session: Session,
    vault: Vault,
    role: Role,
    area_path: str | None,
    now: datetime,
    by: str = "command line",
) -> str:
    """A code that works once within 14 days; only its keyed hash is kept.

    `area_path` None: the programme. The link is t.me/BOT?start=admin-CODE. Raises `UnknownArea`;
    `ValueError` for an area's administrator or a helper without an area.
    """
    if role in ("area", "helper") and not area_path:
        raise ValueError("An area's administrator needs an area: --area County/Township.")
    area = find_area(session, area_path) if area_path else programme(session)
    return invite_to(session, vault, role, area.id, now, by)


def invite_first_owner(session: Session, vault: Vault, now: datetime) -> str:
    """A code for who sets up a new survey; it works for a day."""
    root = programme(session).id
    return invite_to(session, vault, "owner", root, now, "usegap run", days=1)


def invite_to(  # noqa: PLR0917
    session: Session, vault: Vault, role: Role, area_id: int, now: datetime, by: str, *,
    days: int = INVITE_DAYS,
) -> str:  # fmt: skip
    """The same as `invite` for an area by its id, for so many days."""
    random = secrets.token_urlsafe(RANDOM)
    code = random + _sign(vault, random)
    made = Invite(
        code_hash=_hash(vault, code),
        area_id=area_id,
        role=role,
        expires_at=now + timedelta(days=days),
    )
    session.add(made)
    session.flush()
    audit(session, by, "invite", f"invite {made.id}, role {role}", now, area_id=area_id)
    return code


def signed(vault: Vault, code: str) -> bool:
    """Whether a code was made with this key; that it still works is another question."""
    random, sign = code[:-SIGN], code[-SIGN:]
    return hmac.compare_digest(_sign(vault, random).encode(), sign.encode("utf-8", "replace"))


def accept_invite(
    session: Session, vault: Vault, code: str, contact_id: int, now: datetime, *,
    name: bytes | None = None,
) -> Granted | None:  # fmt: skip
    """Make a contact an administrator; None for a code that is wrong, used, or too old.

    `name`: what their team will read, sealed; one that they have already stays.
    """
    if not signed(vault, code):
        return None
    # One statement takes it: of two who open the link at the same moment, one gets it.
    taken = session.execute(
        update(Invite)
        .where(Invite.code_hash == _hash(vault, code))
        .where(Invite.used_at.is_(None), Invite.expires_at > now)
        .values(used_at=now)
        .returning(Invite.id, Invite.area_id, Invite.role)
    ).one_or_none()
    if taken is None:
        return None
    administrator = session.scalar(
        select(Administrator).where(Administrator.contact_id == contact_id)
    )
    if administrator is None:
        administrator = Administrator(contact_id=contact_id, created_at=now)
        session.add(administrator)
        session.flush()
    if administrator.name is None:
        administrator.name = name
    same = select(Grant.id).where(
        Grant.administrator_id == administrator.id,
        Grant.area_id == taken.area_id,
        Grant.role == taken.role,
    )
    if session.scalar(same) is None:
        session.add(
            Grant(administrator_id=administrator.id, area_id=taken.area_id, role=taken.role)
        )
        session.flush()
    what = f"invite {taken.id}, role {taken.role}"
    actor = f"administrator {administrator.id}"
    audit(session, actor, "accept invite", what, now, area_id=taken.area_id)
    area = session.get_one(Area, taken.area_id)
    return Granted(administrator.id, taken.role, area.id, area.name)


def _sign(vault: Vault, random: str) -> str:
    return vault.fingerprint(f"invite:{random}")[:SIGN]


def _hash(vault: Vault, code: str) -> str:
    return vault.fingerprint(f"invite code:{code}")
