"""The codebook: what each column of each table means, as CSV, workbook and page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.export.cells import BOM, harmless, lines
from surveys.export.coding import codes, in_language
from surveys.export.naming import spss_names, stata_names
from surveys.export.table import Table, Variable


def codebook_csv(
    tables: Sequence[Table], languages: Sequence[str], *, bom: bool = False
) -> Iterator[bytes]:
    """A row for each column of each table: question, type, choices, and who was asked.

    languages: tags, in the order of the columns.
    """
    yield BOM * bom + lines([header(languages)])
    for table in tables:
        yield lines([[harmless(cell) for cell in row] for row in rows(table, languages)])


def header(languages: Sequence[str]) -> list[str]:
    """The names of the codebook's columns."""
    return (
        ["field", "type"]
        + [f"question_{tag}" for tag in languages]
        + [f"choices_{tag}" for tag in languages]
        + ["relevant", "constraint", "calculation", "table", "kind", "measure", "missing", "codes"]
        + ["name_spss", "name_stata"]
    )


def rows(table: Table, languages: Sequence[str]) -> Iterator[list[str]]:
    """The codebook's rows of one table."""
    names = [one.name for one in table.variables]
    for one, spss, stata in zip(
        table.variables, spss_names(names), stata_names(names), strict=True
    ):
        yield [
            one.name,
            "1 chosen, 0 not, empty unanswered" if _choice(one) else one.question,
            *(in_language(one.label, tag) for tag in languages),
            *(_choices(one, tag) for tag in languages),
            one.relevant,
            one.constraint,
            one.calculation,
            table.name,
            one.kind,
            one.measure,
            " ".join(value.value for value in one.values if value.missing),
            _codes(one),
            spss,
            stata,
        ]


def _choice(variable: Variable) -> bool:
    """Whether it is one choice of a question with several answers."""
    return variable.kind == "yes_no" and variable.question == "select_multiple"


def _choices(variable: Variable, language: str) -> str:
    return " | ".join(
        f"{one.value} = {in_language(one.label, language, one.value)}" for one in variable.values
    )


def _codes(variable: Variable) -> str:
    """What number stands for each value in SPSS and Stata, where it is another."""
    if variable.kind != "category":
        return ""
    found = codes(variable.values).of
    if all(value == str(number) for value, number in found.items()):
        return ""
    return " | ".join(f"{value} = {number}" for value, number in found.items())
