"""An area with all that lies below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.estimation.profile import Kind
from surveys.store.areas import ids_of
from surveys.store.schema import Area


@dataclass(frozen=True, slots=True)
class Branch:
    """An area in the tree; of a village also where it lies."""

    area_id: int
    parent_id: int | None
    kind: Kind
    name: str
    code: str
    """A village's; "" of others."""
    path: str
    ring: int | None
    latitude: float | None
    longitude: float | None


def subtree(session: Session, area_id: int) -> list[Branch]:
    """An area and all below it: each before what is in it, by name; empty where there is none."""
    root = session.get(Area, area_id)
    if root is None:
        return []
    found = [
        Branch(
            area.id,
            area.parent_id,
            cast("Kind", area.kind),
            area.name,
            area.code or "",
            area.path,
            area.ring,
            area.latitude,
            area.longitude,
        )
        for area in session.scalars(
            select(Area).where(Area.path.startswith(root.path, autoescape=True))
        )
    ]
    below: dict[int | None, list[Branch]] = {}
    for one in sorted(found, key=lambda one: (one.kind == "village", one.name, one.code)):
        below.setdefault(one.parent_id, []).append(one)
    ordered: list[Branch] = []
    waiting = [one for one in found if one.area_id == area_id]
    while waiting:
        ordered.append(waiting.pop())
        waiting += reversed(below.get(ordered[-1].area_id, []))
    return ordered


def inside(one: Branch, area: Branch) -> bool:
    """Whether an area lies in another, or is it."""
    return area.area_id in ids_of(one.path)
