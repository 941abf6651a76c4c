"""/schedule: what comes without asking, and when; each administrator for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.access import (
    Malformed,
    allowed,
    parts,
    taps,
    unknown_button,
    voice,
    whole,
)  # fmt: skip
from bot.admin.guard import only_for
from bot.admin.places import AT_ONCE, short
from bot.desk import Desk
from bot.inbox import Incoming
from bot.outbox import Outgoing
from bot.say import Button, instead, send, tapped
from bot.texts import Speak, escape
from surveys.conduct.forms import zone_of
from surveys.conduct.quiet import EVENING, MORNING
from surveys.conduct.schedules import HOURS, next_weekly
from surveys.store.administrators import Right
from surveys.store.deliveries import Line, last_line, last_profile
from surveys.store.jobs import add_job
from surveys.store.schedules import KINDS, Chosen, Kind, choose, chosen, may_read

SWITCHES: Sequence[Kind] = ("target", "closed")
"""The kinds that are only on or off."""
IN_A_ROW = 4


@dataclass(frozen=True, slots=True)
class Held:
    """An area that somebody holds, and by which roles."""

    area_id: int
    name: str
    path: str
    roles: frozenset[str]
    contact_id: int
    administrator_id: int


@only_for("schedule")
def schedule(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """/schedule: what comes for the area that they hold; of several, which one?"""
    _, say = voice(session, incoming, desk)
    mine = _held(allowed(session, incoming, "schedule"))
    if len(mine) == 1:
        text, rows = _shown(session, mine[0], desk, say, several=False)
    else:
        text, rows = _which(mine, 0, say)
    return [send(incoming.chat_id, text, rows)]


@only_for("schedule")
@taps
def schedule_step(session: Session, incoming: Incoming, desk: Desk) -> list[Outgoing]:
    """The buttons of /schedule, and of pages.

    "sch:l:<from>" the areas · "sch:v:<area>" one of them · "sch:e:<area>.<kind>.<0 or 1>" off or on
    (a kind is its place in KINDS) · "sch:d:<area>" which day? · "sch:h:<area>.<day>" at which hour?
    · "sch:w:<area>.<day>.<hour>" every week then · "sch:p:<area>.<wave>" a profile as PDF.
    """
    _, say = voice(session, incoming, desk)
    step, what = parts(incoming, 2)
    mine = _held(allowed(session, incoming, "schedule"))
    numbers = [whole(number) for number in what.split(".")]
    if step == "p" and len(numbers) == 2:
        area_id, wave_id = numbers
        return _order_pdf(
            session, incoming, desk, mine[0], area_id=area_id, wave_id=wave_id, say=say
        )
    if step == "l" and len(numbers) == 1:
        return instead(incoming, *_which(mine, numbers[0], say))
    one = next((one for one in mine if one.area_id == numbers[0]), None)
    if one is None:
        return unknown_button(session, incoming, desk)
    given = tuple(numbers[1:])
    if step == "d" and not given:
        return instead(incoming, *_which_day(one, say))
    if step == "h" and len(given) == 1 and given[0] < 7:
        return instead(incoming, *_which_hour(one, given[0], say))
    if step == "e" and len(given) == 2 and given[0] < len(KINDS) and given[1] < 2:
        _switch(session, one, KINDS[given[0]], desk, on=bool(given[1]))
    elif step == "w" and len(given) == 2 and given[0] < 7 and given[1] in HOURS:
        _every_week(session, one, given[0], given[1], desk)
    elif step != "v" or given:
        raise Malformed
    return instead(incoming, *_shown(session, one, desk, say, several=len(mine) > 1))


# What is seen ---------------------------------------------------------------------------------


def _which(mine: Sequence[Held], start: int, say: Speak) -> tuple[str, list[list[Button]]]:
    start = max(min(start, len(mine) - 1), 0)
    rows: list[list[Button]] = [
        [(short(one.name), f"sch:v:{one.area_id}")] for one in mine[start : start + AT_ONCE]
    ]
    turn: list[Button] = []
    if start:
        turn.append(("◀", f"sch:l:{max(start - AT_ONCE, 0)}"))
    if start + AT_ONCE < len(mine):
        turn.append((say("More") + " ▶", f"sch:l:{start + AT_ONCE}"))
    return say("What I send you without being asked: for which area?"), [*rows, turn]


def _shown(
    session: Session, one: Held, desk: Desk, say: Speak, *, several: bool
) -> tuple[str, list[list[Button]]]:
    kinds = chosen(session, one.administrator_id, one.area_id, one.roles)
    zone = zone_of(session, one.path)
    last = last_line(session, one.administrator_id, one.path)
    lines = [
        say("<b>{area}</b>: what I send you without being asked").format(area=escape(one.name)),
        "",
        *(f"{_mark(kinds[kind])} {_in_words(kind, kinds[kind], say)}" for kind in KINDS),
        "",
        say("Never between {evening} and {morning}: then it waits until the morning.").format(
            evening=f"{EVENING:%H:%M}", morning=f"{MORNING:%H:%M}"
        ),
    ]
    if last is not None:
        lines.append(_last(last, zone, desk.clock(), say))
    rows: list[list[Button]] = [
        [(_switch_label(kind, kinds[kind], say), _switch_data(one, kind, kinds[kind]))]
        for kind in SWITCHES
    ]
    weekly = kinds["weekly"]
    rows.append([("🗓 " + (say("Another day or hour") if weekly.active else say("Every week …")),
                  f"sch:d:{one.area_id}")])  # fmt: skip
    if weekly.active:
        rows.append([(_switch_label("weekly", weekly, say), _switch_data(one, "weekly", weekly))])
    if several:
        rows.append([("◀ " + say("Back"), "sch:l:0")])
    return "\n".join(lines), rows


def _which_day(one: Held, say: Speak) -> tuple[str, list[list[Button]]]:
    text = say("<b>{area}</b>, every week: on which day?").format(area=escape(one.name))
    days: list[Button] = [
        (name, f"sch:h:{one.area_id}.{day}") for day, name in enumerate(weekdays(say))
    ]
    return text, [days[:4], days[4:], [("◀ " + say("Back"), f"sch:v:{one.area_id}")]]


def _which_hour(one: Held, day: int, say: Speak) -> tuple[str, list[list[Button]]]:
    text = say("<b>{area}</b>, every {day}: at what time, by the clock there?")
    hours: list[Button] = [(f"{hour:02}:00", f"sch:w:{one.area_id}.{day}.{hour}") for hour in HOURS]
    rows = [hours[at : at + IN_A_ROW] for at in range(0, len(hours), IN_A_ROW)]
    return (
        text.format(area=escape(one.name), day=weekdays(say)[day]),
        [*rows, [("◀ " + say("Back"), f"sch:d:{one.area_id}")]],
    )


def weekdays(say: Speak) -> list[str]:
    """The days of the week, from Monday."""
    return [
        say("Monday"), say("Tuesday"), say("Wednesday"), say("Thursday"), say("Friday"),
        say("Saturday"), say("Sunday"),
    ]  # fmt: skip


def _mark(kind: Chosen) -> str:
    return "✅" if kind.active else "▫️"


def _in_words(kind: Kind, now: Chosen, say: Speak) -> str:
    if kind == "target":
        if now.active:
            return say("When a village reaches its target: its profile")
        return say("When a village reaches its target: nothing")
    if kind == "closed":
        if now.active:
            return say("When the survey ends: the last profiles, also as PDF to file")
        return say("When the survey ends: nothing")
    if now.active and now.weekday is not None and now.hour is not None:
        text = say("Every {day} at {hour}: the profile, or in one line that nothing is new")
        return text.format(day=weekdays(say)[now.weekday], hour=f"{now.hour:02}:00")
    return say("Every week: nothing")


def _switch_label(kind: Kind, now: Chosen, say: Speak) -> str:
    sign = "🔕 " if now.active else "🔔 "
    if kind == "target":
        return sign + (say("Nothing at the target") if now.active else say("Tell me at the target"))
    if kind == "closed":
        return sign + (say("Nothing at the end") if now.active else say("Tell me at the end"))
    return sign + say("No more every week")


def _switch_data(one: Held, kind: Kind, now: Chosen) -> str:
    return f"sch:e:{one.area_id}.{KINDS.index(kind)}.{int(not now.active)}"


def _last(last: Line, zone: ZoneInfo, now: datetime, say: Speak) -> str:
    at = (last.at or last.made_at).astimezone(zone)
    day = f"{say.day(at, now.astimezone(zone))} {at:%H:%M}"
    if last.state == "sent":
        text = say("Last sent: {area}, {day}.")
    elif last.state == "waiting":
        text = say("On its way: {area}, since {day}.")
    else:
        text = say("{area}, {day}: did not reach you. /profile sends it.")
    return text.format(area=escape(last.area), day=day)


# What is done ---------------------------------------------------------------------------------


def _switch(session: Session, one: Held, kind: Kind, desk: Desk, *, on: bool) -> None:
    """On or off; a weekly one that never had a day gets none by this."""
    now = desk.clock()
    weekly = None
    if kind == "weekly" and on:
        before = chosen(session, one.administrator_id, one.area_id, one.roles)["weekly"]
        if before.weekday is None or before.hour is None:
            raise Malformed
        due = next_weekly(now, before.weekday, before.hour, zone_of(session, one.path))
        weekly = (before.weekday, before.hour, due)
    choose(
        session, one.administrator_id, one.area_id, kind, active=on, now=now, weekly=weekly
    )  # fmt: skip


def _every_week(session: Session, one: Held, day: int, hour: int, desk: Desk) -> None:
    now = desk.clock()
    due = next_weekly(now, day, hour, zone_of(session, one.path))
    choose(
        session, one.administrator_id, one.area_id, "weekly", active=True, now=now,
        weekly=(day, hour, due),
    )  # fmt: skip


def _order_pdf(
    session: Session, incoming: Incoming, desk: Desk, one: Held, *, area_id: int, wave_id: int,
    say: Speak,
) -> list[Outgoing]:  # fmt: skip
    administrator_id = one.administrator_id
    readable = may_read(session, area_id, administrator_id=administrator_id) is not None
    if not readable or last_profile(session, administrator_id, area_id, wave_id) is None:
        return unknown_button(session, incoming, desk)
    arguments = {"contact_id": one.contact_id, "area_id": area_id, "wave_id": wave_id}
    add_job(session, "pdf", arguments, desk.clock(), key=f"pdf:{incoming.update_id}")
    return tapped(incoming, say("The PDF comes in a moment."))


def _held(rights: Sequence[Right]) -> list[Held]:
    """The areas of these rights, each once, the widest first."""
    first: dict[int, Right] = {}
    for right in rights:
        first.setdefault(right.area_id, right)
    return [
        Held(
            right.area_id,
            right.area,
            right.path,
            frozenset(other.role for other in rights if other.area_id == right.area_id),
            right.contact_id,
            right.administrator_id,
        )
        for right in first.values()
    ]
