"""One answer: load the interview and its form version, step, save with a version check, log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.form.model import Form
from surveys.interview.state import Effect, Event, Interview


@dataclass(frozen=True, slots=True)
class Turn:
    """What one event did to one interview."""

    interview_id: int
    contact_id: int | None
    area_id: int
    wave_id: int
    form: Form
    interview: Interview
    effects: tuple[Effect, ...]
    kept: bool
    """False: the form's role `exclude` ended it (too young): everything of the person is deleted."""


def advance(
    session: Session,
    interview_id: int,
    event: Event | Callable[[Form, Interview], Event],
    now: datetime,
    update_id: int | None,
) -> Turn:
    """Step one interview (`now` in UTC; it is turned into the village's zone).

    Writes the state (version-checked: `Conflict`), the log, the mode; at the end the submission,
    and, when the village has reached its target, a job "profile" (key "target:<wave>:<area>").
    Raises `Gone` where the interview does not exist; a closed wave raises `WaveClosed`.
    """
    raise NotImplementedError


def form_of(session: Session, form_version_id: int) -> Form:
    """The compiled form of a version: loaded once, kept (versions never change)."""
    raise NotImplementedError
