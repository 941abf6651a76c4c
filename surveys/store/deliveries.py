"""Profiles that were sent to administrators: each once, with what became of its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from surveys.store.database import insert_into, kind_of
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Base, Delivery, Interview, Job, Outbox, Wave

DELIVERY: Table = Base.metadata.tables["delivery"]
Reason = Literal["asked", "weekly", "target", "closed"]
State = Literal["waiting", "sent", "failed", "unreachable", "not made"]
"""Of the messages of a delivery: some still wait · all are sent · Telegram refuses one · the person
blocked the bot or is gone. Not made: the job that makes them has failed."""
JOBS = ("profile", "weekly")
"""The kinds of jobs that make deliveries."""
LOOKED_AT = 5
"""Deliveries among which the last one that arrived is looked for."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a delivery is: to whom, about what, why; and what is in it."""

    key: str
    """What makes it the same one."""
    administrator_id: int
    area_id: int
    wave_id: int
    reason: Reason
    profile: dict[str, Any] | None
    finished: int


class Previous(NamedTuple):
    """What an administrator was sent last about an area, in one wave."""

    id: int
    profile: dict[str, Any] | None
    finished: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery as a list shows it."""

    made_at: datetime
    reason: str
    area: str
    administrator_id: int | None
    """None: it was not made."""
    state: State
    at: datetime | None
    """When it was sent."""
    error: str
    """Why not, in Telegram's words or as an error's class."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a village is in a wave."""

    path: str
    finished: int
    target: int | None


def standing(session: Session, path: str, wave_id: int) -> list[Standing]:
    """The villages of an area (a village: itself) that a wave is in; rejected answers apart."""
    finished = (
        select(Interview.area_id, func.count().label("persons"))
        .where(
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            Interview.review != REJECTED,
        )
        .group_by(Interview.area_id)
        .subquery()
    )
    within = select(Area.path).join(Wave, Wave.area_id == Area.id).where(Wave.id == wave_id)
    rows = session.execute(
        select(Area.path, func.coalesce(finished.c.persons, 0), Area.target)
        .outerjoin(finished, finished.c.area_id == Area.id)
        .where(
            Area.kind == "village",
            Area.path.startswith(path, autoescape=True),
            Area.path.startswith(within.scalar_subquery()),
        )
    )
    return [Standing(*row) for row in rows]


def message_keys(delivery_id: int, messages: int) -> list[str]:
    """The keys of a delivery's messages in the outbox."""
    return [f"delivery:{delivery_id}:{place}" for place in range(messages)]


def add_delivery(session: Session, one: Occasion, messages: int, now: datetime) -> int | None:
    """Note a delivery of so many messages; its id, or None where it was made before."""
    row = {
        "key": one.key, "administrator_id": one.administrator_id, "area_id": one.area_id,
        "wave_id": one.wave_id, "reason": one.reason, "profile": one.profile,
        "finished": one.finished, "messages": messages, "made_at": now,
    }  # fmt: skip
    statement = insert_into(kind_of(session), DELIVERY).values(row).on_conflict_do_nothing()
    made: int | None = session.scalar(statement.returning(DELIVERY.c.id))
    return made


def previous(
    session: Session, administrator_id: int, area_id: int, wave_id: int
) -> Previous | None:
    """The last delivery to an administrator about an area in a wave that has arrived or will."""
    rows = session.execute(
        select(
            Delivery.id, Delivery.profile, Delivery.finished, Delivery.made_at, Delivery.messages
        )
        .where(
            Delivery.administrator_id == administrator_id,
            Delivery.area_id == area_id,
            Delivery.wave_id == wave_id,
        )
        .order_by(Delivery.id.desc())
        .limit(LOOKED_AT)
    ).all()
    states = _states(session, [(row.id, row.messages) for row in rows])
    for row in rows:
        if states[row.id][0] in ("sent", "waiting"):
            return Previous(*row[:4])
    return None


def drop_profiles(
    session: Session, administrator_id: int, area_id: int, wave_id: int, before: int
) -> None:
    """Forget what was in the deliveries before one of them: nothing is compared with them again."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.administrator_id == administrator_id,
            Delivery.area_id == area_id,
            Delivery.wave_id == wave_id,
            Delivery.id < before,
            Delivery.profile.is_not(None),
        )
        .values(profile=None)
    )


def last_profile(
    session: Session, administrator_id: int, area_id: int, wave_id: int
) -> dict[str, Any] | None:
    """The newest profile of an area in a wave that this administrator was sent."""
    return session.scalar(
        select(Delivery.profile)
        .where(
            Delivery.administrator_id == administrator_id,
            Delivery.area_id == area_id,
            Delivery.wave_id == wave_id,
            Delivery.profile.is_not(None),
        )
        .order_by(Delivery.id.desc())
        .limit(1)
    )


def made_for(session: Session, administrator_id: int) -> tuple[int, datetime | None]:
    """How many deliveries were made for an administrator, and when the last one was."""
    theirs = Delivery.administrator_id == administrator_id
    count = session.scalar(select(func.count()).where(theirs)) or 0
    return count, session.scalar(select(func.max(Delivery.made_at)).where(theirs))


def last_line(session: Session, administrator_id: int, path: str) -> Line | None:
    """The last delivery to an administrator about an area or one below it."""
    return next(iter(lines(session, path, administrator_id=administrator_id, limit=1)), None)


def lines(
    session: Session,
    path: str,
    *,
    administrator_id: int | None = None,
    failed: bool = False,
    limit: int = 100,
) -> list[Line]:
    """The newest deliveries about an area and all below it, newest first; `failed`: those alone
    that did not arrive and will not."""
    query = (
        select(Delivery, Area.name)
        .join(Area, Area.id == Delivery.area_id)
        .where(Area.path.startswith(path, autoescape=True))
        .order_by(Delivery.id.desc())
    )
    if administrator_id is not None:
        query = query.where(Delivery.administrator_id == administrator_id)
    found: list[Line] = []
    last: int | None = None
    while len(found) < limit:
        page = query if last is None else query.where(Delivery.id < last)
        rows = session.execute(page.limit(limit)).all()
        states = _states(session, [(row[0].id, row[0].messages) for row in rows])
        for one, area in rows:
            state, at, error = states[one.id]
            if not failed or state not in ("sent", "waiting"):
                found.append(
                    Line(one.made_at, one.reason, area, one.administrator_id, state, at, error)
                )
        if len(rows) < limit:
            break
        last = rows[-1][0].id
    return found[:limit]


def not_made(session: Session, path: str, limit: int = 100) -> list[Line]:
    """Jobs that failed at making deliveries about an area and all below it, newest first: given up,
    or to be tried again."""
    rows = session.execute(
        select(Job.arguments, Job.done_at, Job.due_at, Job.error)
        .where(Job.kind.in_(JOBS), Job.error.is_not(None))
        .order_by(Job.id.desc())
        .limit(limit)
    ).all()
    within = {
        row.id: row.name
        for row in session.execute(
            select(Area.id, Area.name).where(Area.path.startswith(path, autoescape=True))
        )
    }
    return [
        Line(
            row.done_at or row.due_at,
            str(row.arguments.get("reason", "weekly")),
            within[row.arguments["area_id"]],
            None,
            "not made" if row.done_at else "waiting",
            None,
            row.error,
        )
        for row in rows
        if row.arguments.get("area_id") in within
    ]


def _states(
    session: Session, deliveries: Sequence[tuple[int, int]]
) -> dict[int, tuple[State, datetime | None, str]]:
    """What became of deliveries (id, messages): the state, when the last was sent, the error."""
    keys = {key: one for one, count in deliveries for key in message_keys(one, count)}
    rows = session.execute(
        select(Outbox.key, Outbox.done_at, Outbox.error, Outbox.message_id).where(
            Outbox.key.in_(keys)
        )
    ).all()
    found: dict[int, list[Any]] = {one: [] for one, _ in deliveries}
    for row in rows:
        found[keys[row.key]].append(row)
    return {one: _state(found[one]) for one, _ in deliveries}


def _state(messages: Iterable[Any]) -> tuple[State, datetime | None, str]:
    rows = list(messages)
    refused = [row.error for row in rows if row.done_at is not None and row.error]
    if refused:
        return "failed", None, refused[0]
    if any(row.done_at is None for row in rows):
        return "waiting", None, next((row.error for row in rows if row.error), "")
    if not rows or any(row.message_id is None for row in rows):
        return "unreachable", None, ""
    return "sent", max(row.done_at for row in rows), ""
