"""A run of whole numbers that are new in each submission, taken out of its text at once.

What is drawn by lot of everybody stands together in a form, and is no piece that comes again
(`surveys.export.pieces`): one look finds all of it, and it is written as it was read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from surveys.export.pieces import BETWEEN, NEXT

AS_IT_STANDS = "-?[1-9][0-9]{0,14}|0"
"""A whole number that is written as it was read."""
FEWEST = 2
"""Numbers that are worth a look of their own."""


class Drawn:
    """The numbers at some paths, one behind the other, whose texts in a line are so, too."""

    def __init__(self, paths: Sequence[str], first: int) -> None:
        """first: the place of the first one's text in a line."""
        self.paths = tuple(paths)
        self.places = slice(first, first + len(paths))
        answers = (f"{re.escape(path + BETWEEN)}({AS_IT_STANDS})" for path in paths)
        # Between two others. In an answer a quote has a backslash: these are what they seem.
        self._pattern = re.compile(NEXT + NEXT.join(answers) + NEXT)

    def out_of(self, text: str) -> tuple[Sequence[str], str]:
        """The numbers in the text of a submission, and the text without them; none, and the text
        as it is, where they do not stand there so.

        >>> text = '{"/a": "x", "/b": "12", "/c": "-5", "/d": "y"}'
        >>> Drawn(["/b", "/c"], 1).out_of(text)
        (('12', '-5'), '{"/a": "x", "/d": "y"}')
        >>> Drawn(["/b", "/d"], 1).out_of(text)[0]
        ()
        """
        found = self._pattern.search(text)
        if found is None:
            return (), text
        return found.groups(), text[: found.start()] + text[found.end() - len(NEXT) :]


def drawn(cut: Sequence[str], places: Mapping[str, int]) -> Drawn | None:
    """The longest run in the pieces of a submission; None where there is none.

    places: of the numbers that are new in each, by path, where their texts stand in a line.

    >>> cut = ['/a": "x', '/b": "12', '/c": "3', '/d": "4', '/e": "y']
    >>> drawn(cut, {"/b": 1, "/c": 2, "/d": 4}).paths
    ('/b', '/c')
    """
    best: list[str] = []
    run: list[str] = []
    # Not the first and the last one, which do not stand between two.
    for piece in cut[1:-1]:
        path = piece.partition(BETWEEN)[0]
        place = places.get(path)
        if place is None or (run and place != places[run[-1]] + 1):
            run = []
        if place is not None:
            run.append(path)
        best = max(best, run, key=len).copy()
    return Drawn(best, places[best[0]]) if len(best) >= FEWEST else None
