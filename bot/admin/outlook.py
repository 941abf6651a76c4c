"""How fieldwork goes, in sentences: a bar, the pace, the end, who answered and who did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bot.admin.places import short
from bot.texts import Speak, escape
from surveys.profiles import VillageProgress

NAMED = 3
"""Villages named in one sentence."""
MONTHS_FROM = timedelta(days=60)
"""An end farther off is told by its month: more would be a guess."""


def bar(share: float) -> str:
    """A share as five blocks; full only when it is all there."""
    filled = 5 if share >= 1 else min(int(share * 5 + 0.5), 4)
    return "▓" * filled + "░" * (5 - filled)


def of_target(finished: int, target: int | None, say: Speak) -> str:
    """ "7 / 20 finished"."""
    count = f"{finished} / {target}" if target else f"{finished}"
    return say("{count} finished").format(count=count)


def pace(recent: int, by_day: float | None, say: Speak) -> str:
    """ "9 in the last 7 days (1.3 a day)"; the pace alone says too much of one or two."""
    text = say("{n} in the last 7 days").format(n=recent)
    if by_day is not None and recent >= 7:
        text += say(" ({pace} a day)").format(pace=f"{by_day:.1f}")
    return text


def end(row: VillageProgress, now: datetime, say: Speak) -> str:
    """What is to be said of the end of one village, "" where there is no target."""
    if row.prospect == "on" and row.expected is not None:
        return say("done about {day}").format(day=about(row.expected, now, say))
    if row.prospect == "closed" and row.wave is not None and row.wave.closed_at is None:
        return say("ending")
    return {
        "reached": say("target reached"),
        "early": say("too early to say when") if row.pace is None else say("too few to say when"),
        "never": say("not reached at this pace"),
        "closed": say("closed"),
    }.get(row.prospect, "")


def end_of_all(rows: Sequence[VillageProgress], now: datetime, say: Speak) -> str:
    """What is to be said of the end of all villages that have a target."""
    aimed = [row for row in rows if row.prospect not in ("no_target", "closed")]
    going = [row for row in aimed if row.prospect != "reached"]
    if not aimed:
        return ""
    if not going:
        return say("All targets are reached.")
    never = sum(row.prospect == "never" for row in going)
    if never:
        return say.count(
            "At this pace, {n} village will not reach its target.",
            "At this pace, {n} villages will not reach their target.",
            never,
        )
    ends = [row.expected for row in going if row.expected is not None]
    if len(ends) < len(going):
        return say("When all will be done cannot be said yet.")
    day = about(max(ends), now, say)
    return say("At this pace, all is done about {day}.").format(day=day)


def about(day: date, now: datetime, say: Speak) -> str:
    """A day to come, as exactly as it can be known: the day, or only the month."""
    if day - now.date() <= MONTHS_FROM:
        return say.day(datetime(day.year, day.month, day.day), now)
    from babel.dates import format_skeleton

    return format_skeleton("yMMMM", day, locale=say.language)


def response(rows: Sequence[VillageProgress], say: Speak) -> str:
    """Who opened the link, who agreed; and what became of those who began."""
    visited = sum(row.visited for row in rows)
    opened = sum(row.opened for row in rows)
    agreed = sum(row.started for row in rows) - visited
    declined = sum(row.declined for row in rows)
    said = say("The link was opened {opened} times: {agreed} agreed, {declined} said no.")
    if opened < agreed + declined:
        # Several persons on one phone, or by a family link: that number would only puzzle.
        said = say("{agreed} agreed, {declined} said no.")
    lines = [said.format(opened=opened, agreed=agreed, declined=declined)]
    if visited:
        lines.append(say.count("{n} answered when visited.", "{n} answered when visited.", visited))
    became = say(
        "Of {began} who began: {finished} finished, {under_way} under way, {broken} broken off."
    )
    lines.append(
        became.format(
            began=sum(row.started for row in rows),
            finished=sum(row.finished for row in rows),
            under_way=sum(row.under_way for row in rows),
            broken=sum(row.broken_off for row in rows),
        )
    )
    return "\n".join(lines)


def silent(rows: Sequence[VillageProgress], say: Speak, *, reminds: bool) -> str:
    """How many have gone silent, and what can be done; "" for nobody."""
    count = sum(row.silent for row in rows)
    if not count:
        return ""
    text = say.count(
        "{n} person has been silent for more than a day.",
        "{n} persons have been silent for more than a day.",
        count,
    )
    return text + (say(" /remind writes to them.") if reminds else "")


def waves(rows: Sequence[VillageProgress], now: datetime, say: Speak) -> str:
    """The waves these villages are in, and for how long each has been open; a line each."""
    found = {row.wave.id: (row.wave, row.zone) for row in rows if row.wave}
    lines = []
    for wave, zone in sorted(found.values(), key=lambda one: one[0].opened_at, reverse=True):
        if wave.closed_at is not None:
            day = say.day(wave.closed_at.astimezone(zone), now.astimezone(zone))
            lines.append(f"{escape(short(wave.name))} · " + say("closed on {day}").format(day=day))
        elif wave.closing_at is not None:
            ends = say.moment(wave.closing_at.astimezone(zone), now.astimezone(zone))
            lines.append(
                f"{escape(short(wave.name))} · " + say("ends {moment}").format(moment=ends)
            )
        else:
            days = (now.astimezone(zone).date() - wave.opened_at.astimezone(zone).date()).days + 1
            lines.append(f"{escape(short(wave.name))} · " + say("day {n}").format(n=days))
    return "\n".join(lines[:NAMED])


def named(rows: Sequence[VillageProgress], say: Speak) -> str:
    """The names of a few villages, and how many more there are."""
    text = say(", ").join(escape(short(row.name)) for row in rows[:NAMED])
    if len(rows) > NAMED:
        text = say("{names} and {n} more").format(names=text, n=len(rows) - NAMED)
    return text
