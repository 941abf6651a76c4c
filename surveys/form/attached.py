"""Files that a form names: lists to choose from and look things up in, pictures, sounds, films."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from surveys.form.headers import EXPRESSIONS, MEDIA, Columns
from surveys.form.items import Item
from surveys.form.list_files import read_list
from surveys.form.problems import Cell, FormError, Problem, odd, wrong
from surveys.form.sheets import Book
from surveys.form.survey_rows import Survey, meant

LARGEST_PICTURE, LARGEST_OTHER = 10 * 1024 * 1024, 50 * 1024 * 1024
"""Bytes of a picture, and of a sound or film, that Telegram takes from a bot."""
_PULLED = re.compile(r"pulldata\(\s*['\"]([^'\"]+)['\"]\s*,")
_URI = re.compile(r"jr://(file|file-csv|images|audio|video)/([^\"'<>\s]+)")
_VALUES: Mapping[str, tuple[str, str]] = {"geojson": ("id", "title")}
"""The columns of value and label, where a question does not name them; else name and label."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file, and the cell that names it."""

    file: str
    cell: Cell
    medium: bool
    """A picture, sound or film: a form works without it."""
    columns: tuple[str, ...] = ()
    """What a question needs of each row of a list."""


def named_in_sheets(survey: Survey, book: Book) -> Iterator[Named]:
    """Every file that the sheets name, as often as it is named."""
    columns = survey.columns
    for one in survey.rows:
        number, written = one.row.number, one.written
        if written.kind == "select" and re.search(r"\.(csv|xml|geojson)\Z", written.listed):
            kind = written.listed.rpartition(".")[2]
            given = {
                key: value
                for key, _, value in (
                    part.partition("=")
                    for part in re.split(r"[\s,;]+", columns.text(one.row, "parameters"))
                )
            }
            value, label = _VALUES.get(kind, ("name", "label"))
            yield Named(
                written.listed,
                survey.cell(one.row, "type"),
                False,
                (given.get("value", value), given.get("label", label)),
            )
        elif written.word in ("csv-external", "xml-external") and one.name:
            name = f"{one.name}.{written.word[:3]}"
            yield Named(name, survey.cell(one.row, "name"), False)
        for _, header, text in columns.cells(one.row, *EXPRESSIONS, "default"):
            for pulled in _PULLED.findall(text):
                name = pulled if pulled.endswith((".csv", ".xml")) else f"{pulled}.csv"
                yield Named(name, Cell("survey", number, header), False)
        for _, header, text in columns.cells(one.row, *MEDIA):
            yield Named(_bare(text), Cell("survey", number, header), True)
    choices = Columns("choices", book.headers.get("choices", {}))
    for row in book.get("choices", ()):
        for _, header, text in choices.cells(row, *MEDIA):
            yield Named(_bare(text), Cell("choices", row.number, header), True)


def attached(
    named: Iterator[Named], files: Mapping[str, bytes]
) -> tuple[dict[str, Item], list[Problem]]:
    """The lists by their names, and what is wrong with the files that the sheets name."""
    lists: dict[str, Item] = {}
    broken: set[str] = set()
    problems: list[Problem] = []
    for one in named:
        if "${" in one.file or one.file in broken:
            # Which one is known only when it is asked, or it was told already.
            continue
        if one.file not in files:
            broken.add(one.file)
            problems.append(_missing(one, files))
        elif one.medium:
            problems += _medium(one, files[one.file], broken)
        elif one.file not in lists:
            try:
                lists[one.file] = read_list(one.file, files[one.file])
            except FormError as error:
                broken.add(one.file)
                problems += [Problem("error", found.what, found.remedy, *one.cell)
                             for found in error.problems]  # fmt: skip
                continue
        if one.file in lists:
            problems += _columns(one, lists[one.file])
    return lists, problems


def _bare(text: str) -> str:
    return re.sub(r"\Ajr://[a-z-]+/", "", text)


def _missing(one: Named, files: Mapping[str, bytes]) -> Problem:
    if re.search(r"[/\\:]|\A\.\.?\Z", one.file):
        return wrong(
            one.cell,
            "{file} is no name of a file.",
            "Write its name alone, without folders.",
            file=one.file[:80],
        )
    told, near = meant(one.file, files)
    remedy = told or "Send it with the workbook, all together in one .zip."
    tell = odd if one.medium else wrong
    return tell(one.cell, "The file {file} did not come with the form.", remedy,
                file=one.file[:80], near=near)  # fmt: skip


def _medium(one: Named, content: bytes, broken: set[str]) -> list[Problem]:
    picture = one.cell.column.rpartition("media::")[2].startswith(("image", "big-image"))
    most = LARGEST_PICTURE if picture else LARGEST_OTHER
    if len(content) <= most and content:
        return []
    broken.add(one.file)
    told = "The file {file} is larger than {most} megabytes: Telegram does not take it."
    return [
        odd(one.cell, told if content else "The file {file} is empty.", "Make it smaller."
            if content else "Send it again.", file=one.file, most=most // 1024 // 1024)
    ]  # fmt: skip


def _columns(one: Named, tree: Item) -> list[Problem]:
    item = next((child for child in tree.children if child.children), None)
    known = {child.name for child in item.children} if item else set()
    if item is None and one.columns:
        return [odd(one.cell, "The list in {file} is empty.", "Write a row for each choice.",
                    file=one.file)]  # fmt: skip
    problems = []
    for column in one.columns:
        if column not in known:
            told, near = meant(column, known)
            problems.append(
                wrong(
                    one.cell,
                    "The file {file} has no column {column}.",
                    told or "Name it with parameters, as in: value=code label=title.",
                    file=one.file,
                    column=column[:80],
                    near=near,
                )
            )
    return problems


def files_of(xform: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of the files that an XForm names."""
    names = {unescape(name) for _, name in _URI.findall(xform)}
    return {name: files[name] for name in sorted(names) if name in files}


def missing_in_xform(xform: str, files: Mapping[str, bytes]) -> list[Problem]:
    """Media that an XForm names and that did not come (of lists, reading it tells)."""
    return [
        odd(Cell(), "The file {file} did not come with the form.",
            "Send it with the workbook, all together in one .zip.", file=name[:80])
        for kind, name in dict.fromkeys(
            (kind, unescape(name)) for kind, name in _URI.findall(xform))
        if kind in ("images", "audio", "video") and name not in files and name != "-"
    ]  # fmt: skip


def unnamed(xform: str, files: Mapping[str, bytes]) -> list[Problem]:
    """Files that came and that the form names nowhere."""
    kept = files_of(xform, files)
    return [
        odd(Cell(), "The form names the file {file} nowhere.", "Leave it out, or name it.",
            file=name[:80])
        for name in files
        if name not in kept
    ]  # fmt: skip
