"""`usegap remind`: a word to those who stopped in the middle."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.opening import BY, note, now, opened, settings


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(remind)


def remind(
    area: Annotated[
        str | None,
        typer.Option(help="County, County/Township or a village; without it, everything."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, only say how many there are.")
    ] = False,
) -> None:
    """Remind those who stopped in the middle: at most twice each, by day, never who said no."""
    from sqlalchemy import select

    from surveys.conduct.remind import order, waiting
    from surveys.publish import find_area
    from surveys.store.schema import Area

    with opened(settings()) as database, database.begin() as session:
        place = find_area(session, area)
        villages = session.execute(
            select(Area.id, Area.code, Area.name).where(
                Area.kind == "village", Area.path.startswith(place.path, autoescape=True)
            )
        ).all()
        names = {row.id: f"{row.code} {row.name}" for row in villages}
        moment = now()
        found = order(session, names, BY, moment) if yes else waiting(session, names, moment)
    for one in found:
        when = "now" if one.due <= moment else f"from {one.due:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{names[one.area_id]}: {one.chats}, {when}" + ", ordered" * one.ordered)
    total = sum(one.chats for one in found)
    if not found:
        note("There is nobody to remind.")
    elif yes:
        note(f"{total} chats are reminded as soon as the bot runs and it is day there.")
    else:
        note(f"{total} chats could be reminded. Nothing was sent: --yes does it.")
