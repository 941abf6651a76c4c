"""`usegap wave …`: when people are asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from bot.cli.opening import BY, now, opened, settings

app = typer.Typer(name="wave", help="Open and close waves of interviews.", no_args_is_help=True)

Where = Annotated[
    str | None, typer.Option("--area", help="County or County/Township; without it, everywhere.")
]
LONGEST = 24 * 28
"""Hours: a wave that people may finish for longer is no wave that ends."""


@app.command("open")
def open_(
    area: Where = None,
    form: Annotated[
        str | None, typer.Option(help="The form's id; without it, the form published last.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="What reports call the wave; without it, its month.")
    ] = "",
) -> None:
    """Open a wave: from now on residents there can answer."""
    from surveys.publish import open_wave

    found = settings("USEGAP_ORGANISATION", "USEGAP_CONTACT")
    with opened(found) as database, database.begin() as session:
        wave_id = open_wave(
            session,
            organisation=found.organisation,
            contact=found.contact,
            retention_months=found.retention_months,
            now=now(),
            area_path=area,
            form_id=form,
            name=name,
            by=BY,
        )
    typer.echo(f"Wave {wave_id} is open.")


@app.command()
def close(
    area: Where = None,
    grace: Annotated[
        float,
        typer.Option(
            min=0, max=LONGEST, help="Hours in which who has begun may finish; 0: at once."
        ),
    ] = 24,
) -> None:
    """Close the wave: nobody begins any more; administrators are sent the profiles at its end."""
    from surveys.publish import close_wave, end_wave

    with opened(settings()) as database, database.begin() as session:
        if grace:
            until = end_wave(session, now(), area, grace=timedelta(hours=grace), by=BY)
            typer.echo(
                "Nobody begins any more. Who has begun can finish until"
                f" {until:%Y-%m-%d %H:%M} UTC; then the running bot closes the wave."
            )
            return
        ordered = close_wave(session, now(), area, by=BY)
    typer.echo(f"The wave is closed. {ordered} profiles are sent as soon as the bot runs.")


@app.command()
def reopen(area: Where = None) -> None:
    """Let a wave go on that is about to be closed: people can begin again."""
    from surveys.publish import keep_open

    with opened(settings()) as database, database.begin() as session:
        keep_open(session, now(), area, by=BY)
    typer.echo("The wave goes on.")
