"""The sheet `indicators` of a workbook, read and checked against the form (METHOD.md §6)."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import get_args

from surveys.form.indicators import Base, Dimension, Indicator, Kind, Role
from surveys.form.model import Form
from surveys.form.problems import Problem
from surveys.form.sheets import Row

_LABEL, _SOURCE = "label::", "reference_source::"


def read_indicators(
    rows: Iterable[Row], form: Form
) -> tuple[tuple[Indicator, ...], tuple[Problem, ...]]:
    """The indicators of these rows, and what is wrong with them, each at its row and column."""
    reading = _Reading(form)
    for row in rows:
        reading.row(row)
    reading.parts()
    return tuple(reading.found), tuple(reading.problems)


class _Reading:
    def __init__(self, form: Form) -> None:
        self.names = {question.name: question for question in form.questions}
        self.repeated = {one.name for one in form.questions if form.repeats[one.path]}
        self.language = form.default_language
        self.found: list[Indicator] = []
        self.problems: list[Problem] = []
        self.roles: dict[str, str] = {}
        self.seen: set[str] = set()
        self.items: list[tuple[Row, Indicator]] = []

    def wrong(self, row: Row, column: str, what: str, remedy: str, *, mild: bool = False) -> None:
        self.problems.append(
            Problem("warning" if mild else "error", what, remedy, "indicators", row.number, column)
        )

    def word(self, row: Row, column: str, allowed: tuple[str, ...]) -> str:
        """The word in a cell, "" where it is empty or none of those allowed."""
        word = row.cells.get(column, "")
        if word and word not in allowed:
            known = ", ".join(one for one in allowed if one)
            self.wrong(row, column, f"{word} is no {column}.", f"Write one of: {known}.")
            return ""
        return word

    def number(self, row: Row, column: str) -> float | None:
        text = row.cells.get(column, "")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if isfinite(number):
            return number
        self.wrong(row, column, f"{text} is no number.", "Write a number like 66.5.")
        return None

    def row(self, row: Row) -> None:
        name = row.cells.get("name", "")
        if name not in self.names:
            what = f"The form has no {name}." if name else "The name is missing."
            self.wrong(row, "name", what, "Write a name from the sheet survey.")
            return
        kept_apart = row.cells.get("role") in ("private", "sex", "age", "schooling")
        if name in self.repeated and (row.cells.get("kind") or not kept_apart):
            # What must not be passed on may stand in a repeat: a roster names a home.
            what = f"{name} is in a repeat and has many values."
            self.wrong(row, "name", what, "Compute one of them outside, as in sum(${…}).")
        if name in self.seen:
            self.wrong(row, "name", f"{name} is listed twice.", "Take one row away.")
        self.seen.add(name)
        role, kind = self.word(row, "role", get_args(Role)), self.word(row, "kind", get_args(Kind))
        if role in self.roles and role != "agreement":
            other = self.roles[role]
            self.wrong(row, "role", f"{other} has the role {role} already.", "Take one away.")
        if role:
            self.roles[role] = name
        if not row.cells.get("role") and not row.cells.get("kind"):
            self.wrong(row, "kind", f"{name} has neither a role nor a kind.", "Write one of them.")
        reference, source = self.number(row, "reference"), row.cells.get("reference_source", "")
        of_choices = self.of_choices(row, name)
        if (reference is not None or of_choices) and not source:
            self.wrong(
                row,
                "reference_source",
                f"Nobody can tell where the reference of {name} comes from.",
                "Write who published it, and when.",
                mild=True,
            )
        better = self.word(row, "higher_is_better", ("yes", "no"))
        indicator = Indicator(
            name=name,
            label=self.label(row, name),
            role=role or None,  # type: ignore[arg-type]
            dimension=self.word(row, "dimension", get_args(Dimension)),  # type: ignore[arg-type]
            kind=kind or None,  # type: ignore[arg-type]
            base=self.word(row, "base", get_args(Base)) or "zero",  # type: ignore[arg-type]
            reference=reference,
            reference_source=source,
            higher_is_better={"yes": True, "no": False}.get(better),
            part_of=row.cells.get("part_of", ""),
            reference_sources=by_language(row, _SOURCE),
            reference_choices=of_choices,
        )
        self.found.append(indicator)
        if indicator.kind == "item" or indicator.part_of:
            self.items.append((row, indicator))

    def parts(self) -> None:
        """Whether every item is part of a score, or a lack that is asked of all."""
        scores = {one.name for one in self.found if one.kind == "score"}
        for row, one in self.items:
            lack = one.dimension == "deprivation"
            if one.kind != "item":
                what = f"{one.name} is part of {one.part_of}, but no item."
                self.wrong(row, "kind", what, "Write item, or empty part_of.")
            elif one.part_of:
                if one.part_of not in scores:
                    what = f"{one.part_of} is no score of this sheet."
                    self.wrong(row, "part_of", what, "Write the name of a row of kind score.")
            elif not lack:
                what = f"{one.name} is an item of nothing."
                remedy = "Name its score, or write the dimension deprivation."
                self.wrong(row, "part_of", what, remedy)
            if lack and one.kind == "item" and one.base != "all":
                what = f"{one.name} is a lack, and lacks count for users and non-users alike."
                self.wrong(row, "base", what, "Write all.")

    def label(self, row: Row, name: str) -> dict[str, str]:
        """By language; the name where there is none."""
        return by_language(row, _LABEL) or {self.language: row.cells.get("label") or name}

    def of_choices(self, row: Row, name: str) -> dict[str, float]:
        """Published figures of choices, "skill 51.6; age 14", each with a choice of the form."""
        question, column = self.names[name], "reference_choices"
        known = {one.value for one in question.choices.choices} if question.choices else set()
        found = {}
        for part in filter(None, map(str.strip, row.cells.get(column, "").split(";"))):
            choice, _, figure = part.partition(" ")
            try:
                found[choice] = float(figure)
            except ValueError:
                found[choice] = float("nan")
            if choice not in known or not 0 <= found[choice] <= 100:
                del found[choice]
                what = f"{part} is no choice of {name} with its per cent."
                self.wrong(row, column, what, "Write them as in: skill 51.6; age 14.")
        return found


def by_language(row: Row, start: str) -> dict[str, str]:
    """The cells under `start` and a language, by language."""
    return {
        header.removeprefix(start): text
        for header, text in row.cells.items()
        if header.startswith(start) and text
    }
