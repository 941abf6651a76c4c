"""Submissions looked up by their id, and what a review says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.store.audit import audit
from surveys.store.reports import newest
from surveys.store.reviews import (
    FEWEST,
    REJECTED,
    Review,
    Reviewed,
    editions_of,
    look_up,
    set_review,
)


class NoSuchSubmission(LookupError):  # noqa: N818
    """No submission there has this id, or several begin so."""

    def __init__(self, *, several: bool = False, short: bool = False) -> None:
        self.several, self.short = several, short
        why = (
            "Several submissions begin so: give more of the id." if several
            else f"Give the id, or its first {FEWEST} characters or more." if short
            else "No submission has this id."
        )  # fmt: skip
        super().__init__(why)


class NotFinished(Exception):  # noqa: N818
    """Only a finished interview is reviewed."""


class HasLeft(Exception):  # noqa: N818
    """It was rejected and has left the published numbers: it cannot come back in this wave."""


def find(session: Session, wanted: str, paths: Sequence[str] | None = None) -> Reviewed:
    """The interview with this id, or whose id alone begins so, in the areas of these paths (None:
    anywhere). Raises `NoSuchSubmission`."""
    found = look_up(session, wanted, paths)
    if len(found) == 1:
        return found[0]
    start = wanted.strip().lower().removeprefix("uuid:")
    raise NoSuchSubmission(several=len(found) > 1, short=0 < len(start) < FEWEST)


def review(session: Session, one: Reviewed, said: Review, now: datetime, by: str) -> bool:
    """Let the review say this of a submission; False where it said so before. Audited.

    Raises `NotFinished`, and `HasLeft` where it was rejected and has left the numbers since.
    """
    if one.status != "finished":
        raise NotFinished("This interview is not finished: there is nothing to review yet.")
    if one.review == said:
        return False
    if one.review == REJECTED and has_left(session, one):
        raise HasLeft(
            "This submission was rejected and has left the published numbers: it cannot come back"
            " in this wave."
        )
    set_review(session, one.interview_id, said)
    audit(session, by, "review", f"{one.key}: {said}", now, area_id=one.area_id)
    return True


def has_left(session: Session, one: Reviewed) -> bool:
    """Whether an earlier edition held a submission, and the newest does not."""
    now = newest(session, one.wave_id, [one.area_id]).get(one.area_id)
    if now is None or one.key in now.members:
        return False
    return any(one.key in members for members in editions_of(session, one.wave_id, one.area_id))
