"""`usegap form …`: is a form right, and publishing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import form_run
from bot.cli.beside import Beside
from bot.cli.opening import BY, busy, content_of, now, opened, settings

if TYPE_CHECKING:
    from surveys.form.xlsform import Workbook

app = typer.Typer(name="form", help="Check a form, publish it.", no_args_is_help=True)

form_run.add_to(app)

File = Annotated[
    Path,
    typer.Argument(
        help="An XLSForm (.xlsx, .xls, .md, .csv), an XForm (.xml), or a .zip with its files."
    ),
]
Validate = Annotated[bool, typer.Option("--validate", help="Ask ODK Validate, too: needs Java.")]


@app.command()
def check(file: File, validate: Validate = False) -> None:
    """Say everything that is wrong with a form, each with its sheet, row and remedy."""
    from surveys.publish.forms import lacking

    workbook = converted(file, validate)
    form = workbook.form
    problems = [*workbook.problems, *lacking(form)]
    for problem in problems:
        typer.echo(f"warning: {problem}")
    asked = sum(question.asked for question in form.questions)
    languages = ", ".join(language for language in form.languages if language) or "one language"
    typer.echo(
        f"{form.id} {form.version}: {asked} questions in {languages};"
        f" {len(workbook.indicators)} indicators; no errors, {len(problems)} warnings."
    )


@app.command()
def publish(file: File, validate: Validate = False) -> None:
    """Publish a form, as a version that never changes again."""
    from surveys.publish import publish as keep

    with opened(settings()) as database:
        workbook = converted(file, validate)
        for problem in workbook.problems:
            typer.echo(f"{problem.severity}: {problem}")
        with database.begin() as session:
            version = keep(session, workbook, BY, now())
    done = "is published" if version.new else "was published before, just as it is"
    typer.echo(f"{version.form_id} {version.version} {done}.")


def converted(file: Path, validate: bool = False) -> Workbook:
    """A form file, converted; raises `FormError` with all that is wrong with it."""
    from surveys.form.bundle import is_bundle, unbundled
    from surveys.form.xlsform import convert

    content = content_of(file)
    with busy(f"Reading {file.name} …"):
        if is_bundle(content):
            bundle = unbundled(content)
            return convert(bundle.content, bundle.name, files=bundle.files, validate=validate)
        return convert(content, file.name, files=Beside(file), validate=validate)
