"""`usegap site`: a folder of pages that needs no server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import BY, Problem, now, opened, progress, settings
from bot.cli.results import Language as Spoken

if TYPE_CHECKING:
    from surveys.reports.wording import Language

LIST = ".usegap-site"
"""The file in which the names of all others stand, one a line: such a folder may be replaced."""


def add_to(app: typer.Typer) -> None:
    """Put this command into the program."""
    app.command()(site)


def site(
    out: Annotated[Path, typer.Option(help="The folder to write; one written before is replaced.")],
    area: Annotated[
        str | None, typer.Option(help="County or County/Township; without it, everything.")
    ] = None,
    language: Annotated[
        list[Spoken] | None, typer.Option(help="en or zh; without it, both.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="A PDF beside each page.")] = False,
) -> None:
    """Write a page of every village and area, and a list of them: a site without a server."""
    from surveys.profiles.folder import folder_files
    from surveys.publish import find_area
    from surveys.reports.pdf import on_paper
    from surveys.store.audit import audit

    found = settings()
    with opened(found) as database:
        with database.begin() as session:
            place = find_area(session, area)
            audit(session, BY, "site", "profiles", now(), area_id=place.id)
        with replaced(out) as folder, progress("Writing pages") as tell:
            files = folder_files(
                database, place.id, _languages(language, found.language), now(),
                on_paper=on_paper if pdf else None, progress=tell,
            )  # fmt: skip
            names = []
            for name, content in files:
                (folder / name).write_bytes(content)
                names.append(name)
            (folder / LIST).write_text("\n".join(sorted(names)) + "\n", "utf-8")
    typer.echo(f"{len(names)} files are in {out}: open {out / 'index.html'}.")


def _languages(given: list[Spoken] | None, own: str) -> list[Language]:
    """The languages to write, the operator's own first: that of the file `index.html`."""
    every: list[Language] = ["zh", "en"] if own == "zh" else ["en", "zh"]
    wanted = {one.value for one in given or Spoken}
    return [one for one in every if one in wanted]


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `out` once all is there; a site in `out` makes way.

    Raises `Problem` where `out` holds anything that no site put there.
    """
    target = out.resolve()
    _only_a_site(target, out)
    target.parent.mkdir(parents=True, exist_ok=True)
    part, before = (
        target.with_name(f".{target.name}.{what}-{os.getpid()}") for what in ("part", "old")
    )
    part.mkdir()
    try:
        yield part
        # Once more: making pages takes minutes, in which somebody may have put something there.
        _only_a_site(target, out)
        if target.exists():
            target.rename(before)
        part.rename(target)
    except BaseException:
        if before.exists() and not target.exists():
            before.rename(target)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def _only_a_site(target: Path, out: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise Problem(f"{out} is a file: name a folder.")
    there = {one.name for one in target.iterdir()}
    listed = target / LIST
    own = {LIST, *listed.read_text("utf-8").splitlines()} if listed.is_file() else set[str]()
    if there - own:
        other = min(there - own)
        raise Problem(f"{out} holds {other}, which is no page of ours: name another folder.")
