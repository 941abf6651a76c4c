"""`usegap admin …`: who sees the results."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.opening import BY, bot_name, now, opened, settings

app = typer.Typer(name="admin", help="Invite administrators.", no_args_is_help=True)


class Role(StrEnum):
    """What an administrator may do."""

    owner = "owner"
    area = "area"
    helper = "helper"
    analyst = "analyst"
    viewer = "viewer"


@app.callback()
def admin() -> None:
    """Invite administrators."""


@app.command()
def invite(
    role: Annotated[
        Role,
        typer.Option(help="What they may do: docs/team.md has the table."),
    ],
    area: Annotated[
        str | None, typer.Option(help="County, County/Township, or a village's code.")
    ] = None,
    bot: Annotated[
        str | None, typer.Option(help="The bot's name, so that Telegram need not be asked.")
    ] = None,
) -> None:
    """Print a link that makes whoever opens it first an administrator; it works for 14 days."""
    from surveys.publish import invite as make

    if role in (Role.area, Role.helper) and not area:
        raise typer.BadParameter(f"the role {role.value} needs --area County/Township.")
    found = settings()
    with opened(found) as database:
        # The name first: an invite whose link cannot be printed would be lost.
        name = bot_name(found, bot)
        with database.begin() as session:
            code = make(session, role.value, area, now(), BY)
    typer.echo(f"https://t.me/{name}?start=admin-{code}")
