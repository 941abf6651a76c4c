"""The sheet `survey` before it is converted: types, names, groups, row by row, all told at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from surveys.form.headers import MEDIA, Columns
from surveys.form.problems import Cell, Problem, odd, wrong
from surveys.form.question_types import DOCUMENTED, SELECTS, SILENT, Written, written_type
from surveys.form.sheets import Book, Row

MOST_QUESTIONS = 3_000
"""Rows of a survey: nobody answers more, and converting them would take many seconds."""
DEEPEST = 50
"""Groups inside each other."""
MANY = 200
"""Words with which a misspelt one is compared letter by letter."""
DISABLED = ("yes", "true", "true()")

_NAME = re.compile(r"[^\W\d][\w.\-]*\Z")
_BACKGROUND: Mapping[str, tuple[str, str]] = {
    "background-audio": (
        "{name}: no sound can be recorded in the background of a chat.",
        "Ask for it with the type audio, or take the row away.",
    ),
    "background-geopoint": (
        "{name}: no place can be noted in the background of a chat.",
        "Ask for it with the type geopoint, or take the row away.",
    ),
    "start-geopoint": (
        "{name}: no place can be noted in the background of a chat.",
        "Ask for it with the type geopoint, or take the row away.",
    ),
    "osm": (
        "{name}: nothing of OpenStreetMap can be picked in a chat.",
        "Ask for a place with the type geopoint, or take the row away.",
    ),
    "external": (
        "{name}: select_one_external is not known here.",
        "Write select_one with a choice_filter, or select_one_from_file.",
    ),
}
"""What a telephone does while a form is filled in, and a chat cannot."""


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One row that is not disabled, and where it stands."""

    row: Row
    written: Written
    name: str
    repeats: tuple[str, ...]
    """Names of the repeats around it, outermost first."""


@dataclass(slots=True)
class Survey:
    """The sheet as far as it could be understood."""

    columns: Columns
    rows: list[SurveyRow] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    lists: Collection[str] = ()
    """Names of choice lists."""
    problems: list[Problem] = field(default_factory=list)

    def cell(self, row: Row, column: str) -> Cell:
        """The place of a cell, by the column's own name."""
        return Cell("survey", row.number, self.columns.cell(row, column)[1])


def meant(word: str, known: Collection[str], told: str = "Is {near} meant?") -> tuple[str, str]:
    """A question whether a known word that is near is meant, and that word; or two times ""."""
    if len(known) > MANY:
        # Of thousands of names those are looked for that are one letter away.
        near = [one for one in _one_letter_away(word[:80]) if one in known]
    else:
        near = get_close_matches(word[:80], sorted(known), n=1)
    return (told, near[0]) if near else ("", "")


def _one_letter_away(word: str) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
    yield from (word.lower(), word.upper(), word.capitalize())
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for letter in letters:
            yield before + letter + after
            yield before + letter + after[1:]


def read_survey(book: Book) -> Survey:
    """The rows, with all that is wrong with their types, names and groups."""
    rows = book.get("survey", [])
    survey = Survey(Columns("survey", book.headers.get("survey", {})))
    survey.problems += survey.columns.problems()
    choices = Columns("choices", book.headers.get("choices", {}))
    survey.lists = {choices.text(row, "list_name") for row in book.get("choices", ())} - {""}
    reading = _Reading(survey)
    if reading.has_columns():
        for row in rows:
            if survey.columns.text(row, "disabled").lower() not in DISABLED:
                reading.row(row)
        reading.end()
    return survey


class _Reading:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.open: list[tuple[Row, str, str, dict[str, int]]] = []
        self.siblings: dict[str, int] = {}
        self.repeats: dict[str, int] = {}
        self.count = 0

    def wrong(self, row: Row, column: str, told: str, remedy: str = "", /, **named: object) -> None:
        self.survey.problems.append(wrong(self.survey.cell(row, column), told, remedy, **named))

    def odd(self, row: Row, column: str, told: str, remedy: str = "", /, **named: object) -> None:
        self.survey.problems.append(odd(self.survey.cell(row, column), told, remedy, **named))

    def has_columns(self) -> bool:
        lacking = [one for one in ("type", "name") if one not in self.survey.columns.found]
        for column in lacking:
            self.survey.problems.append(
                wrong(
                    Cell("survey"),
                    "The sheet {sheet} has no column {column}.",
                    "Write {column} as the header of its column, in the first row.",
                    sheet="survey",
                    column=column,
                )
            )
        return not lacking

    def row(self, row: Row) -> None:
        columns = self.survey.columns
        text, name = columns.text(row, "type"), columns.text(row, "name")
        if not text:
            if name or columns.cells(row, "label"):
                told = "{name} has no type." if name else "This row has no type."
                self.wrong(row, "type", told, "Write one, like text or integer.", name=name)
                # Still a name that others may refer to.
                self.survey.names[name] += bool(name)
            return
        written = written_type(text)
        if written.kind == "setting":
            return
        if written.kind == "unknown":
            written = self.unknown(row, name, text)
        if written.kind == "end":
            self.close(row, written.word)
            return
        self.named(row, name, written)
        inside = tuple(one for _, kind, one, _ in self.open if kind == "repeat")
        self.survey.rows.append(SurveyRow(row, written, name, inside))
        if written.kind == "begin":
            self.begin(row, name, written)
        else:
            self.asked(row, name, written)

    def unknown(self, row: Row, name: str, text: str) -> Written:
        """A type that is none: what may be meant instead."""
        lowered = written_type(text.lower())
        first = " ".join(text.lower().split()).split(" ")[0]
        if lowered.kind != "unknown":
            told, near = "Write it in small letters: {near}.", " ".join(text.lower().split())
        elif first in SELECTS or text.lower() in SELECTS:
            told, near = "Write {near} and the name of one list, as in: {near} yes_no.", first
        else:
            told, near = meant(text.lower(), (*DOCUMENTED, "begin group", "end group",
                                              "begin repeat", "end repeat"))  # fmt: skip
        named = name or text
        self.wrong(
            row, "type", "{name}: there is no type '{type}'.", told,
            name=named, type=text[:80], near=near,
        )  # fmt: skip
        return lowered if lowered.kind in ("begin", "end") else Written("word", "text")

    def named(self, row: Row, name: str, written: Written) -> None:
        if not name:
            # pyxform gives a note, and an audit, a name of its own.
            if written.word not in ("note", "audit", "q note", "add note prompt"):
                self.wrong(row, "name", "The name is missing.", "Write one, like q1.")
            return
        self.survey.names[name] += 1
        if not _NAME.match(name):
            self.wrong(
                row, "name", "{name} cannot be a name.",
                "Begin with a letter, then letters, digits, _, - and . only.", name=name[:80],
            )  # fmt: skip
        elif name == "meta" and not self.open:
            self.wrong(row, "name", "The name meta is kept for what ODK adds.", "Rename it.")
        elif name in self.siblings:
            self.wrong(
                row, "name", "Row {row} is named {name} already.", "Rename one.",
                row=self.siblings[name], name=name,
            )  # fmt: skip
        elif f"/{name.lower()}" in self.siblings:
            self.odd(
                row, "name", "Row {row} has the same name but for capitals.", "Better rename one.",
                row=self.siblings[f"/{name.lower()}"],
            )  # fmt: skip
        self.siblings.setdefault(name, row.number)
        # No name has a stroke: this is how it reads without capitals.
        self.siblings.setdefault(f"/{name.lower()}", row.number)

    def begin(self, row: Row, name: str, written: Written) -> None:
        if written.word == "repeat" and name:
            if name in self.repeats and self.siblings[name] == row.number:
                self.wrong(
                    row, "name", "The repeat of row {row} is named {name} already.", "Rename one.",
                    row=self.repeats[name], name=name,
                )  # fmt: skip
            self.repeats.setdefault(name, row.number)
        if written.word == "loop" and written.listed not in self.survey.lists:
            self.no_list(row, name, written.listed)
        self.open.append((row, written.word, name, self.siblings))
        self.siblings = {}
        if len(self.open) == DEEPEST + 1:
            self.wrong(
                row, "type", "{name}: more than {most} groups are inside each other.",
                "Take some of them away.", name=name, most=DEEPEST,
            )  # fmt: skip

    def close(self, row: Row, kind: str) -> None:
        if not self.open:
            told = "No {kind} is open that could end here."
            self.wrong(row, "type", told, "Take the row away.", kind=kind)
            return
        begun, began, _, self.siblings = self.open.pop()
        if began != kind:
            self.wrong(
                row, "type", "The {kind} of row {row} is open, not a {other}.", "Write end {kind}.",
                kind=began, row=begun.number, other=kind,
            )  # fmt: skip

    def end(self) -> None:
        """What is still open at the end of the sheet, and whether there is too much of all."""
        for begun, kind, name, _ in self.open:
            self.wrong(
                begun, "type", "The {kind} {name} never ends.", "Write a row end {kind}.",
                kind=kind, name=name,
            )  # fmt: skip
        if len(self.survey.rows) > MOST_QUESTIONS:
            self.survey.problems.append(
                wrong(
                    Cell("survey"),
                    "The form has more than {most} rows.",
                    "Split it into several forms.",
                    most=f"{MOST_QUESTIONS:,}",
                )
            )

    def asked(self, row: Row, name: str, written: Written) -> None:
        columns = self.survey.columns
        background = _BACKGROUND.get(written.word)
        if background is not None:
            self.wrong(row, "type", *background, name=name or written.word)
        elif written.word == "audit":
            self.odd(
                row, "type", "The log of ODK Collect (audit) stays empty here.",
                "When each question was asked and answered is kept anyway.",
            )  # fmt: skip
        elif written.kind == "select":
            self.chosen(row, name, written)
        elif written.word in ("calculate", "q calculate", "add calculate prompt"):
            default = columns.text(row, "default")
            if not columns.text(row, "calculation") and not re.search(r"[(${]", default):
                self.wrong(
                    row, "calculation", "{name} computes nothing.",
                    "Write an expression, or take the row away.", name=name,
                )  # fmt: skip
        words = columns.cells(row, "label", "hint", *MEDIA)
        computed = columns.text(row, "calculation") or columns.text(row, "trigger")
        if not words and not computed and not background and written.word not in SILENT:
            self.wrong(
                row, "label", "{name} has no label, hint or picture.", "Write what is to be asked.",
                name=name or written.word,
            )  # fmt: skip
        if columns.text(row, "repeat_count"):
            self.odd(
                row, "repeat_count", "{name} is no repeat, and is asked once.",
                "Write it where the repeat begins.", name=name,
            )  # fmt: skip
        if "search(" in columns.text(row, "appearance").replace(" ", ""):
            self.wrong(
                row, "appearance", "{name}: search() is not known here.",
                "Write select_one_from_file and a choice_filter.", name=name,
            )  # fmt: skip

    def chosen(self, row: Row, name: str, written: Written) -> None:
        listed, filtered = written.listed, self.survey.columns.text(row, "choice_filter")
        answers = "${" in listed
        file = re.search(r"\.(csv|xml|geojson)\Z", listed)
        if written.from_file:
            if not file or listed.count(".") > 1:
                self.wrong(
                    row, "type", "{name}: {list} is no file of a list.",
                    "Its name ends in .csv, .xml or .geojson.", name=name, list=listed,
                )  # fmt: skip
        elif answers:
            if written.word == "multiple":
                self.wrong(
                    row, "type", "{name}: of the answers of a repeat only one can be selected.",
                    "Write select_one {list}.", name=name, list=listed,
                )  # fmt: skip
        elif listed not in self.survey.lists and not file:
            self.no_list(row, name, listed)
        if written.other and (filtered or answers or written.from_file):
            self.wrong(
                row, "type" if not filtered else "choice_filter",
                "{name}: or_other cannot be together with a filter or a file.",
                "Write a choice other and a text question instead.", name=name,
            )  # fmt: skip
        elif written.other and f"{name}_other" in self.siblings:
            self.wrong(
                row, "name", "or_other adds a question {name}, and there is one already.",
                "Rename one.", name=f"{name}_other",
            )  # fmt: skip

    def no_list(self, row: Row, name: str, listed: str) -> None:
        told, near = meant(listed, self.survey.lists)
        remedy = told or "Write its choices on the sheet choices."
        self.wrong(
            row, "type", "{name}: the sheet choices has no list {list}.", remedy,
            name=name, list=listed, near=near,
        )  # fmt: skip
