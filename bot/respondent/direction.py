"""Which way a line is written: marks that keep numbers, signs and words in order on a phone.

A phone lays out each paragraph by its first letter (Unicode's bidirectional algorithm, rules P2 and
P3). That goes wrong where a line in Arabic, Hebrew, Urdu or Uyghur begins with a number, or with a
name in Latin letters. Lines without such letters are left as they are.
"""

from __future__ import annotations

import re
import unicodedata

RIGHT = "\u200f"
"""RIGHT-TO-LEFT MARK: unseen, and as strong as a letter."""
LEFT_PART, ANY_PART, END_PART = "\u2066", "\u2068", "\u2069"
"""LEFT-TO-RIGHT ISOLATE, FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE."""
_TAG = re.compile(r"<[^<>]*>|&(?:lt|gt|amp|quot);")


def rightwards(text: str) -> bool:
    """Whether a text, or what is read of HTML, is written from right to left: most of its letters
    are."""
    if text.isascii():
        return False
    balance = 0
    for letter in _TAG.sub("", text):
        if _to_the_right(letter):
            balance += 1
        elif letter.isalpha():
            balance -= 1
    return balance > 0


def line(text: str) -> str:
    """A text or HTML, each line of which runs the way that most of its letters do."""
    if text.isascii():
        return text
    return "\n".join(
        RIGHT + one if not one.startswith(RIGHT) and rightwards(one) else one
        for one in text.split("\n")
    )


def numbered(number: str, text: str, between: str = "  ") -> str:
    """A number (or another sign written from left to right) before the words that it counts."""
    if not rightwards(text.partition("\n")[0]):
        return f"{number}{between}{text}"
    first, _, rest = text.partition("\n")
    head = f"{RIGHT}{LEFT_PART}{number}{END_PART}{between}{first}"
    return f"{head}\n{line(rest)}" if rest else head


def apart(text: str) -> str:
    """Words in the middle of a sentence that may be written the other way."""
    if text.isascii() or not any(map(_to_the_right, text)):
        return text
    return "\n".join(f"{ANY_PART}{one}{END_PART}" for one in text.split("\n"))


def _to_the_right(letter: str) -> bool:
    return letter > "\u0590" and unicodedata.bidirectional(letter) in ("R", "AL")
