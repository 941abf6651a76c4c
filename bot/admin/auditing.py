"""/audit: who did what, when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.access import allowed, parts, taps, voice, whole
from bot.admin.actions import what_was_done
from bot.admin.guard import only_for
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send
from bot.texts import Speak, escape
from surveys.store.areas import zone_name
from surveys.store.audit import AuditLine, audited
from surveys.store.team import names_of

AT_ONCE = 15
"""Lines in one message."""


@only_for("audit")
def audit(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/audit: the newest lines."""
    _, say = voice(session, incoming, desk)
    text, rows = _shown(session, incoming, desk, None, say)
    return [send(incoming.chat_id, text, rows)]


@only_for("audit")
@taps
def audit_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """ "u:<line>": what was done before that line; 0: the newest."""
    _, say = voice(session, incoming, desk)
    before = whole(parts(incoming, 1)[0]) or None
    text, rows = _shown(session, incoming, desk, before, say)
    return instead(incoming, text, rows)


def _shown(
    session: Session, incoming: Incoming, desk: Desk, before: int | None, say: Speak
) -> tuple[str, list[list[Button]]]:
    mine = allowed(session, incoming, "audit")
    lines = audited(session, [right.path for right in mine], limit=AT_ONCE + 1, before=before)
    if not lines:
        return say("Nothing was done yet."), []
    zone = ZoneInfo(zone_name(session, mine[0].path) or "UTC")
    numbers = {int(line.actor.split()[1]) for line in lines if _is_administrator(line)}
    names = {
        number: desk.vault.open(sealed).decode()
        for number, sealed in names_of(session, numbers).items()
    }
    shown = [_line(line, names, zone, say) for line in lines[:AT_ONCE]]
    turn: list[Button] = [(say("Newest"), "u:0")] if before is not None else []
    if len(lines) > AT_ONCE:
        turn.append((say("Earlier") + " ▶", f"u:{lines[AT_ONCE - 1].id}"))
    text = f"<b>{say('What was done')}</b>\n\n" + "\n".join(shown)
    return text, [turn] if turn else []


def _line(line: AuditLine, names: dict[int, str], zone: ZoneInfo, say: Speak) -> str:
    who = _who(line, names, say)
    what = " · ".join(filter(None, (what_was_done(line.action, say), line.area, line.object)))
    return f"{line.at.astimezone(zone):%Y-%m-%d %H:%M} <b>{escape(who)}</b>: {escape(what)}"


def _who(line: AuditLine, names: dict[int, str], say: Speak) -> str:
    if _is_administrator(line):
        number = int(line.actor.split()[1])
        return names.get(number) or say("Administrator {n}").format(n=number)
    return {
        "command line": say("operator"),
        "respondent": say("a resident"),
        "retention": say("the program"),
        "strangers": say("strangers"),
    }.get(line.actor, line.actor)


def _is_administrator(line: AuditLine) -> bool:
    first, _, number = line.actor.partition(" ")
    return first == "administrator" and number.isdecimal()
