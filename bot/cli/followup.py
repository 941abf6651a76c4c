"""`usegap followup …`: homes that did not answer, drawn by lot, visited and taken in."""

from __future__ import annotations

import csv
import io
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import BY, Problem, content_of, note, now, opened, settings
from bot.cli.results import Language
from bot.settings import key_of
from bot.texts import speak

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.texts import Speak
    from surveys.publish.followup import VisitsResult
    from surveys.store.schema import Area

app = typer.Typer(
    name="followup",
    help="Draw homes that did not answer, and take in the answers of those that were visited.",
    no_args_is_help=True,
)
Village = Annotated[str, typer.Argument(help="The village's code or name.")]
SHOWN = 8
"""Columns that are no questions, named in a note."""


@app.command()
def draw(
    village: Village,
    homes: Annotated[int, typer.Option(min=12, help="How many homes to visit.")] = 20,
    seed: Annotated[
        int | None, typer.Option(help="Of an earlier draw, to have its list again.", min=0)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The CSV file to write; without it, standard output.")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Without it, USEGAP_LANGUAGE.")] = None,
) -> None:
    """Put the homes of a village into the random order in which they are to be visited."""
    from surveys.publish.followup import draw_homes

    found = settings()
    chosen = secrets.randbelow(1_000_000_000) if seed is None else seed
    with opened(found) as database, database.begin() as session:
        area = _village(session, village)
        if area.households is None:
            raise Problem(
                f"How many homes {area.name} has is not known: import the list of villages again,"
                " with its column households."
            )
        if homes > area.households:
            raise Problem(f"{area.name} has {area.households} homes: choose fewer by --homes.")
        order = draw_homes(session, area.id, area.households, chosen, now(), by=BY)
        code, name = area.code or "", area.name
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("order", "home"))
    rows.writerows(enumerate(order, 1))
    say = speak(language.value if language else found.language)
    told = _instructions(say, name, code, homes, chosen)
    if out is None:
        typer.echo(text.getvalue(), nl=False)
        note(told)
        return
    # The mark lets a spreadsheet read the file as what it is.
    out.write_text("\ufeff" + text.getvalue(), encoding="utf-8")
    typer.echo(told)


@app.command("import")
def import_(
    village: Village,
    file: Annotated[Path, typer.Argument(help="A CSV file: home, and a column a question")],
) -> None:
    """Take in the answers of visited homes, by the rules of the wave's form."""
    from surveys.profiles import latest_wave
    from surveys.publish.followup import import_visits
    from surveys.store.database import file_of
    from surveys.store.vault import Vault

    found = settings()
    content = content_of(file)
    with opened(found) as database:
        place = file_of(found.database_url)
        # Beside a SQLite file the key is where it belongs, also before the bot first runs.
        vault = Vault(key_of(found, place, create=place is not None))
        with database.begin() as session:
            area = _village(session, village)
            wave_id = latest_wave(session, area.id)
            if wave_id is None:
                raise Problem(f"There is no wave in {area.name}: run `usegap wave open` first.")
            done = import_visits(session, vault, area.id, wave_id, content, now(), by=BY)
            name, households = area.name, area.households
    _report(done, name)
    if households is None:
        note(f"How many homes {name} has is not known: without it no profile can use the visits.")


def _village(session: Session, named: str) -> Area:
    from surveys.publish import find_area

    area = find_area(session, named)
    if area.kind != "village":
        raise Problem(f"{area.name} is a {area.kind}: name one of its villages.")
    return area


def _instructions(say: Speak, village: str, code: str, homes: int, seed: int) -> str:
    """How to go down the list, for those who visit."""
    told = (
        say("{village}: go down the list from the top, until {homes} homes have been visited."),
        say(
            "Pass over a home only where someone says that they have already answered in the chat;"
            " then the next one takes its place."
        ),
        say(
            "A home that refuses, or where nobody is met on three days, is one of the {homes}."
            " Write down its number and nothing else. Never take a neighbour in its place."
        ),
        say(
            "Before the first question, say who asks and why, that nobody has to answer, and what"
            " becomes of the answers."
        ),
        say(
            "Ask everyone aged 16 or over who lives there, each for themselves. Come back for those"
            " who are out."
        ),
        say("Write a line for each person, with the number of the home in the column home."),
        say("Then: usegap followup import {code} FILE.csv"),
        say("The same list again: --seed {seed}"),
    )
    lines = (f"{place}. {one}" for place, one in enumerate(told, 1))
    return "\n".join(lines).format(village=village, code=code, homes=homes, seed=seed)


def _report(done: VisitsResult, village: str) -> None:
    from surveys.estimation.followup import FEWEST

    persons = f"{done.persons} person" + "s" * (done.persons != 1)
    typer.echo(
        f"{village}: {persons} of {_homes(done.homes)} taken in; {_homes(done.replaced)} replaced"
        f" that had been in before; {_homes(done.silent)} without an answer."
    )
    if done.too_young:
        note(f"{done.too_young} too young: their answers are not kept.")
    if done.unknown:
        more = " …" if len(done.unknown) > SHOWN else ""
        names = ", ".join(done.unknown[:SHOWN]) + more
        note(f"Columns that are no questions of the form have no effect: {names}")
    if done.in_all < FEWEST:
        note(
            f"A follow-up counts from {FEWEST} homes that were visited and answered;"
            f" {village} has {done.in_all}."
        )


def _homes(count: int) -> str:
    return f"{count} home" + "s" * (count != 1)
