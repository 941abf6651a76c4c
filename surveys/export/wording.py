"""What files say in words: each sentence in English and Chinese, by language tag."""

from __future__ import annotations

from typing import Literal

from surveys.reports.catalogue import load

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def say(sentence: str) -> dict[str, str]:
    """A sentence of the code in every language that we speak."""
    return {language: load("surveys.export", language).gettext(sentence) for language in LANGUAGES}
