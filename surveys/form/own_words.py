"""Which answers are in a person's own words, and which computed values repeat them.

Own words can name people, whatever was asked. So they are erased long before the other answers
(docs/privacy.md): what a person typed as text, what was read from a barcode (which may stand on an
identity card), and choices among what somebody typed. A number, a day, a place and a choice of the
form's own list are no words, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.form.model import Form, Question

ERASED = "[erased]"
"""What stands in the place of words that were erased: there was an answer, and it is gone."""
WORDS = frozenset({"text", "barcode"})
"""The types of questions that are answered in own words. A telephone number is typed as text, so
text that looks like a number is no exception."""

LONG = 6
"""Digits from which on a number may be a telephone's or a card's."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?|true|false|NaN")
_INSTANCE = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """The nodes of a form, by their paths without numbers of instances."""

    said: frozenset[str]
    """Questions that are answered in own words."""
    made: frozenset[str]
    """Nodes that are computed from those."""

    def erased(self, values: Mapping[str, str]) -> dict[str, str]:
        """What changes in the values of nodes (by path) when own words are erased from them.

        A score that reads words stays: only what is no number goes, and what just repeats a long
        number that was typed as text.
        """
        words = {
            path: value
            for path, value in values.items()
            if value not in ("", ERASED) and _INSTANCE.sub("", path) in self.said
        }
        typed = {value.strip() for value in words.values()}
        changed = dict.fromkeys(words, ERASED)
        for path, value in values.items():
            if value in ("", ERASED) or _INSTANCE.sub("", path) not in self.made:
                continue
            if _NUMBER.fullmatch(value) is None or (len(value) >= LONG and value in typed):
                changed[path] = ERASED
        return changed


def own_words(form: Form) -> OwnWords:
    """Which nodes of a form hold own words, or are computed from them, directly or through others.

    >>> from surveys.form.model import Group, Question
    >>> root = Group("/d", "d", None, None, (
    ...     Question("/d/name", "name", "text"), Question("/d/age", "age", "integer")))
    >>> words = own_words(Form("f", "1", "F", ("",), root, ()))
    >>> words.erased({"/d/name": "Wang Lan", "/d/age": "40"})
    {'/d/name': '[erased]'}
    """
    said = {question.path for question in form.questions if question.type in WORDS}
    made: set[str] = set()
    while True:
        known = said | made
        more_said = {one.path for one in form.questions if _repeats(one, known)} - known
        more_made = {
            one.path
            for one in form.questions
            if one.calculation is not None and one.calculation.reads & known
        } | {action.target for action in form.actions if action.value.reads & known}
        more_made -= known
        if not more_said and not more_made:
            return OwnWords(frozenset(said), frozenset(made))
        said |= more_said
        made |= more_made


def _repeats(question: Question, words: set[str]) -> bool:
    """Whether its choices are what somebody typed before (of the instances of a repeat)."""
    choices = question.choices
    return choices is not None and choices.value is not None and bool(choices.value.reads & words)
