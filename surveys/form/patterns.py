"""Regular expressions: read as Java reads them, matched in bounded time.

A form's patterns are written for ODK, whose regex() is Java's. What Java has and Python has not is
written anew for the `regex` package; what neither can do in bounded time, or nobody can read, is
refused when the form is published.
"""

from __future__ import annotations

from typing import Any

from surveys.form.java_patterns import PatternError, java_to_python, short
from surveys.form.sentences import sentence

__all__ = ["LONGEST_PATTERN", "LONGEST_TEXT", "SECONDS", "PatternError", "compiled", "matches"]

LONGEST_PATTERN = 2_000
LONGEST_TEXT = 10_000
"""Characters. A longer text matches nothing."""
SECONDS = 0.05
"""How long one text is tried; what takes longer does not match."""

_KEPT = 256
_kept: dict[str, Any] = {}


def compiled(expression: str) -> Any:
    """What `regex` makes of a pattern; those used lately are kept. Raises `PatternError`."""
    found = _kept.get(expression)
    if found is None:
        try:
            found = _made(expression)
        except PatternError as error:
            found = error
        if len(_kept) >= _KEPT:
            _kept.clear()
        _kept[expression] = found
    if isinstance(found, PatternError):
        raise PatternError(found.why)
    return found


def matches(text: str, expression: str) -> bool:
    """regex(): whether the whole text matches; false where the pattern is none, where the text is
    longer than `LONGEST_TEXT`, and where it takes longer than `SECONDS` to say."""
    if len(text) > LONGEST_TEXT:
        return False
    try:
        return compiled(expression).fullmatch(text, timeout=SECONDS) is not None
    except (PatternError, TimeoutError, MemoryError):
        return False


def _made(expression: str) -> Any:
    # Only forms with patterns need it.
    import regex

    if len(expression) > LONGEST_PATTERN:
        raise PatternError(
            sentence(
                "the pattern has {count} characters, and may have {most}",
                count=len(expression),
                most=LONGEST_PATTERN,
            )
        )
    written = java_to_python(expression)
    try:
        return regex.compile(written, regex.V1)
    except (regex.error, RecursionError, OverflowError, MemoryError, ValueError) as error:
        raise PatternError(
            sentence("the pattern {pattern} cannot be read", pattern=short(expression))
        ) from error
