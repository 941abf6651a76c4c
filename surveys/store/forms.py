"""The form versions of a wave, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator, from_json
from surveys.form.model import Form
from surveys.form.xform import load
from surveys.store.schema import FormVersion, Interview, Wave


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a form."""

    id: int
    xform: str
    form: Form
    indicators: tuple[Indicator, ...]


def versions_of_wave(session: Session, wave_id: int) -> list[Version]:
    """Every version that was answered in a wave, and its current one, the newest first."""
    answered = select(Interview.form_version_id).where(Interview.wave_id == wave_id)
    current = select(Wave.form_version_id).where(Wave.id == wave_id)
    rows = session.execute(
        select(FormVersion.id, FormVersion.xform, FormVersion.indicators)
        .where(FormVersion.id.in_(answered.union(current)))
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    )
    return [
        Version(row.id, row.xform, compiled(row.xform), from_json(row.indicators)) for row in rows
    ]


@lru_cache(maxsize=16)
def compiled(xform: str) -> Form:
    """A form version, compiled: a published one never changes."""
    return load(xform)
