"""`usegap export`: the answers as files for analysis."""

from __future__ import annotations

import gc
import os
import sys
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import BY, Problem, note, now, opened, progress, settings
from bot.cli.results import Language
from bot.settings import key_of

if TYPE_CHECKING:
    from surveys.export import Format, Review


class FileKind(StrEnum):
    """How an export is written."""

    csv = "csv"
    xlsx = "xlsx"
    sav = "sav"
    dta = "dta"
    parquet = "parquet"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(export)


def export(  # noqa: PLR0917 - the names speak
    out: Annotated[Path, typer.Option(help="A folder; or a file that ends with .zip.")],
    format_: Annotated[
        list[FileKind] | None, typer.Option("--format", help="csv without it; may be repeated.")
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="County, County/Township or a village; may be repeated."),
    ] = None,
    wave: Annotated[str, typer.Option(help="The wave's name; without it, the newest.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Finished on this day or later."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Finished on this day or before."),
    ] = None,
    form_version: Annotated[
        list[str] | None, typer.Option(help="Only this version of the form; may be repeated.")
    ] = None,
    review: Annotated[
        str, typer.Option(help="received, approved, hasIssues, rejected, with commas between.")
    ] = "received,approved,hasIssues",
    release: Annotated[
        bool, typer.Option("--release", help="To be handed out: nobody can be singled out.")
    ] = False,
    language: Annotated[
        Language | None, typer.Option(help="Of labels; without it USEGAP_LANGUAGE.")
    ] = None,
    kobo: Annotated[
        bool, typer.Option("--kobo", help="CSV with KoboToolbox's columns, not ODK Central's.")
    ] = False,
    labels: Annotated[
        bool, typer.Option("--labels", help="With --kobo: labels in the place of values.")
    ] = False,
    bom: Annotated[bool, typer.Option("--bom", help="Mark CSV files as UTF-8, for Excel.")] = False,
    no_media: Annotated[
        bool, typer.Option("--no-media", help="Without photos, recordings and files people sent.")
    ] = False,
) -> None:
    """Write the submissions of a wave, and a codebook, for analysis."""
    formats: tuple[Format, ...] = tuple(
        dict.fromkeys(one.value for one in format_ or [FileKind.csv])
    )
    if "parquet" in formats and find_spec("pyarrow") is None:
        from surveys.export.parquet import WITHOUT

        raise Problem(WITHOUT)
    # pandas takes Arrow up where it finds it: 85 MiB for nothing that is needed here. Not where
    # this is called within another program, which may want it.
    hidden = sys.argv[1:2] == ["export"] and "pyarrow" not in sys.modules
    if hidden:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]
    # Where pandas finds Arrow, Arrow's own pool would keep 25 MiB that nobody uses any more.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from surveys.export import (
        Filters,
        NothingToExport,
        Unwritable,
        Wanted,
        into_folder,
        into_zip,
        tables,
        told,
    )
    from surveys.publish import find_area
    from surveys.store.audit import audit
    from surveys.store.database import file_of
    from surveys.store.vault import Vault

    # What was imported stays: it is not gone through for garbage again and again.
    gc.freeze()
    reviews = _reviews(review)
    found = settings()
    spoken = language.value if language else found.language
    if (kobo or labels) and "csv" not in formats:
        raise typer.BadParameter("--kobo and --labels are about --format csv.")
    if labels and not kobo:
        raise typer.BadParameter("--labels needs --kobo.")
    wanted = Wanted(formats, "zh" if spoken == "zh" else "en", kobo=kobo, labels=labels, bom=bom)

    @cache
    def key() -> Vault:
        return Vault(key_of(found, file_of(found.database_url), create=False))

    with opened(found) as database:
        with database.begin() as session:
            filters = Filters(
                tuple(find_area(session, one).id for one in area or [""]),
                wave=wave,
                since=since.date() if since else None,
                until=until.date() if until else None,
                form_versions=tuple(form_version or ()),
                reviews=reviews,
            )
            what = "release" if release else "submissions"
            for one in filters.area_ids:
                audit(session, BY, "export", what, now(), area_id=one)
        packed = out.suffix.lower() == ".zip"
        with progress("Writing submissions") as tell:
            try:
                made = tables(
                    database, filters, now(), released=release, progress=tell,
                    unseal=None if no_media else lambda sealed: key().open(sealed),
                    folder=out.parent if packed else out,
                )  # fmt: skip
                if hidden and "parquet" in formats:
                    # It is written with it; pandas, which was read by now, goes on without.
                    import pandas  # noqa: F401

                    del sys.modules["pyarrow"]
                if made.media is not None and made.media.count:
                    # A key that is not there is said before anything is written.
                    key()
                if packed:
                    into_zip(made, wanted, out)
                else:
                    into_folder(made, wanted, out)
            except (NothingToExport, Unwritable) as error:
                raise Problem(str(error)) from None
    typer.echo(f"{made.submissions.count} submissions are in {out}.")
    for sentence in told(made, "en")[1:]:
        note(sentence)


def _reviews(text: str) -> tuple[Review, ...]:
    from surveys.export import REVIEWS

    names = {one.casefold(): one for one in REVIEWS}
    given = [one.strip() for one in text.split(",") if one.strip()]
    unknown = [one for one in given if one.casefold() not in names]
    if unknown or not given:
        raise typer.BadParameter(f"--review takes {', '.join(REVIEWS)}, with commas between.")
    return tuple(dict.fromkeys(names[one.casefold()] for one in given))
