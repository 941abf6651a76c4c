"""Numbers of a profile in words: with their interval and bound, or why they are not shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from gettext import NullTranslations
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from surveys.estimation.profile import Benchmark, Figure, Withheld
from surveys.reports.catalogue import load

Language = Literal["en", "zh"]
Unit = Literal["points", "share", "spread", "ratio"]
"""points: a score 0-100 · share: per cent · spread: standard deviations (METHOD.md §3), or points a
ring · ratio: 0-1."""
DIGITS: Mapping[Unit, str] = {
    "points": "#,##0", "share": "#,##0", "spread": "#,##0.0", "ratio": "#,##0.00",
}  # fmt: skip
LOCALES: Mapping[Language, Locale] = {"en": Locale("en", "GB"), "zh": Locale("zh")}
"""Made once: Babel takes a millisecond to read a tag."""
MODELLED = "≈"
"""Stands before a number that borrows from the other villages."""

LONGEST_NAME = 48
"""Columns of a name (a Chinese character takes two) before it is cut with an ellipsis."""


@dataclass(frozen=True, slots=True)
class Words:
    """A language to speak: `say(sentence, **values)` translates and fills in."""

    language: Language
    catalogue: NullTranslations
    longest: int = LONGEST_NAME

    def __call__(self, sentence: str, **values: object) -> str:
        """The sentence in this language with its {placeholders} filled."""
        return self.catalogue.gettext(sentence).format(**values)

    def count(self, one: str, many: str, n: int) -> str:
        """The sentence for `n` things, with {n} filled in."""
        return self.catalogue.ngettext(one, many, n).format(n=self.number(n))

    def name(self, text: str) -> str:
        """A name from outside on one line: no control characters, cut where it is too long."""
        return clip(" ".join(printable(text).split()), self.longest)

    def label(self, labels: Mapping[str, str], otherwise: str) -> str:
        """The label in this language ("zh" or "中文 (zh)"), or any, or `otherwise`."""
        for key, text in labels.items():
            if text and (key == self.language or key.endswith(f"({self.language})")):
                return self.name(text)
        return self.name(next(filter(None, labels.values()), otherwise))

    def source(self, benchmark: Benchmark) -> str:
        """Where a published figure comes from, in this language where the workbook says it so."""
        return benchmark.sources.get(self.language) or benchmark.source

    def date(self, moment: str) -> str:
        """The day of an ISO 8601 moment, as it is written in this language.

        Raises:
            ValueError: `moment` is not ISO 8601.
        """
        day = datetime.fromisoformat(moment)
        return format_date(day, format="long", locale=LOCALES[self.language])

    def number(self, value: float, unit: Unit = "points") -> str:
        """A number with its unit and decimals (`DIGITS`), as this language writes them."""
        text = format_decimal(value, format=DIGITS[unit], locale=LOCALES[self.language])
        text = text.replace("-", "−") if any(one in "123456789" for one in text) else "0"
        return text + ("%" if unit == "share" else "")

    def published(self, value: float) -> str:
        """A published share in per cent, with the decimals that it was published with."""
        return format_decimal(value, format="#,##0.###", locale=LOCALES[self.language]) + "%"

    def interval(self, low: float, high: float, unit: Unit = "points") -> str:
        """41–58, 41–58%, or −3 to 8 where a dash would be taken for a minus."""
        first, last = self.number(low, unit).removesuffix("%"), self.number(high, unit)
        return self("{low} to {high}", low=first, high=last) if low < 0 else f"{first}–{last}"

    def figure(self, figure: Figure, unit: Unit = "points") -> str:
        """The number with its bound and interval, or in words why there is none."""
        if figure.withheld not in ("", "imprecise"):
            return self.why(figure.withheld)
        if figure.words:
            return self._in_words(figure)
        value = known(figure)
        if figure.low is None or figure.high is None:
            if value is None:
                return self.why(figure.withheld)
            return self.bounded(figure, self.number(value, unit))
        between = self.interval(figure.low, figure.high, unit)
        if value is None:
            return self.bounded(figure, between)
        text = self.bounded(figure, self.number(value, unit))
        return self("{number} ({interval})", number=text, interval=between)

    def _in_words(self, figure: Figure) -> str:
        """Few or nearly all, and how far that may reach where that is known."""
        if figure.words == "few":
            if figure.high is None:
                return self("few")
            return self("few (at most {share})", share=self.number(figure.high, "share"))
        if figure.low is None:
            return self("nearly all")
        return self("nearly all (at least {share})", share=self.number(figure.low, "share"))

    def bounded(self, figure: Figure, number: str) -> str:
        """The number after "at most" or "at least", if it is a bound; marked, if by the model."""
        if figure.modelled:
            number = MODELLED + number
        if figure.bound == "at_most":
            return self("at most {number}", number=number)
        if figure.bound == "at_least":
            return self("at least {number}", number=number)
        return number

    def why(self, reason: Withheld) -> str:
        """Why a number is not shown, in words."""
        if reason == "few_persons":
            return self("not shown: fewer than 10 people answered this")
        if reason == "few_homes":
            return self("not shown: answers from fewer than 5 homes")
        if reason == "no_reference":
            return self("not shown: no area to compare with yet")
        if reason == "not_asked":
            return self("not asked")
        if reason == "too_few_for_this":
            return self("not shown: fewer than 30 people answered this")
        if reason == "imprecise":
            return self("not shown: too uncertain")
        if reason == "complementary":
            return self("not shown: others could be worked out from it")
        return self("not shown")


def words(language: Language, longest: int = LONGEST_NAME) -> Words:
    """The words of a language, with names cut at `longest` columns."""
    return Words(language, load("surveys.reports", language), longest)


def borrowed(say: Words) -> str:
    """What the sign of a modelled number means."""
    return say("≈: few answered, so the number borrows from the other villages.")


def known(figure: Figure | None) -> float | None:
    """The number of a figure, if it may be shown as one."""
    if figure is None or figure.withheld or figure.words:
        return None
    return figure.value


def sign(figure: Figure) -> int:
    """1 or -1 if the whole interval lies on one side of 0, else 0."""
    value = known(figure)
    if value is None:
        return 0
    low = value if figure.low is None else figure.low
    high = value if figure.high is None else figure.high
    return 1 if low > 0 else -1 if high < 0 else 0


def turned(figure: Figure) -> Figure:
    """The same distance seen from the other side.

    >>> turned(Figure(-8, -14, -2)).value, turned(Figure(-8, -14, -2)).low
    (8, 2)
    """
    value, low, high = (None if x is None else -x for x in (figure.value, figure.high, figure.low))
    other: Literal["", "at_most", "at_least"] = ""
    if figure.bound:
        other = "at_most" if figure.bound == "at_least" else "at_least"
    return replace(figure, value=value, low=low, high=high, bound=other)


def printable(text: str) -> str:
    """Text without what cannot be seen (controls, direction marks, halves of characters)."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def columns(text: str) -> int:
    """Columns that a text takes on a screen: two for a Chinese character or an emoji."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def clip(text: str, longest: int) -> str:
    """Text of at most `longest` columns, an ellipsis standing for what was cut.

    >>> clip("Liuping", 7), clip("Liuping 柳坪", 11), clip("柳坪", 3)
    ('Liuping', 'Liuping 柳…', '柳…')
    """
    if columns(text) <= longest:
        return text
    # Letter by letter: names are as long as someone made them.
    taken, kept = 0, 0
    while kept < len(text) and taken + _width(text[kept]) < longest:
        taken += _width(text[kept])
        kept += 1
    return text[:kept].rstrip() + "…"
