"""What people sent as answers: fetched from Telegram and kept; barcodes in it read.

The answer was taken already, and its row waits. A file that cannot be had now is tried again, for
days where the network is to blame; in the end its person is told, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from telegram.error import BadRequest, NetworkError, RetryAfter

from bot import barcodes
from bot.desk import Desk
from bot.inbox import Incoming
from bot.lanes import where
from bot.outbox import Queued
from bot.request import FileTooLarge, seconds_of
from bot.say import send
from bot.texts import escape, speak
from surveys.conduct.attachments import FETCH, SCAN, keeps_place
from surveys.conduct.forms import form_of, label_of, of_node
from surveys.conduct.people import reach
from surveys.conduct.pictures import Unreadable, without_notes
from surveys.conduct.settle import queue
from surveys.form.model import Form, Question
from surveys.interview.state import Scanned
from surveys.store.attachments import (
    Waiting,
    drop_attachment,
    keep_fetched,
    note_failed,
    waiting_one,
)  # fmt: skip
from surveys.store.database import Database
from surveys.store.jobs import DueJob, due_jobs, finish_job, postpone_job, take_job
from surveys.store.messages import put

log = logging.getLogger(__name__)

LARGEST = 20 * 1024 * 1024
"""Bytes of a file that Telegram gives to bots."""
AT_ONCE = 6
"""Files fetched at the same moment."""
PAUSE = 1.0
"""Seconds between two looks at the table of jobs."""
LONGEST_PAUSE = timedelta(hours=1)
"""Between two tries."""
TRIES = 10
"""After so many Telegram's word that there is no such file is believed: it may say so of one that
it has only mislaid. That is half an hour."""
PATIENCE = timedelta(days=7)
"""So long after it was sent a file is asked for again while Telegram cannot be reached."""
TRIES_TO_SCAN = 4
"""Somebody waits: the photo of a barcode is given up sooner."""

HandOver = Callable[[Sequence[Queued]], None]


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop`."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def fetch_steadily(
    database: Database, desk: Desk, hand_over: HandOver, stop: asyncio.Event
) -> None:
    """Do the jobs "fetch" and "scan" that are due, some at a time, until `stop`."""
    while not stop.is_set():
        try:
            jobs = await database.in_reader(_due, database, desk.clock())
        except SQLAlchemyError as error:
            log.warning("what people sent is fetched later: %s", where(error))
            jobs = []
        await asyncio.gather(*(_do(job, database, desk, hand_over) for job in jobs))
        if not jobs:
            await pause(stop, PAUSE)


def _due(database: Database, now: datetime) -> list[DueJob]:
    with database.read() as session:
        return due_jobs(session, now, AT_ONCE, only=(FETCH, SCAN))


async def _do(job: DueJob, database: Database, desk: Desk, hand_over: HandOver) -> None:
    try:
        taken = await database.in_thread(_take, database, job)
        if taken is None:
            return
        job = taken
        waiting = await database.in_reader(_waiting, database, job)
        if waiting is None:
            # Corrected, forgotten, or done by another replica.
            await database.in_thread(_finish, database, job, desk.clock())
            return
        work = _fetch if job.kind == FETCH else _scan
        hand_over(await work(job, waiting, database, desk))
    except Exception as error:
        # Whatever it is: the row and the job stay, and it is tried again.
        level = logging.INFO if isinstance(error, NetworkError) else logging.ERROR
        log.log(level, "job %s (%s) failed: %s", job.id, job.kind, type(error).__name__)
        later = partial(_postpone, database, job, type(error).__name__, desk.clock())
        try:
            await database.in_thread(later)
        except SQLAlchemyError as also:
            log.warning("what people sent is fetched later: %s", where(also))
            await asyncio.sleep(PAUSE)


def _take(database: Database, job: DueJob) -> DueJob | None:
    with database.begin() as session:
        return take_job(session, job)


def _waiting(database: Database, job: DueJob) -> Waiting | None:
    with database.read() as session:
        return waiting_one(session, int(job.arguments["attachment_id"]))


def _finish(database: Database, job: DueJob, now: datetime) -> None:
    with database.begin() as session:
        finish_job(session, job.id, now)


def _postpone(
    database: Database, job: DueJob, error: str, now: datetime, seconds: float | None = None
) -> None:
    wait = timedelta(seconds=2 ** min(job.tries + 1, 20) if seconds is None else seconds)
    with database.begin() as session:
        postpone_job(session, job.id, error, now + min(wait, LONGEST_PAUSE), now)


def _over(error: Exception, job: DueJob, waiting: Waiting, now: datetime) -> bool:
    """Whether there is no hope left for a file."""
    if isinstance(error, FileTooLarge | Unreadable):
        return True
    tries = job.tries + 1
    if job.kind == SCAN:
        return tries >= TRIES_TO_SCAN
    # Of the library's errors BadRequest is a NetworkError, too.
    if isinstance(error, NetworkError) and not isinstance(error, BadRequest):
        return now - waiting.taken_at > PATIENCE and tries >= TRIES
    return tries >= TRIES


# Kept -----------------------------------------------------------------------------------------


async def _fetch(job: DueJob, waiting: Waiting, database: Database, desk: Desk) -> list[Queued]:
    try:
        file_id = desk.vault.open(waiting.file_id).decode()
        content = await desk.fetch(file_id, LARGEST)
        sealed, size = await database.in_reader(_prepared, database, waiting, content, desk)
    except RetryAfter as flood:
        await database.in_thread(
            _postpone, database, job, "RetryAfter", desk.clock(), seconds_of(flood)
        )
        return []
    except SQLAlchemyError:
        raise
    except Exception as error:
        if not _over(error, job, waiting, desk.clock()):
            raise
        log.warning("what someone sent is given up: %s", type(error).__name__)
        return await database.in_thread(_give_up, job, waiting, database, desk)
    await database.in_thread(_keep, job, waiting, sealed, size, database, desk)
    return []


def _prepared(
    database: Database, waiting: Waiting, content: bytes, desk: Desk
) -> tuple[bytes, int]:
    """What is kept of a file: sealed; of a picture without what the camera noted in it."""
    with database.read() as session:
        form = form_of(session, waiting.form_version_id)
    if waiting.media_type.startswith("image/") and not keeps_place(form, waiting.node):
        try:
            content = without_notes(content)
        except Unreadable:
            # As an answer to "any file" it is kept as it came.
            if _is_picture(form, waiting.node):
                raise
    if not content:
        raise Unreadable("an empty file")
    return desk.vault.seal(content), len(content)


def _is_picture(form: Form, node: str) -> bool:
    question = form.nodes.get(of_node(node))
    return isinstance(question, Question) and question.type == "image"


def _keep(  # noqa: PLR0917
    job: DueJob, waiting: Waiting, sealed: bytes, size: int, database: Database, desk: Desk
) -> None:
    with database.begin() as session:
        # First of all: it locks the row, so that another replica finds the job done.
        if finish_job(session, job.id, desk.clock()):
            keep_fetched(session, waiting.id, sealed, size)


def _give_up(job: DueJob, waiting: Waiting, database: Database, desk: Desk) -> list[Queued]:
    now = desk.clock()
    with database.begin() as session:
        if not finish_job(session, job.id, now) or not note_failed(session, waiting.id):
            return []
        if waiting.lane is None or waiting.address is None:
            return []
        say = speak(waiting.language or "")
        form = form_of(session, waiting.form_version_id)
        text = say(
            "What you sent for this question could not be kept:\n<b>{question}</b>\nAll other"
            " answers are here. If the survey is still open, go back and send it once more."
        ).format(question=escape(label_of(form, waiting.node, waiting.language or "")[:300]))
        # A message of this interview: it leaves the chat with it, and is forgotten with it.
        key = f"ask:{waiting.interview_id}:lost{waiting.id}"
        lost = send(int(desk.vault.open(waiting.address)), text, key=key)
        return queue(
            session, desk.vault, [lost], lane=waiting.lane, contact_id=waiting.contact_id, now=now
        )


# Read -----------------------------------------------------------------------------------------


async def _scan(job: DueJob, waiting: Waiting, database: Database, desk: Desk) -> list[Queued]:
    try:
        file_id = desk.vault.open(waiting.file_id).decode()
        content = await desk.fetch(file_id, LARGEST)
        text = await database.in_reader(barcodes.read, content)
    except Exception as error:
        if not _over(error, job, waiting, desk.clock()):
            raise
        log.warning("a photo of a barcode is given up: %s", type(error).__name__)
        text = ""
    return await database.in_thread(_go_on, job, waiting, text, database, desk)


def _go_on(
    job: DueJob, waiting: Waiting, text: str, database: Database, desk: Desk
) -> list[Queued]:
    """The interview goes on with what was read; nothing is kept of the picture."""
    now = desk.clock()
    with database.begin() as session:
        if not finish_job(session, job.id, now) or not drop_attachment(session, waiting.id):
            return []
        person = reach(session, waiting.lane or "")
        if person is None or waiting.address is None:
            return []
        if person.current_interview_id != waiting.interview_id:
            # Somebody else answers on this phone by now: the question waits for its person.
            return []
        incoming = Incoming(
            update_id=int(job.arguments["update_id"] or 0),
            kind="other",
            lane=waiting.lane or "",
            chat_id=int(desk.vault.open(waiting.address)),
            language=waiting.language or "",
            what="photo",
        )
        event = Scanned(int(job.arguments["seq"]), text)
        said = desk.go_on(session, waiting.interview_id, event, incoming, desk)
        return put(session, desk.vault, said, waiting.lane or "", now)
