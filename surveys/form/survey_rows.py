"""The sheets `survey` and `choices` before they are converted: what hangs together, row by row.

pyxform stops at the first mistake. These are the usual ones, all told at once; what is not seen
here it still finds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from surveys.form.problems import Problem
from surveys.form.sheets import Row, Sheets

_BEGIN = re.compile(r"begin[ _](group|repeat)\b")
_END = re.compile(r"end[ _](group|repeat)\b")
_FROM_LIST = re.compile(r"(?:select_one|select_multiple|select one|select multiple|rank) +(\S+)")
_REFERENCE = re.compile(r"\$\{\s*(?:last-saved#)?([^}]*?)\s*\}")
_DISABLED = ("yes", "true", "true()")
_NAME = re.compile(r"[^\W\d][\w.\-]*\Z")
_TYPES = frozenset({
    "text", "integer", "decimal", "date", "note", "calculate", "hidden", "start", "end", "today",
    "deviceid", "username", "email", "phonenumber", "time", "datetime", "geopoint", "geotrace",
    "geoshape", "start-geopoint", "image", "audio", "video", "file", "barcode", "range",
    "acknowledge", "trigger", "audit", "background-audio", "csv-external", "xml-external",
})  # fmt: skip
"""Of the types that XLSForm documents, those of one word."""


def survey_problems(sheets: Sheets) -> tuple[Problem, ...]:
    """What is wrong with these rows; empty where pyxform is to judge alone."""
    reading = _Reading(sheets)
    for row in sheets["survey"]:
        if row.cells.get("disabled", "").lower() not in _DISABLED:
            reading.row(row)
    reading.end()
    # A type that is in no documentation may still be one: alone it is left to pyxform.
    found = reading.problems + reading.types if reading.problems else []
    return tuple(sorted(found, key=lambda problem: (problem.sheet != "survey", problem.row)))


class _Reading:
    def __init__(self, sheets: Sheets) -> None:
        self.problems: list[Problem] = []
        self.types: list[Problem] = []
        self.names = Counter(row.cells["name"] for row in sheets["survey"] if row.cells.get("name"))
        self.lists = {row.cells.get("list_name", "") for row in sheets.get("choices", ())}
        self.open: list[tuple[Row, str, dict[str, int]]] = []
        self.siblings: dict[str, int] = {}
        for row in sheets.get("choices", ()):
            self.references("choices", row)

    def wrong(self, row: Row, column: str, what: str, remedy: str) -> None:
        self.problems.append(Problem("error", what, remedy, "survey", row.number, column))

    def row(self, row: Row) -> None:
        kind, name = row.cells.get("type", ""), row.cells.get("name", "")
        lowered = kind.lower()
        if not kind:
            what = f"{name or 'This row'} has no type."
            self.wrong(row, "type", what, "Write one, like text or integer.")
            return
        self.references("survey", row)
        ends = _END.match(lowered)
        if ends:
            self.close(row, ends[1])
            return
        begins = _BEGIN.match(lowered)
        self.named(row, name, lowered)
        if begins:
            self.open.append((row, begins[1], self.siblings))
            self.siblings = {}
            return
        listed = _FROM_LIST.match(kind)
        if listed is not None and listed[1] not in self.lists and "${" not in listed[1]:
            self.wrong(
                row, "type", f"{name}: the sheet choices has no list {listed[1]}.",
                _meant(listed[1], self.lists) or "Write its choices on the sheet choices.",
            )  # fmt: skip
        elif listed is None and len(kind.split()) == 1 and kind not in _TYPES:
            found = Problem(
                "error", f"{name}: there is no type '{kind}'.", _meant(lowered, _TYPES), "survey",
                row.number, "type",
            )  # fmt: skip
            self.types.append(found)

    def named(self, row: Row, name: str, kind: str) -> None:
        if not name:
            # pyxform gives a note a name of its own.
            if kind != "note":
                self.wrong(row, "name", "The name is missing.", "Write one, like q1.")
            return
        if not _NAME.match(name):
            self.wrong(
                row, "name", f"{name} cannot be a name.",
                "Begin with a letter, then letters, digits, _, - and . only.",
            )  # fmt: skip
        if name in self.siblings:
            self.wrong(
                row, "name", f"Row {self.siblings[name]} is named {name} already.", "Rename one."
            )
        self.siblings.setdefault(name, row.number)

    def close(self, row: Row, kind: str) -> None:
        if not self.open:
            self.wrong(row, "type", f"No {kind} is open that could end here.", "Take the row away.")
            return
        begun, began, self.siblings = self.open.pop()
        if began != kind:
            self.wrong(
                row, "type", f"The {began} of row {begun.number} is open, not a {kind}.",
                f"Write end {began}.",
            )  # fmt: skip

    def end(self) -> None:
        """What is still open at the end of the sheet."""
        for begun, kind, _ in self.open:
            name = begun.cells.get("name", "")
            self.wrong(begun, "type", f"The {kind} {name} never ends.", f"Write a row end {kind}.")

    def references(self, sheet: str, row: Row) -> None:
        for column, name in _referred(row):
            if self.names[name] == 1:
                continue
            what, remedy = f"There is no question '{name}'.", _meant(name, self.names)
            if name in self.names:
                what, remedy = f"More than one row is named '{name}'.", "Rename all but one."
            self.problems.append(Problem("error", what, remedy, sheet, row.number, column))


def _referred(row: Row) -> Iterator[tuple[str, str]]:
    for column, cell in row.cells.items():
        for name in dict.fromkeys(_REFERENCE.findall(cell)):
            yield column, name


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, sorted(known), n=1)
    return f"Is {near[0]} meant?" if near else ""
