"""What a review said of submissions, and what is known of one without its answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, false, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from surveys.store.schema import Area, FormVersion, Interview, Report, Wave

Review = Literal["received", "approved", "hasIssues", "rejected"]
"""As ODK Central names them."""
REVIEWS: tuple[Review, ...] = get_args(Review)
REJECTED = "rejected"
# As text in the statement: only so does the index of what was rejected serve.
REJECTED_ONES = Interview.review == literal_column(f"'{REJECTED}'")
FEWEST = 8
"""Characters of a submission's id that must be given to look for it."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A finished or unfinished interview as it may be looked up: no answer, nobody."""

    interview_id: int
    key: str
    area_id: int
    area_path: str
    code: str
    village: str
    wave_id: int
    wave: str
    form: str
    """The version of its form."""
    status: str
    mode: str | None
    language: str
    """As the form names it; "" where someone was forgotten and left the answers."""
    started_at: datetime
    finished_at: datetime | None
    review: str


def look_up(session: Session, wanted: str, paths: Sequence[str] | None) -> list[Reviewed]:
    """The interviews whose id is, or begins with, `wanted` ("uuid:" apart), two at most.

    `paths`: of the areas to look in; None: everywhere. Nothing for fewer than 8 characters.
    """
    start = wanted.strip().lower().removeprefix("uuid:")
    if len(start) < FEWEST:
        return []
    begins = func.lower(Interview.key).startswith(f"uuid:{start}", autoescape=True)
    return _reviewed(session, begins, _within(paths))


def reviewed_by_id(session: Session, interview_id: int, paths: Sequence[str]) -> Reviewed | None:
    """One interview in the areas at these paths; None where there is no such (any more)."""
    return next(iter(_reviewed(session, Interview.id == interview_id, _within(paths))), None)


def set_review(session: Session, interview_id: int, review: Review) -> None:
    """What the review says of a submission from now on."""
    session.execute(update(Interview).where(Interview.id == interview_id).values(review=review))


def rejected_in(session: Session, wave_id: int) -> dict[str, int]:
    """The keys of the rejected submissions of a wave, each with its village."""
    rows = session.execute(
        select(Interview.key, Interview.area_id).where(
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            REJECTED_ONES,
        )
    )
    return {row.key: row.area_id for row in rows}


@dataclass(frozen=True, slots=True)
class Flagged:
    """A submission that has a flag."""

    interview_id: int
    key: str
    code: str
    """Of its village."""
    review: str


def flagged_in(session: Session, wave_id: int, path: str, ids: Collection[int]) -> list[Flagged]:
    """Those of these interviews that are of a wave and an area, by village."""
    rows = session.execute(
        select(Interview.id, Interview.key, Area.code, Interview.review)
        .join(Area, Area.id == Interview.area_id)
        .where(
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            Area.path.startswith(path, autoescape=True),
        )
        .order_by(Area.code, Interview.id)
    )
    wanted = set(ids)
    return [
        Flagged(row.id, row.key, row.code or "", row.review) for row in rows if row.id in wanted
    ]


def editions_of(session: Session, wave_id: int, area_id: int) -> list[dict[str, str]]:
    """The members of all editions of a place in a wave, the first edition first."""
    rows = session.scalars(
        select(Report.members)
        .where(Report.wave_id == wave_id, Report.area_id == area_id)
        .order_by(Report.id)
    )
    return [dict(members or {}) for members in rows]


def _reviewed(session: Session, *which: ColumnElement[bool]) -> list[Reviewed]:
    rows = session.execute(
        select(
            Interview.id, Interview.key, Interview.area_id, Area.path, Area.code,
            Area.name.label("village"), Interview.wave_id, Wave.name.label("wave"),
            FormVersion.version, Interview.status, Interview.mode, Interview.state,
            Interview.started_at, Interview.finished_at, Interview.review,
        )
        .join(Area, Area.id == Interview.area_id)
        .join(Wave, Wave.id == Interview.wave_id)
        .join(FormVersion, FormVersion.id == Interview.form_version_id)
        .where(*which)
        .order_by(Interview.id)
        .limit(2)
    )  # fmt: skip
    return [
        Reviewed(
            row.id, row.key, row.area_id, row.path, row.code or "", row.village, row.wave_id,
            row.wave, row.version, row.status, row.mode, _language(row.state), row.started_at,
            row.finished_at, row.review,
        )
        for row in rows
    ]  # fmt: skip


def _within(paths: Sequence[str] | None) -> ColumnElement[bool]:
    if paths is None:
        return Area.path.is_not(None)
    return or_(false(), *(Area.path.startswith(path, autoescape=True) for path in paths))


def _language(state: str) -> str:
    return str(json.loads(state or "{}").get("language", ""))
