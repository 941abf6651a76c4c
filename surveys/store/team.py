"""Who is in the team of some areas, and who was invited: queries that take a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from surveys.store.administrators import Addressee, Right, within
from surveys.store.messages import ORDERED
from surveys.store.schema import Administrator, Area, Contact, Grant, Invite, Job, Outbox


@dataclass(frozen=True, slots=True)
class Member:
    """An administrator's role on an area."""

    grant_id: int
    administrator_id: int
    contact_id: int
    name: bytes | None
    """Sealed."""
    role: str
    area_id: int
    area: str
    path: str


@dataclass(frozen=True, slots=True)
class Pending:
    """An invite that nobody has opened yet."""

    invite_id: int
    role: str
    area_id: int
    area: str
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Below:
    """An area right below another."""

    area_id: int
    name: str
    kind: str


def members(session: Session, rights: Iterable[Right]) -> list[Member]:
    """The roles on the areas of these rights and below them, wider areas first."""
    return _members(session, within(rights))


def member(session: Session, grant_id: int) -> Member | None:
    """One of them, whoever asks: for the operator, and for what was looked up by `touchable`."""
    return next(iter(_members(session, Grant.id == grant_id)), None)


def touchable(session: Session, grant_id: int, rights: Sequence[Right]) -> Member | None:
    """One of them, if it is held by whoever has these rights, or theirs to take away."""
    own = {right.administrator_id for right in rights}
    theirs = or_(Grant.administrator_id.in_(own), _appoints(rights, Grant.role))
    return next(iter(_members(session, and_(Grant.id == grant_id, theirs))), None)


def pending(session: Session, rights: Iterable[Right], now: datetime) -> list[Pending]:
    """The invites to these areas that still work, the newest last."""
    return _pending(session, now, within(rights))


def pending_to(
    session: Session, invite_id: int, rights: Iterable[Right], now: datetime
) -> Pending | None:
    """One of them, if whoever has these rights may take it back."""
    theirs = and_(Invite.id == invite_id, _appoints(rights, Invite.role))
    return next(iter(_pending(session, now, theirs)), None)


def withdraw_invite(session: Session, invite_id: int, now: datetime) -> bool:
    """Let an invite work no more; False where it was used meanwhile."""
    done = session.execute(
        update(Invite)
        .where(Invite.id == invite_id, Invite.used_at.is_(None))
        .values(used_at=now)
        .returning(Invite.id)
    )
    return done.one_or_none() is not None


def owners(session: Session) -> set[int]:
    """The administrators who own the whole programme. Their grants are locked: of two who leave at
    the same moment, the second counts without the first."""
    rows = session.scalars(
        select(Grant)
        .join(Area, Area.id == Grant.area_id)
        .where(Grant.role == "owner", Area.parent_id.is_(None))
        .with_for_update(of=Grant)
    )
    return {grant.administrator_id for grant in rows}


def remove_grant(session: Session, grant_id: int) -> bool:
    """Take a role away; an administrator without any is none any more. True: this was the last."""
    administrator_id = session.scalar(
        delete(Grant).where(Grant.id == grant_id).returning(Grant.administrator_id)
    )
    left = select(func.count()).where(Grant.administrator_id == administrator_id)
    if administrator_id is None or session.scalar(left):
        return False
    session.execute(delete(Administrator).where(Administrator.id == administrator_id))
    return True


def drop_ordered(session: Session, contact_id: int) -> None:
    """Delete what a contact has ordered as an administrator and was not sent yet: jobs, and what
    jobs have queued (their messages' keys begin so). What others still may see, they ask for again.
    """
    ordered = Job.arguments["contact_id"].as_integer() == contact_id
    session.execute(delete(Job).where(Job.done_at.is_(None), ordered))
    by_jobs = or_(*(Outbox.key.startswith(one) for one in ORDERED))
    session.execute(
        delete(Outbox).where(Outbox.contact_id == contact_id, Outbox.done_at.is_(None), by_jobs)
    )


def rename(session: Session, contact_id: int, name: bytes | None) -> None:
    """What the team reads for this administrator, sealed."""
    session.execute(
        update(Administrator).where(Administrator.contact_id == contact_id).values(name=name)
    )


def administrator_of(session: Session, contact_id: int) -> tuple[int, bytes | None] | None:
    """The number and the sealed name of a contact that is an administrator."""
    row = session.execute(
        select(Administrator.id, Administrator.name).where(Administrator.contact_id == contact_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def names_of(session: Session, administrator_ids: Iterable[int]) -> dict[int, bytes]:
    """The sealed names of these administrators, where they have one."""
    rows = session.execute(
        select(Administrator.id, Administrator.name).where(
            Administrator.id.in_(list(administrator_ids)), Administrator.name.is_not(None)
        )
    )
    return {row.id: row.name for row in rows if row.name is not None}


def reachable(session: Session, contact_id: int) -> Addressee | None:
    """A contact who did not block the bot, administrator or not."""
    row = session.execute(
        select(Contact.id, Contact.address_hash, Contact.address, Contact.language).where(
            Contact.id == contact_id, Contact.blocked_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else Addressee(*row)


def areas_below(session: Session, area_id: int, rights: Iterable[Right]) -> list[Below]:
    """The areas right below one that these rights reach, by name."""
    rows = session.execute(
        select(Area.id, Area.name, Area.kind)
        .where(Area.parent_id == area_id, within(rights))
        .order_by(Area.name, Area.id)
    )
    return [Below(*row) for row in rows]


def area_at(
    session: Session, area_id: int, rights: Iterable[Right], *, giving: str | None = None
) -> tuple[str, str] | None:
    """The name and the path of an area that these rights reach; `giving`: where they let somebody
    appoint to this role."""
    reached = within(rights) if giving is None else _appoints(rights, literal(giving))
    row = session.execute(
        select(Area.name, Area.path).where(Area.id == area_id, reached)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _pending(session: Session, now: datetime, which: ColumnElement[bool]) -> list[Pending]:
    rows = session.execute(
        select(Invite.id, Invite.role, Area.id, Area.name, Area.path, Invite.expires_at)
        .join(Area, Area.id == Invite.area_id)
        .where(which, Invite.used_at.is_(None), Invite.expires_at > now)
        .order_by(Invite.id)
    )
    return [Pending(*row) for row in rows]


def _members(session: Session, which: ColumnElement[bool]) -> list[Member]:
    rows = session.execute(
        select(
            Grant.id,
            Administrator.id,
            Administrator.contact_id,
            Administrator.name,
            Grant.role,
            Area.id,
            Area.name,
            Area.path,
        )
        .join(Administrator, Administrator.id == Grant.administrator_id)
        .join(Area, Area.id == Grant.area_id)
        .where(which)
        .order_by(func.length(Area.path), Area.name, Grant.id)
    )
    return [Member(*row) for row in rows]


def _appoints(rights: Iterable[Right], role: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """`surveys.publish.team.may_appoint` (a test compares them), asked of rows with an area."""
    ways = []
    for right in rights:
        if right.role == "owner":
            ways.append(within([right]))
        elif right.role == "area":
            below = and_(role == "area", Area.path != right.path)
            ways.append(and_(within([right]), or_(role.in_(("helper", "viewer")), below)))
    return or_(false(), *ways)
