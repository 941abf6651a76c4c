"""/summary and /villages: how fieldwork goes."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.access import allowed, voice
from bot.admin.guard import only_for
from bot.admin.places import messages
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import send
from bot.texts import Speak, escape
from surveys.profiles import VillageProgress, summary
from surveys.store.administrators import villages_below


@only_for("summary")
def summarise(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/summary: started, finished, broken off, of each village against its target."""
    _, say = voice(session, incoming, desk)
    mine = allowed(session, incoming, "summary")
    rows = summary(session, [village.area_id for village in villages_below(session, mine)])
    if not rows:
        return [send(incoming.chat_id, say("There are no villages yet."))]
    finished = sum(row.finished for row in rows)
    head = "<b>{}</b>\n{}".format(
        say("How the survey goes"),
        say("{finished} finished, {under_way} under way, {broken} broken off, {declined} said no")
        .format(
            finished=finished,
            under_way=sum(row.started - row.finished - row.broken_off for row in rows),
            broken=sum(row.broken_off for row in rows),
            declined=sum(row.declined for row in rows),
        ),
    )  # fmt: skip
    behind = sorted(rows, key=_share)
    return [
        send(incoming.chat_id, part) for part in messages(head, [_line(r, say) for r in behind])
    ]


@only_for("villages")
def villages(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/villages: names, codes and links to share."""
    _, say = voice(session, incoming, desk)
    mine = villages_below(session, allowed(session, incoming, "villages"))
    if not mine:
        return [send(incoming.chat_id, say("There are no villages yet."))]
    lines = [
        f"<b>{escape(village.name)}</b> · {escape(village.code)}\n"
        f"https://t.me/{desk.bot_username}?start={village.code}"
        for village in mine
    ]
    head = say("Your villages and the link that each can share")
    return [send(incoming.chat_id, part) for part in messages(f"<b>{head}</b>", lines)]


def _line(row: VillageProgress, say: Speak) -> str:
    target = f" / {row.target}" if row.target else ""
    detail = say("{started} begun, {broken} broken off").format(
        started=row.started, broken=row.broken_off
    )
    return f"{_bar(row)} <b>{escape(row.name)}</b>  {row.finished}{target}\n{detail}"


def _bar(row: VillageProgress) -> str:
    filled = min(round(_share(row) * 5), 5)
    return "▓" * filled + "░" * (5 - filled)


def _share(row: VillageProgress) -> float:
    return row.finished / row.target if row.target else 1.0 if row.finished else 0.0
