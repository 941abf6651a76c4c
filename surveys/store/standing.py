"""Numbers of villages that stand: nothing of theirs has changed since they were computed.

A stamp says which submissions a village has: their number, their ids, how long the line of each is
that estimates read, when the last one was finished, which a review rejected. It is found in the
index that these lines are in, so a million submissions take most of a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from surveys.store.database import kind_of
from surveys.store.interviews import INTERVIEW
from surveys.store.measured import FINISHED, has_line
from surveys.store.outdated import drop_standing
from surveys.store.reports import told_names
from surveys.store.reviews import REJECTED_ONES
from surveys.store.schema import Base, Basis, Report, Standing, Wave

if TYPE_CHECKING:
    from surveys.estimation.frame import Floats

_C = INTERVIEW.c
_STANDING = Base.metadata.tables["standing"]
_KEEP = insert(_STANDING)


class Stamp(NamedTuple):
    """Of the submissions of a village."""

    text: str
    """With any other ones it is another."""
    finished: int
    rejected: int
    unmeasured: int
    """How many lack the line that estimates read."""


@dataclass(frozen=True, slots=True)
class Rests:
    """What the numbers that stand rest on."""

    made_of: str
    names: tuple[str, ...]
    pace: Mapping[str, float]


class Row(NamedTuple):
    """A village that stands."""

    stamp: str
    report_id: int
    told: tuple[bool, ...]
    """Of each of `surveys.estimation.editions.TOLD`."""
    numbers: bytes
    later: bool


class Settled(NamedTuple):
    """A village to keep as it was computed now."""

    area_id: int
    stamp: str
    report_id: int
    told: tuple[bool, ...]
    numbers: Floats


def stamps(session: Session, wave_id: int) -> dict[int, Stamp]:
    """Of each village of a wave where somebody finished."""
    number = cast(_C.id, BigInteger)
    finished = and_(_C.wave_id == wave_id, FINISHED)
    # In bytes: characters would be counted, a third of a second of a million lines.
    size: ColumnElement[int] = (
        func.octet_length(_C.measured)
        if kind_of(session) == "postgresql"
        else func.length(cast(_C.measured, LargeBinary))
    )
    # Each sum more is a tenth.
    query = select(
        _C.area_id,
        func.count(),
        func.sum(number),
        func.sum(number * size),
        func.max(_C.finished_at),
        func.sum(case((has_line(session, wave_id), 0), else_=1)),
    )
    rejected = {
        area_id: (count, ids)
        for area_id, count, ids in session.execute(
            select(_C.area_id, func.count(), func.sum(number))
            .where(finished, REJECTED_ONES)
            .group_by(_C.area_id)
        )
    }
    found = {}
    for area_id, count, ids, lines, last, unmeasured in session.execute(
        query.where(finished).group_by(_C.area_id)
    ):
        less, which = rejected.get(area_id, (0, 0))
        text = " ".join(map(str, (count, ids, lines, last, less, which)))
        found[area_id] = Stamp(text, count, less, int(unmeasured))
    return found


def rests_on(session: Session, wave_id: int) -> Rests | None:
    """What the numbers of a wave that stand rest on; None where none were kept."""
    row = session.get(Basis, wave_id)
    return None if row is None else Rests(row.made_of, tuple(row.names), row.pace)


def standing(session: Session, wave_id: int) -> dict[int, Row]:
    """The villages of a wave that were kept, by id."""
    names = told_names()
    # Past the session: of ten thousand villages none is to be an object of its own.
    rows = session.connection().execute(
        select(
            _STANDING.c.area_id, _STANDING.c.stamp, _STANDING.c.report_id, _STANDING.c.told,
            _STANDING.c.numbers, _STANDING.c.later,
        ).where(_STANDING.c.wave_id == wave_id)
    )  # fmt: skip
    of: dict[str, tuple[bool, ...]] = {}
    found = {}
    for area_id, stamp, report_id, told, numbers, later in rows:
        if told not in of:
            of[told] = tuple(name in told.split() for name in names)
        found[area_id] = Row(stamp, report_id, of[told], numbers, later)
    return found


def newest_reports(session: Session, wave_id: int) -> dict[int, int]:
    """Of each place of a wave the id of its newest report."""
    query = select(Report.area_id, func.max(Report.id)).where(Report.wave_id == wave_id)
    return dict(session.execute(query.group_by(Report.area_id)).all())


def alone(session: Session, wave_id: int) -> None:
    """Nobody else keeps anything of this wave until the transaction ends; answers come in."""
    session.execute(select(Wave.id).where(Wave.id == wave_id).with_for_update(key_share=True)).one()


def keep_basis(session: Session, wave_id: int, rests: Rests) -> None:
    """Keep what all that stands from now on rests on; what stood before does not any more."""
    session.execute(delete(Standing).where(Standing.wave_id == wave_id))
    session.execute(delete(Basis).where(Basis.wave_id == wave_id))
    session.add(
        Basis(
            wave_id=wave_id, made_of=rests.made_of, names=list(rests.names), pace=dict(rests.pace)
        )
    )
    session.flush()


def keep_standing(
    session: Session, wave_id: int, settled: Iterable[Settled], *, later: bool
) -> None:
    """Keep villages as they were computed now; later: after all of the wave were."""
    names, kept = told_names(), list(settled)
    rows = [
        {
            "wave_id": wave_id, "area_id": one.area_id, "stamp": one.stamp,
            "report_id": one.report_id, "told": " ".join(compress(names, one.told)),
            "numbers": one.numbers.tobytes(), "later": later,
        }
        for one in kept
    ]  # fmt: skip
    if later:
        drop_standing(session, wave_id, [one.area_id for one in kept])
    if rows:
        session.connection().execute(_KEEP, rows)
