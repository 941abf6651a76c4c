"""Waves: one round of one form in an area and all below it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.publish.areas import find_area, programme
from surveys.publish.forms import publish
from surveys.store.audit import audit
from surveys.store.jobs import add_job
from surveys.store.reviews import REJECTED
from surveys.store.schema import Form, FormVersion, Interview, Wave


class NothingPublished(LookupError):  # noqa: N818
    """There is no form version to open a wave with."""


class WaveAlreadyOpen(Exception):  # noqa: N818
    """A wave is open in this very area."""


class NoSuchWave(LookupError):  # noqa: N818
    """No wave is open there."""


def open_wave(
    session: Session,
    *,
    organisation: str,
    contact: str,
    retention_months: int,
    now: datetime,
    area_path: str | None = None,
    form_id: str | None = None,
    name: str = "",
    by: str = "command line",
) -> int:
    """Open a wave; its id. New interviews begin with the newest version of `form_id`, or, where
    that is None, with the newest of all.

    Without a `name` the wave is named by its month. Raises `NothingPublished`, `UnknownArea`,
    `WaveAlreadyOpen`, and `ValueError` where organisation or contact are empty: residents read
    them before they agree.
    """
    if not organisation.strip() or not contact.strip():
        raise ValueError(
            "A wave needs who asks and whom residents can ask:"
            " set USEGAP_ORGANISATION and USEGAP_CONTACT."
        )
    version_id = newest_version(session, form_id)
    area = find_area(session, area_path) if area_path else programme(session, organisation)
    there = select(Wave.name).where(Wave.area_id == area.id, Wave.closed_at.is_(None)).limit(1)
    standing = session.scalar(there)
    if standing is not None:
        raise WaveAlreadyOpen(
            f"The wave {standing} is open in {area.name}: close it first, by `usegap wave close`."
        )
    wave = Wave(
        name=name or f"{now:%Y-%m}",
        area_id=area.id,
        form_version_id=version_id,
        organisation=organisation.strip(),
        contact=contact.strip(),
        retention_months=retention_months,
        opened_at=now,
    )
    session.add(wave)
    session.flush()
    audit(session, by, "open wave", f"wave {wave.id}", now, area_id=area.id)
    return wave.id


def close_wave(
    session: Session, now: datetime, area_path: str | None = None, *, by: str = "command line"
) -> int:
    """Close the wave that is open in an area (None: the programme); how many profiles are ordered.

    Each village where somebody finished gets a job "profile". Raises `NoSuchWave`, `UnknownArea`.
    """
    area = find_area(session, area_path)
    wave = session.scalar(
        select(Wave)
        .where(Wave.area_id == area.id, Wave.closed_at.is_(None))
        .order_by(Wave.opened_at.desc(), Wave.id.desc())
        .limit(1)
        .with_for_update()
    )
    if wave is None:
        raise NoSuchWave(f"No wave is open in {area.name}.")
    wave.closed_at = now
    finished = session.scalars(
        select(Interview.area_id)
        .where(
            Interview.wave_id == wave.id,
            Interview.status == "finished",
            Interview.review != REJECTED,
        )
        .distinct()
        .order_by(Interview.area_id)
    ).all()
    for area_id in finished:
        arguments = {"area_id": area_id, "wave_id": wave.id, "reason": "closed"}
        add_job(session, "profile", arguments, now, key=f"close:{wave.id}:{area_id}")
    session.flush()
    audit(session, by, "close wave", f"wave {wave.id}", now, area_id=area.id)
    return len(finished)


def ensure_ready(
    session: Session,
    *,
    organisation: str,
    contact: str,
    retention_months: int,
    now: datetime,
    time_zone: str = "",
    by: str = "command line",
) -> int | None:
    """Where nothing is published, publish the shipped instrument; where no wave ever was, open one.

    Gives the wave opened, or None where there was one before (a closed one stays closed). The
    villages flagged as reference are what every profile is compared with. Errors as `open_wave`.
    """
    if session.scalar(select(FormVersion.id).limit(1)) is None:
        from surveys.form.xlsform import convert
        from surveys.instruments import shipped

        publish(session, convert(shipped(), "village_digital.md"), by, now)
    programme(session, organisation, time_zone)
    if session.scalar(select(Wave.id).limit(1)) is not None:
        return None
    return open_wave(
        session,
        organisation=organisation,
        contact=contact,
        retention_months=retention_months,
        now=now,
        by=by,
    )


def newest_version(session: Session, form_id: str | None = None) -> int:
    """The id of the version published last, of one form or of all. Raises `NothingPublished`."""
    query = select(FormVersion.id).order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    if form_id is not None:
        query = query.join(Form, Form.id == FormVersion.form_id).where(Form.form_id == form_id)
    found = session.scalar(query.limit(1))
    if found is None:
        which = f"No version of {form_id} is" if form_id else "No form is"
        raise NothingPublished(f"{which} published: run `usegap form publish FILE` first.")
    return found
