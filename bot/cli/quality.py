"""`usegap quality`: what stands out in the answers, and how each question goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import Problem, busy, note, now, opened, settings

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from surveys.estimation.questions import QuestionRow
    from surveys.store.database import Database


class Shape(StrEnum):
    """How it is written."""

    table = "table"
    json = "json"
    csv = "csv"


@dataclass(frozen=True, slots=True)
class Found:
    """All that is written."""

    wave: str
    villages: tuple[Mapping[str, Any], ...]
    """code, name, persons, homes, and the flags, rounded to 5."""
    smaller_villages: Mapping[str, Any] | None
    """The same of all villages with under 10 persons or 5 homes together, where they are more."""
    villages_not_shown: int
    """How many villages are so small, in that row or in none."""
    questions: tuple[QuestionRow, ...]


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(quality)


def quality(
    area: Annotated[
        str | None,
        typer.Argument(help="County, County/Township or a village; without it, everything."),
    ] = None,
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.table,
) -> None:
    """Show what stands out in the newest wave's answers, and where people stop."""
    with opened(settings()) as database, busy("Looking through the answers …"):
        found = _found(database, area)
    _write(found, format_)
    if format_ is Shape.table:
        note("Counts are rounded to 5. Under 10 persons or 5 homes nothing is shown.")


def _found(database: Database, area: str | None) -> Found:
    from sqlalchemy import select

    from surveys.estimation.questions import by_question, shown
    from surveys.export import newest_wave
    from surveys.profiles import SILENT
    from surveys.publish import find_area
    from surveys.store.quality import checked
    from surveys.store.schema import Area, Wave
    from surveys.store.timings import visits

    with database.read() as session:
        place = find_area(session, area)
        wave_id, villages = newest_wave(session, place.id, now())
        if wave_id is None:
            raise Problem("No wave was opened there yet: there is nothing to look through.")
        wave = session.get_one(Wave, wave_id).name
        names = {
            row.code: row.name
            for row in session.execute(
                select(Area.code, Area.name).where(Area.id.in_(villages)).order_by(Area.code)
            )
        }
        counts = checked(session, wave_id).counts
        asked, paths = visits(session, wave_id, villages, now() - SILENT)
    # As the columns of an export are named.
    fields = ["-".join(path.split("/")[2:]) for path in paths]
    rows = shown(by_question(asked, len(paths)), fields)
    return Found(wave, *_villages(counts, names), tuple(rows))


def _villages(
    counts: pd.DataFrame, names: Mapping[str, str]
) -> tuple[tuple[Mapping[str, Any], ...], Mapping[str, Any] | None, int]:
    """These villages one by one, those too small for it together, and how many they are."""
    from surveys.estimation.suppression import level

    by_code = counts.to_dict("index")
    # In the order of the codes, which is that of `names`.
    every = [(code, by_code[code]) for code in names if code in by_code]
    small = [code for code, row in every if level(row["persons"], row["homes"]) == "withheld"]
    together = counts.loc[small].sum().to_dict()
    rest = None
    if level(together["persons"], together["homes"]) != "withheld":
        rest = _row("", "", together)
    listed = (_row(code, names[code], row) for code, row in every if code not in set(small))
    return tuple(listed), rest, len(small)


def _row(code: str, name: str, counts: Mapping[Any, Any]) -> Mapping[str, Any]:
    from surveys.estimation.suppression import to_five

    persons, homes = int(counts["persons"]), int(counts["homes"])
    of_homes = ("rosters_differ", "rosters_short")
    flags = {
        str(flag): to_five(int(count), homes if flag in of_homes else persons)
        for flag, count in counts.items()
        if flag not in ("persons", "homes")
    }
    return {"code": code, "name": name, "persons": persons, "homes": homes, **flags}


def _write(found: Found, shape: Shape) -> None:
    if shape is Shape.json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2, allow_nan=False))
    elif shape is Shape.csv:
        import csv

        sheet = csv.writer(sys.stdout, lineterminator="\n")
        sheet.writerow(("about", "name", "figure", "value"))
        sheet.writerows(_long(found))
    else:
        _show(found)


def _long(found: Found) -> Iterator[tuple[str, str, str, Any]]:
    """One figure a line; what is withheld is empty."""
    rest = (found.smaller_villages,) if found.smaller_villages else ()
    for about, rows in (("village", found.villages), ("smaller villages", rest)):
        for row in rows:
            for figure, value in row.items():
                if figure not in ("code", "name"):
                    yield about, row["code"], figure, value
    for one in found.questions:
        for figure, value in asdict(one).items():
            if figure not in ("question", "withheld"):
                yield "question", one.question, figure, "" if value is None else value


def _show(found: Found) -> None:
    from rich.console import Console
    from rich.text import Text

    # Redirected to a file there is no window that a row would have to fit into.
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(Text(found.wave))
    rows = [(row["name"], row) for row in found.villages]
    if found.smaller_villages is not None:
        rows.append((f"{found.villages_not_shown} smaller villages", found.smaller_villages))
    if rows:
        flags = [name for name in rows[0][1] if name not in ("code", "name")]
        sheet = _sheet("village", [name.replace("_", " ") for name in flags])
        for name, row in rows:
            sheet.add_row(Text(name), *(str(row[flag]) for flag in flags))
        console.print(sheet)
    if found.villages_not_shown and found.smaller_villages is None:
        console.print(f"Villages with too few answers to be listed: {found.villages_not_shown}.")
    sheet = _sheet(
        "question",
        ("asked", "answered", "skipped", "returned", "corrected", "broke off", "%",
         "seconds 25 %", "50 %", "75 %", ""),
    )  # fmt: skip
    for one in found.questions:
        figures = (
            one.asked, one.answered, one.skipped, one.returned, one.corrected, one.broken_off,
            one.broken_off_share, one.seconds_low, one.seconds, one.seconds_high,
        )  # fmt: skip
        sheet.add_row(
            Text(one.question),
            *("" if figure is None else str(figure) for figure in figures),
            WORDS[one.withheld],
        )
    console.print(sheet)


WORDS = {
    "": "",
    "few_persons": "not shown: under 10 persons",
    "few_homes": "not shown: under 5 homes",
}


def _sheet(first: str, columns: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    sheet = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    sheet.add_column(first, overflow="fold")
    for name in columns:
        sheet.add_column(name, justify="right" if name else "left")
    return sheet
