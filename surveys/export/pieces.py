"""Answers taken from the JSON text of a submission without making a dictionary of it.

A submission is a flat object of texts, and both databases give it with the same commas and colons.
Cut at `", "` it falls into pieces, `/data/home/A6": "3`, most of which come again and again: what
one means is found out once. Reading every answer so costs half of what `json.loads` costs alone.
"""

from __future__ import annotations

import json

BETWEEN = '": "'
"""Path and value."""
NEXT = '", "'
"""A value and the next path."""


class Odd(Exception):  # noqa: N818
    """A text that cannot be cut into pieces: `json.loads` reads it."""


def pieces(text: str) -> list[str]:
    """The pieces of a submission. Raises Odd; that one of them is odd is told by `taken_apart`.

    >>> pieces('{"/data/A": "1", "/data/B": "x y"}')
    ['/data/A": "1', '/data/B": "x y']
    """
    if text.startswith('{"') and text.endswith('"}'):
        return text[2:-2].split(NEXT)
    raise Odd


def taken_apart(piece: str) -> tuple[str, str]:
    r"""Path and value. Raises Odd where the text was cut at a wrong place, or is written otherwise:
    then a quote is left in a piece that no backslash stands before, or a backslash at its end.

    >>> taken_apart('/data/B": "two\\nlines')
    ('/data/B', 'two\nlines')
    """
    path, between, value = piece.partition(BETWEEN)
    if not between or '"' in path:
        raise Odd
    if "\\" in value:
        try:
            found: str = json.loads(f'"{value}"')
        except ValueError:
            raise Odd from None
        return path, found
    if '"' in value:
        raise Odd
    return path, value
