"""Who of a phone's persons is answering: those who go on, those who answer again, somebody new.

Several persons may read this on one phone, so it says no more of anyone than when they answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.respondent import prompts
from bot.respondent.where import Where
from bot.say import Button
from bot.texts import Speak, escape
from surveys.conduct.people import Ending, Person, home_link, returning

MOST_NAMED = 20
"""Persons whom the menu names one by one: a helper may have a whole hamlet on one phone."""
MOST_RETURNING = 60
"""Those of an earlier wave: Telegram takes 100 buttons, and none of them may be out of reach."""
FEW = 5
"""Up to so many have a row each."""
IN_A_ROW = 3

Menu = tuple[str, list[list[Button]]]


def may_choose(known: Sequence[Person], where: Where) -> bool:
    """Whether anybody can go on or answer again here; else only somebody new can begin."""
    return any(one.interview_id for one in known) or bool(returning(known, where.wave))


def who_answers(session: Session, known: Sequence[Person], where: Where, say: Speak) -> Menu:
    """The question who is answering now, and a button for each answer to it."""
    again = returning(known, where.wave)
    begun = [one for one in known if one.interview_id is not None]
    lines: list[str] = []
    if again and not begun:
        welcome = say("Welcome back! A new survey is open in <b>{village}</b>.")
        lines.append(welcome.format(village=escape(where.wave.village)))
    if len(again) == 1 and not begun:
        lines.append(say("Is it the same person as last time?"))
        rows = [[("▶ " + say("Yes, the same person"), _again(again[0], where))]]
    else:
        lines.append(say("Who is answering now?"))
        rows = [
            *_going_on(begun, where.wave.zone, say, lines),
            *_returning(again, where, say, lines),
        ]
    finished = [str(one.number) for one in known if one.status == "finished"]
    if finished:
        some = "… " * (len(finished) > MOST_NAMED) + ", ".join(finished[-MOST_NAMED:])
        lines.append("✓ " + say("Finished, thank you: person {numbers}").format(numbers=some))
    rows += _somebody_new(session, begun, again, where, say)
    return "\n".join(lines), rows


def who_finishes(known: Sequence[Person], ending: Ending, say: Speak, now: datetime) -> Menu | None:
    """The same where the survey ends soon: who has begun can finish; None: nobody on this phone."""
    begun = [one for one in known if one.status in ("open", "stopped")]
    if not begun:
        return None
    until = say.moment(ending.until.astimezone(ending.zone), now.astimezone(ending.zone))
    lines = [say("This survey ends {moment}. Until then you can finish.").format(moment=until)]
    rows = _going_on(begun, ending.zone, say, lines)
    return "\n".join(lines), rows


def _going_on(
    begun: Sequence[Person], zone: ZoneInfo, say: Speak, lines: list[str]
) -> list[list[Button]]:
    rows: list[list[Button]] = []
    unfinished = [one for one in begun if one.status != "finished"]
    for one in unfinished[-MOST_NAMED:]:
        name = say("Person {n}").format(n=one.number)
        day = f" ({one.begun.astimezone(zone):%m-%d %H:%M})" if one.begun else ""
        answered = say.count("{n} answer so far", "{n} answers so far", one.answered)
        lines.append(f"{name}{day}: {answered}")
        go_on = say("Go on: person {n}").format(n=one.number)
        rows.append([(f"▶ {go_on}", f"w:g:{prompts.code(one.interview_id or 0)}")])
    return rows


def _returning(
    again: Sequence[Person], where: Where, say: Speak, lines: list[str]
) -> list[list[Button]]:
    buttons: list[Button] = []
    for one in again[:MOST_RETURNING]:
        day = f"{one.before.astimezone(where.wave.zone):%Y-%m-%d}" if one.before else "…"
        lines.append(say("Person {n}: answered on {day}").format(n=one.number, day=day))
        buttons.append((say("Person {n} again").format(n=one.number), _again(one, where)))
    if len(again) > 1:
        lines.append(say("Not sure who is who? /mydata shows it."))
    width = 1 if len(buttons) <= FEW else IN_A_ROW
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def _again(one: Person, where: Where) -> str:
    return f"w:r:p.{one.number}.{where.wave.code}"


def _somebody_new(
    session: Session,
    begun: Sequence[Person],
    again: Sequence[Person],
    where: Where,
    say: Speak,
) -> list[list[Button]]:
    """In the home that the link is of; else where somebody answered last, else the first home."""
    if where.household_id is not None or not (begun or again):
        return [[(say("Another person at home"), f"w:h:{where.data}")]]
    last = max(begun, key=lambda one: one.interview_id or 0) if begun else again[0]
    label = say("Another person at home")
    if len({one.household_id for one in (*begun, *again)}) > 1:
        label = say("Another person at home of person {n}").format(n=last.number)
    return [
        [(label, f"w:h:h.{home_link(session, last.household_id)}")],
        [(say("Someone of another home"), f"w:o:v.{where.wave.code}")],
    ]
