"""What comes to administrators without asking, and when: what each has chosen for each area."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Table, and_, delete, select, update
from sqlalchemy.orm import Session, aliased

from surveys.store.administrators import PROFILED, Addressee
from surveys.store.database import insert_into, kind_of
from surveys.store.schema import Administrator, Area, Base, Contact, Grant, Schedule

SCHEDULE: Table = Base.metadata.tables["schedule"]
Kind = Literal["target", "closed", "weekly"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""A village has reached its target · the wave has ended · every week."""
UNASKED: Mapping[Kind, Collection[str]] = {
    "target": ("owner", "area"), "closed": PROFILED, "weekly": (),
}  # fmt: skip
"""Which roles are sent which kind as long as they have not chosen: a village at its target is news
for those who run fieldwork, the results are for all."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whether one kind comes, and when."""

    active: bool
    weekday: int | None = None
    """Of a weekly one: 0 Monday … 6 Sunday; kept while it is off."""
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """An administrator who is to be sent something about an area."""

    to: Addressee
    administrator_id: int
    holds: tuple[str, ...]
    """The paths of the areas because of which it comes to them."""


@dataclass(frozen=True, slots=True)
class Due:
    """A weekly schedule whose time has come."""

    id: int
    due_at: datetime
    weekday: int
    hour: int
    path: str
    """Of its area."""


def chosen(
    session: Session, administrator_id: int, area_id: int, roles: Collection[str]
) -> dict[Kind, Chosen]:
    """What an administrator with these roles on an area is sent about it."""
    rows = session.execute(
        select(Schedule.kind, Schedule.active, Schedule.weekday, Schedule.hour).where(
            Schedule.administrator_id == administrator_id, Schedule.area_id == area_id
        )
    )
    found = {row.kind: Chosen(row.active, row.weekday, row.hour) for row in rows}
    return {
        kind: found.get(kind, Chosen(not set(UNASKED[kind]).isdisjoint(roles))) for kind in KINDS
    }


def chosen_by(session: Session, administrator_id: int) -> dict[str, dict[Kind, bool]]:
    """What an administrator has chosen: the area's name -> each kind that they said something of,
    and whether it comes."""
    rows = session.execute(
        select(Area.name, Schedule.kind, Schedule.active)
        .join(Area, Area.id == Schedule.area_id)
        .where(Schedule.administrator_id == administrator_id)
        .order_by(Area.path, Schedule.id)
    )
    found: dict[str, dict[Kind, bool]] = {}
    for row in rows:
        found.setdefault(row.name, {})[row.kind] = row.active
    return found


def choose(
    session: Session,
    administrator_id: int,
    area_id: int,
    kind: Kind,
    *,
    active: bool,
    now: datetime,
    weekly: tuple[int, int, datetime] | None = None,
) -> None:
    """Let one kind come or not; `weekly`: the weekday, the hour, and when that is next.

    A weekly one that is switched off keeps its day and hour.
    """
    row = {
        "administrator_id": administrator_id, "area_id": area_id, "kind": kind, "active": active,
        "created_at": now,
    }  # fmt: skip
    change: dict[str, object] = {"active": active, "due_at": None}
    if weekly is not None:
        change |= {"weekday": weekly[0], "hour": weekly[1], "due_at": weekly[2]}
    session.execute(
        insert_into(kind_of(session), SCHEDULE)
        .values(row | change)
        .on_conflict_do_update(index_elements=["administrator_id", "area_id", "kind"], set_=change)
    )


def due_weekly(session: Session, now: datetime) -> list[Due]:
    """The weekly schedules that are due, locked; those another replica is busy with are left out.

    One whose administrator does not hold the area any more is deleted instead.
    """
    rows = session.execute(
        select(
            Schedule.id, Schedule.due_at, Schedule.weekday, Schedule.hour, Area.path,
            Schedule.administrator_id, Schedule.area_id,
        )
        .join(Area, Area.id == Schedule.area_id)
        .where(Schedule.kind == "weekly", Schedule.active, Schedule.due_at <= now)
        .order_by(Schedule.due_at, Schedule.id)
        .with_for_update(of=Schedule, skip_locked=True)
    ).all()  # fmt: skip
    found = []
    for row in rows:
        if _held(session, row.administrator_id, row.area_id):
            found.append(Due(row.id, row.due_at, row.weekday, row.hour, row.path))
        else:
            session.execute(delete(Schedule).where(Schedule.id == row.id))
    return found


def any_due(session: Session, now: datetime) -> bool:
    """Whether `due_weekly` would find one."""
    due = select(Schedule.id).where(
        Schedule.kind == "weekly", Schedule.active, Schedule.due_at <= now
    )
    return session.scalar(due.limit(1)) is not None


def move_on(session: Session, schedule_id: int, due_at: datetime) -> None:
    """When a weekly schedule is next."""
    session.execute(update(Schedule).where(Schedule.id == schedule_id).values(due_at=due_at))


def weekly_reader(session: Session, schedule_id: int) -> tuple[Reader, int] | None:
    """For whom a weekly schedule is, and its area; None where it was switched off, the area is not
    theirs any more, or they cannot be written to."""
    row = session.execute(
        select(Schedule.administrator_id, Schedule.area_id, Area.path)
        .join(Area, Area.id == Schedule.area_id)
        .where(Schedule.id == schedule_id, Schedule.active)
    ).one_or_none()
    if row is None or not _held(session, row.administrator_id, row.area_id):
        return None
    reader = may_read(session, row.area_id, administrator_id=row.administrator_id)
    return None if reader is None else (reader, row.area_id)


def readers(session: Session, area_id: int, kind: Kind) -> list[Reader]:
    """Who is sent this kind about an area: who holds it or one above it, sees profiles, did not
    block the bot, and did not switch it off there."""
    held = aliased(Area)
    path = select(Area.path).where(Area.id == area_id).scalar_subquery()
    rows = session.execute(
        select(
            Contact.id, Contact.address_hash, Contact.address, Contact.language,
            Administrator.id.label("administrator_id"), held.path, Grant.role, Schedule.active,
        )
        .join(Administrator, Administrator.contact_id == Contact.id)
        .join(Grant, Grant.administrator_id == Administrator.id)
        .join(held, held.id == Grant.area_id)
        .outerjoin(
            Schedule,
            and_(
                Schedule.administrator_id == Administrator.id,
                Schedule.area_id == held.id,
                Schedule.kind == kind,
            ),
        )
        .where(path.startswith(held.path), Grant.role.in_(PROFILED), Contact.blocked_at.is_(None))
        .order_by(Contact.id, held.path)
    )  # fmt: skip
    found: dict[int, Reader] = {}
    for row in rows:
        if row.active if row.active is not None else row.role in UNASKED[kind]:
            before = found.get(row.administrator_id)
            holds = (*(before.holds if before else ()), row.path)
            to = Addressee(row.id, row.address_hash, row.address, row.language)
            found[row.administrator_id] = Reader(
                to, row.administrator_id, tuple(dict.fromkeys(holds))
            )
    return list(found.values())


def may_read(
    session: Session,
    area_id: int,
    *,
    administrator_id: int | None = None,
    contact_id: int | None = None,
) -> Reader | None:
    """An administrator, by their number or their contact's, if they may see the profiles of an area
    and did not block the bot."""
    held = aliased(Area)
    path = select(Area.path).where(Area.id == area_id).scalar_subquery()
    whose = (
        Administrator.contact_id == contact_id
        if administrator_id is None
        else Administrator.id == administrator_id
    )
    rows = session.execute(
        select(
            Contact.id, Contact.address_hash, Contact.address, Contact.language,
            Administrator.id.label("administrator_id"), held.path,
        )
        .join(Administrator, Administrator.contact_id == Contact.id)
        .join(Grant, Grant.administrator_id == Administrator.id)
        .join(held, held.id == Grant.area_id)
        .where(
            whose,
            path.startswith(held.path),
            Grant.role.in_(PROFILED),
            Contact.blocked_at.is_(None),
        )
    ).all()  # fmt: skip
    if not rows:
        return None
    one = rows[0]
    to = Addressee(one.id, one.address_hash, one.address, one.language)
    return Reader(to, one.administrator_id, tuple(dict.fromkeys(row.path for row in rows)))


def _held(session: Session, administrator_id: int, area_id: int) -> bool:
    grant = select(Grant.id).where(
        Grant.administrator_id == administrator_id,
        Grant.area_id == area_id,
        Grant.role.in_(PROFILED),
    )
    return session.scalar(grant.limit(1)) is not None
