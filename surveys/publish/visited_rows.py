"""Answers of visited homes as somebody saved them: which column is which question, line by line."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from surveys.form.model import Form, Question
from surveys.interview.collected import can_be_given
from surveys.publish.village_rows import NO, YES, LineProblem, text_of

HOME = "home"
TIMES = ("start", "end")


@dataclass(frozen=True, slots=True)
class VisitedRow:
    """One line: what a person answered, or that a home did not answer."""

    line: int
    home: str
    """As the file calls it, spelled one way."""
    given: Mapping[str, str]
    """Path -> what stands there, of every question that the file has."""
    start: str
    end: str

    @property
    def answered(self) -> bool:
        """Whether there is an answer at all."""
        return any(self.given.values())


@dataclass(slots=True)
class VisitedReading:
    """What a file says, and what is wrong with it."""

    rows: list[VisitedRow] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Columns that are nothing of the form's."""
    headers: dict[str, str] = field(default_factory=dict)
    """Path -> what the file calls it, of the questions that it has."""
    head: int = 1
    """The line of the header."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a column is: a node of the form, and of a select_multiple one of its choices."""

    path: str
    choice: str = ""


def read_visited(content: bytes, form: Form) -> VisitedReading:
    """Every line of a CSV file, and every problem with its columns.

    UTF-8 with or without a byte order mark, UTF-16 with one, or GB18030; comma, semicolon or tab.
    A question's column is headed by its name, or as ODK and KoboToolbox do: `group-name`,
    `group/name`, `data/group/name`; a choice of a select_multiple by that with `/choice`.
    """
    reading = VisitedReading()
    text = text_of(content, reading.problems)
    if text is None:
        return reading
    names = _names(form)
    head, _, _ = text.lstrip("\ufeff\r\n").partition("\n")
    separator = max(
        ",;\t", key=lambda sign: sum(_known(cell, names) is not None for cell in head.split(sign))
    )
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns: _Columns | None = None
    before = 0
    try:
        for cells in lines:
            line, before = before + 1, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                reading.head = line
                columns = _columns(cells, names, form, reading)
                if reading.problems:
                    return reading
            else:
                _row(cells, columns, line, reading)
    except csv.Error as error:
        reading.problems.append(LineProblem(before + 1, f"this cannot be read as CSV ({error})."))
    if not reading.rows and not reading.problems:
        reading.problems.append(LineProblem(before + 1, "there is no home here."))
    return reading


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a line what stands."""

    home: int
    times: Mapping[str, int]
    questions: Mapping[str, int]
    """Path -> place."""
    choices: Mapping[str, Mapping[str, int]]
    """Path -> choice -> place, of questions without a column of their own."""
    headers: tuple[str, ...]


def _columns(
    cells: list[str], names: Mapping[str, _Place | None], form: Form, reading: VisitedReading
) -> _Columns:
    asked = {question.path for question in form.questions if can_be_given(question)}
    headers = tuple(_header(cell) for cell in cells)
    own: dict[str, int] = {}
    questions: dict[str, int] = {}
    choices: dict[str, dict[str, int]] = {}
    for place, header in enumerate(headers):
        taken, key = own, header.casefold()
        known = _known(header, names)
        if key not in (HOME, *TIMES):
            if known is None and header:
                reading.unknown.append(header)
            if known is None or known.path not in asked:
                continue
            taken, key = questions, known.path
            if known.choice:
                taken, key = choices.setdefault(known.path, {}), known.choice
        if key in taken:
            what = f"the columns {headers[taken[key]]} and {header} are the same: leave one."
            reading.problems.append(LineProblem(reading.head, what))
        else:
            taken[key] = place
    if HOME not in own:
        what = "there is no column home: it says to which home a line belongs, by its number."
        reading.problems.append(LineProblem(reading.head, what))
    if not questions and not choices:
        example = ", ".join([form.nodes[path].name for path in form.order if path in asked][:2])
        what = f"no column is a question of {form.id}: head each by its name, such as {example}."
        reading.problems.append(LineProblem(reading.head, what))
    choices = {path: places for path, places in choices.items() if path not in questions}
    reading.headers = {path: headers[place] for path, place in questions.items()} | {
        path: headers[min(places.values())].rpartition("/")[0] for path, places in choices.items()
    }
    times = {name: own[name] for name in TIMES if name in own}
    return _Columns(own.get(HOME, 0), times, questions, choices, headers)


def _row(cells: list[str], columns: _Columns, line: int, reading: VisitedReading) -> None:
    def cell(place: int) -> str:
        return cells[place].strip() if place < len(cells) else ""

    given = {path: cell(place) for path, place in columns.questions.items()}
    for path, places in columns.choices.items():
        chosen = {choice: cell(place).casefold() for choice, place in places.items()}
        given[path] = " ".join(choice for choice, mark in chosen.items() if _mark(mark) in YES)
        reading.problems.extend(
            LineProblem(line, f"{columns.headers[places[choice]]} must be 1 or 0.")
            for choice, mark in chosen.items()
            if _mark(mark) not in YES + NO
        )
    times = [cell(columns.times[name]) if name in columns.times else "" for name in TIMES]
    row = VisitedRow(line, _home(cell(columns.home)), given, *times)
    if row.home:
        reading.rows.append(row)
    elif row.answered:
        what = "home is empty: write the number of the home on the list."
        reading.problems.append(LineProblem(line, what))


def _mark(mark: str) -> str:
    return re.sub(r"\.0+$", "", mark)


def _home(label: str) -> str:
    """A home's number or label, spelled one way: 007, 7.0 and ７ are the same home.

    >>> _home("７.0"), _home(" Old  Mill "), _home("007"), _home("12-3")
    ('7', 'old mill', '7', '12-3')
    """
    plain = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    number = re.fullmatch(r"0*(\d+)(\.0+)?", plain)
    return number[1] if number else plain


def _header(cell: str) -> str:
    return cell.strip().strip('"').lstrip("\ufeff").strip()


def _known(header: str, names: Mapping[str, _Place | None]) -> _Place | None:
    """What a header means, letter case apart where that makes no difference."""
    header = _header(header)
    return names.get(header) or names.get(header.casefold())


def _names(form: Form) -> dict[str, _Place | None]:
    """What every node may be called -> the node; None where two could be meant."""
    found: dict[str, _Place | None] = {}
    for question in form.questions:
        for name in _names_of(question):
            for choice in ("", *_choices_of(question)):
                place = _Place(question.path, choice)
                whole = f"{name}/{choice}" if choice else name
                for key in {whole, whole.casefold()}:
                    found[key] = place if found.get(key, place) == place else None
    return found


def _names_of(question: Question) -> Iterator[str]:
    root, *inside = question.path.strip("/").split("/")
    if len(inside) > 1:
        yield inside[-1]
    for sign in "-/":
        yield sign.join(inside)
        yield sign.join((root, *inside))
    yield question.path


def _choices_of(question: Question) -> Iterator[str]:
    if question.type == "select_multiple" and question.choices is not None:
        yield from (choice.value for choice in question.choices.choices)
