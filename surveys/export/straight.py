"""Submissions straight from their JSON texts to lines of CSV, with the codebook's counts.

The same as `surveys.export.submissions` makes cell by cell, by the same readers; but what an answer
means, as text of all the columns of its question, is made once and remembered, as answers come
again and again. Two ways to one file: tests hold them together.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from surveys.export.cells import number, text_of
from surveys.export.drawn import AS_IT_STANDS, Drawn, drawn
from surveys.export.frequencies import HOMES, Counting, Counts
from surveys.export.own_texts import OwnTexts, quoted
from surveys.export.pieces import BETWEEN, Odd, pieces, taken_apart
from surveys.export.reader import READ, Reader
from surveys.export.table import Cell, More, Variable

MOST = 1000
"""Answers to a question that are remembered."""
TOGETHER = 1000
"""Pieces that are counted together, while the processor still has them at hand."""
_NUMBERS: Mapping[str, Callable[[Any], str]] = {"integer": str, "decimal": number}
_AS_IT_STANDS = re.compile(AS_IT_STANDS)


class Misfit(Exception):  # noqa: N818
    """An answer that would make another column: the columns were taken from some answers alone."""


class Straight:
    """Lines of CSV of the submissions, some hundred at a time."""

    def __init__(
        self,
        readers: Sequence[Reader],
        variables: Sequence[Variable],
        first: int,
        more: More,
        counting: Counting | None,
        *,
        guessed: bool = False,
    ) -> None:
        """readers: of the form's questions, whose columns stand behind `first` ones of ours.

        `guessed`: not all answers were looked at before: `lines` raises Misfit where one does not
        fit its columns.
        """
        questions: list[_Question] = []
        place = first
        for at, one in enumerate(readers, 1):
            questions.append(_Question(one, at, _counts(one, place, counting), guessed=guessed))
            place += len(one.variables)
        self._blank = ["", *("," * (len(one.variables) - 1) for one in readers), ""]
        by_path = {
            path: question
            for one, question in zip(readers, questions, strict=True)
            for path in one.paths
        }
        self._meanings = _Meanings(by_path, len(self._blank) - 1)
        self._first = first
        self._places = [*range(first), *range(place, len(variables))]
        """Of our columns in a row."""
        self._own = OwnTexts(variables, self._places, first, more)
        self._questions = questions
        self._counting = counting
        self._counts = {} if counting is None else counting.counts
        self._home = 0
        if counting is not None and counting.home is not None:
            self._home = self._places.index(counting.home)
        self._cut: list[str] = []
        """Pieces that are still to be counted."""
        self._totals: Counter[str] = Counter()
        """How often each piece was met since it is remembered."""
        self._drawn: Drawn | None = None
        self._numbers: list[Sequence[str]] = []
        """Of each submission those of `_drawn`."""

    def lines(self, answers: Sequence[str], own: Sequence[Sequence[Cell]]) -> bytes:
        """Of some submissions; answers: as JSON text; own: our columns."""
        known = self._meanings
        homes = own[self._home]
        before, after = self._own.around(own)
        found = []
        for text, home, begin, end in zip(answers, homes, before, after, strict=True):
            row = self._line(text, home)
            row[0], row[-1] = begin, end
            # Where no column of ours stands before them, none is empty there.
            found.append(",".join(row if self._first else row[1:]))
        self._count()
        # More numbers that are new than rows: some of them may stand together.
        if len(known.passing) > len(answers):
            self._drawn = self._run(answers[-1]) or self._drawn
        known.forget()
        for at, column in zip(self._places, own, strict=True):
            if at in self._counts:
                self._counts[at].add_all(column, homes)
        return "\r\n".join([*found, ""]).encode()

    def count(self) -> None:
        """Count what is still to be counted, at the end."""
        for piece, count in self._totals.items():
            path, value = taken_apart(piece)
            question = self._meanings.questions.get(path)
            if question is not None and value:
                question.more(question.read(value), count)
        self._totals.clear()

    def _line(self, text: str, home: Cell) -> list[str]:
        """The texts of a submission's questions."""
        known = self._meanings
        known.home = home
        odd, met, passing = len(known.odd), len(known.met), len(known.passing)
        row = self._blank.copy()
        numbers, rest = ((), text) if self._drawn is None else self._drawn.out_of(text)
        try:
            cut = pieces(rest)
            for place, columns in map(known.__getitem__, cut):
                row[place] = columns
        except Odd:
            del known.odd[odd:], known.met[met:]
            known.passing_no_more(passing)
            row = self._blank.copy()
            for path, value in json.loads(text).items():
                place, columns = known.meaning(path, value)
                row[place] = columns
            return row
        if self._drawn is not None and numbers:
            row[self._drawn.places] = numbers
            self._numbers.append(numbers)
        self._cut += cut
        if len(self._cut) > TOGETHER and self._counting is not None:
            self._totals.update(self._cut)
            self._cut.clear()
        return row

    def _count(self) -> None:
        """Count what was met since the last time."""
        known, totals = self._meanings, self._totals
        if self._counting is not None:
            totals.update(self._cut)
            # What was not remembered is counted by itself.
            for piece in known.odd:
                if totals[piece] > 1:
                    totals[piece] -= 1
                else:
                    del totals[piece]
            for question, cells, home in known.met:
                question.add(cells, home)
        columns = zip(*self._numbers, strict=True)
        for path, column in zip(self._drawn.paths if self._drawn else (), columns, strict=False):
            known.passed[path].passing += column
        for question in known.passed.values():
            question.add_passing()
        self._cut.clear()
        self._numbers.clear()

    def _run(self, text: str) -> Drawn | None:
        """The numbers that stand together in a submission and are new in each."""
        passed = self._meanings.passed
        whole = {path: one.place for path, one in passed.items() if one.whole}
        with suppress(Odd):
            return drawn(pieces(text), whole)
        return None


class _Question:
    """What the columns of a question are made from."""

    def __init__(
        self,
        reader: Reader,
        place: int,
        counts: Sequence[tuple[int, Counts]],
        *,
        guessed: bool,
    ) -> None:
        self.place = place
        """Of its texts in a line."""
        self._cells: Callable[[str], Sequence[Cell]] = reader.cells() or (lambda value: [value])
        self._fitting = reader.fitting() if guessed else None
        self._variables = reader.variables
        kind = reader.variables[0].kind
        self._written = _NUMBERS.get(kind, str)
        """How its one cell is written, where it is a number: most of what does not come again …"""
        self._cell = READ.get(kind, str)
        """… and read."""
        self._is_number = len(reader.variables) == 1 and kind in _NUMBERS
        self.whole = kind == "integer"
        self.counts = counts
        self._homes: dict[str, set[Cell]] = {}
        """Answers that fewer than five homes gave so far, and those homes."""
        self._numeric = all(one.numeric for _, one in counts)
        self._remembered = 0
        self.passing: list[str] = []
        """Numbers that are not remembered and still to be counted."""

    @property
    def passes(self) -> bool:
        """Whether from now on it is a number that is neither remembered nor asked whose it is."""
        return self._is_number and self._remembered >= MOST

    def read(self, value: str) -> Sequence[Cell]:
        """The cells of an answer. Raises Misfit."""
        if self._fitting is not None and not self._fitting(value):
            raise Misfit
        return self._cells(value)

    def number(self, value: str) -> str:
        """Its column of a line, where `passes`; kept to be counted. Raises Misfit."""
        if self.whole and _AS_IT_STANDS.fullmatch(value) is not None:
            self.passing.append(value)
            return value
        if self._fitting is not None and not self._fitting(value):
            raise Misfit
        self.passing.append(value)
        return self._written(self._cell(value))

    def add_passing(self) -> None:
        """Count the numbers kept."""
        if self.passing:
            for _, one in self.counts:
                one.more_numbers(self.passing)
            self.passing.clear()

    def text(self, cells: Sequence[Cell]) -> str:
        """Its columns of a line."""
        if self._is_number:
            return self._written(cells[0])
        return ",".join(
            quoted(text_of(cell, one)) for cell, one in zip(cells, self._variables, strict=True)
        )

    def add(self, cells: Sequence[Cell], home: Cell) -> None:
        """Count an answer of a home."""
        for at, one in self.counts:
            one.add(cells[at], home)

    def more(self, cells: Sequence[Cell], count: int) -> None:
        """Count an answer of which it is known that enough homes gave it."""
        for at, one in self.counts:
            if cells[at] is not None:
                one.more(cells[at], count)

    def remembers(self, value: str, home: Cell) -> bool:
        """Whether an answer is remembered from now on, and not looked at any more."""
        if self._remembered + len(self._homes) >= MOST and value not in self._homes:
            return False
        if self.counts and self._numeric:
            if not all(len(one.all_homes) >= HOMES for _, one in self.counts):
                return False
        elif self.counts:
            homes = self._homes.setdefault(value, set())
            homes.add(home)
            if len(homes) < HOMES:
                return False
            del self._homes[value]
        self._remembered += 1
        return True


class _Meanings(dict[str, tuple[int, str]]):
    """Piece of a submission -> where in a line its text stands, and the text."""

    def __init__(self, questions: Mapping[str, _Question], nowhere: int) -> None:
        super().__init__()
        self.questions = questions
        """By path."""
        self._nowhere = (nowhere, "")
        self._others = 0
        self.passed: dict[str, _Question] = {}
        """By path, the numbers that are not remembered any more."""
        self.home: Cell = None
        """Whose submission it is."""
        self.odd: list[str] = []
        """Pieces met that were not remembered …"""
        self.met: list[tuple[_Question, Sequence[Cell], Cell]] = []
        """… and what of them is to be counted: question, cells, home."""
        self.passing: list[_Question] = []
        """Of each number that is not remembered its question, which keeps it to be counted."""

    def passing_no_more(self, since: int) -> None:
        """Take back the numbers kept since there were so many."""
        for question in self.passing[since:]:
            del question.passing[-1]
        del self.passing[since:]

    def forget(self) -> None:
        """Forget what was met: it is counted."""
        self.odd.clear()
        self.met.clear()
        self.passing.clear()

    def __missing__(self, piece: str) -> tuple[int, str]:
        self.odd.append(piece)
        path, _, value = piece.partition(BETWEEN)
        question = self.passed.get(path)
        if question is not None and value.isdecimal():
            # Nothing in it can be odd; `number` sees whether it fits.
            return question.place, self._passing(question, value)
        path, value = taken_apart(piece)
        question = self.questions.get(path)
        if question is None or not value:
            if self._others < MOST:
                self._others += 1
                self[piece] = self._nowhere
            return self._nowhere
        if question.passes:
            self.passed[path] = question
            return question.place, self._passing(question, value)
        found = self.meaning(path, value)
        if question.remembers(value, self.home):
            self[piece] = found
        return found

    def _passing(self, question: _Question, value: str) -> str:
        text = question.number(value)
        self.passing.append(question)
        return text

    def meaning(self, path: str, value: str) -> tuple[int, str]:
        """The same of an answer, which is then to be counted."""
        question = self.questions.get(path)
        if question is None or not value:
            return self._nowhere
        cells = question.read(value)
        if question.counts:
            self.met.append((question, cells, self.home))
        return question.place, question.text(cells)


def _counts(reader: Reader, first: int, counting: Counting | None) -> list[tuple[int, Counts]]:
    """Of the columns of a question those that are counted; first: the place of the first one."""
    return [
        (at, counting.counts[first + at])
        for at in range(len(reader.variables))
        if counting is not None and first + at in counting.counts
    ]
