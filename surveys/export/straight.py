"""Submissions straight from their JSON texts to lines of CSV, with the codebook's counts.

The same as `surveys.export.submissions` makes cell by cell, by the same readers; but what an answer
means, as text of all the columns of its question, is made once and remembered, as answers come
again and again. Two ways to one file: tests hold them together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from surveys.export.cells import number, text_of
from surveys.export.drawn import AS_IT_STANDS, Drawn, drawn
from surveys.export.frequencies import HOMES, Counting, Counts
from surveys.export.own_texts import Halves, OwnTexts, quoted
from surveys.export.pieces import BETWEEN, Odd, pieces, taken_apart
from surveys.export.reader import READ, Reader
from surveys.export.table import Cell, More, Variable

MOST = 1000
"""Answers to a question that are remembered."""
LOOKS = 10
"""How often at most numbers that stand together are looked for."""
_NUMBERS: Mapping[str, Callable[[Any], str]] = {"integer": str, "decimal": number}
_AS_IT_STANDS = re.compile(AS_IT_STANDS)
_MOMENT_AS_IT_STANDS = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}(Z|[+-](?!00:00)[0-9]{2}:[0-9]{2})"
)
"""A moment that is."""


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
        late: Collection[int] = (),
    ) -> None:
        """readers: of the form's questions, whose columns stand behind `first` ones of ours.

        late: the columns of ours that `halves` are without; all stand behind the questions.
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
        self._own = OwnTexts(variables, self._places, first, more, late)
        self._questions = questions
        self._counting = counting
        self._counts = {} if counting is None else counting.counts
        self._home = 0
        if counting is not None and counting.home is not None:
            self._home = self._places.index(counting.home)
        self._drawn: Drawn | None = None
        self._looks = 0
        """How often it was looked for."""
        self._numbers: list[Sequence[str]] = []
        """Of each submission those of `_drawn`."""

    def lines(self, answers: Sequence[str], own: Sequence[Sequence[Cell]]) -> bytes:
        """Of some submissions; answers: as JSON text; own: our columns."""
        return _joined(self._begun(answers, own, self._own.behind(own)))

    def halves(
        self, answers: Sequence[str], own: Sequence[Sequence[Cell]], there: Sequence[int]
    ) -> Halves:
        """The same but for the columns that are late, which are empty in `own`.

        there: the places of the submissions among those that were asked for.
        """
        first, *others = self._own.early(own)
        begun = self._begun(answers, own, first)
        return Halves(there, own[self._home], [begun, *map(list, others)])

    def whole(self, halves: Halves, late: Sequence[Sequence[Cell]]) -> bytes:
        """Their lines; late: the columns that were, in their order."""
        own = self._own.with_late(late)
        self._count_ours(own, halves.homes)
        return _joined(self._own.whole(halves, own))

    def _begun(
        self, answers: Sequence[str], own: Sequence[Sequence[Cell]], behind: Iterable[str]
    ) -> list[str]:
        """Lines up to what stands behind the questions."""
        homes = own[self._home]
        before = self._own.before(own)
        found = []
        for text, home, begin, end in zip(answers, homes, before, behind, strict=True):
            row = self._line(text, home)
            row[0], row[-1] = begin, end
            # Where no column of ours stands before them, none is empty there.
            found.append(",".join(row if self._first else row[1:]))
        # More numbers that are new than rows: some of them may stand together.
        if len(self._meanings.passing) > len(answers) and self._looks < LOOKS:
            self._looks += 1
            self._find_drawn(answers[-1], seldom=2 * len(self._numbers) < len(answers))
        self._count()
        self._count_ours(own, homes)
        return found

    def _count_ours(self, own: Sequence[Sequence[Cell]], homes: Sequence[Cell]) -> None:
        for at, column in zip(self._places, own, strict=True):
            if at in self._counts and column:
                self._counts[at].add_all(column, homes)

    def count(self) -> None:
        """Count what is still to be counted, at the end."""
        for piece, one in self._meanings.items():
            path, value = taken_apart(piece)
            question = self._meanings.questions.get(path)
            if question is not None and value and one.count:
                question.more(question.read(value), one.count)
            one.count = 0

    def _line(self, text: str, home: Cell) -> list[str]:
        """The texts of a submission's questions."""
        known = self._meanings
        known.home = home
        met, passing = len(known.met), len(known.passing)
        row = self._blank.copy()
        numbers, rest = ((), text) if self._drawn is None else self._drawn.out_of(text)
        cut: list[str] = []
        try:
            cut = pieces(rest)
            # Counted here, where the processor has them at hand: later it takes twice as long.
            for one in map(known.__getitem__, cut):
                row[one.place] = one.text
                one.count += 1
        except Odd:
            known.take_back(cut, met, passing)
            row = self._blank.copy()
            for path, value in json.loads(text).items():
                one = known.meaning(path, value)
                row[one.place] = one.text
            return row
        if self._drawn is not None and numbers:
            row[self._drawn.places] = numbers
            self._numbers.append(numbers)
        return row

    def _count(self) -> None:
        """Count what was met since the last time and is not remembered."""
        known = self._meanings
        for question, cells, home in known.met:
            question.add(cells, home)
        if self._drawn is not None:
            columns = zip(*self._numbers, strict=True)
            # None of them where no submission had these numbers.
            for path, column in zip(self._drawn.paths, columns, strict=False):
                known.passed[path].passing += column
        for question in known.passed.values():
            question.add_passing()
        self._numbers.clear()
        known.met.clear()
        known.passing.clear()

    def _find_drawn(self, text: str, *, seldom: bool) -> None:
        """Look in a submission for numbers that stand together and are new in each; seldom: those
        known so far were found in few.
        """
        passed = self._meanings.passed
        whole = {path: one.place for path, one in passed.items() if one.whole}
        found = None
        with suppress(Odd):
            found = drawn(pieces(text), whole)
        known = () if self._drawn is None or seldom else self._drawn.paths
        if found is not None and len(found.paths) > len(known):
            # What was found so far is counted first.
            self._count()
            self._drawn = found
            self._meanings.forget(found.paths)


def _joined(lines: Iterable[str]) -> bytes:
    return "\r\n".join([*lines, ""]).encode()


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
        self._is_moment = len(reader.variables) == 1 and kind == "moment"
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
        if self.passing and self.counts:
            numbers: list[Any] = list(map(self._cell, self.passing))
            for _, one in self.counts:
                one.more_numbers(numbers)
        self.passing.clear()

    def text(self, cells: Sequence[Cell], value: str) -> str:
        """Its columns of a line, from the cells read from a value."""
        if self._is_number:
            return self._written(cells[0])
        if self._is_moment and _MOMENT_AS_IT_STANDS.fullmatch(value) is not None:
            return value
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


class _Meaning:
    """What a piece of a submission means."""

    __slots__ = ("count", "place", "text")

    def __init__(self, place: int, text: str, count: int = 0) -> None:
        self.place = place
        """Where in a line its text stands."""
        self.text = text
        self.count = count
        """How often it was met since it is remembered."""


class _Meanings(dict[str, _Meaning]):
    """Piece of a submission -> what it means."""

    def __init__(self, questions: Mapping[str, _Question], nowhere: int) -> None:
        super().__init__()
        self.questions = questions
        """By path."""
        self._nowhere = _Meaning(nowhere, "")
        self._others = 0
        self._unasked: set[str] = set()
        """Paths of no question, whose pieces are not remembered any more."""
        self.passed: dict[str, _Question] = {}
        """By path, the numbers that are not remembered any more."""
        self.home: Cell = None
        """Whose submission it is."""
        self.met: list[tuple[_Question, Sequence[Cell], Cell]] = []
        """What is to be counted of pieces that were not remembered: question, cells, home."""
        self.passing: list[_Question] = []
        """Of each number that is not remembered its question, which keeps it to be counted."""
        self._latest = ""
        """The last piece that was not remembered."""

    def take_back(self, cut: Sequence[str], met: int, passing: int) -> None:
        """Take back what was met in pieces of which the latest is odd, and kept since there was so
        much.
        """
        for piece in cut[: cut.index(self._latest)] if cut else ():
            one = self.get(piece)
            # None: of one remembered only since this text.
            if one is not None and one.count:
                one.count -= 1
        del self.met[met:]
        for question in self.passing[passing:]:
            del question.passing[-1]
        del self.passing[passing:]

    def forget(self, paths: Sequence[str]) -> None:
        """Remember no answers at these paths: they are not looked for here any more."""
        kept = {
            piece: one
            for piece, one in self.items()
            if one.count or piece.partition(BETWEEN)[0] not in paths
        }
        # Filled anew: closer together they are found sooner.
        self.clear()
        self.update(kept)

    def __missing__(self, piece: str) -> _Meaning:
        self._latest = piece
        path, _, value = piece.partition(BETWEEN)
        question = self.passed.get(path)
        if question is not None and value.isdecimal():
            # Nothing in it can be odd; `number` sees whether it fits.
            return self._passing(question, value)
        if path in self._unasked and value and '"' not in value and "\\" not in value:
            return self._nowhere
        path, value = taken_apart(piece)
        question = self.questions.get(path)
        if question is None or not value:
            if self._others < MOST:
                self._others += 1
                self[piece] = self._nowhere
            elif value and len(self._unasked) < MOST:
                self._unasked.add(path)
            return self._nowhere
        if question.passes:
            self.passed[path] = question
            return self._passing(question, value)
        found = self.meaning(path, value)
        if question.remembers(value, self.home):
            # This time it is counted with what was met.
            found.count = -1
            self[piece] = found
        return found

    def _passing(self, question: _Question, value: str) -> _Meaning:
        text = question.number(value)
        self.passing.append(question)
        return _Meaning(question.place, text)

    def meaning(self, path: str, value: str) -> _Meaning:
        """The same of an answer, which is then to be counted."""
        question = self.questions.get(path)
        if question is None or not value:
            return self._nowhere
        cells = question.read(value)
        if question.counts:
            self.met.append((question, cells, self.home))
        return _Meaning(question.place, question.text(cells, value))


def _counts(reader: Reader, first: int, counting: Counting | None) -> list[tuple[int, Counts]]:
    """Of the columns of a question those that are counted; first: the place of the first one."""
    return [
        (at, counting.counts[first + at])
        for at in range(len(reader.variables))
        if counting is not None and first + at in counting.counts
    ]
