"""`usegap demo`, `run` and `chat`: interviews played, for real, and tried."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bot.cli.forms import converted
from bot.cli.opening import Problem, now, settings
from bot.settings import needed_for

if TYPE_CHECKING:
    from surveys.form.model import Form


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    app.command()(demo)
    app.command()(run)
    app.command()(chat)


def demo(
    villages: Annotated[int, typer.Option(min=1, max=50, help="How many villages.")] = 3,
    residents: Annotated[
        int, typer.Option(min=1, max=5000, help="How many residents answer, in each of them.")
    ] = 60,
    out: Annotated[Path, typer.Option(help="The folder for what comes out.")] = Path("demo-out"),
) -> None:
    """Let simulated residents answer, and see their villages' profiles: no token, no server."""
    from rich.console import Console

    from bot.demo.play import play

    play(villages, residents, out, Console())


def run() -> None:
    """Run the bot until it is stopped. Makes the database if needed, opens the first wave."""
    from bot import application, logs

    found = settings(*needed_for("run"))
    logs.set_up(found.log_level, found.token, found.secret_key)
    asyncio.run(application.run(found))


def chat(
    form: Annotated[str, typer.Argument(help="A form file, or the name of one that we ship.")],
    language: Annotated[
        str, typer.Option(help="The language to begin in: en, zh, or the form's own word.")
    ] = "",
) -> None:
    """Answer a form here in the terminal, as residents do in the chat. Nothing is kept."""
    from bot import terminal

    found = settings()
    zone = ZoneInfo(found.time_zone)
    terminal.run(
        _form(form),
        input,
        typer.echo,
        language or found.language,
        lambda: datetime.now(zone),
        seed=int(now().timestamp()),
    )


def _form(named: str) -> Form:
    from surveys.form.xlsform import convert
    from surveys.instruments import shipped, shipped_names

    if named in shipped_names():
        return convert(shipped(named), f"{named}.md").form
    if not Path(named).exists():
        names = ", ".join(shipped_names())
        raise Problem(f"There is no form file {named}; the forms that we ship are: {names}.")
    return converted(Path(named)).form
