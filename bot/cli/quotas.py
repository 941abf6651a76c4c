"""`usegap quota …`: how many finished interviews of one sex and age are wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import BY, Problem, content_of, now, opened, settings

app = typer.Typer(name="quota", help="Set and list quotas by sex and age.", no_args_is_help=True)


@app.command("set")
def set_(
    area: Annotated[str, typer.Argument(help="County, County/Township or a village's code.")],
    most: Annotated[int | None, typer.Argument(help="Finished interviews at most.")] = None,
    sex: Annotated[str, typer.Option(help="f or m; without it, both.")] = "",
    age: Annotated[str, typer.Option(help="16-34, 35-54, 55-64 or 65+; without it, all.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Take the quota away.")] = False,
) -> None:
    """Set a quota in the wave that is open there."""
    from surveys.publish import find_area
    from surveys.publish.quotas import NoQuota, age_word, change_quota, said, sex_word
    from surveys.store.quotas import AGES, Cell

    if off == (most is not None):
        raise Problem("Give a number, or --off to take the quota away.")
    of_sex, of_age = sex_word(sex), age_word(age)
    if of_sex is None or of_age is None:
        raise Problem(f"--sex is f or m, --age is {', '.join(AGES)}.")
    cell = Cell(of_sex, of_age)
    with opened(settings()) as database, database.begin() as session:
        place = find_area(session, area)
        try:
            change_quota(session, place.id, cell, most, now(), BY)
        except NoQuota as error:
            raise Problem(f"{place.name}: {error}.") from None
        except ValueError as error:
            raise Problem(f"{error}.") from None
        name = place.name
    typer.echo(f"{name}\t{said(cell)}\t{'no quota' if off else most}")


@app.command("list")
def list_() -> None:
    """Every quota of the waves that are open: area, cell, finished, at most."""
    from surveys.publish.quotas import all_quotas, said

    with opened(settings()) as database, database.read() as session:
        found = all_quotas(session)
    for area in found:
        for one in area.fillings:
            typer.echo(f"{area.name}\t{said(one.cell)}\t{one.finished}\t{one.most}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file: area, sex, age, most")],
) -> None:
    """Set the quotas of a file; an empty most takes one away."""
    from surveys.publish.quotas import import_quotas

    content = content_of(file)
    with opened(settings()) as database, database.begin() as session:
        done = import_quotas(session, content, now(), by=BY)
    typer.echo(f"{done} quotas are set.")
