"""`usegap form run`: a form filled in with answers written down beforehand, for who tests it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import Problem, content_of, note, now
from surveys.interview.prepared import AnswersError, read_answers
from surveys.interview.running import run as run_form

if TYPE_CHECKING:
    from surveys.interview.running import Asked, Run


def add_to(app: typer.Typer) -> None:
    """Put this command into `usegap form`."""
    app.command()(run)


def run(
    file: Annotated[
        Path, typer.Argument(help="An XLSForm (.xlsx, .xls, .md, .csv) or XForm (.xml).")
    ],
    answers: Annotated[Path, typer.Option(help="A JSON file with the answers, by node.")],
    language: Annotated[
        str, typer.Option(help="The language of the texts: a tag, or the form's own word for it.")
    ] = "",
    at: Annotated[
        str, typer.Option("--now", help="What now() is, ISO 8601; in UTC where it has no offset.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Fill a form in with answers from a file, and show what is asked and what comes of it."""
    from bot.cli.forms import converted

    form = converted(file).form
    moment = _moment(at)
    try:
        given = read_answers(form, _document(answers))
    except AnswersError as wrong:
        for problem in wrong.problems[:-1]:
            note(f"usegap: {answers.name}: {problem}")
        raise Problem(f"{answers.name}: {wrong.problems[-1]}") from None
    for path in given.unknown:
        note(f"usegap: {answers.name}: there is no question {path} in this form; it is left out.")
    done = run_form(form, given, language=language, now=moment)
    if as_json:
        typer.echo(json.dumps(done.document(), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(_lines(done)))


def _document(file: Path) -> object:
    try:
        return json.loads(content_of(file).decode("utf-8-sig"))
    except (ValueError, RecursionError) as wrong:
        raise Problem(f"{file.name} is no JSON: {wrong}.") from None


def _moment(text: str) -> datetime:
    if not text:
        return now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Problem(
            f"--now: {text} is no time as ISO 8601 has it, like 2026-05-31T08:00Z."
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)


def _lines(done: Run) -> list[str]:
    lines = [line for one in done.asked for line in _asked(one)]
    if done.finished:
        lines.append("Finished. What is in the form now (- not relevant):")
    else:
        lines.append(
            f"Ended at {done.asked[-1].node}, which needs an answer. What is in the form now"
            " (- not relevant):"
        )
    lines += [
        f"{' ' if relevant else '-'} {path}{f' = {value}' if value else ''}"
        for path, relevant, value in done.nodes
    ]
    return lines


def _asked(one: Asked) -> list[str]:
    lines = [f"{one.node} ({one.type}) {one.label}".rstrip()]
    lines += [f"    [{value}] {label}" for value, label in one.choices]
    if one.answer is not None:
        lines.append(f"    = {one.answer}")
    if not one.accepted:
        lines.append(f"    ! {one.message}")
    return lines
