"""An XLSForm workbook to XForm XML through pyxform, to a `Form`, and its sheet `indicators`.

pyxform is imported when a form is converted, not before: nobody who only runs interviews needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import get_args

from surveys.form.indicators import Base, Dimension, Indicator, Kind, Role
from surveys.form.model import Form
from surveys.form.problems import FormError, Problem
from surveys.form.sheets import Row, Sheets, read_sheets
from surveys.form.xform import load

ENDINGS = ("xlsx", "xls", "md", "csv", "xml")
ROW = re.compile(r"\[row : (\d+)\]\s*")
SHEET = re.compile(r"'(survey|choices|settings)' sheet")
COLUMN = re.compile(r"'(relevant|constraint|calculation|required|label|type|name|default)' value")
LABEL = "label::"


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that can be published."""

    xform: str
    form: Form
    indicators: tuple[Indicator, ...]
    problems: tuple[Problem, ...]
    """Warnings only: with an error there is no workbook."""


def convert(content: bytes, name: str, *, validate: bool = False) -> Workbook:
    """A form file to a form; the ending of `name` says what it is (xlsx, xls, md, csv, xml).

    `validate` runs ODK Validate too, which needs Java. Raises `FormError` with all problems.
    """
    kind = PurePath(name).suffix.lower().lstrip(".")
    if kind not in ENDINGS:
        raise _error(
            f"{PurePath(name).name} is no form file: its name must end in .xlsx, .xls, .md, .csv"
            " or .xml."
        )
    if kind == "xml":
        xform = content.decode("utf-8-sig", errors="replace")
        return Workbook(xform, load(content), (), ())
    sheets = read_sheets(content, kind)
    if not sheets.get("survey"):
        raise _error("The workbook has no sheet 'survey' with questions in it.")
    xform, warnings = _to_xform(content, kind, validate)
    rows = {row.cells.get("name", ""): row.number for row in sheets["survey"]}
    form = load(xform, rows)
    indicators, problems = _indicators(sheets, form)
    problems = [*problems, *_untranslated(sheets)]
    if any(problem.severity == "error" for problem in problems):
        raise FormError(tuple(problems))
    return Workbook(xform, form, tuple(indicators), (*warnings, *problems))


def _to_xform(content: bytes, kind: str, validate: bool) -> tuple[str, list[Problem]]:
    from pyxform.errors import PyXFormError
    from pyxform.validators.odk_validate import ODKValidateError
    from pyxform.xls2xform import convert as to_xform

    # Text is given as text: pyxform tells workbooks from tables by their type.
    source = content.decode("utf-8-sig") if kind in ("md", "csv") else content
    try:
        result = to_xform(xlsform=source, file_type=f".{kind}", validate=validate)
    except ODKValidateError as error:
        raise _error(f"ODK Validate refuses the form: {_one_line(str(error))}") from None
    except PyXFormError as error:
        raise FormError((_from_pyxform(str(error), "error"),)) from None
    except Exception as error:
        # pyxform raises what it likes on a broken workbook; whatever it is goes to the author.
        raise _error(
            f"The workbook cannot be read as an XLSForm ({type(error).__name__}):"
            f" {_one_line(str(error))}"
        ) from None
    return result.xform, [_from_pyxform(text, "warning") for text in result.warnings]


def _from_pyxform(message: str, severity: str) -> Problem:
    row, sheet, column = ROW.search(message), SHEET.search(message), COLUMN.search(message)
    return Problem(
        "error" if severity == "error" else "warning",
        _one_line(ROW.sub("", message)),
        "",
        sheet[1] if sheet else "survey" if row else "",
        int(row[1]) if row else None,
        column[1] if column else "",
    )


def _one_line(text: str, most: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most] + " …"


def _error(what: str) -> FormError:
    return FormError((Problem("error", what, ""),))


# The sheet indicators ---------------------------------------------------------------------------


def _indicators(sheets: Sheets, form: Form) -> tuple[list[Indicator], list[Problem]]:
    names = {question.name for question in form.questions}
    found: list[Indicator] = []
    problems: list[Problem] = []
    roles: dict[str, str] = {}

    def wrong(row: Row, column: str, what: str, remedy: str) -> None:
        problems.append(Problem("error", what, remedy, "indicators", row.number, column))

    def one_of(row: Row, column: str, allowed: tuple[str, ...]) -> str:
        word = row.cells.get(column, "").strip()
        if word and word not in allowed:
            wrong(row, column, f"{word} is none of the known words.",
                  f"Write one of: {', '.join(part for part in allowed if part)}.")  # fmt: skip
            return ""
        return word

    for row in sheets.get("indicators", ()):
        name = row.cells.get("name", "").strip()
        if name not in names:
            wrong(row, "name", f"There is no question or calculation {name or '(empty)'}.",
                  "Write a name from the sheet survey.")  # fmt: skip
            continue
        role = one_of(row, "role", get_args(Role))
        if role and role in roles:
            wrong(row, "role", f"{roles[role]} has the role {role} already.", "Take one away.")
        if role:
            roles[role] = name
        kind = one_of(row, "kind", get_args(Kind))
        dimension = one_of(row, "dimension", get_args(Dimension))
        base = one_of(row, "base", get_args(Base)) or "zero"
        better = one_of(row, "higher_is_better", ("yes", "no"))
        if not role and not kind:
            wrong(row, "kind", f"{name} has neither a role nor a kind.", "Write one of them.")
        found.append(
            Indicator(
                name=name,
                label={
                    header.removeprefix(LABEL): text
                    for header, text in row.cells.items()
                    if header.startswith(LABEL) and text
                }
                or {form.default_language: row.cells.get("label", "") or name},
                role=role or None,  # type: ignore[arg-type]
                dimension=dimension,  # type: ignore[arg-type]
                kind=kind or None,  # type: ignore[arg-type]
                base=base,  # type: ignore[arg-type]
                reference=_number(row, problems),
                reference_source=row.cells.get("reference_source", ""),
                higher_is_better={"yes": True, "no": False}.get(better),
            )
        )
    return found, problems


def _number(row: Row, problems: list[Problem]) -> float | None:
    text = row.cells.get("reference", "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        problems.append(
            Problem("error", f"{text} is no number.", "Write a number like 66.5.", "indicators",
                    row.number, "reference")
        )  # fmt: skip
        return None


def _untranslated(sheets: Sheets) -> list[Problem]:
    """Labels that are there in one language and missing in another."""
    problems = []
    for sheet in ("survey", "choices"):
        for row in sheets.get(sheet, ()):
            labels = {head: text for head, text in row.cells.items() if head.startswith(LABEL)}
            if not any(labels.values()):
                continue
            problems += [
                Problem("warning", f"{row.cells.get('name', '')} has no text in this language.",
                        "Write the translation.", sheet, row.number, header)
                for header, text in labels.items()
                if not text
            ]  # fmt: skip
    return problems
