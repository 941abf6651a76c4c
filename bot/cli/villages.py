"""`usegap villages …`: the list of villages, and the links that residents open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import (
    BY,
    Problem,
    bot_name,
    content_of,
    note,
    now,
    opened,
    progress,
    settings,
)

app = typer.Typer(name="villages", help="Import villages, make their links.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file: code, name, area, households, …")],
) -> None:
    """Import a list of villages, or update those that are there. Makes the database if needed."""
    from surveys.publish import VillagesRefused, import_villages
    from surveys.publish.village_rows import read_villages

    found = settings()
    content = content_of(file)
    # Before a database is made: a list that is wrong leaves nothing behind.
    problems = read_villages(content).problems
    if problems:
        raise VillagesRefused(problems)
    with (
        opened(found, create=True) as database,
        progress("Importing villages") as tell,
        database.begin() as session,
    ):
        done = import_villages(
            session, content, now(), organisation=found.organisation, by=BY, progress=tell
        )
    for warning in done.warnings:
        note(warning)
    typer.echo(
        f"{done.added} villages added, {done.updated} updated, {done.areas} counties and townships"
        f" made; {done.references} villages of the list are the reference area."
    )


@app.command()
def links(
    out: Annotated[
        Path | None, typer.Option(help="A folder for a QR code of each link (PNG).")
    ] = None,
    bot: Annotated[
        str | None, typer.Option(help="The bot's name, so that Telegram need not be asked.")
    ] = None,
) -> None:
    """Print the link of each village, to be shared or printed."""
    from sqlalchemy import select

    from surveys.store.schema import Area

    found = settings()
    with opened(found) as database, database.read() as session:
        rows = session.execute(
            select(Area.code, Area.name).where(Area.kind == "village").order_by(Area.code)
        ).all()
    if not rows:
        raise Problem("There are no villages yet: run `usegap villages import FILE.csv` first.")
    name = bot_name(found, bot)
    if out is not None:
        import segno

        out.mkdir(parents=True, exist_ok=True)
        with progress("Drawing QR codes") as tell:
            for done, row in enumerate(rows, 1):
                # Error correction M: a fold or a drop of rain on the poster does no harm.
                code = segno.make(_link(name, row.code), error="m", micro=False)
                code.save(str(out / f"{row.code}.png"), scale=12, border=4)
                tell(done, len(rows))
    for row in rows:
        typer.echo(f"{row.code}\t{row.name}\t{_link(name, row.code)}")
    if out is not None:
        note(f"{len(rows)} QR codes are in {out}.")


@app.command()
def posters(
    out: Annotated[Path, typer.Option(help="The folder for the posters (PDF and PNG).")],
    area: Annotated[
        str | None, typer.Option(help="County, County/Township or a village; without it, all.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="en, zh or both; without it, each village's own.")
    ] = None,
    bot: Annotated[
        str | None, typer.Option(help="The bot's name, so that Telegram need not be asked.")
    ] = None,
) -> None:
    """Make a poster for each village: who asks what and why, and the code to scan."""
    from surveys.profiles.posters import NoPoster, poster_of
    from surveys.publish import find_area
    from surveys.reports.pdf import PangoMissingError
    from surveys.reports.poster import picture, poster_pdf
    from surveys.store.areas import villages_in

    if language not in (None, "en", "zh", "both"):
        raise Problem(f"The language must be en, zh or both, not {language}.")
    found = settings()
    name = bot_name(found, bot)
    try:
        with opened(found) as database, database.read() as session:
            ids = villages_in(session, find_area(session, area).path)
            sheets = [poster_of(session, one, name, found.language) for one in ids]
        out.mkdir(parents=True, exist_ok=True)
        with progress("Making posters") as tell:
            for done, sheet in enumerate(sheets, 1):
                tongue = sheet.tongue if language is None else language
                made = poster_pdf(sheet.poster, tongue)  # type: ignore[arg-type]
                (out / f"{sheet.poster.code}.pdf").write_bytes(made)
                (out / f"{sheet.poster.code}.png").write_bytes(picture(made))
                tell(done, len(sheets))
    except (NoPoster, PangoMissingError) as error:
        raise Problem(str(error)) from None
    note(f"{len(sheets)} posters are in {out}.")


def _link(bot: str, code: str) -> str:
    return f"https://t.me/{bot}?start={code}"
