"""`usegap profile`: what the answers say."""

from __future__ import annotations

import json
import re
import sys
from enum import StrEnum
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.opening import Problem, busy, note, now, opened, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from surveys.estimation.profile import VillageProfile
    from surveys.store.database import Database
    from surveys.store.schema import Area


class Shape(StrEnum):
    """How a profile is written."""

    text = "text"
    json = "json"
    html = "html"
    png = "png"
    pdf = "pdf"


class Language(StrEnum):
    """What a profile is written in."""

    en = "en"
    zh = "zh"


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(profile)


def profile(
    name: Annotated[
        str, typer.Argument(help="A village's code or name, County, County/Township, or the whole.")
    ],
    format_: Annotated[Shape, typer.Option("--format", help="How to write it.")] = Shape.text,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; without it, standard output.")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Without it, USEGAP_LANGUAGE.")] = None,
    ranks: Annotated[
        bool, typer.Option("--ranks", help="Of an area: the ranks that each village may have.")
    ] = False,
) -> None:
    """Show the profile of a village, as its administrators get it, or of an area."""
    from surveys.profiles import latest_wave
    from surveys.profiles.tree import drawing
    from surveys.publish import find_area

    if format_ in (Shape.png, Shape.pdf) and out is None and sys.stdout.isatty():
        raise typer.BadParameter(f"that needs --out FILE.{format_}.")
    found = settings()
    spoken: Literal["en", "zh"] = (
        "zh" if (language.value if language else found.language) == "zh" else "en"
    )
    with opened(found) as database, busy("Computing the profile …"):
        with database.read() as session:
            area = find_area(session, name)
            wave_id = latest_wave(session, area.id)
        if ranks and area.kind == "village":
            raise Problem(f"{area.name} is a village: ranks are of the villages of an area.")
        found_profile = _profile(database, area, wave_id, ranks=ranks) if wave_id else None
        if found_profile is None:
            raise Problem(f"Nobody in {area.name} has finished an interview yet.")
        if wave_id and format_ in (Shape.html, Shape.pdf):
            draw = drawing(database, found_profile, wave_id, area.id, now())
            written = _page(draw, spoken, paper=format_ is Shape.pdf)
        else:
            written = _written(found_profile, format_, spoken)
    if out is not None:
        out.write_bytes(written)
        note(f"The profile of {area.name} is in {out}.")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()


def _profile(database: Database, area: Area, wave_id: int, *, ranks: bool) -> VillageProfile | None:
    from surveys.profiles import area_profile
    from surveys.profiles.news import profile_at

    if ranks:
        return area_profile(database, wave_id, area.id, now(), ranks=True)
    return profile_at(database, wave_id, area.id, now())


def _page(draw: Callable[..., str], language: Literal["en", "zh"], *, paper: bool) -> bytes:
    if not paper:
        return draw(language).encode()
    from surveys.reports.pdf import NoPaperError, on_paper

    try:
        return on_paper(draw(language, paper=True))
    except NoPaperError as error:
        raise Problem(str(error)) from error


def _written(profile: VillageProfile, shape: Shape, language: Literal["en", "zh"]) -> bytes:
    if shape is Shape.json:
        from surveys.estimation.profile import to_json

        return json.dumps(to_json(profile), ensure_ascii=False, indent=2).encode() + b"\n"
    if shape is Shape.png:
        from surveys.reports.charts import card

        return card(profile, language)
    from surveys.reports.render import chat_text

    return unescape(re.sub(r"<[^>]*>", "", chat_text(profile, language))).encode() + b"\n"
