"""The codebook: what each column of each table means, as CSV and as a page.

It has every question with its choices, when it was asked (in words), and how often each answer was
given (see surveys.export.frequencies).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from surveys.export.cells import BOM, harmless, lines
from surveys.export.coding import codes, in_language
from surveys.export.conditions import in_words, questions_of
from surveys.export.frequencies import Frequency, frequencies
from surveys.export.naming import spss_names, stata_names
from surveys.export.table import Table, Variable
from surveys.export.wording import say

Counted = Mapping[str, Mapping[str, Frequency]]
"""By table and column, where they were counted before."""


def codebook_csv(
    tables: Sequence[Table],
    languages: Sequence[str],
    *,
    bom: bool = False,
    counted: Counted | None = None,
) -> Iterator[bytes]:
    """A row for each column of each table: question, type, choices, and who was asked.

    languages: tags, in the order of the columns. Reads each table once, unless `counted`.
    """
    yield BOM * bom + lines([header(languages)])
    asked = questions_of(tables)
    for table in tables:
        found = rows(table, languages, asked, counted)
        yield lines([[harmless(cell) for cell in row] for row in found])


def header(languages: Sequence[str]) -> list[str]:
    """The names of the codebook's columns."""
    return (
        ["field", "type"]
        + [f"question_{tag}" for tag in languages]
        + [f"choices_{tag}" for tag in languages]
        + ["relevant", "constraint", "calculation"]
        + [f"asked_if_{tag}" for tag in languages]
        + ["table", "kind", "measure", "missing", "answered", "frequencies"]
        + ["codes", "name_spss", "name_stata"]
    )


def rows(
    table: Table,
    languages: Sequence[str],
    asked: Mapping[str, Variable],
    known: Counted | None = None,
) -> Iterator[list[str]]:
    """The codebook's rows of one table; asked: the questions of all tables."""
    names = [one.name for one in table.variables]
    counted = frequencies(table) if known is None else known[table.name]
    for one, spss, stata in zip(
        table.variables, spss_names(names), stata_names(names), strict=True
    ):
        yield [
            one.name,
            PARTS.get(one.question, one.question) if _choice(one) else one.question,
            *(in_language(one.label, tag) for tag in languages),
            *(_choices(one, tag) for tag in languages),
            one.relevant,
            one.constraint,
            one.calculation,
            *(in_words(one.relevant, asked, tag) for tag in languages),
            table.name,
            one.kind,
            one.measure,
            " ".join(value.value for value in one.values if value.missing),
            *_told(counted[one.name]),
            " | ".join(f"{value} = {number}" for value, number in _codes(one).items()),
            spss,
            stata,
        ]


PARTS = {
    "select_multiple": "1 chosen, 0 not, empty unanswered",
    "rank": "its place in the ranking, from 1; empty unanswered",
}
"""What is said of the type of a column for one choice."""


def _choice(variable: Variable) -> bool:
    """Whether it is one choice of a question with several answers, or of a ranking."""
    return bool(variable.part) and variable.question in PARTS


def _choices(variable: Variable, language: str) -> str:
    return " | ".join(
        f"{one.value} = {in_language(one.label, language, one.value)}" for one in variable.values
    )


def _codes(variable: Variable) -> Mapping[str, int]:
    """What number stands for each value in SPSS and Stata; empty where they are the same."""
    found = codes(variable.values).of if variable.kind == "category" else {}
    return {} if all(value == str(number) for value, number in found.items()) else found


def _told(one: Frequency) -> tuple[str, str]:
    """How many answered, and what: "day = 40 (67%) | never = <10"."""
    if not one.counted:
        return "", ""
    if one.answered is None:
        return "<10", ""
    if one.quantiles:
        return str(one.answered), " | ".join(f"p{at} = {number(it)}" for at, it in one.quantiles)
    shares = (
        f"{it.value} = few" if it.count is None else f"{it.value} = {it.count} ({it.percent}%)"
        for it in one.shares
    )
    return str(one.answered), " | ".join(shares)


def number(value: float) -> str:
    """Three figures, no exponent.

    >>> number(12.0), number(0.125), number(1230.0)
    ('12', '0.125', '1230')
    """
    return f"{value:.10f}".rstrip("0").rstrip(".")


# The page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A line under a question."""

    value: str
    label: str
    code: int | None
    """In SPSS and Stata, where it is another."""
    missing: bool
    count: int | None
    percent: int | None


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of one column, and of the columns of its choices."""

    anchor: str
    name: str
    label: str
    kind: str
    asked_if: str
    calculation: str
    choices: tuple[Choice, ...]
    several: bool
    """Whether each choice has a column of its own."""
    frequency: Frequency
    shares: bool
    """Whether it is told how many gave each answer."""
    other_names: tuple[str, ...]
    """In SPSS and Stata, where they are others."""


def write_codebook_html(  # noqa: PLR0917 - the names speak
    tables: Sequence[Table],
    folder: Path,
    language: str,
    title: str,
    wave: str,
    counted: Counted | None = None,
) -> list[Path]:
    """Writes codebook.html into a folder: one page for phone and paper that needs nothing else.

    title: of the form. Reads each table once, unless `counted`.
    """
    from jinja2 import Environment, PackageLoader

    page = Environment(
        loader=PackageLoader("surveys.export"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("codebook.html")  # fmt: skip
    path = folder / "codebook.html"
    asked = questions_of(tables)

    def words(sentence: str, **values: object) -> str:
        return in_language(say(sentence), language).format(**values)

    with path.open("wb") as file:
        file.writelines(
            piece.encode()
            for piece in page.generate(
                say=words, language=language, title=title, wave=wave, number=number,
                kinds=_kinds(language), text=lambda label: in_language(label, language),
                tables=[(one, sections(one, language, asked, counted)) for one in tables],
            )
        )  # fmt: skip
    return [path]


def sections(
    table: Table, language: str, asked: Mapping[str, Variable], known: Counted | None = None
) -> list[Section]:
    """A section for each column that is not one choice of a question with several answers."""
    names = [one.name for one in table.variables]
    counted = frequencies(table) if known is None else known[table.name]
    others = dict(zip(names, zip(spss_names(names), stata_names(names), strict=True), strict=True))
    found = []
    for one in table.variables:
        if _choice(one):
            continue
        several = one.question in PARTS and bool(one.values)
        frequency, ranked = counted[one.name], one.question == "rank"
        if several:
            # All its columns were answered by the same persons.
            frequency = next(
                (counted[name] for name in names if name.startswith(f"{one.name}/")), frequency
            )
            frequency = replace(frequency, quantiles=())
        found.append(
            Section(
                anchor=f"{table.name}.{one.name}",
                name=one.name,
                label=in_language(one.label, language, one.name),
                kind=("ranked" if ranked else "several") if several else one.kind,
                asked_if=in_words(one.relevant, asked, language),
                calculation=one.calculation,
                choices=tuple(_lines(one, counted, language, several=several)),
                several=several,
                frequency=frequency,
                shares=frequency.answered is not None and not ranked,
                other_names=tuple(
                    dict.fromkeys(name for name in others[one.name] if name != one.name)
                ),
            )
        )
    return found


def _lines(
    one: Variable, counted: Mapping[str, Frequency], language: str, *, several: bool
) -> Iterator[Choice]:
    of = _codes(one)
    for value in one.values:
        share = counted[one.name].share(value.value)
        if several:
            share = counted.get(f"{one.name}/{value.value}", Frequency()).share("1")
        yield Choice(
            value=value.value,
            label=in_language(value.label, language, value.value),
            code=of.get(value.value),
            missing=value.missing,
            count=share.count,
            percent=share.percent,
        )
    if one.kind == "yes_no":
        for code, label in ((1, say("yes")), (0, say("no"))):
            share = counted[one.name].share(str(code))
            yield Choice(
                str(code), in_language(label, language), None, False, share.count, share.percent
            )


def _kinds(language: str) -> dict[str, str]:
    told = {
        "text": say("text"),
        "category": say("one answer"),
        "several": say("several answers: a column for each, 1 chosen, 0 not"),
        "ranked": say("a ranking: a column for each, its place from 1"),
        "integer": say("whole number"),
        "decimal": say("number"),
        "date": say("day"),
        "time": say("time of day"),
        "moment": say("day and time"),
        "yes_no": say("1 yes, 0 no"),
    }
    return {kind: in_language(words, language) for kind, words in told.items()}
