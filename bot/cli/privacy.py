"""`usegap forget` and `usegap retention`: who asks by letter to be forgotten; what goes when."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import BY, Problem, note, now, opened, settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from surveys.conduct.by_letter import Asking

DAYS = (0, 1, 7, 30, 90)
"""From today on: what is due by then."""


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    app.command()(forget)
    app.command()(retention)


def forget(
    key: Annotated[
        str | None,
        typer.Argument(help="A submission's id, or its first 8 characters or more."),
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Everyone of a chat; its number is asked for.")
    ] = False,
    keep_answers: Annotated[
        bool, typer.Option("--keep-answers", help="Finished answers stay, without any tie.")
    ] = False,
    delete_answers: Annotated[
        bool, typer.Option("--delete-answers", help="The answers go, too.")
    ] = False,
) -> None:
    """Forget a person who asked for it by letter, as /forget does; it cannot be taken back."""
    from bot.settings import key_of
    from surveys.conduct import by_letter
    from surveys.publish.reviews import find
    from surveys.store.database import file_of
    from surveys.store.vault import Vault

    if chat == (key is not None):
        raise Problem("Give a submission's id, or --chat to be asked for a chat's number.")
    if keep_answers and delete_answers:
        raise Problem("Either the answers stay or they go: give one of the two options.")
    found = settings()
    with opened(found) as database:
        lane = ""
        if chat:
            vault = Vault(key_of(found, file_of(found.database_url), create=False))
            lane = vault.fingerprint(f"telegram:{_number()}")

        def look(session: Session) -> Asking:
            one = (
                by_letter.of_phone(session, lane)
                if key is None
                else by_letter.of_interview(session, find(session, key).interview_id)
            )
            if one is None:
                raise Problem("Nobody is known by this number: nothing is kept about them.")
            if one.last_owner:
                raise Problem(
                    "This is the last owner: invite another one first, by `usegap admin invite`."
                )
            return one

        # Not read-only: owners are locked while they are counted. Nothing is held at the prompt,
        # so it is looked at again afterwards.
        with database.begin() as session:
            note(_who(look(session)))
        if not keep_answers and not delete_answers:
            keep_answers = _keeps()
        with database.begin() as session:
            count = by_letter.forget_asking(
                session, look(session), keep_answers=keep_answers, now=now(), by=BY
            )
    what = "finished answers stay, with nothing that leads to anyone" if keep_answers else "deleted"
    typer.echo(f"{count} forgotten: {what}.")


def _number() -> str:
    text = typer.prompt("Number of the chat (not shown)", hide_input=True, err=True).strip()
    if not (text.isascii() and text.lstrip("-").isdigit()):
        raise Problem("The number of a chat has digits only; the person reads it in /mydata.")
    return str(text)


def _who(found: Asking) -> str:
    persons = "1 person" if found.persons == 1 else f"{found.persons} persons"
    rights = " They will not be an administrator any more." if found.leads else ""
    return (
        f"{persons}, {found.finished} finished and {found.unfinished} unfinished interviews,"
        f" in {', '.join(found.villages) or 'no village'}.{rights}"
    )


def _keeps() -> bool:
    text = typer.prompt("Type `delete` to delete the answers, `keep` to keep them", err=True)
    word = str(text).strip().lower()
    if word not in ("delete", "keep"):
        raise Problem("Nothing was deleted.")
    return word == "keep"


def retention(
    do_it: Annotated[
        bool, typer.Option("--now", help="Erase now what is due; `usegap run` does so every hour.")
    ] = False,
) -> None:
    """Say how much will be erased when, or erase what is due."""
    from surveys.conduct.retention import Erased, due, steps

    found = settings()
    moment = now()
    with opened(found) as database:
        if do_it:
            done = sum(steps(database, moment, found.free_text_days), Erased())
            typer.echo(f"Erased: {_counts(done)}.")
            return
        with database.read() as session:
            rows = [
                (days, due(session, moment + timedelta(days=days), found.free_text_days))
                for days in DAYS
            ]
    for days, erased in rows:
        when = "now" if days == 0 else f"by {moment + timedelta(days=days):%Y-%m-%d}"
        typer.echo(f"{when}: {_counts(erased)}")
    if any(getattr(rows[0][1], one.name) for one in fields(Erased)):
        note("`usegap run` erases what is due within the hour; `usegap retention --now` at once.")


def _counts(erased: object) -> str:
    names = {
        "interviews": "whole interviews",
        "texts": "interviews' own words, photos and recordings",
        "contacts": "contacts",
    }
    return ", ".join(f"{getattr(erased, name)} {label}" for name, label in names.items())
