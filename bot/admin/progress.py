"""/summary: how fieldwork goes. First the one thing that matters, then the villages, the one that
is furthest behind first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.access import allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.outlook import (
    bar,
    end,
    end_of_all,
    named,
    of_target,
    pace,
    response,
    silent,
    waves,
)  # fmt: skip
from bot.admin.places import pages, short
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Keyboard, instead, send
from bot.texts import Speak, escape
from surveys.profiles.fieldwork import (
    VillageProgress,
    behind,
    furthest_behind_first,
    names_above,
    parts_of,
    summary,
)
from surveys.store.administrators import villages_below
from surveys.store.areas import ids_of
from surveys.store.jobs import add_job

ALL = 15
"""So many villages have a line each at once; of more, townships first and the worst `WORST`."""
WORST = 10
PARTS = 12
"""Townships, or else counties, that have a line each."""
STOPS = 3
"""Questions at which most stop."""


@only_for("summary")
def summarise(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/summary, with or without the name of a township or a village, or a part of it."""
    _, say = voice(session, incoming, desk)
    part = command(incoming.text)[1].casefold()
    rows = of_sender(session, incoming, "summary", desk, part)
    if not rows:
        return [send(incoming.chat_id, nothing(part, say))]
    text, keyboard = _page(session, rows, incoming, part, desk, say=say)
    order_stops(session, rows, STOPS, incoming, desk)
    return [send(incoming.chat_id, text, keyboard)]


@only_for("summary")
@taps
def summary_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons below: "p:s:<from>:<part>" turns to other villages."""
    _, say = voice(session, incoming, desk)
    _, start, part = parts(incoming, 3)
    rows = of_sender(session, incoming, "summary", desk, part)
    if not rows:
        return unknown_button(session, incoming, desk)
    text, keyboard = _page(session, rows, incoming, part, desk, say=say, start=whole(start))
    return instead(incoming, text, keyboard)


def of_sender(
    session: Session, incoming: Incoming, name: str, desk: Desk, part: str
) -> list[VillageProgress]:
    """The progress of the sender's villages, or of those that a word means: those in the areas of
    that name, else those with it in their name, or as their code."""
    mine = villages_below(session, allowed(session, incoming, name))
    rows = summary(session, [village.area_id for village in mine], now=desk.clock())
    if not part:
        return rows
    above = {one for one, called in names_above(session, rows).items() if called.casefold() == part}
    inside = [row for row in rows if above & set(ids_of(row.path))]
    exact = [row for row in rows if part in (row.name.casefold(), row.code.casefold())]
    return inside or exact or [row for row in rows if part in row.name.casefold()]


def nothing(part: str, say: Speak) -> str:
    """What is said where there is no village, or none that a word means."""
    if part:
        return say("No village of yours has that in its name. /villages lists them.")
    return say("There are no villages yet.")


def order_stops(
    session: Session, rows: Sequence[VillageProgress], most: int, incoming: Incoming, desk: Desk
) -> None:
    """Order a second message: where people stop, in the wave of most of these villages."""
    ids = [row.wave.id for row in rows if row.wave is not None and row.started]
    if not ids:
        return
    wave_id = max(set(ids), key=lambda one: (ids.count(one), one))
    mine = allowed(session, incoming, "summary")
    arguments = {
        "contact_id": mine[0].contact_id,
        "wave_id": wave_id,
        "area_ids": [row.area_id for row in rows if row.wave and row.wave.id == wave_id],
        "most": most,
    }
    add_job(session, "stops", arguments, desk.clock(), key=f"stops:{incoming.update_id}")


def _page(
    session: Session,
    rows: Sequence[VillageProgress],
    incoming: Incoming,
    part: str,
    desk: Desk,
    *,
    say: Speak,
    start: int = 0,
) -> tuple[str, Keyboard]:
    now = desk.clock()
    many = len(rows) > ALL
    start = min(start, len(rows) - 1) if many else 0
    shown = furthest_behind_first(rows)[start : start + WORST] if many else rows
    lines = [line(row, now, say) for row in furthest_behind_first(shown)]
    turn = pages("p:s", part, start, WORST, len(rows), say=say) if many else []
    if start:
        head = say("Villages {first} to {last} of {all}, furthest behind first")
        last = start + len(shown)
        first = f"<b>{head.format(first=start + 1, last=last, all=len(rows))}</b>"
        return "\n\n".join([first, *lines]), turn
    paragraphs = _head(rows, incoming, session, now, say)
    townships = parts_of(session, rows, PARTS) if many else []
    if townships:
        paragraphs.append(
            "\n".join(
                f"{bar(one.share)} {escape(short(one.name))}  "
                + (f"{one.finished} / {one.target}" if one.target else f"{one.finished}")
                for one in townships
            )
        )
    if many:
        first = say("The {n} villages furthest behind")
        paragraphs.append(f"<b>{first.format(n=len(shown))}</b>")
    return "\n\n".join([*paragraphs, *lines]), turn


def _head(
    rows: Sequence[VillageProgress],
    incoming: Incoming,
    session: Session,
    now: datetime,
    say: Speak,
) -> list[str]:
    finished = sum(row.finished for row in rows)
    targets = [row.target for row in rows if row.target]
    # Of villages without a target nothing is missing.
    reached = sum(min(row.finished, row.target) for row in rows if row.target)
    share = reached / sum(targets) if targets else float(bool(finished))
    quiet = [row for row in furthest_behind_first(rows) if row.quiet]
    reminds = bool(allowed(session, incoming, "remind"))
    paces = [row.pace for row in rows if row.pace is not None]
    going = [
        f"{bar(share)} "
        + of_target(finished, sum(targets) if len(targets) == len(rows) else None, say),
        pace(sum(row.recent for row in rows), sum(paces) if paces else None, say),
        end_of_all(rows, now, say),
    ]
    who = [response(rows, say), silent(rows, say, reminds=reminds)]
    if quiet:
        who.append(say("No answer for 3 days: {names}.").format(names=named(quiet, say)))
    return [
        f"<b>{_first(rows, quiet, say)}</b>\n{waves(rows, now, say)}",
        "\n".join(filter(None, going)),
        "\n".join(filter(None, who)),
    ]


def _first(rows: Sequence[VillageProgress], quiet: Sequence[VillageProgress], say: Speak) -> str:
    """The one thing that matters."""
    open_ = [row for row in rows if row.wave is not None and row.wave.closed_at is None]
    if not open_:
        return say("No survey is open now.")
    if all(row.wave is not None and row.wave.closing_at is not None for row in open_):
        return say("The survey is ending: nobody begins any more, who has begun can finish.")
    if not any(row.started for row in open_):
        return say("Nobody has begun yet. Share the links: /villages")
    late = behind(open_)
    if late:
        text = say("{n} of {all} villages behind: {names}")
        return text.format(n=len(late), all=len(rows), names=named(late, say))
    if quiet:
        return say("No answer for 3 days: {names}").format(names=named(quiet, say))
    if all(row.prospect == "reached" for row in open_):
        return say("All targets are reached.")
    if all(row.pace is None for row in open_):
        return say("It has just begun.")
    return say("It goes well: no village is behind.")


def line(row: VillageProgress, now: datetime, say: Speak) -> str:
    """A village in two lines."""
    target = f" / {row.target}" if row.target else ""
    below = [say("{n} in 7 days").format(n=row.recent), end(row, now.astimezone(row.zone), say)]
    if row.quiet:
        below.append(say("no answer for 3 days"))
    return (
        f"{bar(row.share)} <b>{escape(short(row.name))}</b>  {row.finished}{target}\n"
        + " · ".join(filter(None, below))
    )
