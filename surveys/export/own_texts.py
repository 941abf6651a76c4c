"""Our columns of submissions as they stand in lines of CSV, some hundred submissions at a time.

Of the standard library alone, as `surveys.export.reader`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat
from operator import itemgetter

from surveys.export.cells import DANGEROUS, alike, moment, number, text_of
from surveys.export.table import Cell, More, Variable

MOST = 1000
"""Cells of a column that are remembered."""
Columns = Sequence[Sequence[Cell]]
"""Ours, all of them."""
_SPECIAL = re.compile('[",\r\n]')


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
    """The places of the submissions among those that were asked for."""
    homes: Sequence[Cell]
    parts: Sequence[Sequence[str]]
    """What stands before, between and behind the columns left out: of each part a text a line."""


def together(some: Sequence[Halves]) -> Halves:
    """The lines of all of them, one after the other."""
    filled = [one for one in some if one.there]
    return Halves(
        [at for one in filled for at in one.there],
        [home for one in filled for home in one.homes],
        [list(chain(*parts)) for parts in zip(*(one.parts for one in filled), strict=True)],
    )


class OwnTexts:
    """The texts of our columns: those before the form's, and those behind."""

    def __init__(
        self,
        variables: Sequence[Variable],
        places: Sequence[int],
        first: int,
        more: More,
        late: Collection[int],
    ) -> None:
        """variables: all of a row; places: of ours among them, `first` before the form's; late:
        those of them that are computed while lines are begun, with another one between them and the
        form's.
        """
        self._texts = [_Texts(variables[at]) for at in places]
        self._more = [more.get(at, ()) for at in places]
        self._before, self._behind = range(first), range(first, len(places))
        by = groupby(self._behind, lambda at: places[at] in late)
        self._parts = [(is_late, list(some)) for is_late, some in by]
        """Of those behind what stands side by side, and whether it is late."""

    def before(self, own: Columns) -> Iterable[str]:
        """Of each submission our columns before the form's."""
        return self._lines(own, self._before)

    def behind(self, own: Columns) -> Iterable[str]:
        """Of each submission our columns behind the form's."""
        return self._lines(own, self._behind)

    def early(self, own: Columns) -> list[Iterable[str]]:
        """The same but for those that are late: of each part that is left."""
        return [self._lines(own, some) for is_late, some in self._parts if not is_late]

    def with_late(self, late: Columns) -> Columns:
        """Our columns, all empty but those that are late."""
        left = iter(late)
        those = {at for is_late, some in self._parts if is_late for at in some}
        return [next(left) if at in those else () for at in range(len(self._texts))]

    def whole(self, halves: Halves, own: Columns) -> Iterable[str]:
        """Lines that were begun, with what was late."""
        begun = iter(halves.parts)
        parts = (
            self._lines(own, some) if is_late else next(begun) for is_late, some in self._parts
        )  # fmt: skip
        return map(",".join, zip(*parts, strict=True))

    def _lines(self, own: Columns, those: Sequence[int]) -> Iterable[str]:
        """Of each submission some columns of ours, with what stands behind each."""
        made: dict[int, Sequence[str] | str] = {}
        side = _Side(len(own[those[0] if those else 0]))
        for at in those:
            cells, texts = own[at], self._texts[at]
            # The same cells under two names are made into texts once.
            if id(cells) not in made:
                made[id(cells)] = texts[cells[0]] if alike(cells) else texts.all(cells)
            side.add(made[id(cells)])
            for constant in self._more[at]:
                side.add(constant)
        return side.lines()


class _Side:
    """Columns side by side."""

    def __init__(self, count: int) -> None:
        self._count = count
        """Of their cells."""
        self._columns: list[Iterable[str]] = []
        self._constants: list[str] = []
        """What stands in each row behind the columns: joined once."""

    def add(self, texts: Sequence[str] | str) -> None:
        """One more column: the texts of its cells, or the one of them all."""
        if isinstance(texts, str):
            self._constants.append(texts)
            return
        self._close()
        self._columns.append(texts)

    def lines(self) -> Iterable[str]:
        """Of each row its part of the line."""
        self._close()
        if not self._columns:
            return repeat("", self._count)
        return map(",".join, zip(*self._columns, strict=True))

    def _close(self) -> None:
        if self._constants:
            self._columns.append(repeat(",".join(self._constants), self._count))
            self._constants.clear()


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
            # A text is as it is to stand there (`surveys.export.own_cells`).
            as_it_is = isinstance(cells[0], str)
            return cells if as_it_is else list(map(moment, cells))  # type: ignore[arg-type,return-value]
        many = _MANY.get(self._variable.kind) if len(self) >= MOST else None
        texts = many(cells) if many is not None else None
        if texts is not None:
            return texts
        return list(map(self.__getitem__, cells))


def _as_they_stand(cells: Sequence[Cell]) -> Sequence[str] | None:
    """The cells themselves, where all are texts and none has anything in it that is written
    otherwise: ids, of which there is a new one in each row.

    >>> _as_they_stand(["a", "b-c"]), _as_they_stand(["a", "-b"]), _as_they_stand(["a,b"])
    (['a', 'b-c'], None, None)
    """
    if set(map(type, cells)) != {str} or "" in cells:
        return None
    all_of_them = "\n".join(cells)  # type: ignore[arg-type]
    if all_of_them.count("\n") >= len(cells) or any(one in all_of_them for one in '",\r'):
        return None
    begins = set(map(itemgetter(0), cells))  # type: ignore[arg-type]
    return cells if begins.isdisjoint(DANGEROUS) else None  # type: ignore[return-value]


def _whole(cells: Sequence[Cell]) -> Sequence[str] | None:
    """Of whole numbers their texts; None where another cell is among them.

    >>> _whole([12, -3]), _whole([12, None])
    (['12', '-3'], None)
    """
    return list(map(str, cells)) if set(map(type, cells)) == {int} else None


def _decimals(cells: Sequence[Cell]) -> Sequence[str] | None:
    """Of decimal numbers their texts; None where another cell is among them."""
    if set(map(type, cells)) != {float}:
        return None
    return list(map(number, cells))  # type: ignore[arg-type]


_MANY = {"text": _as_they_stand, "integer": _whole, "decimal": _decimals}
"""By kind of a column what makes the texts of many cells that do not come again."""
