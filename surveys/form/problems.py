"""What can be wrong with a form: where, what, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a form."""

    severity: Literal["error", "warning"]
    what: str
    """One sentence."""
    remedy: str
    """What to write instead: one sentence, or "" where the sentence above says it."""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    """The header of the column."""

    def __str__(self) -> str:
        where = self.sheet
        if self.row is not None:
            where += f" row {self.row}"
        if self.column:
            where += f", {self.column}"
        sentence = f"{where}: {self.what}" if where else self.what
        return f"{sentence} {self.remedy}".strip()


class FormError(Exception):
    """A form that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems
