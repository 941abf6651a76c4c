"""Work apart from a chat's turn: profiles and exports, made beside the conversation, then sent.

A job is a row; it is done in the same transaction that queues what it made, so that a crash repeats
the work and never the message (each message has a key of its own).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Literal

from bot.desk import Desk
from bot.outbox import Outgoing
from bot.say import file, send
from bot.texts import escape, speak
from surveys.conduct.retention import expire
from surveys.conduct.settle import Queued, queue_for
from surveys.estimation.profile import VillageProfile
from surveys.export import export_files
from surveys.profiles import latest_wave, village_profiles
from surveys.store.administrators import Addressee, addressee, administrators_of
from surveys.store.database import Database, leave_no_traces
from surveys.store.jobs import DueJob, due_jobs, finish_job, postpone_job

log = logging.getLogger(__name__)

TRIES = 5
PAUSE = 1.0
"""Seconds between two looks at the table of jobs."""
RETENTION_EVERY = timedelta(hours=1)
TIDY_EVERY = timedelta(minutes=1)
"""Within which what was erased has also left the database's log: who declined, who was forgotten.
Their last messages are noted, and erased, only after that was done."""


async def work(
    database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None],
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """Do due jobs one after the other until `stop`; `hand_over` takes what is to be sent."""
    expired = desk.clock() - RETENTION_EVERY
    tidied = desk.clock()
    while not stop.is_set():
        if desk.clock() - expired >= RETENTION_EVERY:
            expired = desk.clock()
            await database.in_thread(expire, database, expired)
        if desk.clock() - tidied >= TIDY_EVERY:
            tidied = desk.clock()
            await database.in_thread(_tidy, database)
        jobs = await database.in_reader(_due, database, desk)
        for job in jobs:
            await _do(job, database, desk, hand_over)
        if not jobs:
            await _sleep(stop)


async def _sleep(stop: asyncio.Event) -> None:
    waiting: Awaitable[bool] = stop.wait()
    try:
        await asyncio.wait_for(waiting, PAUSE)
    except TimeoutError:
        return


def _tidy(database: Database) -> None:
    with database.begin() as session:
        leave_no_traces(session)


def _due(database: Database, desk: Desk) -> list[DueJob]:
    with database.read() as session:
        return due_jobs(session, desk.clock())


async def _do(
    job: DueJob, database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None]
) -> None:
    try:
        make = {"profile": _profile, "export": _export}[job.kind]
        parcels = await database.in_reader(make, job, database, desk)
        hand_over(await database.in_thread(_finish, job, parcels, database, desk))
    except Exception as error:
        # The class alone: the text of an error may carry what someone answered.
        log.error("job %s (%s) failed: %s", job.id, job.kind, type(error).__name__)
        hand_over(await database.in_thread(_postpone, job, type(error).__name__, database, desk))


Parcel = tuple[Addressee, list[Outgoing]]
"""An addressee and the messages for them, in order."""


def _finish(job: DueJob, parcels: Sequence[Parcel], database: Database, desk: Desk) -> list[Queued]:
    queued: list[Queued] = []
    with database.begin() as session:
        for one, messages in parcels:
            queued += queue_for(session, desk.vault, one, messages, desk.clock())
        finish_job(session, job.id, desk.clock())
    return queued


def _postpone(job: DueJob, error: str, database: Database, desk: Desk) -> list[Queued]:
    last = job.tries + 1 >= TRIES
    later = None if last else desk.clock() + timedelta(seconds=2 ** (job.tries + 1))
    asked_by = job.arguments.get("contact_id")
    with database.begin() as session:
        postpone_job(session, job.id, error, later, desk.clock())
        one = addressee(session, int(asked_by)) if last and asked_by is not None else None
        if one is None:
            return []
        say = speak(one.language)
        text = say("That did not work here. Please ask once more later.")
        sorry = send(desk.address(one), text, key=f"job:{job.id}:{one.contact_id}:sorry")
        return queue_for(session, desk.vault, one, [sorry], desk.clock())


def _profile(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    area_id = int(job.arguments["area_id"])
    with database.read() as session:
        wave_id = job.arguments.get("wave_id") or latest_wave(session, area_id)
        asked_by = job.arguments.get("contact_id")
        to = (
            [addressee(session, int(asked_by))]
            if asked_by is not None
            else administrators_of(session, area_id)
        )
    people = [one for one in to if one is not None]
    if not people:
        return []
    found = village_profiles(database, wave_id, [area_id], desk.clock()) if wave_id else {}
    if not found:
        return [(one, [_no_answers(job, one, desk)]) for one in people]
    profile = next(iter(found.values()))
    rendered = {tag: _render(profile, tag) for tag in {one.language for one in people}}
    return [
        (one, _profile_messages(job, one, desk, profile, rendered[one.language])) for one in people
    ]


Rendered = tuple[str, bytes, str]
"""A profile as chat text, picture and page."""


def _render(profile: VillageProfile, language: str) -> Rendered:
    from surveys.reports.charts import card
    from surveys.reports.render import chat_text, page

    tag: Literal["en", "zh"] = "zh" if language == "zh" else "en"
    return chat_text(profile, tag), card(profile, tag), page(profile, tag)


def _profile_messages(
    job: DueJob,
    one: Addressee,
    desk: Desk,
    profile: VillageProfile,
    rendered: Rendered,
) -> list[Outgoing]:
    text, picture, page = rendered
    chat = desk.address(one)
    say = speak(one.language)
    key = f"job:{job.id}:{one.contact_id}"
    why = {
        "target": say("{village} has reached its target. Here is its profile."),
        "closed": say("The survey is closed. Here is the profile of {village}."),
    }.get(str(job.arguments.get("reason")), "")
    head = [send(chat, escape(why.format(village=profile.village)), key=f"{key}:0")] if why else []
    caption = say("The profile of {village}, to open, print or pass on").format(
        village=escape(profile.village)
    )
    return [
        *head,
        send(chat, text, key=f"{key}:1"),
        file(chat, picture, f"{profile.code}.png", picture=True, key=f"{key}:2"),
        file(chat, page.encode(), f"{profile.code}.html", caption, key=f"{key}:3"),
    ]


def _no_answers(job: DueJob, one: Addressee, desk: Desk) -> Outgoing:
    say = speak(one.language)
    return send(
        desk.address(one),
        say("Nobody has finished the survey there yet. /summary shows how it goes."),
        key=f"job:{job.id}:{one.contact_id}:0",
    )


def _export(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    with database.read() as session:
        one = addressee(session, int(job.arguments["contact_id"]))
    if one is None:
        return []
    say = speak(one.language)
    made = export_files(database, int(job.arguments["area_id"]), desk.clock())
    chat = desk.address(one)
    key = f"job:{job.id}:{one.contact_id}"
    caption = say.count("{n} person", "{n} persons", made.submissions)
    if made.villages_withheld:
        caption += "\n" + say.count(
            "{n} village has too few answers and is left out",
            "{n} villages have too few answers and are left out",
            made.villages_withheld,
        )
    return [
        (
            one,
            [
                file(
                    chat, content, name, escape(caption) if not place else "", key=f"{key}:{place}"
                )
                for place, (name, content) in enumerate(made.files.items())
            ],
        )
    ]
