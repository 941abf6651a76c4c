"""Work apart from a chat's turn: profiles and exports, made beside the conversation, then sent.

A job is a row; it is done in the same transaction that queues what it made, so that a crash repeats
the work and never the message (each message has a key of its own).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.desk import Desk
from bot.jobs.apart import Apart, Failed, Stopped
from bot.jobs.attachments import fetch_steadily, pause
from bot.jobs.deliveries import deliver
from bot.jobs.exports import exported
from bot.jobs.files import file_came
from bot.jobs.finding import found
from bot.jobs.parcels import Ask, Delivered, Do, Make, NotYet, Parcel
from bot.jobs.posters import postered
from bot.jobs.profiles import profiled
from bot.jobs.reminders import reminded
from bot.jobs.schedules import as_pdf, weekly
from bot.jobs.stops import stops
from bot.jobs.team import farewell, menu_changed
from bot.jobs.templates import example, templates
from bot.jobs.waves import closed, compared, ending
from bot.say import send
from bot.texts import speak
from surveys.conduct.attachments import FETCH, SCAN
from surveys.conduct.retention import steps
from surveys.conduct.schedules import order_weekly
from surveys.conduct.settle import Queued, queue_for
from surveys.store.administrators import addressee
from surveys.store.database import Database, leave_no_traces
from surveys.store.jobs import DueJob, due_jobs, finish_job, postpone_job, put_off, take_job
from surveys.store.replicas import forget_turns
from surveys.store.schedules import any_due

log = logging.getLogger(__name__)

TRIES = 5
PAUSE = 1.0
"""Seconds between two looks at the table of jobs."""
RETENTION_EVERY = timedelta(hours=1)
TIDY_EVERY = timedelta(minutes=1)
"""Within which what was erased has also left the database's log: who declined, who was forgotten.
Their last messages are noted, and erased, only after that was done."""

MAKERS: Mapping[str, Make] = {
    "profile": profiled,
    "weekly": weekly,
    "pdf": as_pdf,
    "export": exported,
    "stops": stops,
    "poster": postered,
    "find": found,
    "compare": compared,
    "farewell": farewell,
    "menu": menu_changed,
    "templates": templates,
    "example": example,
}
"""What makes the messages of a job, by its kind."""
LIGHT = ("find", "farewell", "menu")
"""Of these, what is made at once; all else is heavy, and made apart."""
ASKERS: Mapping[str, Ask] = {"file": file_came}
"""What makes the messages of a job that has to ask Telegram first, by its kind."""
DOERS: Mapping[str, Do] = {"remind": reminded, "ending": ending, "close": closed}
"""What does a job as a whole within the transaction that marks it done, by its kind."""
HEAVY = frozenset({*MAKERS, *ASKERS}.difference(LIGHT))


class Deadly(Exception):  # noqa: N818
    """A job over which the program has died several times."""


async def work(
    database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None],
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """Do due jobs one after the other until `stop`; `hand_over` takes what is to be sent.

    Heavy ones are done beside the others, in a process of their own (`Apart`), and so is what
    people send fetched: whoever waits for a barcode waits for no export.
    """
    apart = Apart(database, desk, stop)
    working = [
        asyncio.ensure_future(one)
        for one in (
            _one_by_one(database, desk, hand_over, stop, apart),
            _heavy(database, desk, hand_over, stop, apart),
            _erase(database, desk, stop),
        )
    ]
    fetching = asyncio.ensure_future(fetch_steadily(database, desk, hand_over, stop))
    try:
        await asyncio.wait((*working, fetching), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            # They end between two jobs; what is in the middle of a file is begun anew.
            await asyncio.wait(working)
    finally:
        for task in (*working, fetching):
            task.cancel()
        ended = await asyncio.gather(*working, fetching, return_exceptions=True)
        await apart.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _heavy(
    database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None],
    stop: asyncio.Event, apart: Apart,
) -> None:  # fmt: skip
    while not stop.is_set():
        jobs = await database.in_reader(_due, database, desk, only=HEAVY)
        for job in jobs:
            await _do(job, database, desk, hand_over, apart)
        if not jobs:
            await pause(stop, PAUSE)


async def _one_by_one(
    database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None],
    stop: asyncio.Event, apart: Apart,
) -> None:  # fmt: skip
    tidied = desk.clock()
    while not stop.is_set():
        if desk.clock() - tidied >= TIDY_EVERY:
            tidied = desk.clock()
            await database.in_thread(_tidy, database)
        if await database.in_reader(_week_is_over, database, desk):
            await database.in_thread(_order_weekly, database, desk)
        jobs = await database.in_reader(_due, database, desk, without=(*HEAVY, FETCH, SCAN))
        for job in jobs:
            await _do(job, database, desk, hand_over, apart)
        if not jobs:
            await pause(stop, PAUSE)


async def _erase(database: Database, desk: Desk, stop: asyncio.Event) -> None:
    """Every hour what has been kept for long enough, a short transaction at a time: answers, and
    the other jobs, go on in between, however much it is."""
    erased = desk.clock() - RETENTION_EVERY
    while not stop.is_set():
        # A clock that was set back counts, too: it must not stop this for a year.
        if abs(desk.clock() - erased) >= RETENTION_EVERY:
            erased = desk.clock()
            run = steps(database, erased, desk.settings.free_text_days)
            while not stop.is_set() and await database.in_thread(next, run, None) is not None:
                pass
        await pause(stop, PAUSE)


def _tidy(database: Database) -> None:
    with database.begin() as session:
        forget_turns(session)
        leave_no_traces(session)


def _due(
    database: Database, desk: Desk, *, only: Collection[str] = (),
    without: Collection[str] = (FETCH, SCAN),
) -> list[DueJob]:  # fmt: skip
    with database.read() as session:
        return due_jobs(session, desk.clock(), only=only, without=without)


def _week_is_over(database: Database, desk: Desk) -> bool:
    with database.read() as session:
        return any_due(session, desk.clock())


def _order_weekly(database: Database, desk: Desk) -> None:
    with database.begin() as session:
        order_weekly(session, desk.clock())


async def _do(
    job: DueJob, database: Database, desk: Desk, hand_over: Callable[[Sequence[Queued]], None],
    apart: Apart,
) -> None:  # fmt: skip
    taken = await database.in_thread(_take, job, database)
    if taken is None:
        return
    job = taken
    try:
        if job.tries >= TRIES:
            # Whoever took it on died over it, again and again.
            raise Deadly
        if job.kind in DOERS:
            hand_over(await database.in_thread(_carry_out, job, database, desk))
            return
        if job.kind in ASKERS:
            parcels = await ASKERS[job.kind](job, database, desk, apart.run)
        elif job.kind in HEAVY:
            parcels = await apart.run(MAKERS[job.kind], job)
        else:
            parcels = await database.in_reader(MAKERS[job.kind], job, database, desk)
        hand_over(await database.in_thread(_finish, job, parcels, database, desk))
    except NotYet as night:
        await database.in_thread(_put_off, job, night.until, database)
    except Stopped:
        # It is left for the next start, or for another replica, and no try is counted.
        return
    except Exception as error:
        # The class alone: the text of an error may carry what someone answered.
        name = error.name if isinstance(error, Failed) else type(error).__name__
        desk.metrics.errors.labels("job").inc()
        log.error("job %s (%s) failed: %s", job.id, job.kind, name)
        hand_over(await database.in_thread(_postpone, job, name, database, desk))


def _take(job: DueJob, database: Database) -> DueJob | None:
    with database.begin() as session:
        return take_job(session, job)


def _carry_out(job: DueJob, database: Database, desk: Desk) -> list[Queued]:
    with database.begin() as session:
        # First of all: it locks the row, so that another replica finds the job done.
        if not finish_job(session, job.id, desk.clock()):
            return []
        return DOERS[job.kind](session, job, desk)


def _finish(job: DueJob, parcels: Sequence[Parcel], database: Database, desk: Desk) -> list[Queued]:
    queued: list[Queued] = []
    with database.begin() as session:
        # First of all: it locks the row, so that another replica finds the job done.
        if not finish_job(session, job.id, desk.clock()):
            return []
        for one in parcels:
            if isinstance(one, Delivered):
                queued += deliver(session, desk, one)
            else:
                queued += queue_for(session, desk.vault, *one, desk.clock())
    return queued


def _put_off(job: DueJob, until: datetime, database: Database) -> None:
    with database.begin() as session:
        put_off(session, job.id, until)


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
