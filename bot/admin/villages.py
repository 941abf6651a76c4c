"""/villages: each village with its link; one of them in full."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from bot.access import allowed, command, parts, taps, unknown_button, voice, whole
from bot.admin.guard import only_for
from bot.admin.outlook import bar, end, of_target, pace, response, silent, waves
from bot.admin.places import pages, short
from bot.admin.progress import nothing, of_sender, order_stops
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Keyboard, instead, send
from bot.texts import Speak, escape
from surveys.profiles import VillageProgress
from surveys.publish.quotas import NoQuota, quotas

AT_ONCE = 10
"""Villages of a page."""
STOPS = 5
"""Questions at which most stop, of one village."""


@only_for("villages")
def villages(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/villages: name, code, progress and the link of each; with a name that fits one: in full."""
    _, say = voice(session, incoming, desk)
    part = command(incoming.text)[1].casefold()
    rows = of_sender(session, incoming, "villages", desk, part)
    if not rows:
        return [send(incoming.chat_id, nothing(part, say))]
    if len(rows) == 1:
        order_stops(session, rows, STOPS, incoming, desk)
        return [send(incoming.chat_id, _in_full(rows[0], session, incoming, desk, say))]
    return [send(incoming.chat_id, *_page(rows, part, 0, desk, say=say))]


@only_for("villages")
@taps
def villages_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons below: "p:v:<from>:<part>" turns the page."""
    _, say = voice(session, incoming, desk)
    _, start, part = parts(incoming, 3)
    rows = of_sender(session, incoming, "villages", desk, part)
    if not rows:
        return unknown_button(session, incoming, desk)
    text, keyboard = _page(rows, part, whole(start), desk, say=say)
    return instead(incoming, text, keyboard)


def _page(
    rows: Sequence[VillageProgress], part: str, start: int, desk: Desk, *, say: Speak
) -> tuple[str, Keyboard]:
    start = min(start, len(rows) - 1)
    shown = rows[start : start + AT_ONCE]
    head = say("Your villages and the link that each can share")
    if len(rows) > AT_ONCE:
        head += f" ({start + 1}–{start + len(shown)} / {len(rows)})"
    hint = say("One village in full: /villages and its name")
    text = "\n\n".join([f"<b>{head}</b>", *(_line(row, desk, say) for row in shown), hint])
    return text, pages("p:v", part, start, AT_ONCE, len(rows), say=say)


def _line(row: VillageProgress, desk: Desk, say: Speak) -> str:
    target = f" / {row.target}" if row.target else ""
    below = [
        f"{row.finished}{target}",
        say("{n} in 7 days").format(n=row.recent),
        end(row, desk.clock().astimezone(row.zone), say),
    ]
    return (
        f"<b>{escape(short(row.name))}</b> · {escape(row.code)}\n"
        + " · ".join(filter(None, below))
        + f"\n{_link(row, desk)}"
    )


def _in_full(
    row: VillageProgress, session: Session, incoming: Incoming, desk: Desk, say: Speak
) -> str:
    now = desk.clock().astimezone(row.zone)
    reminds = bool(allowed(session, incoming, "remind"))
    going = [
        f"{bar(row.share)} {of_target(row.finished, row.target, say)}",
        pace(row.recent, row.pace, say),
    ]
    ahead = end(row, now, say)
    if ahead:
        going[-1] += f" · {ahead}"
    people = [response([row], say), silent([row], say, reminds=reminds)]
    if row.last_answer is not None:
        last = row.last_answer.astimezone(row.zone)
        text = say("Last answer: {day}, {time}")
        people.append(text.format(day=say.day(last, now), time=f"{last:%H:%M}"))
    if row.quiet:
        people.append(say("No answer for 3 days."))
    if allowed(session, incoming, "quota"):
        people.append(_quotas(session, row, say))
    return "\n\n".join(
        [
            f"<b>{escape(row.name)}</b> · {escape(row.code)}\n{waves([row], now, say)}",
            "\n".join(going),
            "\n".join(filter(None, people)),
            say("Link to share: {link}").format(link=_link(row, desk)),
        ]
    )


def _quotas(session: Session, row: VillageProgress, say: Speak) -> str:
    """How many of the village's own quotas are full; "" where there are none."""
    try:
        fillings = quotas(session, row.area_id).fillings
    except NoQuota:
        return ""
    if not fillings:
        return ""
    full = sum(one.finished >= one.most for one in fillings)
    text = say("Quotas: {full} of {n} are full. /quota {code}")
    return text.format(full=full, n=len(fillings), code=escape(row.code))


def _link(row: VillageProgress, desk: Desk) -> str:
    return f"https://t.me/{desk.bot_username}?start={row.code}"
