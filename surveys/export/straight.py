"""Submissions straight from their JSON texts to lines of CSV, with the codebook's counts.

The same as `surveys.export.submissions` makes cell by cell, by the same readers; but what an answer
means, as text of all the columns of its question, is made once and remembered, as answers come
again and again. Two ways to one file: tests hold them together.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat
from typing import Any

from surveys.export.cells import DANGEROUS, moment, number, text_of
from surveys.export.frequencies import HOMES, Counting, Counts
from surveys.export.pieces import BETWEEN, Odd, pieces, taken_apart
from surveys.export.reader import READ, Reader
from surveys.export.table import Cell, More, Variable

MOST = 1000
"""Answers to a question, and cells of a column of ours, that are remembered."""
_NUMBERS: Mapping[str, Callable[[Any], str]] = {"integer": str, "decimal": number}
_SPECIAL = re.compile('[",\r\n]')
_AS_IT_STANDS = re.compile("-?[1-9][0-9]{0,14}|0")
"""A whole number that is written as it was read."""


class Misfit(Exception):  # noqa: N818
    """An answer that would make another column: the columns were taken from some answers alone."""


def quoted(text: str) -> str:
    """A cell as it stands in a line of CSV.

    >>> print(quoted('a, "b"'), quoted("plain"))
    "a, ""b\""" plain
    """
    if _SPECIAL.search(text) is None:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


@dataclass(frozen=True, slots=True)
class Halves:
    """Lines of some submissions, without the columns of ours that are still to be computed."""

    there: Sequence[int]
    """The places of the submissions among those asked for."""
    homes: Sequence[Cell]
    parts: Sequence[Sequence[str]]
    """What stands before, between and behind the columns left out: of each part a text a line."""


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
        self._texts = [_Texts(variables[at]) for at in self._places]
        behind = range(first, len(self._places))
        parts = groupby(behind, lambda at: self._places[at] in late)
        self._parts = [(is_late, list(some)) for is_late, some in parts]
        """Of our columns behind the questions those that stand together, and whether they are late.
        """
        self._more = more
        self._counting = counting
        self._counts = {} if counting is None else counting.counts
        self._home = 0
        if counting is not None and counting.home is not None:
            self._home = self._places.index(counting.home)
        self._totals: Counter[str] = Counter()
        """How often each piece was met since it is remembered."""

    def lines(self, answers: Sequence[str], own: Sequence[Sequence[Cell]]) -> bytes:
        """Of some submissions; answers: as JSON text; own: our columns."""
        behind = range(self._first, len(self._places))
        return _joined(self._begun(answers, own, self._ours(own, behind)))

    def halves(
        self, answers: Sequence[str], own: Sequence[Sequence[Cell]], there: Sequence[int]
    ) -> Halves:
        """The same but for the columns that are late, which are empty in `own`."""
        early = [self._ours(own, some) for is_late, some in self._parts if not is_late]
        begun = self._begun(answers, own, early[0])
        return Halves(there, own[self._home], [begun, *map(list, early[1:])])

    def whole(self, halves: Halves, own: Mapping[int, Sequence[Cell]]) -> bytes:
        """Their lines; own: the columns that were late, by their places."""
        parts = iter(halves.parts)
        columns = {at: own[self._places[at]] for is_late, some in self._parts for at in some
                   if is_late}  # fmt: skip
        self._count_ours(columns, halves.homes)
        return _joined(map(",".join, zip(
            *(self._ours(columns, some) if is_late else next(parts)
              for is_late, some in self._parts),
            strict=True,
        )))  # fmt: skip

    def _begun(
        self, answers: Sequence[str], own: Sequence[Sequence[Cell]], behind: Iterable[str]
    ) -> list[str]:
        """Lines up to what stands behind the questions."""
        homes = own[self._home]
        before = self._ours(own, range(self._first))
        found, cuts = [], []
        for text, home, begin, end in zip(answers, homes, before, behind, strict=True):
            row, cut = self._line(text, home)
            row[0], row[-1] = begin, end
            # Where no column of ours stands before them, none is empty there.
            found.append(",".join(row if self._first else row[1:]))
            cuts.append(cut)
        if self._counting is not None:
            self._count(cuts)
            self._count_ours({at: one for at, one in enumerate(own) if one}, homes)
        return found

    def _count_ours(self, own: Mapping[int, Sequence[Cell]], homes: Sequence[Cell]) -> None:
        for at, column in own.items():
            if self._places[at] in self._counts:
                self._counts[self._places[at]].add_all(column, homes)

    def count(self) -> None:
        """Count what is still to be counted, at the end."""
        for piece, count in self._totals.items():
            path, value = taken_apart(piece)
            question = self._meanings.questions.get(path)
            if question is not None and value:
                question.more(question.read(value), count)
        self._totals.clear()

    def _line(self, text: str, home: Cell) -> tuple[list[str], list[str]]:
        """The texts of a submission's questions, and the pieces that they are from."""
        known = self._meanings
        known.home = home
        odd, met, passing = len(known.odd), len(known.met), len(known.passing)
        row = self._blank.copy()
        try:
            cut = pieces(text)
            for place, columns in map(known.__getitem__, cut):
                row[place] = columns
        except Odd:
            del known.odd[odd:], known.met[met:]
            known.passing_no_more(passing)
            row = self._blank.copy()
            for path, value in json.loads(text).items():
                place, columns = known.meaning(path, value)
                row[place] = columns
            return row, []
        return row, cut

    def _ours(
        self, own: Sequence[Sequence[Cell]] | Mapping[int, Sequence[Cell]], those: Iterable[int]
    ) -> Iterable[str]:
        """Of each submission some columns of ours, with what stands behind each."""
        made: dict[int, Sequence[str]] = {}
        columns: list[Iterable[str]] = []
        for at in those:
            cells, place = own[at], self._places[at]
            # The same cells under two names are made into texts once.
            if id(cells) not in made:
                made[id(cells)] = self._texts[at].all(cells)
            columns.append(made[id(cells)])
            columns.extend(repeat(constant, len(cells)) for constant in self._more.get(place, ()))
        if not columns:
            return repeat("", len(own[self._home]))
        return map(",".join, zip(*columns, strict=True))

    def _count(self, cuts: Sequence[Sequence[str]]) -> None:
        known = self._meanings
        times = Counter(chain.from_iterable(cuts))
        times.subtract(known.odd)
        totals = self._totals
        for piece, count in times.items():
            if count and piece in known:
                totals[piece] += count
        for question, cells, home in known.met:
            question.add(cells, home)
        for question in set(known.passing):
            question.add_passing()
        known.odd.clear()
        known.met.clear()
        known.passing.clear()


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
        self._whole = kind == "integer"
        self._counts = counts
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
        if self._whole and _AS_IT_STANDS.fullmatch(value) is not None:
            self.passing.append(value)
            return value
        if self._fitting is not None and not self._fitting(value):
            raise Misfit
        self.passing.append(value)
        return self._written(self._cell(value))

    def add_passing(self) -> None:
        """Count the numbers kept."""
        for _, one in self._counts:
            one.more_numbers(map(self._cell, self.passing))
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
        for at, one in self._counts:
            one.add(cells[at], home)

    def more(self, cells: Sequence[Cell], count: int) -> None:
        """Count an answer of which it is known that enough homes gave it."""
        for at, one in self._counts:
            if cells[at] is not None:
                one.more(cells[at], count)

    def remembers(self, value: str, home: Cell) -> bool:
        """Whether an answer is remembered from now on, and not looked at any more."""
        if self._remembered + len(self._homes) >= MOST and value not in self._homes:
            return False
        if self._counts and self._numeric:
            if not all(len(one.all_homes) >= HOMES for _, one in self._counts):
                return False
        elif self._counts:
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
        self._passed: dict[str, _Question] = {}
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

    def __missing__(self, piece: str) -> tuple[int, str]:
        path, _, value = piece.partition(BETWEEN)
        question = self._passed.get(path)
        if question is not None and value.isdecimal():
            # Nothing in it can be odd; `number` sees whether it fits.
            text = question.number(value)
            self.passing.append(question)
            return question.place, text
        path, value = taken_apart(piece)
        question = self.questions.get(path)
        if question is None or not value:
            if self._others < MOST:
                self._others += 1
                self[piece] = self._nowhere
            return self._nowhere
        if question.passes:
            self._passed[path] = question
            text = question.number(value)
            self.passing.append(question)
            return question.place, text
        found = self.meaning(path, value)
        self.odd.append(piece)
        if question.remembers(value, self.home):
            self[piece] = found
        return found

    def meaning(self, path: str, value: str) -> tuple[int, str]:
        """The same of an answer, which is then to be counted."""
        question = self.questions.get(path)
        if question is None or not value:
            return self._nowhere
        cells = question.read(value)
        self.met.append((question, cells, self.home))
        return question.place, question.text(cells)


_BEGINS = tuple("\n" + one for one in DANGEROUS if one not in "\r\n")


class _Texts(dict[Cell, str]):
    """The cells of a column of ours -> as they stand in a line."""

    def __init__(self, variable: Variable) -> None:
        super().__init__()
        self._variable = variable
        self._moment = variable.kind == "moment" and not variable.question

    def __missing__(self, cell: Cell) -> str:
        text = quoted(text_of(cell, self._variable))
        if len(self) < MOST:
            self[cell] = text
        return text

    def all(self, cells: Sequence[Cell]) -> Sequence[str]:
        """Of all these cells the texts."""
        if self._moment and None not in cells:
            return list(map(moment, cells))  # type: ignore[arg-type]
        if len(self) >= MOST and self._variable.kind == "text":
            texts = _as_they_stand(cells)
            if texts is not None:
                return texts
        return list(map(self.__getitem__, cells))


def _as_they_stand(cells: Sequence[Cell]) -> Sequence[str] | None:
    """The cells themselves, where all are texts and none has anything in it that is written
    otherwise: ids, of which there is a new one in each row.

    >>> _as_they_stand(["a", "b-c"]), _as_they_stand(["a", "-b"]), _as_they_stand(["a,b"])
    (['a', 'b-c'], None, None)
    """
    try:
        all_of_them = "\n".join(["", *cells])  # type: ignore[list-item]
    except TypeError:
        return None
    if all_of_them.count("\n") != len(cells):
        return None
    if any(one in all_of_them for one in ('"', ",", "\r", *_BEGINS)):
        return None
    return cells  # type: ignore[return-value]


def _counts(reader: Reader, first: int, counting: Counting | None) -> list[tuple[int, Counts]]:
    """Of the columns of a question those that are counted; first: the place of the first one."""
    return [
        (at, counting.counts[first + at])
        for at in range(len(reader.variables))
        if counting is not None and first + at in counting.counts
    ]
