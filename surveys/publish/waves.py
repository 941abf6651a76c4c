"""Waves: one round of one form in an area and all below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from surveys.publish.areas import find_area, programme
from surveys.publish.forms import publish
from surveys.store.areas import ids_of
from surveys.store.audit import audit
from surveys.store.jobs import add_job
from surveys.store.reviews import REJECTED
from surveys.store.schema import Area, Form, FormVersion, Grant, Interview, Wave
from surveys.store.waves import ACTIVE, open_at, unheard, villages_under_way

GRACE = timedelta(hours=24)
"""So long who has begun may finish after a wave was ordered to end."""


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
    area_id: int | None = None,
    form_id: str | None = None,
    name: str = "",
    by: str = "command line",
) -> int:
    """Open a wave; its id. New interviews begin with the newest version of `form_id`, or, where
    that is None, with the newest of all. Where: `area_id`, else what `area_path` calls, else
    everywhere.

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
    area = _area(session, area_path, area_id) or programme(session, organisation)
    standing = open_at(session, area.id)
    if standing is not None:
        raise WaveAlreadyOpen(
            f"The wave {standing.name} is open in {area.name}: close it first, by"
            " `usegap wave close --grace 0`."
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


def end_wave(
    session: Session,
    now: datetime,
    area_path: str | None = None,
    *,
    area_id: int | None = None,
    grace: timedelta = GRACE,
    by: str = "command line",
) -> datetime:
    """From now on nobody begins in the wave that is open in an area (without one: the programme);
    who has begun may finish for `grace`, until the time given back. Then it is closed.

    A job "close" does that; jobs "ending" tell those in the middle, village by village. Of a wave
    that is ending already the time is set anew. Raises `NoSuchWave`, `UnknownArea`.
    """
    wave, area = _standing(session, area_path, area_id)
    wave.closing_at = until = now + grace
    of = f"{wave.id}:{until:%Y%m%dT%H%M%S.%f}"
    add_job(session, "close", {"wave_id": wave.id, "by": by}, until, key=f"end:{of}")
    for village in villages_under_way(session, wave.id, now - ACTIVE):
        arguments = {"wave_id": wave.id, "area_id": village}
        add_job(session, "ending", arguments, now, key=f"ending:{of}:{village}")
    session.flush()
    audit(session, by, "end wave", f"wave {wave.id}", now, area_id=area.id)
    return until


def keep_open(
    session: Session,
    now: datetime,
    area_path: str | None = None,
    *,
    area_id: int | None = None,
    by: str = "command line",
) -> None:
    """A wave that is ending goes on: people can begin again. Raises `NoSuchWave` where none is
    ending there, `UnknownArea`."""
    wave, area = _standing(session, area_path, area_id)
    if wave.closing_at is None:
        raise NoSuchWave(f"No wave is about to be closed in {area.name}.")
    wave.closing_at = None
    session.flush()
    audit(session, by, "keep wave open", f"wave {wave.id}", now, area_id=area.id)


def close_wave(
    session: Session,
    now: datetime,
    area_path: str | None = None,
    *,
    area_id: int | None = None,
    by: str = "command line",
) -> int:
    """Close the wave that is open in an area (without one: the programme) at once; how many
    profiles are ordered.

    Each village where somebody finished gets a job "profile", and before them the areas above
    villages that administrators hold (docs/schedules.md). Raises `NoSuchWave`, `UnknownArea`.
    """
    return _close(session, *_standing(session, area_path, area_id), now, by)


def close_ended(session: Session, wave_id: int, now: datetime, by: str) -> bool:
    """Close a wave whose time is over; one that was closed, kept open, or has a later time now is
    left as it is. False: something that came in before is still to be handled, so not yet."""
    wave = session.scalar(select(Wave).where(Wave.id == wave_id).with_for_update())
    if wave is None or wave.closed_at or wave.closing_at is None or wave.closing_at > now:
        return True
    if unheard(session, wave.closing_at):
        return False
    _close(session, wave, session.get_one(Area, wave.area_id), now, by)
    return True


def _standing(session: Session, area_path: str | None, area_id: int | None) -> tuple[Wave, Area]:
    area = _area(session, area_path, area_id) or find_area(session, None)
    wave = open_at(session, area.id, lock=True)
    if wave is None:
        raise NoSuchWave(f"No wave is open in {area.name}.")
    return wave, area


def _close(session: Session, wave: Wave, area: Area, now: datetime, by: str) -> int:
    wave.closed_at = now
    # First the areas: their profile says where to look.
    for place in _held_in(session, area):
        arguments = {"area_id": place, "wave_id": wave.id, "reason": "closed"}
        add_job(session, "profile", arguments, now, key=f"close:{wave.id}:{place}")
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
    for village in finished:
        arguments = {"area_id": village, "wave_id": wave.id, "reason": "closed"}
        add_job(session, "profile", arguments, now, key=f"close:{wave.id}:{village}")
    session.flush()
    audit(session, by, "close wave", f"wave {wave.id}", now, area_id=area.id)
    return len(finished)


def _held_in(session: Session, area: Area) -> Sequence[int]:
    """The areas above villages whose profile somebody is sent when a wave in `area` ends: those in
    it that are somebody's, and itself if more than it is."""
    held = select(Grant.area_id)
    more = session.scalar(select(Grant.id).where(Grant.area_id.in_(ids_of(area.path))).limit(1))
    own = Area.id == (area.id if more is not None else None)
    return session.scalars(
        select(Area.id)
        .where(
            Area.kind != "village",
            Area.path.startswith(area.path, autoescape=True),
            or_(Area.id.in_(held), own),
        )
        .order_by(func.length(Area.path), Area.id)
    ).all()


def _area(session: Session, area_path: str | None, area_id: int | None) -> Area | None:
    if area_id is not None:
        return session.get_one(Area, area_id)
    return find_area(session, area_path) if area_path else None


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
