"""What people sent as answers: how much of it there is, and each file, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from surveys.export.plan import Plan, batches
from surveys.export.questions import marked
from surveys.form.model import MEDIA_TYPES
from surveys.store.attachments import Answered, answered_with, content_of
from surveys.store.database import Database
from surveys.store.schema import Area, Attachment, Interview

FOLDER = "media"
"""The files stand in it, as ODK Central has it, named as in the cells."""


@dataclass(frozen=True, slots=True)
class Media:
    """The photos, recordings and files of an export."""

    count: int
    size: int
    """Bytes of all of them together."""
    each: Callable[[], Iterator[tuple[str, bytes]]]
    """Names and contents: one of them is in memory at a time."""


def media(database: Database, plan: Plan, unseal: Callable[[bytes], bytes]) -> Media:
    """What was sent for the questions of a plan, and was kept.

    unseal: what opens a content. What was deleted since the plan was made is left out.
    """
    paths = media_paths(plan)

    def kept(session: Session) -> Iterator[Answered]:
        for ids in batches(plan.ids) if paths else ():
            rows = session.execute(
                select(Interview.id, Interview.submission).where(Interview.id.in_(ids))
            )
            yield from _kept(session, {row.id: row for row in rows}, paths)

    def each() -> Iterator[tuple[str, bytes]]:
        with database.read() as session:
            for one in kept(session):
                found = content_of(session, one.id)
                if found is not None:
                    yield found.name, unseal(found.content) if found.sealed else found.content

    with database.read() as session:
        sizes = [one.size for one in kept(session)]
    return Media(len(sizes), sum(sizes), each)


def any_media(session: Session, area_ids: Collection[int]) -> bool:
    """Whether anybody in these areas finished and sent something that was kept."""
    inside = or_(
        *(
            Area.path.startswith(path, autoescape=True)
            for path in session.scalars(select(Area.path).where(Area.id.in_(area_ids)))
        )
    )
    found = (
        select(Attachment.id)
        .join(Interview, Interview.id == Attachment.interview_id)
        .join(Area, Area.id == Interview.area_id)
        .where(Attachment.state == "fetched", Interview.status == "finished", inside)
    )
    return session.scalar(select(found.exists())) is True


def media_paths(plan: Plan) -> frozenset[str]:
    """The paths of the questions that are answered with a file, "[]" behind each repeat."""
    return frozenset(
        path
        for one in plan.columns
        if one.types & MEDIA_TYPES
        for path in one.asked.paths
    )  # fmt: skip


def present(
    session: Session, rows: Mapping[int, Any], paths: Collection[str]
) -> dict[int, tuple[int, int]]:
    """Of each interview how many files were kept, and how many are in its answers.

    rows: with `submission`, by the interview's id.
    """
    kept = Counter(one.interview_id for one in _kept(session, rows, paths))
    return {
        number: (
            kept[number],
            sum(bool(value) and marked(path) in paths for path, value in row.submission.items()),
        )
        for number, row in rows.items()
    }


def _kept(session: Session, rows: Mapping[int, Any], paths: Collection[str]) -> Iterator[Answered]:
    """What was fetched, and is the answer to one of these questions."""
    for one in answered_with(session, list(rows)):
        # A question that is not relevant any more keeps its answer, but not in the submission.
        answer = rows[one.interview_id].submission.get(one.node)
        if one.state == "fetched" and marked(one.node) in paths and answer == one.name:
            yield one
