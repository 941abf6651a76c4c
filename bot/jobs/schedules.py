"""What comes every week: an area's profile, or in a line that there is nothing new; and PDFs."""

from __future__ import annotations

from datetime import datetime

from bot.desk import Desk
from bot.jobs.deliveries import About, by_day, name_of, occasion_of, pack, pdf_of
from bot.jobs.parcels import Delivered, Parcel
from bot.say import file, send
from bot.texts import Speak, escape, speak
from surveys.conduct.forms import zone_of
from surveys.estimation.profile import VillageProfile, from_json
from surveys.profiles import latest_wave
from surveys.profiles.news import profile_at, unchanged
from surveys.store.database import Database
from surveys.store.deliveries import Previous, Standing, last_profile, previous, standing
from surveys.store.jobs import DueJob
from surveys.store.schedules import may_read, weekly_reader
from surveys.store.schema import Area, Wave


def weekly(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "weekly": one administrator's report of one area.

    In full if the profile has changed since what they were sent last, else one line with how many
    have finished; nothing where the wave is over and they have its last profile, or there never
    was one. A job that is late waits for the day, too: `NotYet`.
    """
    now = desk.clock()
    with database.read() as session:
        found = weekly_reader(session, int(job.arguments["schedule_id"]))
        wave_id = None if found is None else latest_wave(session, found[1])
        if found is None or wave_id is None:
            return []
        reader, area_id = found
        area = session.get_one(Area, area_id)
        zone = zone_of(session, area.path)
        over = session.get_one(Wave, wave_id).closed_at is not None
        known = previous(session, reader.administrator_id, area_id, wave_id)
        inside = standing(session, area.path, wave_id)
    by_day(desk, zone)
    about = About(
        wave_id=wave_id,
        area_id=area_id,
        reason="weekly",
        occasion=str(job.arguments["day"]),
        finished=sum(one.finished for one in inside),
    )
    profile = profile_at(database, wave_id, area_id, now) if about.finished else None
    before = None if known is None else known.profile
    say = speak(reader.to.language)
    if profile is not None and not unchanged(before, profile):
        head = say("This week in {area}. /schedule changes what comes, and when.")
        return list(
            pack(database, desk, profile, about, {reader: head.format(area=escape(area.name))})
        )
    if over:
        return []
    text = _nothing_new(area.name, known, inside, say, now.astimezone(zone))
    document = None if profile is None else before
    line = send(desk.address(reader.to), text)
    return [Delivered(occasion_of(about, reader, document), [line], known)]


def _nothing_new(
    area: str, known: Previous | None, inside: list[Standing], say: Speak, now: datetime
) -> str:
    """One line: how many have finished, and how many of them since the last report.

    now: by the clock of the area.
    """
    finished = sum(one.finished for one in inside)
    target = sum(one.target or 0 for one in inside)
    reached = say("{finished} of {target}") if target else say("{finished} so far")
    count = reached.format(finished=finished, target=target)
    if known is None or not finished:
        text = say("{area}: nobody has finished the survey yet.")
        return text.format(area=escape(area))
    day = say.day(known.made_at.astimezone(now.tzinfo), now)
    more = finished - known.finished
    if more <= 0:
        text = say("Nothing new in {area} since {day}: {count} have finished.")
        return text.format(area=escape(area), day=day, count=count)
    text = say(
        "{area}, since {day}: {more} more have finished, {count} in all. The profile's numbers"
        " change once there are enough."
    )
    return text.format(area=escape(area), day=day, more=more, count=count)


def as_pdf(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "pdf": the profile that an administrator was sent last, as PDF."""
    from surveys.profiles.tree import drawing

    area_id, wave_id = int(job.arguments["area_id"]), int(job.arguments["wave_id"])
    with database.read() as session:
        reader = may_read(session, area_id, contact_id=int(job.arguments["contact_id"]))
        if reader is None:
            return []
        document = last_profile(session, reader.administrator_id, area_id, wave_id)
    if document is None:
        return []
    profile: VillageProfile = from_json(document)
    draw = drawing(database, profile, wave_id, area_id, desk.clock())
    content = pdf_of(draw, reader.to.language)
    key = f"job:{job.id}:{reader.to.contact_id}"
    chat = desk.address(reader.to)
    if content is None:
        say = speak(reader.to.language)
        text = say("No PDF can be made here. The page above can be printed as it is.")
        return [(reader.to, [send(chat, text, key=key)])]
    return [(reader.to, [file(chat, content, name_of(profile, "pdf"), key=key)])]
