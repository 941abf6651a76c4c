"""/export: the answers as files."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import Malformed, allowed, parts, taps, voice
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send
from bot.texts import Speak
from surveys.export import Filters, Format, Wanted, any_media
from surveys.store.audit import audit
from surveys.store.jobs import add_job

PASSED_ON, OWN, PICTURES = "r", "o", "m"
"""For whom the files are: to be passed on, for the team's own analysis, the same with photos."""
ALL = "all"
CHAT: tuple[Format, ...] = ("csv", "xlsx", "sav", "dta")
"""What can be had in a chat; Parquet is for whoever has a command line, too."""


@only_for("export")
def export(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/export: for which program?"""
    _, say = voice(session, incoming, desk)
    return [send(incoming.chat_id, _which(say), _programs(say))]


@only_for("export")
@taps
def export_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /export: "x:<format>:" asks for whom it is, "x:<format>:<for whom>" orders."""
    _, say = voice(session, incoming, desk)
    wanted, whom = parts(incoming, 2)
    formats = CHAT if wanted == ALL else tuple(one for one in CHAT if one == wanted)
    if not formats or whom not in ("", PASSED_ON, OWN, PICTURES):
        raise Malformed
    mine = allowed(session, incoming, "export")
    if not whom:
        pictures = any_media(session, [one.area_id for one in mine])
        return instead(incoming, _for_whom(say), _whom(wanted, say, pictures=pictures))
    now = desk.clock()
    arguments = {
        "contact_id": mine[0].contact_id,
        "filters": Filters(tuple(dict.fromkeys(one.area_id for one in mine))).to_json(),
        "wanted": Wanted(formats, "zh" if say.language == "zh" else "en", bom=True).to_json(),
        "released": whom == PASSED_ON,
        "media": whom == PICTURES,
    }
    add_job(session, "export", arguments, now, key=f"export:{incoming.update_id}")
    what = "release" if whom == PASSED_ON else "submissions"
    for one in mine:
        actor = f"administrator {one.administrator_id}"
        audit(session, actor, "export", what, now, area_id=one.area_id)
    text = say("The files are being made. They come in a moment.")
    return instead(incoming, text, [])


def _which(say: Speak) -> str:
    return say("The answers as files, all in one zip. Which program will open them?")


def _programs(say: Speak) -> list[list[Button]]:
    names = {
        "csv": say("CSV (R, Python)"),
        "xlsx": "Excel",
        "sav": "SPSS",
        "dta": "Stata",
        ALL: say("All of these"),
    }
    return [[(label, f"x:{name}:")] for name, label in names.items()]


def _for_whom(say: Speak) -> str:
    return say(
        "Will you pass the file on? Then nobody in it can be recognised: ages are in groups, texts"
        " and photos are left out. For your own analysis it has every answer, and must stay with"
        " you."
    )


def _whom(wanted: str, say: Speak, *, pictures: bool) -> list[list[Button]]:
    rows: list[list[Button]] = [
        [(say("To pass on"), f"x:{wanted}:{PASSED_ON}")],
        [(say("For our own analysis"), f"x:{wanted}:{OWN}")],
    ]
    if pictures:
        rows.append([(say("Our own, with photos and sound"), f"x:{wanted}:{PICTURES}")])
    return rows
