"""The tree of areas: its root, and an area by what people call it."""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.store.schema import Area

UNNAMED = "Programme"
"""The root's name until an organisation gives it its own."""


class UnknownArea(LookupError):  # noqa: N818
    """No area has this path, or several villages have this name."""


def programme(session: Session, name: str = "", time_zone: str = "") -> Area:
    """The root of all areas, made where there is none.

    A `name` (the organisation's) replaces the stand-in, never a name given before; so for the zone.
    """
    root = session.scalar(select(Area).where(Area.parent_id.is_(None)).order_by(Area.id).limit(1))
    if root is None:
        root = Area(kind="programme", name=name or UNNAMED, path="", time_zone=time_zone or None)
        session.add(root)
        session.flush()
        root.path = f"/{root.id}/"
    if name and root.name == UNNAMED:
        root.name = name
    if time_zone and root.time_zone is None:
        root.time_zone = time_zone
    session.flush()
    return root


def find_area(session: Session, path: str | None) -> Area:
    """The area that "County/Township" (or "County", "County/Township/Village", a village's code)
    means, letter case apart; the programme for None or "". Raises `UnknownArea`.
    """
    wanted = [part.strip().casefold() for part in (path or "").split("/") if part.strip()]
    root = session.scalar(select(Area).where(Area.parent_id.is_(None)).order_by(Area.id).limit(1))
    if root is None:
        raise UnknownArea("There are no areas yet: run `usegap villages import FILE.csv` first.")
    if len(wanted) > 1 and wanted[0] == root.name.casefold():
        wanted = wanted[1:]
    if not wanted or wanted == [root.name.casefold()]:
        return root
    if len(wanted) == 1:
        village = session.scalar(select(Area).where(func.lower(Area.code) == wanted[0]))
        if village is not None:
            return village
    at = root
    for part in wanted:
        below = session.scalars(select(Area).where(Area.parent_id == at.id)).all()
        named = {area.name.casefold(): area for area in below}
        if part not in named:
            return _by_name_alone(session, wanted, path or "", [area.name for area in below])
        at = named[part]
    return at


def _by_name_alone(session: Session, wanted: list[str], path: str, near: list[str]) -> Area:
    """A village or township named without what is above it, where only one is named so."""
    everywhere = session.execute(select(Area.id, Area.name)).all()
    same = [row.id for row in everywhere if row.name.casefold() == wanted[-1]]
    if len(wanted) == 1 and len(same) == 1:
        return session.get_one(Area, same[0])
    if len(wanted) == 1 and same:
        raise UnknownArea(f"Several areas are named {path}: write the path, County/Township.")
    close = get_close_matches(wanted[-1], near or [row.name for row in everywhere], 1)
    hint = f" Did you mean {close[0]}?" if close else " Write it as County/Township."
    raise UnknownArea(f"No area is named {path}.{hint}")
