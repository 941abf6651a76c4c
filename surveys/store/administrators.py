"""Administrators and their rights: queries that take a session."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session, aliased

from surveys.store.schema import Administrator, Area, Contact, Grant

Role = Literal["owner", "area", "helper", "analyst", "viewer"]
ROLES: tuple[Role, ...] = ("owner", "area", "helper", "analyst", "viewer")
"""owner: everything · area: fieldwork and results · helper: links and progress, to interview
neighbours · analyst: results and exports · viewer: results. Each on an area and all below it."""
PROFILED: tuple[Role, ...] = ("owner", "area", "analyst", "viewer")
"""Who may see profiles."""


@dataclass(frozen=True, slots=True)
class Right:
    """A role on an area and all below it."""

    contact_id: int
    administrator_id: int
    role: str
    """One of `ROLES`."""
    area_id: int
    path: str
    """Of the area, as ids from the root: a village is below it if its path begins with this."""
    area: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """An administrator to whom something is sent."""

    contact_id: int
    lane: str
    address: bytes
    """Sealed."""
    language: str


@dataclass(frozen=True, slots=True)
class Village:
    """A village as an administrator knows it."""

    area_id: int
    code: str
    name: str
    path: str


def rights_of(session: Session, lane: str) -> tuple[Right, ...]:
    """The rights of the contact with this keyed hash, widest area first."""
    rows = session.execute(
        select(Contact.id, Administrator.id, Grant.role, Area.id, Area.path, Area.name)
        .join(Administrator, Administrator.contact_id == Contact.id)
        .join(Grant, Grant.administrator_id == Administrator.id)
        .join(Area, Area.id == Grant.area_id)
        .where(Contact.address_hash == lane)
    )
    return tuple(sorted((Right(*row) for row in rows), key=lambda right: len(right.path)))


def villages_below(session: Session, rights: Iterable[Right]) -> list[Village]:
    """The villages that these rights reach, by name: each once."""
    found: dict[int, Village] = {}
    for right in rights:
        rows = session.execute(
            select(Area.id, Area.code, Area.name, Area.path)
            .where(Area.kind == "village", Area.path.startswith(right.path, autoescape=True))
            .order_by(Area.name, Area.code)
        )
        found |= {row.id: Village(row.id, row.code or "", row.name, row.path) for row in rows}
    return sorted(found.values(), key=lambda village: (village.name, village.code))


def areas_below(session: Session, rights: Iterable[Right]) -> list[Village]:
    """The areas of every kind that these rights reach, wider ones first: each once."""
    found: dict[int, Village] = {}
    for right in rights:
        rows = session.execute(
            select(Area.id, Area.code, Area.name, Area.path).where(
                Area.path.startswith(right.path, autoescape=True)
            )
        )
        found |= {row.id: Village(row.id, row.code or "", row.name, row.path) for row in rows}
    return sorted(found.values(), key=lambda area: (area.path.count("/"), area.name, area.code))


def administrators_of(
    session: Session, area_id: int, roles: Collection[str] = PROFILED
) -> list[Addressee]:
    """Those with one of these roles on this area or above it, who did not block the bot."""
    above = aliased(Area)
    path = select(Area.path).where(Area.id == area_id).scalar_subquery()
    rows = session.execute(
        select(Contact.id, Contact.address_hash, Contact.address, Contact.language)
        .join(Administrator, Administrator.contact_id == Contact.id)
        .join(Grant, Grant.administrator_id == Administrator.id)
        .join(above, above.id == Grant.area_id)
        .where(path.startswith(above.path), Grant.role.in_(roles), Contact.blocked_at.is_(None))
        .distinct()
        .order_by(Contact.id)
    )
    return [Addressee(*row) for row in rows]


def within(rights: Iterable[Right]) -> ColumnElement[bool]:
    """Whether an area (`Area` of the query) is reached by one of these rights."""
    return or_(false(), *(Area.path.startswith(one.path, autoescape=True) for one in rights))


def entitled(
    session: Session, contact_id: int, roles: Collection[str], area_ids: Collection[int] = ()
) -> Addressee | None:
    """One administrator, who did not block the bot, and holds one of these roles on each of these
    areas or above it (of none named: anywhere); None where they do not (any more)."""
    held = aliased(Area)
    reached = session.execute(
        select(Area.id, Contact.id, Contact.address_hash, Contact.address, Contact.language)
        .join(held, Area.path.startswith(held.path))
        .join(Grant, Grant.area_id == held.id)
        .join(Administrator, Administrator.id == Grant.administrator_id)
        .join(Contact, Contact.id == Administrator.contact_id)
        .where(
            Contact.id == contact_id,
            Contact.blocked_at.is_(None),
            Grant.role.in_(roles),
            Area.id.in_(area_ids) if area_ids else Area.id == held.id,
        )
    ).all()
    if not reached or not {row[0] for row in reached}.issuperset(area_ids):
        return None
    return Addressee(*reached[0][1:])


def addressee(session: Session, contact_id: int) -> Addressee | None:
    """One administrator, who did not block the bot and still is one."""
    row = session.execute(
        select(Contact.id, Contact.address_hash, Contact.address, Contact.language)
        .join(Administrator, Administrator.contact_id == Contact.id)
        .where(Contact.id == contact_id, Contact.blocked_at.is_(None))
    ).one_or_none()
    return None if row is None else Addressee(*row)
