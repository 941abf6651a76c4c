"""The sheet `settings`, and the names of sheets."""

from __future__ import annotations

import re
from difflib import get_close_matches

from surveys.form.headers import TRANSLATED, Columns
from surveys.form.problems import Cell, Problem, odd, wrong
from surveys.form.references import syntax_problem
from surveys.form.sheets import FORM_SHEETS, Book

_NAME = re.compile(r"[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?")
_YES_NO = ("yes", "no", "true", "false", "true()", "false()")


def settings_problems(book: Book) -> list[Problem]:
    """What is wrong with the settings, and sheets whose names are nearly those of a form."""
    return [*_sheets(book), *_settings(book)]


def _sheets(book: Book) -> list[Problem]:
    found = []
    for name in book.names:
        lowered = name.strip().lower()
        near = get_close_matches(lowered, [one for one in FORM_SHEETS if one not in book], 1, 0.8)
        if lowered not in FORM_SHEETS and near and not name.startswith("_"):
            found.append(
                odd(Cell(), "No sheet {name} is known, and it is not read.", "Is {near} meant?",
                    name=name[:80], near=near[0])
            )  # fmt: skip
    if book.get("entities"):
        found.append(
            odd(Cell("entities"), "Entities are not kept here: answers are.",
                "Take the sheet away if it is not needed elsewhere.")
        )  # fmt: skip
    if "indicators" in book and not book["indicators"]:
        found.append(
            odd(Cell("indicators"), "The sheet names no indicator.",
                "Write the names of questions and scores in it, or take it away.")
        )  # fmt: skip
    return found


def _settings(book: Book) -> list[Problem]:
    rows = book.get("settings", [])
    columns = Columns("settings", book.headers.get("settings", {}))
    found = columns.problems()
    if not rows:
        return found
    row = rows[0]

    def cell(column: str) -> Cell:
        return Cell("settings", row.number, columns.cell(row, column)[1])

    if len(rows) > 1:
        found.append(
            odd(Cell("settings", rows[1].number), "Only the first row of settings is read.",
                "Take the others away.")
        )  # fmt: skip
    if not columns.text(row, "form_id"):
        found.append(
            odd(cell("form_id"), "The form has no form_id, and is called data.",
                "Write one, such as household_2026.")
        )  # fmt: skip
    elif re.search(r"\s", columns.text(row, "form_id")):
        found.append(
            odd(cell("form_id"), "The form_id has spaces in it.", "Write underscores instead.")
        )
    name = columns.text(row, "name")
    if name and not _NAME.fullmatch(name):
        found.append(
            wrong(cell("name"), "{name} cannot be a name.",
                  "Begin with a letter, then letters, digits, _, - and . only.", name=name[:80])
        )  # fmt: skip
    for column in ("allow_choice_duplicates", "omit_instanceid", "clean_text_values"):
        word = columns.text(row, column)
        if word and word.lower() not in _YES_NO:
            found.append(
                wrong(cell(column), "{word} is neither yes nor no.", "Write yes or no.",
                      word=word[:80])
            )  # fmt: skip
    if columns.text(row, "public_key"):
        found.append(
            odd(cell("public_key"), "Answers are not encrypted with this key here.",
                "They are kept as those of other forms are.")
        )  # fmt: skip
    instance_name = columns.text(row, "instance_name")
    if instance_name:
        problem = syntax_problem(cell("instance_name"), "instance_name", instance_name)
        found += [problem] if problem else []
    return found + _language(book, columns.text(row, "default_language"), cell("default_language"))


def _language(book: Book, language: str, cell: Cell) -> list[Problem]:
    known = {
        one
        for sheet in ("survey", "choices")
        for column, languages in Columns(sheet, book.headers.get(sheet, {})).found.items()
        if column in TRANSLATED
        for one in languages
        if one
    }
    if not language or language in known or not known:
        return []
    near = get_close_matches(language, sorted(known), 1, 0.3) or [sorted(known)[0]]
    return [
        odd(
            cell,
            "No column is in the default language {language}.",
            "Is {near} meant?",
            language=language[:80],
            near=near[0],
        )
    ]
