"""The form versions of a wave, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator, from_json
from surveys.form.list_files import ENDINGS
from surveys.form.model import Form
from surveys.form.xform import load
from surveys.store.attachments import media_of
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
    answered = (
        select(Interview.id)
        .where(Interview.wave_id == wave_id, Interview.form_version_id == FormVersion.id)
        .exists()
    )
    current = select(Wave.form_version_id).where(Wave.id == wave_id)
    rows = session.execute(
        select(FormVersion.id, FormVersion.xform, FormVersion.indicators)
        .where(or_(answered, FormVersion.id == current.scalar_subquery()))
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    )
    return [
        Version(
            row.id, row.xform, compiled(row.xform, lists_of(session, row.id, row.xform)),
            from_json(row.indicators),
        )
        for row in rows
    ]  # fmt: skip


Lists = tuple[tuple[str, bytes], ...]


def lists_of(session: Session, form_version_id: int, xform: str) -> Lists:
    """The lists that come with a form version, by the names of their files."""
    if "jr://file" not in xform:
        return ()
    return tuple(sorted(media_of(session, form_version_id, endings=ENDINGS).items()))


@lru_cache(maxsize=16)
def compiled(xform: str, lists: Lists = ()) -> Form:
    """A form version, compiled: a published one never changes. Without its lists they are empty."""
    return load(xform, files=dict(lists) or None)
