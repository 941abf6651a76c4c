"""A table to be written: its variables with their labels, and its rows a batch at a time.

Every kind of file (CSV, XLSX, SPSS, Stata, Parquet) is written from this and nothing else, so that
they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from surveys.export.frequencies import Counting

Kind = Literal["text", "category", "integer", "decimal", "date", "time", "moment", "yes_no"]
"""category: one of `Variable.values` · time: of a day · moment: a day and a time, in a form's
question with its offset from UTC · yes_no: 1 or 0."""
Measure = Literal["nominal", "ordinal", "scale"]
Cell = str | int | float | date | datetime | time | None
"""None: not asked or not answered. A category's is its value (a text), as the form has it."""
Rows = Callable[[], Iterator[Sequence[Sequence[Cell]]]]
"""Reads the rows from the start, in batches: each row has a cell for each variable."""

More = Mapping[int, Sequence[str]]
"""Behind a column, by its place: texts that stand there in each row."""
Lines = Callable[[More, "Counting | None"], Iterator[bytes]]
"""Reads the rows from the start as lines of CSV in UTF-8, in pieces, and counts them."""

MARK = "usegap-"
"""Stands before a column of ours where a question of the form has the same name."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a category."""

    value: str
    label: Mapping[str, str]
    """By language tag: "en", "zh"."""
    missing: bool = False
    """Answered, but no answer in substance (do not know, rather not say)."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One column."""

    name: str
    """As ODK Central heads it: "group-field", "group-field/choice", "field-Latitude"; in the table
    of a repeat without what is around the repeat."""
    kind: Kind
    label: Mapping[str, str]
    """By language tag."""
    measure: Measure = "nominal"
    values: tuple[Value, ...] = ()
    question: str = ""
    """The question's type in the form; "" for a column of ours."""
    relevant: str = ""
    """The condition under which it is asked; "" always."""
    constraint: str = ""
    calculation: str = ""
    path: str = ""
    """Of a question: where it stands in the form, without the form's root: "home/A6"."""
    part: str = ""
    """Of a question that has several columns: the choice, or the number of a place ("Latitude"),
    that this one holds; "" for the column of the whole answer."""
    whole: Mapping[str, str] = field(default_factory=dict)
    """Of a part: the label of its question."""


@dataclass(frozen=True, slots=True)
class Table:
    """Variables and rows."""

    name: str
    """"submissions", "villages", or of a repeat "submissions-person"."""
    variables: tuple[Variable, ...]
    rows: Rows
    count: int
    """How many rows there are."""
    label: Mapping[str, str] = field(default_factory=dict)
    """Of a repeat: what the form calls it, by language tag."""
    parent: str = ""
    """Of a repeat: the table whose KEY its PARENT_KEY is."""
    lines: Lines | None = None
    """The same rows, where there is a shorter way from the database to CSV."""
