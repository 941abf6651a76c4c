"""What the persons of a release are told apart by: some thirty bytes of each."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from surveys.export.answers import Column
from surveys.export.dependence import Conditions
from surveys.export.hiding import Fresh
from surveys.export.plan import Plan, batches
from surveys.store.schema import Interview


@dataclass
class Told:
    """What everybody has of one kind, as numbers: a few bytes of each."""

    values: dict[Any, int] = field(default_factory=dict)
    """Each with its number."""
    of: array[int] = field(default_factory=lambda: array("i"))
    """Of each row the number of its value."""

    def add(self, value: Any) -> None:
        """Of the next row."""
        self.of.append(self.values.setdefault(value, len(self.values)))

    @property
    def places(self) -> NDArray[np.int32]:
        """`of` as an array."""
        return np.frombuffer(self.of, np.int32) if self.of else np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class Persons:
    """What the rows of an export are told apart by."""

    ids: array[int]
    numbers: array[int]
    """Of each key the number that rows are put in order and found again by (`Fresh.number`)."""
    areas: Told
    """Of each its village's id."""
    asked: Mapping[str, Told]
    """Role -> answers."""


def persons_of(
    session: Session,
    plan: Plan,
    by_role: Mapping[str, Sequence[Column]],
    conditions: Conditions,
    fresh: Fresh,
) -> Persons:
    """Everybody of a plan, in its order.

    by_role: the columns of each role; conditions: shown all answers; fresh: what makes new ids.
    """
    asked = {role: Told() for role, columns in by_role.items() if columns}
    found = Persons(array("q"), array("Q"), Told(), asked)
    of_role = {
        role: list(dict.fromkeys(path for one in by_role[role] for path in one.asked.paths))
        for role in asked
    }
    query = (
        select(Interview.id, Interview.key, Interview.area_id, Interview.submission)
        .where(Interview.id.in_(bindparam("ids", expanding=True)))
        .order_by(Interview.finished_at, Interview.id)
    )
    # Past the session, as in `surveys.export.plan`.
    look = session.connection().execute
    for ids in batches(plan.ids):
        for one, key, area_id, submission in look(query, {"ids": list(ids)}).all():
            found.ids.append(one)
            found.numbers.append(fresh.number(key))
            found.areas.add(area_id)
            for role, told in asked.items():
                told.add(next(filter(None, map(submission.get, of_role[role])), ""))
            conditions.see(submission)
    return found
