"""What administrators ask for in chat. Nobody else learns that these commands are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps

from sqlalchemy.orm import Session

from bot.access import (
    ROLES,
    Handle,
    command,
    menu,
    parts,
    rights,
    taps,
    unknown_button,
    unknown_command,
    voice,
    whole,
)  # fmt: skip
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, edit, send, tapped
from bot.texts import LIMIT, Speak, escape
from surveys.conduct.people import know, reach
from surveys.profiles import VillageProgress, summary
from surveys.publish import accept_invite
from surveys.store.administrators import Right, Village, villages_below
from surveys.store.audit import audit
from surveys.store.jobs import add_job
from surveys.store.people import erase_contact

INVITE = "admin-"
"""What an invite's link begins with."""
AT_ONCE = 12
"""Villages that fit a phone's screen as buttons."""
NAME = 40
"""Characters of a village's name on a button: phones cut what is longer."""
DATA = 64
"""Bytes that a button carries."""


def only_for(*roles: str) -> Callable[[Handle], Handle]:
    """Let a command through to those who hold one of these roles; to others it does not exist."""

    def guard(handle: Handle) -> Handle:
        @wraps(handle)
        def guarded(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
            if any(right.role in roles for right in rights(session, incoming)):
                return handle(session, incoming, desk)
            if incoming.kind == "tap":
                return unknown_button(session, incoming, desk)
            return unknown_command(session, incoming, desk)

        return guarded

    return guard


def is_invite(incoming: Incoming) -> bool:
    """Whether someone opened an invite's link."""
    name, rest = command(incoming.text)
    return incoming.kind == "text" and name == "start" and rest.startswith(INVITE)


def accept(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/start admin-CODE: whoever opens the link first becomes an administrator, once."""
    _, say = voice(session, incoming, desk)
    now = desk.clock()
    code = command(incoming.text)[1].removeprefix(INVITE)
    stranger = reach(session, incoming.lane) is None
    contact_id = know(session, desk.vault, incoming.lane, str(incoming.chat_id), say.language, now)
    granted = accept_invite(session, code, contact_id, now)
    if granted is None:
        if stranger:
            # Who has no right link leaves no trace.
            erase_contact(session, contact_id)
        text = say("This link is not valid, or was used already. Please ask for a new one.")
        return [send(incoming.chat_id, text)]
    text = say(
        "Welcome. You now see the results of <b>{area}</b>. /summary shows how the survey goes,"
        " /profile what a village says; profiles come by themselves when a village has enough"
        " answers."
    ).format(area=escape(granted.area))
    return [*menu(session, incoming, say), send(incoming.chat_id, text)]


@only_for(*ROLES["summary"])
def summarise(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/summary: started, finished, broken off, of each village against its target."""
    _, say = voice(session, incoming, desk)
    mine = rights(session, incoming)
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
        send(incoming.chat_id, part) for part in _messages(head, [_line(r, say) for r in behind])
    ]


@only_for(*ROLES["villages"])
def villages(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/villages: names, codes and links to share."""
    _, say = voice(session, incoming, desk)
    mine = villages_below(session, rights(session, incoming))
    if not mine:
        return [send(incoming.chat_id, say("There are no villages yet."))]
    lines = [
        f"<b>{escape(village.name)}</b> · {escape(village.code)}\n"
        f"https://t.me/{desk.bot_username}?start={village.code}"
        for village in mine
    ]
    head = say("Your villages and the link that each can share")
    return [send(incoming.chat_id, part) for part in _messages(f"<b>{head}</b>", lines)]


@only_for(*ROLES["profile"])
def profile(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/profile, with or without a part of a village's name: the profile, or which one?"""
    _, say = voice(session, incoming, desk)
    mine = rights(session, incoming)
    part = command(incoming.text)[1].casefold()
    found = _called(villages_below(session, mine), part)
    exact = [v for v in found if part in (v.name.casefold(), v.code.casefold())]
    if len(exact or found) == 1:
        return _order_profile(session, (exact or found)[0], mine, incoming, desk=desk, say=say)
    if not found:
        text = say("No village of yours has that in its name. /villages lists them.")
        return [send(incoming.chat_id, text)]
    text = say("Which village?")
    if len(found) > AT_ONCE:
        text += "\n" + say("Tap one, or send /profile and a part of the name.")
    return [send(incoming.chat_id, text, _choices(found, 0, part, say))]


@only_for(*ROLES["profile"])
@taps
def profile_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /profile: "a:p:<area>" orders it, "a:n:<from>:<part>" turns the page."""
    _, say = voice(session, incoming, desk)
    mine = rights(session, incoming)
    step, what = parts(incoming, 2)
    reachable = villages_below(session, mine)
    if step == "n":
        start, _, part = what.partition(":")
        rows = _choices(_called(reachable, part), whole(start), part, say)
        return [
            *tapped(incoming),
            edit(incoming.chat_id, say("Which village?"), rows, message_id=incoming.message_id),
        ]
    wanted = [village for village in reachable if village.area_id == whole(what)]
    if step != "p" or not wanted:
        return unknown_button(session, incoming, desk)
    ordered = _order_profile(session, wanted[0], mine, incoming, desk=desk, say=say)
    return [*tapped(incoming), *ordered]


@only_for(*ROLES["export"])
def export(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/export: the answers as files, to those who run the programme."""
    _, say = voice(session, incoming, desk)
    mine = [right for right in rights(session, incoming) if right.role == "programme"]
    now = desk.clock()
    arguments = {"contact_id": mine[0].contact_id, "area_id": mine[0].area_id}
    add_job(session, "export", arguments, now, key=f"export:{incoming.update_id}")
    actor = f"administrator {mine[0].administrator_id}"
    audit(session, actor, "export", f"area {mine[0].area_id}", now)
    return [send(incoming.chat_id, say("The files are being made. They come in a moment."))]


def _order_profile(
    session: Session,
    village: Village,
    mine: Sequence[Right],
    incoming: Incoming,
    *,
    desk: Desk,
    say: Speak,
) -> list[Outgoing]:
    arguments = {
        "area_id": village.area_id,
        "contact_id": mine[0].contact_id,
        "reason": "asked",
    }
    add_job(session, "profile", arguments, desk.clock(), key=f"asked:{incoming.update_id}")
    text = say("The profile of <b>{village}</b> comes in a moment.")
    return [send(incoming.chat_id, text.format(village=escape(village.name)))]


def _called(reachable: Sequence[Village], part: str) -> list[Village]:
    """The villages with this in their name, or with this code; all of them for ""."""
    return [
        village
        for village in reachable
        if part in village.name.casefold() or part == village.code.casefold()
    ]


def _choices(found: Sequence[Village], start: int, part: str, say: Speak) -> list[list[Button]]:
    """A page of villages as buttons, from the one numbered `start`."""
    start = max(min(start, len(found) - 1), 0)
    rows: list[list[Button]] = [
        [(_short(village.name), f"a:p:{village.area_id}")]
        for village in found[start : start + AT_ONCE]
    ]
    turn: list[Button] = []
    if start:
        turn.append(("◀", f"a:n:{max(start - AT_ONCE, 0)}:{part}"))
    if start + AT_ONCE < len(found):
        turn.append((say("More") + " ▶", f"a:n:{start + AT_ONCE}:{part}"))
    # A part too long for a button finds few villages, and more of the name finds fewer.
    turn = [(label, data) for label, data in turn if len(data.encode()) <= DATA]
    return [*rows, turn] if turn else rows


def _short(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


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


def _messages(head: str, lines: Sequence[str]) -> list[str]:
    parts = [head]
    for line in lines:
        if len(parts[-1]) + len(line) + 2 > LIMIT - 100:
            parts.append(line)
        else:
            parts[-1] += "\n\n" + line
    return parts
