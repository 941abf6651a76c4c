"""Our columns of submissions as they stand in lines of CSV, some hundred submissions at a time.

Of the standard library alone, as `surveys.export.reader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import repeat

from surveys.export.cells import DANGEROUS, moment, number, text_of
from surveys.export.table import Cell, More, Variable

MOST = 1000
"""Cells of a column that are remembered."""
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


class OwnTexts:
    """The texts of our columns: those before the form's, and those behind."""

    def __init__(self, variables: Sequence[Variable], places: Sequence[int], first: int, more: More) -> None:
        """variables: all of a row; places: of ours among them, `first` before the form's."""
        self._places = places
        self._first = first
        self._more = more
        self._texts = [_Texts(variables[at]) for at in places]

    def around(self, own: Sequence[Sequence[Cell]]) -> tuple[Iterable[str], Iterable[str]]:
        """Of each submission our columns before the form's, and those behind."""
        made: dict[int, Sequence[str]] = {}
        columns: tuple[list[Iterable[str]], list[Iterable[str]]] = ([], [])
        for at, texts, cells in zip(self._places, self._texts, own, strict=True):
            # The same cells under two names are made into texts once.
            if id(cells) not in made:
                made[id(cells)] = texts.all(cells)
            side = columns[at >= self._first]
            side.append(made[id(cells)])
            side.extend(repeat(constant, len(cells)) for constant in self._more.get(at, ()))
        if not columns[0]:
            columns[0].append(repeat("", len(own[0])))
        before, after = (map(",".join, zip(*side, strict=True)) for side in columns)
        return before, after


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
            # A text is as it is to stand there (`surveys.export.own_cells`).
            texts = cells if isinstance(cells[0], str) else list(map(moment, cells))  # type: ignore[arg-type]
            return texts  # type: ignore[return-value]
        if len(self) >= MOST:
            many = _MANY.get(self._variable.kind)
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
    try:
        all_of_them = "\n".join(["", *cells])  # type: ignore[list-item]
    except TypeError:
        return None
    if all_of_them.count("\n") != len(cells):
        return None
    if any(one in all_of_them for one in ('"', ",", "\r", *_BEGINS)):
        return None
    return cells  # type: ignore[return-value]


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
