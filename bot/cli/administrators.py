"""`usegap admin …`: who sees the results."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.opening import BY, Problem, bot_name, note, now, opened, settings
from bot.settings import key_of

app = typer.Typer(
    name="admin", help="Invite administrators, list them, take roles away.", no_args_is_help=True
)


class Role(StrEnum):
    """What an administrator may do."""

    owner = "owner"
    area = "area"
    helper = "helper"
    analyst = "analyst"
    viewer = "viewer"


@app.callback()
def admin() -> None:
    """Invite administrators, list them, take roles away."""


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
    from surveys.store.database import file_of
    from surveys.store.vault import Vault

    if role in (Role.area, Role.helper) and not area:
        raise typer.BadParameter(f"the role {role.value} needs --area County/Township.")
    found = settings()
    place = file_of(found.database_url)
    with opened(found) as database:
        # Beside a SQLite file the key is where it belongs, also before the bot first runs.
        vault = Vault(key_of(found, place, create=place is not None))
        # The name first: an invite whose link cannot be printed would be lost.
        name = bot_name(found, bot)
        with database.begin() as session:
            code = make(session, vault, role.value, area, now(), BY)
    typer.echo(f"https://t.me/{name}?start=admin-{code}")


@app.command("list")
def list_(
    area: Annotated[
        str | None, typer.Option(help="County or County/Township; without it, everything.")
    ] = None,
) -> None:
    """The roles there: number of the role, administrator, role, area; separated by tabs."""
    from surveys.publish import find_area
    from surveys.store.administrators import Right
    from surveys.store.team import members

    with opened(settings()) as database, database.read() as session:
        place = find_area(session, area)
        everything = Right(0, 0, "owner", place.id, place.path, place.name)
        found = members(session, [everything])
    for one in found:
        who = f"administrator {one.administrator_id}"
        typer.echo("\t".join((str(one.grant_id), who, one.role, one.area)))


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The number of the role, as `list` has it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Even if it is the programme's last owner.")
    ] = False,
) -> None:
    """Take a role away. Whoever has none left is no administrator any more."""
    from surveys.publish.team import LastOwner
    from surveys.publish.team import revoke as take_away
    from surveys.store.jobs import add_job

    with opened(settings()) as database, database.begin() as session:
        try:
            done = take_away(session, number, BY, now(), force=force)
        except LastOwner:
            raise Problem(
                "This is the programme's last owner: invite another first, or add --force."
            ) from None
        if done is None:
            raise Problem(f"No role has the number {number}: see `usegap admin list`.")
        job = {"contact_id": done.gone.contact_id, "role": done.gone.role, "area": done.gone.area}
        add_job(session, "farewell", job, now())
    note(f"Administrator {done.gone.administrator_id} is no longer {done.gone.role}.")
