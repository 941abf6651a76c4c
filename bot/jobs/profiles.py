"""The profile of a place, made and packed for those who are to have it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.jobs.deliveries import About, by_day, pack
from bot.jobs.parcels import Parcel
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import Speak, escape, speak
from surveys.conduct.forms import zone_of
from surveys.profiles import latest_wave
from surveys.profiles.news import profile_at
from surveys.store.database import Database
from surveys.store.deliveries import Reason, Standing, standing
from surveys.store.jobs import DueJob
from surveys.store.schedules import Reader, may_read, readers
from surveys.store.schema import Area, Wave

FEW = 12
"""Villages whose profiles come one by one at the wave's end; of more, that of their area alone."""


def profiled(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "profile": for who asked, or ("target", "closed") for those who are to be told.

    What nobody asked for waits for the morning there: `NotYet`.
    """
    area_id = int(job.arguments["area_id"])
    reason: Reason = job.arguments["reason"]
    with database.read() as session:
        wave_id = job.arguments.get("wave_id") or latest_wave(session, area_id)
        area = session.get_one(Area, area_id)
        zone = zone_of(session, area.path)
        inside = standing(session, area.path, wave_id) if wave_id else []
        people = _people(session, job, area, wave_id, inside)
    if not people:
        return []
    if reason != "asked":
        by_day(desk, zone)
    profile = profile_at(database, wave_id, area_id, desk.clock()) if wave_id else None
    if wave_id is None or profile is None:
        return [(one.to, [_no_answers(job, one, desk)]) for one in people]
    about = About(
        wave_id=wave_id,
        area_id=area_id,
        reason=reason,
        occasion=str(job.id if reason == "asked" else wave_id),
        finished=sum(one.finished for one in inside),
    )
    heads = {one: _why(reason, area, inside, speak(one.to.language)) for one in people}
    filed = [one for one in people if area.kind != "village" or area.path in one.holds]
    at_the_end = reason == "closed"
    return list(pack(database, desk, profile, about, heads, filed=filed if at_the_end else ()))


def _people(
    session: Session, job: DueJob, area: Area, wave_id: int | None, inside: Sequence[Standing]
) -> list[Reader]:
    if job.arguments["reason"] == "asked":
        asked = may_read(session, area.id, contact_id=int(job.arguments["contact_id"]))
        return [] if asked is None else [asked]
    if job.arguments["reason"] == "target" or wave_id is None:
        return readers(session, area.id, "target")
    return _at_the_end(session, area, wave_id, inside)


def _at_the_end(
    session: Session, area: Area, wave_id: int, inside: Sequence[Standing]
) -> list[Reader]:
    """Who is sent the profile of a place when its wave is closed.

    That of an area goes to those who hold it (or, as far as the wave goes, more than it), if
    several villages answered; that of a village to those who hold few that answered.
    """
    whole = session.get_one(Area, session.get_one(Wave, wave_id).area_id).path
    answered = [one.path for one in standing(session, whole, wave_id) if one.finished]

    def own(held: str) -> str:
        return held if held.startswith(whole) else whole

    people = readers(session, area.id, "closed")
    if area.kind != "village":
        if sum(one.finished > 0 for one in inside) < 2:
            return []
        return [one for one in people if area.path in map(own, one.holds)]
    return [
        one
        for one in people
        if any(sum(path.startswith(own(held)) for path in answered) <= FEW for held in one.holds)
    ]


def _why(reason: Reason, area: Area, inside: Sequence[Standing], say: Speak) -> str:
    """The sentence before a profile that nobody asked for."""
    if reason == "target":
        text = say("{village} has reached its target. Here is its profile.")
    elif reason != "closed":
        return ""
    elif area.kind == "village":
        text = say("The survey is closed. Here is the profile of {village}.")
    elif sum(one.finished > 0 for one in inside) > FEW:
        text = say(
            "The survey is closed. Here is the profile of {village}, with all its villages."
            " /profile sends that of one village."
        )
    else:
        text = say("The survey is closed. Here is the profile of {village}, with all its villages.")
    return text.format(village=escape(area.name))


def _no_answers(job: DueJob, one: Reader, desk: Desk) -> Outgoing:
    say = speak(one.to.language)
    return send(
        desk.address(one.to),
        say("Nobody has finished the survey there yet. /summary shows how it goes."),
        key=f"job:{job.id}:{one.to.contact_id}:0",
    )
