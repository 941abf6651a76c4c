"""Of what is sent, the part that can be kept: no database takes U+0000 nor half a character."""

from __future__ import annotations

import re
from typing import Any

_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL refuses the first in every text; the others are halves of a pair, without the other
half, and no UTF-8 can be made of them. No phone sends them; a program of one's own may."""
DEEPEST = 40
"""Levels of an update; Telegram's have about ten."""


def keepable(part: Any, level: int = 0) -> Any:
    """The same, with the signs that cannot be kept left out of every text in it.

    >>> keepable({"text": "a\\x00b", "from": [{"first_name": "\\ud83d"}]})
    {'text': 'ab', 'from': [{'first_name': ''}]}
    """
    # Every update goes through here: what a class is, is asked in the cheapest way.
    kind = type(part)
    if kind is str:
        return part if part.isprintable() else _NOT_KEPT.sub("", part)
    if kind is dict:
        inside = {} if level > DEEPEST else part
        return {_name(key): keepable(one, level + 1) for key, one in inside.items()}
    if kind is list:
        return [] if level > DEEPEST else [keepable(one, level + 1) for one in part]
    return part


def _name(key: str) -> str:
    return key if key.isascii() else _NOT_KEPT.sub("", key)
