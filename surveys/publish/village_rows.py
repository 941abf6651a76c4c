"""A list of villages as somebody saved it from a spreadsheet: every row checked, nothing stored."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from surveys.publish.sentences import sentence

N = TypeVar("N", int, float)

REQUIRED = ("code", "name", "area", "households", "adults", "target")
OPTIONAL = ("adults_offline", "ring", "latitude", "longitude", "reference", "time_zone",
            "language")  # fmt: skip
ALL = REQUIRED + OPTIONAL
CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
RESERVED = ("admin-", "home-", "h.")
"""What other links begin with: a village's code must not."""
LONGEST_NAME = 200
MOST = 100_000_000
"""No village has more persons; a phone number in the wrong column has."""
LANGUAGES = ("en", "zh")
"""What a poster can be written in."""
YES, NO = ("yes", "y", "true", "1", "是"), ("", "no", "n", "false", "0", "否")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """One thing wrong with a list of villages."""

    line: int
    """As an editor counts, from 1, the header included."""
    what: str
    """A `Sentence` where it can be said in other languages."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class VillageRow:
    """One village of the list."""

    line: int
    code: str
    name: str
    area: tuple[str, ...]
    """County, or county and township."""
    households: int | None
    adults: int | None
    target: int | None
    adults_offline: int | None
    ring: int | None
    latitude: float | None
    longitude: float | None
    reference: bool
    time_zone: str | None
    language: str | None
    """Of its poster."""


@dataclass(slots=True)
class Reading:
    """What a file says, and what is wrong with it."""

    rows: list[VillageRow] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    columns: frozenset[str] = frozenset()
    """The columns that the file has: what it lacks stays as it is stored."""


def read_villages(content: bytes) -> Reading:
    """Every row of a CSV file, and every problem in it with its line.

    UTF-8 with or without a byte order mark, UTF-16 with one, or GB18030; comma, semicolon or tab.
    """
    reading = Reading()
    text = text_of(content, reading.problems)
    if text is None:
        return reading
    head, _, _ = text.lstrip("\r\n").partition("\n")
    # What separates the columns is what makes most of the header's words known.
    separator = max(",;\t", key=lambda sign: len(set(map(header_of, head.split(sign))) & set(ALL)))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    places: dict[str, int] | None = None
    seen: dict[str, int] = {}
    before = 0
    try:
        for cells in lines:
            line, before = before + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _columns(cells, line, reading)
                if reading.problems:
                    return reading
            else:
                _row(cells, places, line, seen, reading)
    except csv.Error as error:
        reading.problems.append(LineProblem(before + 1, not_csv(error)))
    if places is None:
        what = sentence("the file is empty: it needs {columns}.", columns=", ".join(REQUIRED))
        reading.problems.append(LineProblem(1, what))
    elif not seen and not reading.problems:
        reading.problems.append(LineProblem(2, sentence("there is no village below the header.")))
    return reading


def text_of(content: bytes, problems: list[LineProblem]) -> str | None:
    """The text of a CSV file in UTF-8, GB18030 or marked UTF-16; None where it is none, and why."""
    if content.startswith(b"PK\x03\x04"):
        what = sentence(
            "this is an Excel workbook: save it as CSV (in Excel: CSV UTF-8) and import that."
        )
        problems.append(LineProblem(1, what))
        return None
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ()
    for encoding in (*encodings, "utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        # No text has this sign: UTF-16 without its mark has many.
        break
    bad = re.split("[\0\ufffd]", content.decode("utf-8", "replace"))[0].count("\n") + 1
    what = sentence("this is neither UTF-8 nor GB18030 text: save the file as CSV UTF-8.")
    problems.append(LineProblem(bad, what))
    return None


def not_csv(error: csv.Error) -> str:
    """What to say of a file that the reader of CSV gave up."""
    return sentence("this cannot be read as CSV ({error}).", error=error)


def header_of(cell: str) -> str:
    """A column's name however it is written.

    >>> header_of(" Adults offline")
    'adults_offline'
    """
    return "_".join(cell.strip().strip('"').lstrip("\ufeff").casefold().split())


def _columns(cells: list[str], line: int, reading: Reading) -> dict[str, int]:
    headers = [header_of(cell) for cell in cells]
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        if header in places:
            what = sentence("the column {column} stands twice.", column=header)
            reading.problems.append(LineProblem(line, what))
        elif header in ALL:
            places[header] = place
        elif header:
            near = get_close_matches(header, [name for name in ALL if name not in headers], 1)
            reading.warnings.append(
                sentence(
                    "The column {column} is not known: did you mean {near}?",
                    column=header, near=near[0],
                )
                if near
                else sentence("The column {column} is not known, and has no effect.", column=header)
            )  # fmt: skip
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        what = sentence(
            "the header lacks {missing}: the first line must name {columns}.",
            missing=", ".join(missing), columns=", ".join(REQUIRED),
        )  # fmt: skip
        reading.problems.append(LineProblem(line, what))
    reading.columns = frozenset(places)
    return places


def _row(
    cells: list[str], places: Mapping[str, int], line: int, seen: dict[str, int], reading: Reading
) -> None:
    given = {
        name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()
    }
    wrong: list[str] = []
    code = given["code"]
    if not code:
        wrong.append(sentence("the code is missing."))
    elif not CODE.fullmatch(code) or code.casefold().startswith(RESERVED):
        wrong.append(
            sentence(
                "the code {code} cannot stand in a link: up to 32 letters a-z, digits, - and _,"
                " not beginning with admin- or home-.",
                code=code[:40],
            )
        )
    elif code.casefold() in seen:
        first = seen[code.casefold()]
        what = "the code {code} stands twice, first on line {first}."
        wrong.append(sentence(what, code=code, first=first))
    seen.setdefault(code.casefold(), line)
    name = given["name"]
    if not name or len(name) > LONGEST_NAME:
        wrong.append(
            sentence("the name is over 200 characters.")
            if name
            else sentence("the name is missing.")
        )
    area = tuple(part.strip() for part in given["area"].strip("/").split("/"))
    if not 1 <= len(area) <= 2 or not all(0 < len(part) <= LONGEST_NAME for part in area):
        wrong.append(sentence("the area must be County/Township (or the county alone)."))
    households = number_of(given, "households", int, 1, MOST, wrong)
    adults = number_of(given, "adults", int, 1, MOST, wrong)
    offline = number_of(given, "adults_offline", int, 0, MOST, wrong)
    if adults is not None and offline is not None and offline > adults:
        what = "adults_offline ({offline}) is more than adults ({adults})."
        wrong.append(sentence(what, offline=offline, adults=adults))
    latitude = number_of(given, "latitude", float, -90, 90, wrong)
    longitude = number_of(given, "longitude", float, -180, 180, wrong)
    if bool(given.get("latitude")) != bool(given.get("longitude")):
        wrong.append(sentence("latitude and longitude go together: give both or neither."))
    reference = given.get("reference", "").casefold()
    if reference not in YES + NO:
        wrong.append(sentence("reference must be yes or no."))
    zone = given.get("time_zone") or None
    if zone is not None and not _is_zone(zone):
        what = "{zone} is no time zone: write it like Asia/Shanghai."
        wrong.append(sentence(what, zone=zone[:40]))
    language = given.get("language", "").casefold() or None
    if language is not None and language not in LANGUAGES:
        what = "the language must be en or zh, not {language}."
        wrong.append(sentence(what, language=language[:40]))
    target = number_of(given, "target", int, 1, MOST, wrong)
    ring = number_of(given, "ring", int, 0, 1000, wrong)
    reading.problems.extend(LineProblem(line, what) for what in wrong)
    if not wrong:
        reading.rows.append(
            VillageRow(
                line,
                code,
                name,
                area,
                households,
                adults,
                target,
                offline,
                ring,
                latitude,
                longitude,
                reference in YES,
                zone,
                language,
            )
        )


def number_of(  # noqa: PLR0917
    given: Mapping[str, str],
    name: str,
    kind: Callable[[str], N],
    least: float,
    most: float,
    wrong: list[str],
) -> N | None:
    """The number in a cell, None where it is empty or wrong; why is added to `wrong`."""
    text = given.get(name, "")
    if not text:
        return None
    # Spreadsheets write 1,200 and, in a column with gaps, 1200.0.
    plain = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", text)
    if kind is int:
        plain = re.sub(r"\.0+$", "", plain)
    try:
        # Python would read 1_000 as a number; no spreadsheet means it so.
        value = kind(plain.replace("_", "?"))
    except ValueError:
        value = None
    if value is None or not math.isfinite(value) or not least <= value <= most:
        wrong.append(
            sentence(_span(kind is int, most), name=name, least=f"{least:g}", most=f"{most:g}",
                     text=text[:40])
        )  # fmt: skip
        return None
    return value


def _span(whole: bool, most: float) -> str:
    if most >= 1000:
        return (
            "{name} must be a whole number of {least} or more, not {text}."
            if whole
            else "{name} must be a number of {least} or more, not {text}."
        )
    return (
        "{name} must be a whole number from {least} to {most}, not {text}."
        if whole
        else "{name} must be a number from {least} to {most}, not {text}."
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
