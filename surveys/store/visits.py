"""Visited homes: persons without any contact, whose answers came on paper or from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from surveys.store.outdated import drop_standing_of
from surveys.store.schema import Household, Interview, Respondent, VisitKey
from surveys.store.vault import Vault, keyed_hash

VISITED = "visited"
"""The mode of their interviews."""


def visit_hash(session: Session, vault: Vault) -> Callable[[str], str]:
    """The keyed hash that visited homes are known by: the same whatever became of the key since."""
    sealed = session.scalar(select(VisitKey.sealed))
    return vault.fingerprint if sealed is None else partial(keyed_hash, vault.open(sealed))


def erase_visits(session: Session, wave_id: int, household_ids: Collection[str]) -> int:
    """Delete what was answered in these homes when they were visited; in how many it was."""
    theirs = (
        select(Respondent.id, Respondent.household_id)
        .join(Interview, Interview.respondent_id == Respondent.id)
        .where(
            Interview.wave_id == wave_id,
            Interview.mode == VISITED,
            Respondent.household_id.in_(household_ids),
        )
    )
    rows = session.execute(theirs).all()
    people = [row.id for row in rows]
    drop_standing_of(session, Interview.respondent_id.in_(people))
    session.execute(delete(Respondent).where(Respondent.id.in_(people)))
    return len({row.household_id for row in rows})


def add_visits(
    session: Session,
    area_id: int,
    households: Collection[str],
    respondents: Sequence[dict[str, Any]],
    interviews: Sequence[dict[str, Any]],
) -> None:
    """New persons with their interviews (columns: schema), and their homes where they are new."""
    there = set(session.scalars(select(Household.id).where(Household.id.in_(households))))
    new = [{"id": one, "area_id": area_id} for one in households if one not in there]
    for table, rows in ((Household, new), (Respondent, respondents), (Interview, interviews)):
        if rows:
            session.execute(insert(table), rows)


def visited_homes(session: Session, wave_id: int, area_id: int) -> int:
    """In how many homes of a village somebody answered when they were visited."""
    return (
        session.scalar(
            select(func.count(Respondent.household_id.distinct()))
            .join(Interview, Interview.respondent_id == Respondent.id)
            .where(
                Interview.wave_id == wave_id,
                Interview.area_id == area_id,
                Interview.mode == VISITED,
                Interview.status == "finished",
            )
        )
        or 0
    )
