"""Numbers as people type them: any digits, Chinese numerals, units, separators."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

DIGITS = {
    **{sign: value for value, sign in enumerate("零一二三四五六七八九")},
    **{sign: value for value, sign in enumerate("零壹贰叁肆伍陆柒捌玖")},
    "〇": 0, "两": 2, "俩": 2,
}  # fmt: skip
UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
MYRIADS = {"万": 10_000, "亿": 100_000_000}
WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
MOST_DIGITS = 15
"""Beyond these a number is a slip, and no exact one any more where it is computed with."""

_CHINESE = "".join([*DIGITS, *UNITS, *MYRIADS])
_COUNTED = re.compile(
    r"\s*(口人|个人|口|个月|个|人|岁|位|名|次|台|部|年|天|月|小时|分钟|块钱|块|元|户|亩|公里|里"
    r"|(people|persons?|adults?|members?|children|kids?|phones?|of us|years? old|years?|yrs?"
    r"|months?|weeks?|days?|hours?|minutes?|times?|yuan|rmb|km))\s*$"
)
_PLAIN = re.compile(r"[+-]?\d+")
_FRACTION = re.compile(r"[+-]?(\d+\.\d*|\.\d+)")
_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?P<by>[, '])\d{3}((?P=by)\d{3})*(\.\d+)?")
_GROUPS_BY_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+")
_COMMA = re.compile(r"[+-]?\d+,\d+")


def plain(text: str) -> str:
    """Text with every digit as ASCII, full-width and circled signs as plain ones, in small letters.

    Characters that no XML document can hold are left out.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in folded
    ).strip()


def readable(text: str) -> str:
    """What was typed without the characters that no XML document can hold."""
    if text.isprintable():
        return text.strip()
    return "".join(
        sign
        for sign in text
        if sign in "\n\t" or (unicodedata.category(sign) not in ("Cc", "Cs", "Cn"))
    ).strip()


def chinese(text: str) -> Decimal | None:
    """The value of Chinese numerals ("一百零五", "二〇二六", "三点五", "1万2千"), or None.

    A last digit after a hundred or more counts tens of what stands before it, as it is spoken:
    "一百五" is 150.
    """
    if text.startswith("负"):
        below = chinese(text[1:])
        return None if below is None else -below
    whole, point, after = text.partition("点")
    if point:
        start = chinese(whole)
        if start is None or not after or any(sign not in DIGITS for sign in after):
            return None
        return start + Decimal("0." + "".join(str(DIGITS[sign]) for sign in after))
    if whole and all(sign in DIGITS for sign in whole):
        return Decimal("".join(str(DIGITS[sign]) for sign in whole))
    return _with_units(whole)


def _with_units(text: str) -> Decimal | None:
    """The value of numerals with units, digit by digit; None where they do not go together."""
    total = section = Decimal(0)
    digit: Decimal | None = None
    last = 0
    zero = False
    for sign in re.findall(r"\d+(?:\.\d+)?|.", text):
        if sign[0].isdecimal() or sign in DIGITS:
            value = Decimal(sign) if sign[0].isdecimal() else Decimal(DIGITS[sign])
            if digit is not None:
                return None
            if value == 0:
                zero = True
            else:
                digit = value
        elif sign in UNITS:
            if digit is None and (sign not in "十拾" or last):
                return None
            last = UNITS[sign]
            section += (1 if digit is None else digit) * last
            digit, zero = None, False
        elif sign in MYRIADS:
            section += digit or 0
            if not section and not total:
                return None
            last = MYRIADS[sign]
            total = (total + section) * last if total < last and total else total + section * last
            section, digit, zero = Decimal(0), None, False
        else:
            return None
    if digit is not None:
        section += digit * (last // 10 if last >= 100 and not zero else 1)
    elif not last:
        return None
    return total + section


def number(text: str) -> Decimal | None:
    """The number that someone typed, with its unit or without ("3个", "1,200", "3,5"), or None.

    A comma before exactly three digits groups thousands, as in English and Chinese.
    """
    typed = re.sub(r"[。.!]+$", "", plain(text).replace("−", "-").replace("、", ","))
    typed = re.sub(r"^(?:minus\s+|零下)", "-", typed)
    if typed in WORDS:
        return Decimal(WORDS[typed])
    found = _number(typed)
    if found is None and (counted := _COUNTED.search(typed)):
        bare = typed[: counted.start()].strip()
        found = Decimal(WORDS[bare]) if bare in WORDS else _number(bare)
    return found


def _number(typed: str) -> Decimal | None:
    if len(typed) > 2 * MOST_DIGITS or sum(sign.isdecimal() for sign in typed) > MOST_DIGITS:
        return None
    if _PLAIN.fullmatch(typed) or _FRACTION.fullmatch(typed):
        return Decimal(typed)
    if _GROUPS.fullmatch(typed):
        return Decimal(re.sub(r"[, ']", "", typed))
    if _GROUPS_BY_POINT.fullmatch(typed):
        return Decimal(typed.replace(".", "").replace(",", "."))
    if _COMMA.fullmatch(typed):
        return Decimal(typed.replace(",", "."))
    return chinese(typed) if any(sign in _CHINESE for sign in typed) else None


def written(value: Decimal) -> str:
    """A number as an XForm writes it: no exponent, no trailing zeros, no minus before zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
