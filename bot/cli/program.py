"""`usegap`: the program with all its commands, and how it ends when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from bot.cli import (
    administrators,
    audit,
    backups,
    databases,
    decompose,
    deliveries,
    estimate,
    export,
    followup,
    forms,
    grants,
    interviews,
    keys,
    margins,
    privacy,
    quality,
    quotas,
    remind,
    results,
    reviews,
    scale,
    site,
    villages,
    waves,
    webhook,
)
from bot.cli.opening import Problem, note
from bot.cli.version import __version__

WRONG, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes: something is wrong with what was given, how it was called, or Ctrl-C."""

app = typer.Typer(
    name="usegap",
    help="Interviews residents in chat and sends each village's use-gap profile to those who act.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    forms,
    villages,
    margins,
    followup,
    administrators,
    waves,
    quotas,
    databases,
    keys,
    webhook,
):
    app.add_typer(group.app)
grants.add_to(databases.app)
interviews.add_to(app)
results.add_to(app)
export.add_to(app)
quality.add_to(app)
remind.add_to(app)
privacy.add_to(app)
reviews.add_to(app)
audit.add_to(app)
estimate.add_to(app)
deliveries.add_to(app)
decompose.add_to(app)
scale.add_to(app)
site.add_to(app)
backups.add_to(app)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"usegap {__version__}")
        raise typer.Exit


@app.callback()
def usegap(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Interviews residents in chat and sends each village's use-gap profile to those who act."""


@cache
def _command() -> Callable[..., Any]:
    """All of it as one callable: to put it together takes a tenth of a second."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command of `sys.argv`; what is wrong is said in one line, without a traceback."""
    try:
        code = _command()(prog_name="usegap", standalone_mode=False)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough.
        sys.stderr.close()
        code = 0
    except Exception as error:
        code, lines = _explained(error)
        if not lines:
            raise
        for line in lines:
            note(line)
    sys.exit(code or 0)


def _explained(error: Exception) -> tuple[int, list[str]]:
    """The exit code and what to say; nothing to say where the fault is the program's own."""
    from sqlalchemy.exc import DBAPIError

    from bot.inbox import Halted
    from bot.settings import SettingsError
    from surveys import publish
    from surveys.form.problems import FormError
    from surveys.publish.reviews import HasLeft, NoSuchSubmission, NotFinished
    from surveys.store.database import UnknownDatabase
    from surveys.store.standstill import AtWork, Unfit
    from surveys.store.upgrade import NewerDatabase
    from surveys.store.vault import WrongKey

    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's own
        context = getattr(error, "ctx", None)
        hint = f" See `{context.command_path} --help`." if context is not None else ""
        return MISUSED, [f"usegap: {error.format_message()}{hint}"]
    if type(error).__name__ == "Abort":
        return INTERRUPTED, ["usegap: stopped."]
    if isinstance(error, FormError):
        return WRONG, [f"{problem.severity}: {problem}" for problem in error.problems]
    if isinstance(error, publish.VillagesRefused):
        several = "problem" if len(error.problems) == 1 else "problems"
        head = f"usegap: nothing was imported: {len(error.problems)} {several} in the list."
        return WRONG, [*map(str, error.problems), head]
    if isinstance(error, DBAPIError):
        # The first line alone: the others repeat the statement.
        why = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        return WRONG, [f"usegap: the database cannot be used: {why[0]}"]
    expected = (
        Problem,
        AtWork,
        Halted,
        Unfit,
        WrongKey,
        SettingsError,
        UnknownDatabase,
        NewerDatabase,
        publish.AlreadyPublished,
        HasLeft,
        NoSuchSubmission,
        NotFinished,
        publish.NoSuchWave,
        publish.NothingPublished,
        publish.UnknownArea,
        publish.WaveAlreadyOpen,
    )
    if isinstance(error, expected):
        return WRONG, [f"usegap: {error}"]
    if isinstance(error, OSError) and error.filename is not None:
        return WRONG, [f"usegap: {error.filename}: {error.strerror}"]
    return WRONG, []
