"""How fieldwork goes in an area, as its page shows it: answers against target, village by village.

What is known is handed in as `Fieldwork`, a row a village; nothing is asked of any store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from surveys.reports.wording import Words

MANY = 40
"""Villages that have a row each; of more, the areas that they lie in have one."""
NAMED = 6
"""Names in one sentence."""


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """A village, how many finished there, and where it lies. What is not known is None."""

    code: str
    name: str
    answered: int
    """Persons who finished in this wave."""
    target: int | None
    expected: date | None = None
    """The day on which the target is reached, if it goes on as now."""
    never: bool = False
    """If it goes on as now, the target is not reached."""
    part: str = ""
    """The area it is in, right below the one that is shown; "" if it is right below itself."""
    ring: int | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """A row of the progress: a name, its bar (0-100), numbers and what is still to come."""

    name: str
    numbers: str
    filled: float | None
    """None: there is no target, and no bar."""
    note: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How fieldwork goes: sentences, and a row a village or a part of the area."""

    said: tuple[str, ...] = ()
    rows: tuple[Going, ...] = ()


def progress(rows: Sequence[Fieldwork], say: Words, links: Mapping[str, str]) -> Progress:
    """The progress of some villages, who is furthest behind first; empty for no rows.

    links: of a village's code, or the name of the part it is in, where its page is.
    """
    if not rows:
        return Progress()
    many = len(rows) > MANY and any(row.part for row in rows)
    shown = parts_of(rows) if many else list(rows)
    shown.sort(key=lambda row: (share(row), -(missing(row) or 0)))
    return Progress(
        said=sentences(rows, say),
        rows=tuple(going(row, say, links.get(row.part if many else row.code, "")) for row in shown),
    )


def sentences(rows: Sequence[Fieldwork], say: Words) -> tuple[str, ...]:
    """How many answers there are, how many villages are done, where there is none, and the end."""
    answered = sum(row.answered for row in rows)
    aimed = [row for row in rows if row.target]
    target = sum(row.target or 0 for row in aimed)
    if len(aimed) == len(rows):
        said = [
            say(
                "Answers so far: {n}. Wanted: {target}.",
                n=say.number(answered),
                target=say.number(target),
            )
        ]
    else:
        said = [say.count("{n} answer is in.", "{n} answers are in.", answered)]
    if aimed and len(rows) > 1:
        done = sum(not missing(row) for row in aimed)
        said.append(
            say("All villages have reached their target.")
            if done == len(rows)
            else say(
                "Villages that have reached their target: {done} of {n}.", done=done, n=len(rows)
            )
        )
    silent = [say.name(row.name) for row in rows if not row.answered]
    if silent:
        said.append(say("No answers yet: {villages}.", villages=named(silent, say)))
    going_on = [row for row in aimed if missing(row)]
    ends = [row.expected for row in going_on if row.expected is not None]
    if going_on and len(ends) == len(going_on):
        last = say.date(max(ends).isoformat())
        said.append(say("If it goes on like this, all are done by {date}.", date=last))
    return tuple(said)


def going(row: Fieldwork, say: Words, link: str) -> Going:
    """One row in words."""
    lacking = missing(row)
    if lacking is None:
        numbers, filled, note = say.number(row.answered), None, say("no target")
    else:
        numbers = f"{say.number(row.answered)} / {say.number(row.target or 0)}"
        filled = 100 * min(1.0, share(row))
        if not lacking:
            note = say("target reached")
        elif row.never:
            note = say("{n} to go; never at this pace", n=say.number(lacking))
        elif row.expected is None:
            note = say("{n} to go", n=say.number(lacking))
        else:
            note = say(
                "{n} to go; done by {date} at this pace", n=say.number(lacking), date=day(row, say)
            )
    return Going(say.name(row.name), numbers, filled, note, link)


def day(row: Fieldwork, say: Words) -> str:
    """The expected day without its year, which everybody knows."""
    pattern = "d MMM" if say.language == "en" else "M月d日"
    return format_date(row.expected, pattern, locale="en_GB" if say.language == "en" else "zh")


def parts_of(rows: Sequence[Fieldwork]) -> list[Fieldwork]:
    """The areas that some villages lie in, each as one row; a village right below is its own.

    A sum of targets of which one is not known is not known, and so for the expected end.
    """
    found: dict[str, list[Fieldwork]] = {}
    for row in rows:
        found.setdefault(row.part or row.name, []).append(row)
    return [_together(name, some) for name, some in found.items()]


def _together(name: str, rows: Sequence[Fieldwork]) -> Fieldwork:
    targets = [row.target for row in rows]
    # What one village has above its target does not make up for another.
    ends = [row.expected for row in rows if missing(row)]
    known = [end for end in ends if end is not None]
    return Fieldwork(
        code=rows[0].code,
        name=name,
        answered=sum(row.answered for row in rows),
        target=sum(t for t in targets if t) if all(targets) else None,
        expected=max(known) if known and len(known) == len(ends) else None,
        never=any(row.never for row in rows),
        part=rows[0].part or rows[0].code,
    )


def missing(row: Fieldwork) -> int | None:
    """Answers that are still missing; None where there is no target."""
    return None if not row.target else max(0, row.target - row.answered)


def share(row: Fieldwork) -> float:
    """How much of the target is there, 0 and more; 1 where there is none."""
    return row.answered / row.target if row.target else 1.0


def named(names: Sequence[str], say: Words) -> str:
    """Some names, and how many more there are."""
    some = say(", ").join(names[:NAMED])
    if len(names) <= NAMED:
        return some
    return say("{names} and {n} more", names=some, n=len(names) - NAMED)
