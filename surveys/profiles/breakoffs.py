"""Where people stop, and how those who finished answered: as far as it may be shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.form.model import language_of
from surveys.profiles.fieldwork import SILENT
from surveys.store.fieldwork import modes
from surveys.store.forms import versions_of_wave
from surveys.store.submissions import plain


@dataclass(frozen=True, slots=True)
class BreakOff:
    """A question at which people stop."""

    question: str
    """Its text."""
    asked: int
    """Persons, rounded to 5."""
    share: int
    """In per cent of those asked: for whom it was the last question."""


def break_offs(
    session: Session,
    wave_id: int,
    area_ids: Collection[int],
    now: datetime,
    *,
    most: int,
    language: str,
) -> list[BreakOff] | None:
    """The questions with the largest shares, at most so many, in a language ("zh") if the
    form has it; None: too few were asked to say.

    Computed and withheld as by `usegap quality`: nothing of a question that fewer than 10 persons
    or 5 homes were asked; shares are of counts rounded to 5.
    """
    from surveys.estimation.questions import by_question, shown
    from surveys.store.timings import visits

    frame, paths = visits(session, wave_id, area_ids, now - SILENT)
    rows = [row for row in shown(by_question(frame, len(paths)), paths) if not row.withheld]
    if not rows:
        return None
    labels: dict[str, str] = {}
    for version in versions_of_wave(session, wave_id):
        tongue = language_of(version.form, language)
        for question in version.form.questions:
            texts = plain(question.label)
            text = texts.get(tongue) or next(iter(texts.values()), "") or question.name
            labels.setdefault(question.path, text)
    found = [
        BreakOff(labels[row.question], row.asked or 0, row.broken_off_share)
        for row in rows
        if row.broken_off_share
    ]
    return sorted(found, key=lambda one: -one.share)[:most]


def modes_shown(session: Session, area_id: int, wave_id: int) -> dict[str, int]:
    """How those who finished in a village answered, rounded to 5; empty for fewer than 10."""
    from surveys.estimation.disclosure import PERSONS
    from surveys.estimation.suppression import to_five

    counted = modes(session, area_id, wave_id)
    persons = sum(counted.values())
    if persons < PERSONS:
        return {}
    near = {mode: to_five(count, persons) for mode, count in counted.items() if mode}
    return {mode: count for mode, count in near.items() if count}
