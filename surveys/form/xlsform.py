"""An XLSForm workbook, and the files that travel with it, to a `Form` and its sheet `indicators`.

What is wrong is told all at once: the sheets are looked at by ourselves first; then a copy without
what was wrong is converted, to find what only shows there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from surveys.form.attached import (
    attached,
    files_of,
    missing_in_xform,
    named_in_sheets,
    unnamed,
)
from surveys.form.choice_rows import Choices, choice_problems
from surveys.form.converting import to_xform
from surveys.form.headers import Columns
from surveys.form.indicator_rows import read_indicators
from surveys.form.indicators import Indicator
from surveys.form.model import Form
from surveys.form.parameters import parameter_problems
from surveys.form.placing import in_reading_order, located, untranslated
from surveys.form.problems import Cell, FormError, Problem, refused
from surveys.form.references import expression_cells, reference_problems, syntax_problem
from surveys.form.repairs import repaired
from surveys.form.settings_rows import settings_problems
from surveys.form.sheets import Book, read_sheets
from surveys.form.survey_rows import Survey, read_survey
from surveys.form.xform import read

ENDINGS = ("xlsx", "xls", "md", "csv", "xml")
MOST_ROUNDS = 6
"""Copies of a workbook that are converted to find all that is wrong with it."""
_ROWS = 1_500
"""Rows that all these copies have together, or there are two alone."""
_OF_ANY_TYPE = frozenset({"relevant", "constraint", "required", "read_only"})
"""Columns that are as wrong under another type."""
_NOTHING: Mapping[str, bytes] = {
    "csv": b"name,label\n",
    "xml": b"<root/>",
    "geojson": b'{"type": "FeatureCollection", "features": []}',
}
"""In the place of a list that did not come, which was told already."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that can be published."""

    xform: str
    form: Form
    indicators: tuple[Indicator, ...]
    problems: tuple[Problem, ...]
    """Warnings only: with an error there is no workbook."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The files that the form names, by name: lists, pictures, sounds, films."""


def convert(
    content: bytes, name: str, *, files: Mapping[str, bytes] | None = None, validate: bool = False
) -> Workbook:
    """A form file to a form; the ending of `name` says what it is (xlsx, xls, md, csv, xml).

    `files`: what came with it, by name. `validate` runs ODK Validate too, which needs Java. Raises
    `FormError` with all problems.
    """
    kind = PurePath(name).suffix.lower().lstrip(".")
    files = {} if files is None else files
    if kind == "xlsm":
        raise refused(
            "The workbook has macros.", "Save it in Excel as .xlsx, which has none, and send that."
        )
    if kind not in ENDINGS:
        raise refused(
            "{name} is no form file.",
            "Its name must end in .xlsx, .xls, .md, .csv or .xml.",
            name=PurePath(name).name[:80],
        )
    if kind == "xml":
        return _plain(content, files)
    book = _with_survey(read_sheets(content, kind))
    if not book.get("survey"):
        raise refused(
            "The workbook has no sheet survey with questions in it.",
            "Name the sheet with the questions survey.",
        )
    return _Checking(book, files, validate).workbook()


def _plain(content: bytes, files: Mapping[str, bytes]) -> Workbook:
    """An XForm as it is: nobody here wrote it, so a name of nothing is only odd."""
    form, found = read(content, files=files)
    xform = content.decode("utf-8-sig", errors="replace")
    errors = tuple(problem for problem in found if problem.severity == "error")
    if form is None or errors:
        raise FormError(errors)
    problems = (*found, *missing_in_xform(xform, files), *unnamed(xform, files))
    return Workbook(xform, form, (), problems, files_of(xform, files))


def _with_survey(book: Book) -> Book:
    """The book; of one sheet alone, whatever its name, that is the survey."""
    if "survey" not in book and len(book) == 1:
        (name,) = book
        if {"type", "name"} <= book.headers[name].keys():
            book["survey"], book.headers["survey"] = book.pop(name), book.headers.pop(name)
    return book


def _weighed(book: Book) -> list[Problem]:
    """What was seen as the sheets were read: a cell without its value is an error where the form
    needs it."""
    return [
        replace(one, severity="error")
        if one.row is not None and Columns(one.sheet, book.headers[one.sheet]).reads(one.column)
        else one
        for one in book.problems
    ]


class _Checking:
    """One workbook, and all that is wrong with it."""

    def __init__(self, book: Book, files: Mapping[str, bytes], validate: bool) -> None:
        self.book, self.files, self.validate = book, files, validate
        self.survey: Survey = read_survey(book)
        lists, named = attached(named_in_sheets(self.survey, book), files)
        seen = _weighed(book)
        empty = {(one.sheet, one.row, one.column) for one in seen if one.row is not None}
        own = [
            *seen,
            # That a cell is empty has its reason then.
            *(one for one in self.survey.problems if (one.sheet, one.row, one.column) not in empty),
            *reference_problems(self.survey, book),
            *parameter_problems(self.survey),
            *choice_problems(self.survey, Choices(book), lists),
            *settings_problems(book),
        ]
        self.warnings = [one for one in (*own, *named) if one.severity == "warning"]
        missing = [one for one in named if one.severity == "error"]
        self.errors = [*(one for one in own if one.severity == "error"), *missing]
        name = self.survey.columns.found.get("name", {}).values()
        self.cells = [one for one in self.errors if one not in missing or one.column not in name]
        """What is left out of the copy that is converted; the name of a list stays."""
        stand_ins = {
            one.file: _NOTHING[one.file.rpartition(".")[2]]
            for one in named_in_sheets(self.survey, book)
            if not one.medium and one.file not in lists
        }
        self.lists = {**files, **stand_ins}
        self.typed = (
            "survey",
            next(iter(self.survey.columns.found.get("type", {"": ""}).values())),
        )

    def workbook(self) -> Workbook:
        """The workbook; raises `FormError` with every error."""
        rounds = max(2, min(MOST_ROUNDS, _ROWS // max(1, len(self.book["survey"]))))
        for _ in range(rounds):
            copy = repaired(self.book, self.cells) if self.cells else self.book
            found = None if copy is None else self.converted(copy)
            if isinstance(found, Workbook):
                return found
            if not found:
                break
        raise FormError(in_reading_order(self.errors, self.book))

    def converted(self, copy: Book) -> Workbook | bool:
        """The workbook; else whether there is more to find in a copy without what was found."""
        try:
            xform, told = to_xform(copy, validate=self.validate and not self.errors)
        except FormError as error:
            return self.stopped(error.problems)
        form, found = read(xform, strict=True, files=self.lists)
        places = located(found, copy)
        fresh = self.noted(one for one in places if one.severity == "error")
        if form is None:
            return fresh
        indicators, wrong = read_indicators(self.book.get("indicators", ()), form)
        self.noted(one for one in wrong if one.severity == "error")
        if self.errors:
            return False
        named = {(one.sheet, one.row, one.column) for one in self.warnings if one.row}
        odd = [
            *self.warnings,
            *(one for one in told if (one.sheet, one.row, one.column) not in named),
            *(one for one in (*places, *wrong) if one.severity == "warning"),
            *untranslated(self.book),
            *unnamed(xform, self.files),
        ]
        kept = files_of(xform, self.files)
        return Workbook(xform, form, indicators, in_reading_order(odd, self.book), kept)

    def stopped(self, problems: tuple[Problem, ...]) -> bool:
        """pyxform stops at its first error: noted, if it is not of our own repairing."""
        if any(one.row is not None for one in problems):
            return self.noted(problems)
        if not self.errors:
            self.errors += problems
            self.errors += self.syntax()
        return False

    def syntax(self) -> list[Problem]:
        """Expressions that cannot be read: of a workbook that cannot be converted at all."""
        columns = self.survey.columns
        return [
            problem
            for one in self.survey.rows
            for _, header, text in expression_cells(one.row, columns)
            for problem in [syntax_problem(Cell("survey", one.row.number, header), one.name, text)]
            if problem is not None
        ]

    def noted(self, problems: Iterable[Problem]) -> bool:
        """Whether some of these errors are new; those in cells that are wrong anyway are not."""
        places = {(one.sheet, one.row, one.column) for one in self.errors}
        replaced = {one.row for one in self.errors if (one.sheet, one.column) == self.typed}
        meaning = self.survey.columns.meaning
        fresh = [
            one
            for one in problems
            if (one.sheet, one.row, one.column) not in places
            and not (
                one.sheet == "survey"
                and one.row in replaced
                and meaning(one.column)[0] not in _OF_ANY_TYPE
            )
        ]
        if self.errors:
            # Without a place it may well come from what was left out.
            fresh = [one for one in fresh if one.row is not None]
        self.errors += fresh
        self.cells += [one for one in fresh if one.sheet != "indicators"]
        return any(one.row is not None for one in fresh)
