"""A wave's end: those in the middle are told, it is closed when its time is over; and what has
changed between the last two, for who asked by /wave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import NotYet, Parcel
from bot.outbox import Outgoing, Queued
from bot.say import code, send
from bot.texts import Speak, escape, speak
from surveys.conduct.ending import Told, tell, tell_later
from surveys.conduct.settle import queue
from surveys.estimation.profile import VillageProfile
from surveys.profiles import latest_wave, village_profiles
from surveys.publish.waves import close_ended
from surveys.reports.changes import change_sentence
from surveys.reports.wording import known, sign, words
from surveys.store.administrators import addressee, rights_of, villages_below
from surveys.store.database import Database
from surveys.store.jobs import DueJob

MOST = 12
"""Villages of which it is said one by one."""
SOON = timedelta(seconds=5)
"""After which it is looked again whether all that came in before the end is handled."""


def closed(session: Session, job: DueJob, desk: Desk) -> list[Queued]:
    """A job "close": the wave's time is over. What came in before is handled first: `NotYet`."""
    now = desk.clock()
    if not close_ended(session, int(job.arguments["wave_id"]), now, str(job.arguments["by"])):
        raise NotYet(now + SOON)
    return []


def ending(session: Session, job: DueJob, desk: Desk) -> list[Queued]:
    """A job "ending": one village's people in the middle are told until when they can finish; in
    the morning, if it is night there: `NotYet`."""
    now = desk.clock()
    wave_id, area_id = int(job.arguments["wave_id"]), int(job.arguments["area_id"])
    due = tell_later(session, wave_id, area_id, now)
    if due is None:
        return []
    if due > now:
        raise NotYet(due)
    return [
        queued
        for told in tell(session, wave_id, area_id, now)
        for queued in queue(
            session, desk.vault, [_ends(told, now, desk)], lane=told.one.lane,
            contact_id=told.one.contact_id, now=now,
        )
    ]  # fmt: skip


def _ends(told: Told, now: datetime, desk: Desk) -> Outgoing:
    one, say = told.one, speak(told.one.language)
    until = say.moment(told.until.astimezone(told.zone), now.astimezone(told.zone))
    lines = [
        say("The survey of <b>{village}</b> ends {moment}. Until then you can finish.").format(
            village=escape(one.village), moment=until
        )
    ]
    if one.persons > 1:
        lines.append(say("This is about person {n} on this phone.").format(n=one.number))
    interview = code(one.interview_id)
    return send(
        int(desk.vault.open(one.address)),
        "\n".join(lines),
        [
            [("▶ " + say("Go on"), f"w:g:{interview}")],
            [("🔕 " + say("Do not remind me"), "o:n")],
        ],
        # A message of this interview: it leaves the chat with it, and is forgotten with it.
        key=f"ask:{one.interview_id}:e{told.until:%m%d%H%M%S}",
    )


def compared(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "compare": of the villages of an area, by what their profiles show."""
    area_id = int(job.arguments["area_id"])
    with database.read() as session:
        one = addressee(session, int(job.arguments["contact_id"]))
        rights = [] if one is None else [
            right for right in rights_of(session, one.lane)
            if right.area_id == area_id and right.role in ROLES["profile"]
        ]  # fmt: skip
        if one is None or not rights:
            return []
        villages = [village.area_id for village in villages_below(session, rights)]
        wave_id = latest_wave(session, area_id)
    found = village_profiles(database, wave_id, villages, desk.clock()) if wave_id else {}
    text = _text(rights[0].area, list(found.values()), speak(one.language))
    key = f"job:{job.id}:{one.contact_id}:0"
    return [(one, [send(desk.address(one), text, key=key)])]


def _text(area: str, profiles: Sequence[VillageProfile], say: Speak) -> str:
    told = [one for one in profiles if one.change is not None and known(one.change.use) is not None]
    head = f"<b>{escape(area)}</b>"
    if not told:
        lines = (
            head,
            say("Nothing can be said of a change yet."),
            say(
                "That needs two waves, and in both enough answers of the same village to show."
                " /profile shows what there is."
            ),
        )
        return "\n".join(lines)
    signs = [sign(one.change.use) for one in told if one.change is not None]
    lines = (
        head,
        say.count(
            "The change can be told of {n} village.", "The change can be told of {n} villages.",
            len(told),
        ),
        say("Use of the internet, of all adults: clearly up in {up}, clearly down in {down},"
            " no clear change in {same}.").format(
            up=signs.count(1), down=signs.count(-1), same=signs.count(0)
        ),
    )  # fmt: skip
    wording = words("zh" if say.language == "zh" else "en")
    each = [f"<b>{escape(one.village)}</b>: {escape(change_sentence(one, wording))}"
            for one in told[:MOST]]  # fmt: skip
    last = [say("/profile tells the whole of a village.")]
    return "\n\n".join(("\n".join(lines), *each, *last))
