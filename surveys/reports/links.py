"""Where a page leads in a folder of pages: to the area above, the other language, its PDF."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere: relative, so that a folder needs no server."""

    text: str
    href: str
    language: str = ""
    """Of what is there, where it is another one."""


@dataclass(frozen=True, slots=True)
class Links:
    """What stands above a page of a folder."""

    here: str
    up: tuple[Link, ...] = ()
    """From the list of all pages down to the area right above."""
    also: tuple[Link, ...] = ()
    """The same in another language, or on paper."""
