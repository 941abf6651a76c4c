"""Who appoints whom, and who goes: a last owner stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.store.administrators import ROLES, Right, Role
from surveys.store.audit import audit
from surveys.store.team import Member, drop_ordered, member, owners, remove_grant


class LastOwner(Exception):  # noqa: N818
    """Without them nobody could appoint anyone any more."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Who lost which role."""

    gone: Member
    last: bool
    """It was their last: they are no administrator any more."""


def may_appoint(rights: Iterable[Right], role: str, path: str) -> bool:
    """Whether somebody with these rights invites to, and takes away, a role on the area at `path`.

    Owners every role on their areas; an area's administrator helpers and viewers there, and
    administrators of areas below it.

    >>> mine = [Right(1, 1, "area", 4, "/1/4/", "Lishan")]
    >>> [may_appoint(mine, role, "/1/4/") for role in ("viewer", "area", "owner")]
    [True, False, False]
    >>> may_appoint(mine, "area", "/1/4/9/"), may_appoint(mine, "viewer", "/1/5/")
    (True, False)
    """
    for right in rights:
        if not path.startswith(right.path):
            continue
        if right.role == "owner" or (
            right.role == "area"
            and (role in ("helper", "viewer") or (role == "area" and path != right.path))
        ):
            return True
    return False


def roles_to_give(rights: Iterable[Right]) -> tuple[Role, ...]:
    """The roles that somebody with these rights gives anywhere."""
    held = {right.role for right in rights}
    if "owner" in held:
        return ROLES
    return ("area", "helper", "viewer") if "area" in held else ()


def revoke(
    session: Session, grant_id: int, by: str, now: datetime, *, force: bool = False
) -> Revoked | None:
    """Take a role away; None where there is no such grant any more.

    Raises `LastOwner`, unless `force`: the operator can always invite another.
    """
    gone = member(session, grant_id)
    if gone is None:
        return None
    if not force and _at_the_root(gone) and is_last_owner(session, gone.administrator_id):
        raise LastOwner
    last = remove_grant(session, grant_id)
    # By the role that is gone they may have ordered it: nothing of it is sent any more.
    drop_ordered(session, gone.contact_id)
    what = f"administrator {gone.administrator_id}, role {gone.role}"
    audit(session, by, "revoke", what, now, area_id=gone.area_id)
    return Revoked(gone, last)


def is_last_owner(session: Session, administrator_id: int) -> bool:
    """Whether nobody else owns the whole programme."""
    return owners(session) == {administrator_id}


def _at_the_root(one: Member) -> bool:
    return one.role == "owner" and one.path.count("/") == 2
