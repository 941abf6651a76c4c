"""Where people stop, and how those who finished answered: for who asked how fieldwork goes."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access import ROLES
from bot.desk import Desk
from bot.jobs.parcels import Parcel
from bot.say import send
from bot.texts import Speak, escape, speak
from surveys.profiles.breakoffs import BreakOff, break_offs, modes_shown
from surveys.store.administrators import entitled
from surveys.store.database import Database
from surveys.store.jobs import DueJob

LONGEST = 70
"""Characters of a question."""


def stops(job: DueJob, database: Database, desk: Desk) -> list[Parcel]:
    """A job "stops"."""
    wanted = job.arguments
    with database.read() as session:
        area_ids = [int(area_id) for area_id in wanted["area_ids"]]
        one = entitled(session, int(wanted["contact_id"]), ROLES["summary"], area_ids)
        if one is None or not area_ids:
            return []
        say = speak(one.language)
        found = break_offs(
            session, int(wanted["wave_id"]), area_ids, desk.clock(),
            most=int(wanted["most"]), language=one.language,
        )  # fmt: skip
        alone = len(area_ids) == 1
        modes = modes_shown(session, area_ids[0], int(wanted["wave_id"])) if alone else {}
    text = "\n\n".join([*_modes(modes, say), _where(found, say)])
    return [(one, [send(desk.address(one), text, key=f"job:{job.id}:{one.contact_id}")])]


def _modes(modes: dict[str, int], say: Speak) -> list[str]:
    if not modes:
        return []
    names = {
        "self": say("by themselves"),
        "helped": say("with help"),
        "proxy": say("through someone else"),
        "visited": say("when visited"),
    }
    some = say(", ").join(f"{names.get(mode, escape(mode))} {n}" for mode, n in modes.items())
    return [say("How they answered, to the nearest 5: {modes}").format(modes=some)]


def _where(found: Sequence[BreakOff] | None, say: Speak) -> str:
    if found is None:
        return say("Where people stop cannot be said yet: fewer than 10 persons of 5 homes.")
    if not found:
        return say("No question stands out: at none have more than 2 persons stopped.")
    lines = [f"{one.share}% · {escape(_short(one.question))}" for one in found]
    return "\n".join([f"<b>{say('Where people stop, of those asked')}</b>", *lines])


def _short(question: str) -> str:
    text = " ".join(question.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
