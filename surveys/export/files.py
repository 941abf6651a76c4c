"""An export as files: in a folder, or in one zip."""

from __future__ import annotations

import logging
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self

from surveys.export.apart import Died
from surveys.export.central import write_central
from surveys.export.codebook import codebook_csv, write_codebook_html
from surveys.export.frequencies import Counting, Frequency, frequencies
from surveys.export.kobo import write_kobo, write_kobo_repeats
from surveys.export.media import FOLDER, Media
from surveys.export.scripts import write_scripts
from surveys.export.straight import Misfit
from surveys.export.table import Table
from surveys.export.tables import Tables
from surveys.export.told import told
from surveys.export.wording import LANGUAGES, Language

_log = logging.getLogger(__name__)
Format = Literal["csv", "xlsx", "sav", "dta", "parquet"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How files are to be written."""

    formats: tuple[Format, ...] = ("csv",)
    language: Language = "en"
    """Of labels, where a file has one language only."""
    kobo: bool = False
    """Whether the submissions as CSV have KoboToolbox's columns in the place of ODK Central's …"""
    labels: bool = False
    """… with questions and choices by their labels."""
    bom: bool = False
    """Whether CSV files are marked as UTF-8, for Excel."""

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(**{**document, "formats": tuple(document["formats"])})


def write_files(tables: Tables, wanted: Wanted, folder: Path) -> list[Path]:
    """Writes everything into a folder that is there; the paths in the order to be read in.

    Each table is read a batch at a time, once for each format; the codebook's numbers are counted
    while CSV is written. Where columns were guessed and an answer does not fit them, or the other
    process that makes lines broke down, it begins once more.
    """
    if tables.again is None:
        return _all(tables, wanted, folder)
    if tables.guessed and (wanted.kobo or wanted.formats != ("csv",)):
        return _all(tables.again(apart=True), wanted, folder)
    try:
        return _all(tables, wanted, folder)
    except Misfit:
        # In the second try the other process may break down, too.
        return write_files(tables.again(apart=True), wanted, folder)
    except Died as error:
        _log.warning("lines of CSV are made in one process: %s", error.name)
        return _all(tables.again(apart=False), wanted, folder)


def _all(tables: Tables, wanted: Wanted, folder: Path) -> list[Path]:
    written: list[Path] = []
    counts: dict[str, Counting] = {}
    counted: dict[str, dict[str, Frequency]] = {}
    if wanted.kobo or "csv" not in wanted.formats:
        # First: what other formats need stays in memory, beside a process that counts.
        counted = {one.name: _counted(one) for one in tables.all}
    for one in wanted.formats:
        written += _write(one, tables, wanted, folder, counts)
    counted |= {name: one.told() for name, one in counts.items()}
    written += _codebook(tables, wanted, folder, counted)
    readme = folder / "README.txt"
    readme.write_text(_about(tables, wanted), "utf-8-sig" if wanted.bom else "utf-8")
    return [*written, readme]


def _codebook(
    tables: Tables,
    wanted: Wanted,
    folder: Path,
    counted: Mapping[str, Mapping[str, Frequency]],
) -> list[Path]:
    """As CSV and as a page; a workbook has it as a sheet."""
    path = folder / "codebook.csv"
    with path.open("wb") as file:
        file.writelines(codebook_csv(tables.all, tables.languages, bom=wanted.bom, counted=counted))
    pages = write_codebook_html(
        tables.all, folder, wanted.language, tables.form_title, tables.wave, counted
    )
    return [path, *pages]


def _counted(table: Table) -> dict[str, Frequency]:
    """What is told of each column of a table that is not written as CSV."""
    if table.lines is None:
        return frequencies(table)
    counting = Counting(table)
    # The short way to lines counts in half of the time, though nobody wants them.
    deque(table.lines({}, counting), maxlen=0)
    return counting.told()


def _about(tables: Tables, wanted: Wanted) -> str:
    """What the files hold and what was done to them, in both languages."""
    order = sorted(LANGUAGES, key=lambda language: language != wanted.language)
    parts = [f"{tables.form_title} · {tables.wave}"]
    parts += ["\n".join(told(tables, language)) for language in order]
    if tables.released is not None and tables.released.questions_left_out:
        parts.append(" ".join(tables.released.questions_left_out))
    return "\n\n".join(parts) + "\n"


def _write(
    one: Format, tables: Tables, wanted: Wanted, folder: Path, counts: dict[str, Counting]
) -> list[Path]:
    if one == "csv" and wanted.kobo:
        labels = wanted.language if wanted.labels else None
        kobo = write_kobo(tables.submissions, folder, labels=labels, bom=wanted.bom)
        repeats = write_kobo_repeats(tables.repeats, folder, labels=labels, bom=wanted.bom)
        places = [tables.villages] if tables.villages else []
        return [kobo, *repeats, *write_central(places, folder, bom=wanted.bom)]
    if one == "csv":
        found = write_central(tables.all, folder, bom=wanted.bom, counts=counts)
        return found + write_scripts(
            tables.submissions, tables.villages, folder, tables.indicators, tables.roles,
            {one.table.name: one.table.parent for one in tables.repeats},
        )  # fmt: skip
    return _writer(one)(tables.all, folder, wanted.language)


def _writer(one: Format) -> Callable[[Sequence[Table], Path, Language], list[Path]]:
    """What writes a format that brings heavy imports along."""
    if one == "xlsx":
        from surveys.export.xlsx import write_xlsx

        return write_xlsx
    if one == "sav":
        from surveys.export.spss import write_spss

        return write_spss
    if one == "dta":
        from surveys.export.stata import write_stata

        return write_stata
    from surveys.export.parquet import write_parquet

    return write_parquet


@contextmanager
def written(tables: Tables, wanted: Wanted, beside: Path) -> Iterator[list[Path]]:
    """The files in a folder of their own beside a path, gone at the end: to be moved or packed.

    So what broke off half-way is not taken for a whole export.
    """
    beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".export-", dir=beside) as folder:
        yield write_files(tables, wanted, Path(folder))


def into_folder(tables: Tables, wanted: Wanted, folder: Path) -> list[Path]:
    """Writes the files into a folder; those of the same names are replaced once all are whole.

    What people sent goes into a folder `media` in it, one after the other.
    """
    with written(tables, wanted, folder) as paths:
        made = [path.replace(folder / path.name) for path in paths]
    if tables.media is not None and tables.media.count:
        (folder / FOLDER).mkdir(exist_ok=True)
        for name, content in tables.media.each():
            made.append(folder / FOLDER / name)
            made[-1].write_bytes(content)
    return made


def into_zip(tables: Tables, wanted: Wanted, target: Path) -> list[str]:
    """Writes one zip; the names of the files in it."""
    with written(tables, wanted, target.parent) as paths:
        part = paths[0].parent / target.name
        pack(paths, part)
        sent = add_media(tables.media, part) if tables.media is not None else []
        part.replace(target)
        return [*(path.name for path in paths), *sent]


def pack(paths: Sequence[Path], target: Path) -> None:
    """Files into a zip, a piece at a time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            packed.write(path, path.name)


def add_media(media: Media, target: Path) -> list[str]:
    """What people sent into a zip that is there, one file at a time; their names in it."""
    names = []
    # As they are: photos and recordings do not get smaller.
    with zipfile.ZipFile(target, "a", zipfile.ZIP_STORED) as packed:
        for name, content in media.each():
            names.append(f"{FOLDER}/{name}")
            packed.writestr(names[-1], content)
    return names
