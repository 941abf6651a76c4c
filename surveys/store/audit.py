"""Who did what to what, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from surveys.store.schema import Area, Audit


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing done."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    area: str
    """The area's name, "" where it concerns none."""


def audit(
    session: Session,
    actor: str,
    action: str,
    object_: str,
    now: datetime,
    *,
    area_id: int | None = None,
) -> None:
    """Write one line: `actor` is a role and a number ("administrator 3"), never a name.

    `area_id`: where it was done; who sees an area sees what was done in it.
    """
    row = {"at": now, "actor": actor, "action": action, "object": object_, "area_id": area_id}
    session.execute(insert(Audit).values(row))


def audited(
    session: Session,
    paths: Iterable[str],
    *,
    limit: int,
    before: int | None = None,
    since: datetime | None = None,
) -> list[AuditLine]:
    """The newest lines of the areas at these paths and below, newest first.

    What concerns no area is seen from the root. `before`: lines older than the one with this id.
    """
    wanted = list(paths)
    reached = [Area.path.startswith(path, autoescape=True) for path in wanted]
    if any(path.count("/") == 2 for path in wanted):
        reached.append(Audit.area_id.is_(None))
    query = (
        select(Audit.id, Audit.at, Audit.actor, Audit.action, Audit.object, Area.name)
        .join(Area, Area.id == Audit.area_id, isouter=True)
        .where(or_(*reached))
        .order_by(Audit.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Audit.id < before)
    if since is not None:
        query = query.where(Audit.at >= since)
    return [
        AuditLine(row.id, row.at, row.actor, row.action, row.object, row.name or "")
        for row in session.execute(query)
    ]
