"""Who did what to what, when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from surveys.store.schema import Audit


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
