"""Reminders: a friendly word to those who stopped in the middle."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.outbox import Outgoing, Queued
from bot.say import code, send
from bot.texts import Speak, escape, speak
from surveys.conduct.remind import Reminder, remind
from surveys.conduct.settle import queue
from surveys.store.jobs import DueJob


def reminded(session: Session, job: DueJob, desk: Desk) -> list[Queued]:
    """A job "remind": one village's reminders, noted and queued in one transaction."""
    now = desk.clock()
    area_id, by = int(job.arguments["area_id"]), str(job.arguments["by"])
    return [
        queued
        for one in remind(session, area_id, by, now)
        for queued in queue(
            session, desk.vault, [_message(one, desk)], lane=one.lane,
            contact_id=one.contact_id, now=now,
        )
    ]  # fmt: skip


def _message(one: Reminder, desk: Desk) -> Outgoing:
    say = speak(one.language)
    interview = code(one.interview_id)
    return send(
        int(desk.vault.open(one.address)),
        _text(one, say),
        [
            [("▶ " + say("Go on"), f"w:g:{interview}")],
            [("🔕 " + say("Do not remind me"), "o:n")],
        ],
        # A message of this interview: it leaves the chat with it, and is forgotten with it.
        key=f"ask:{one.interview_id}:n{one.time}",
    )


def _text(one: Reminder, say: Speak) -> str:
    greeting = say("Hello! You began the survey of <b>{village}</b> and have not finished it.")
    lines = [greeting.format(village=escape(one.village))]
    if one.number is not None:
        lines.append(say("This is about person {n} on this phone.").format(n=one.number))
    if one.done:
        where = say("{done} of about {total} questions are done. Your answers are kept.")
        lines.append(where.format(done=one.done, total=one.total))
    lines.append(say("Every voice counts, so that the village is seen as it is. Shall we go on?"))
    return "\n".join(lines)
