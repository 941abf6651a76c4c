"""What somebody is told, and which menu they have, when their rights have changed."""

from __future__ import annotations

from bot.access import menu_of, role_name
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import escape, speak
from surveys.store.administrators import Addressee, rights_of
from surveys.store.database import Database
from surveys.store.jobs import DueJob
from surveys.store.team import reachable


def farewell(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "farewell": someone else took a role from them."""
    one, menus = _menu(job, database, desk)
    if one is None:
        return []
    say = speak(one.language)
    text = say("You are no longer {role} of <b>{area}</b>. Thank you for your work.").format(
        role=role_name(str(job.arguments["role"]), say), area=escape(str(job.arguments["area"]))
    )
    said = send(desk.address(one), text, key=f"job:{job.id}:{one.contact_id}")
    return [(one, [said, *menus])]


def menu_changed(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "menu": the commands in someone's menu, after their rights changed."""
    one, menus = _menu(job, database, desk)
    return [] if one is None else [(one, menus)]


def _menu(job: DueJob, database: Database, desk: Desk) -> tuple[Addressee | None, list[Outgoing]]:
    with database.read() as session:
        one = reachable(session, int(job.arguments["contact_id"]))
        if one is None:
            return None, []
        roles = {right.role for right in rights_of(session, one.lane)}
    chat = desk.address(one)
    found = menu_of(roles, chat, speak(one.language))
    if not found:
        found = [Outgoing("deleteMyCommands", {"scope": {"type": "chat", "chat_id": chat}}, chat)]
    return one, found
