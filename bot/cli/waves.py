"""`usegap wave …`: when people are asked."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.opening import BY, now, opened, settings

app = typer.Typer(name="wave", help="Open and close waves of interviews.", no_args_is_help=True)

Where = Annotated[
    str | None, typer.Option("--area", help="County or County/Township; without it, everywhere.")
]


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
def close(area: Where = None) -> None:
    """Close the wave: nobody can answer any more; administrators are sent the profiles."""
    from surveys.publish import close_wave

    with opened(settings()) as database, database.begin() as session:
        ordered = close_wave(session, now(), area, by=BY)
    typer.echo(f"The wave is closed. {ordered} profiles are sent as soon as the bot runs.")
