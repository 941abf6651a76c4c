"""Letters in patterns: the classes, properties and escapes of Java's regular expressions.

Each gives what stands between square brackets for the `regex` package; every sign that could mean
something there is written as its number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import pairwise

Flags = frozenset[str]

CLASSES: Mapping[str, str] = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\x20\t\n\x0b\f\r",
    "h": r"\x20\t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": r"\n\x0b\f\r\x85\u2028\u2029",
    "D": "",
    "W": "",
    "S": "",
    "H": "",
    "V": "",
}
"""Of \\d and its like, ASCII only as in Java; a capital is what is not in the small one."""

_UNICODE_CLASSES = {"d": r"\p{Nd}", "w": r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d",
                    "s": r"\p{White_Space}"}  # fmt: skip
"""With the flag U."""

_POSIX: Mapping[str, str] = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Alnum": "0-9A-Za-z",
    "Punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "Graph": r"\x21-\x7e",
    "Print": r"\x20-\x7e",
    "Blank": r"\x20\t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9A-Fa-f",
    "Space": r"\x20\t\n\x0b\f\r",
}
_UNICODE_POSIX: Mapping[str, str] = {
    "Lower": r"\p{Lowercase}", "Upper": r"\p{Uppercase}", "Alpha": r"\p{Alphabetic}",
    "Digit": r"\p{Nd}", "Alnum": r"\p{Alphabetic}\p{Nd}", "Punct": r"\p{P}",
    "Blank": r"\t\p{Zs}", "Cntrl": r"\p{Cc}", "XDigit": r"\p{Nd}\p{Hex_Digit}",
    "Space": r"\p{White_Space}",
}  # fmt: skip
_NAMED: Mapping[str, str] = {
    "javaLowerCase": r"\p{Lowercase}", "javaUpperCase": r"\p{Uppercase}",
    "javaLetter": r"\p{L}", "javaDigit": r"\p{Nd}", "javaLetterOrDigit": r"\p{L}\p{Nd}",
    "javaAlphabetic": r"\p{Alphabetic}", "javaTitleCase": r"\p{Lt}",
    "javaWhitespace": r"[\p{Z}--[\xa0\u2007\u202f]]\t\n\x0b\f\r\x1c-\x1f",
    "javaSpaceChar": r"\p{Z}", "javaISOControl": r"\x00-\x1f\x7f-\x9f",
    "L1": r"\x00-\xff", "all": r"\x00-\U0010ffff",
    "LC": r"\p{Lu}\p{Ll}\p{Lt}", "LD": r"\p{L}\p{Nd}",
    "IsLetter": r"\p{L}", "IsTitlecase": r"\p{Lt}", "IsPunctuation": r"\p{P}",
    "IsControl": r"\p{Cc}", "IsDigit": r"\p{Nd}", "IsAssigned": r"\P{Cn}",
    "IsNoncharacter_Code_Point": r"\p{Noncharacter_Code_Point}",
}  # fmt: skip
_BINARY = frozenset({
    "alphabetic", "ideographic", "lowercase", "uppercase", "white_space", "hex_digit",
    "join_control", "emoji",
})  # fmt: skip
_CATEGORIES = frozenset({
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn",
    "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm",
    "So", "Z", "Zl", "Zp", "Zs",
})  # fmt: skip
_CASED = frozenset({
    "Lower", "Upper", "Lu", "Ll", "Lt", "IsLu", "IsLl", "IsLt", "IsLowercase", "IsUppercase",
    "IsTitlecase", "javaLowerCase", "javaUpperCase", "javaTitleCase",
})  # fmt: skip

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_WIDEST = 2_000
"""Of a range whose letters of the other case are looked for one by one."""


def predefined(sign: str, flags: Flags) -> str:
    r"""What \d, \W and their like hold."""
    small = sign.lower()
    items = _UNICODE_CLASSES[small] if "U" in flags and small in "dws" else CLASSES[small]
    return items if sign == small else f"[^{items}]"


def having(name: str, flags: Flags) -> str | None:
    r"""What \p{name} holds; None where Java has no such property."""
    if "i" in flags and (name in _CASED or name.partition("=")[2] in ("Lu", "Ll", "Lt")):
        return "A-Za-z" if name in ("Lower", "Upper") and "U" not in flags else _NAMED["LC"]
    if "U" in flags and name in _UNICODE_POSIX:
        return _UNICODE_POSIX[name]
    if name in _POSIX:
        return _POSIX[name]
    if name in _NAMED:
        return _NAMED[name]
    key, given, value = name.partition("=")
    if given:
        kind = {"script": "Script", "sc": "Script", "block": "Block", "blk": "Block",
                "general_category": "gc", "gc": "gc"}.get(key.lower())  # fmt: skip
        return _known(f"{kind}={value}") if kind and value else None
    if name in _CATEGORIES:
        return rf"\p{{{name}}}"
    if name.startswith("In"):
        return _known(f"Block={name[2:]}")
    if not name.startswith("Is"):
        return None
    bare = name[2:]
    if bare in _CATEGORIES:
        return rf"\p{{{bare}}}"
    return rf"\p{{{bare}}}" if bare.lower() in _BINARY else _known(f"Script={bare}")


def _known(condition: str) -> str | None:
    import regex

    if not all(sign.isalnum() or sign in "=_- " for sign in condition):
        return None
    try:
        regex.compile(rf"\p{{{condition}}}")
    except regex.error:
        return None
    return rf"\p{{{condition}}}"


def escaped(text: str, place: int) -> tuple[str, int] | None:
    """The sign that an escape means whose letter stands at `place`, and where it ends; None where
    Java knows no such escape."""
    sign = text[place : place + 1]
    match sign:
        case "0":
            end = place + 1
            most = 4 if text[end : end + 1] in ("0", "1", "2", "3") else 3
            while end < place + most and text[end : end + 1] in tuple("01234567"):
                end += 1
            return (chr(int(text[place + 1 : end], 8)), end) if end > place + 1 else None
        case "x" if text.startswith("{", place + 1):
            end = text.find("}", place)
            return _numbered(text[place + 2 : max(end, 0)], end + 1)
        case "x":
            digits = text[place + 1 : place + 3]
            return _numbered(digits, place + 3) if len(digits) == 2 else None
        case "u":
            return _utf16(text, place)
        case "c":
            control = text[place + 1 : place + 2]
            return (chr(ord(control) ^ 64), place + 2) if control.isascii() and control else None
        case "N":
            end = text.find("}", place)
            return _called(text[place + 1 : max(end, 0)], end + 1)
        case "":
            return None
    if sign in _ESCAPES:
        return _ESCAPES[sign], place + 1
    return None if (sign.isascii() and sign.isalpha()) or sign in "123456789" else (sign, place + 1)


def _numbered(digits: str, end: int) -> tuple[str, int] | None:
    if not digits or len(digits) > 8 or not set(digits) <= set("0123456789abcdefABCDEF"):
        return None
    number = int(digits, 16)
    return (chr(number), end) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else None


def _utf16(text: str, place: int) -> tuple[str, int] | None:
    digits = text[place + 1 : place + 5]
    if len(digits) < 4 or not set(digits) <= set("0123456789abcdefABCDEF"):
        return None
    if 0xD800 <= int(digits, 16) < 0xDC00 and text.startswith(r"\u", place + 5):
        low = text[place + 7 : place + 11]
        if len(low) == 4 and set(low) <= set("0123456789abcdefABCDEF"):
            both = bytes.fromhex(digits + low).decode("utf-16-be", errors="replace")
            return (both, place + 11) if len(both) == 1 else None
    return _numbered(digits, place + 5)


def _called(name: str, end: int) -> tuple[str, int] | None:
    try:
        return (unicodedata.lookup(name[1:]), end) if name.startswith("{") else None
    except KeyError:
        return None


# Cases ----------------------------------------------------------------------------------------


def literal(sign: str, flags: Flags) -> str:
    """One sign, in either case where the flag i says so."""
    alike = _alike(sign, flags)
    return f"[{_spans(alike)}]" if len(alike) > 1 else _number(sign)


def span(first: str, last: str, flags: Flags) -> str:
    """The signs from one to another, in either case where the flag i says so."""
    if "i" not in flags or ord(last) - ord(first) > _WIDEST:
        return _span(ord(first), ord(last))
    found: set[str] = set()
    for number in range(ord(first), ord(last) + 1):
        found |= _alike(chr(number), flags)
    return _spans(found)


def _alike(sign: str, flags: Flags) -> AbstractSet[str]:
    """A sign and what Java takes for the same: of ASCII only, unless the flag u or U is set."""
    if "i" not in flags:
        return {sign}
    if "u" in flags or "U" in flags:
        return _folded().get(_fold(sign), {sign})
    return {sign, sign.lower(), sign.upper()} if sign.isascii() else {sign}


def _fold(sign: str) -> str:
    upper = sign.upper()
    lower = (upper if len(upper) == 1 else sign).lower()
    return lower if len(lower) == 1 else sign


@cache
def _folded() -> Mapping[str, AbstractSet[str]]:
    """All signs that are one in small letters, by that: k, K and the sign of the kelvin."""
    found: dict[str, set[str]] = {}
    for number in range(0x1_F000):
        if not 0xD800 <= number < 0xE000:
            found.setdefault(_fold(chr(number)), set()).add(chr(number))
    return {one: signs for one, signs in found.items() if len(signs) > 1}


def _spans(signs: Iterable[str]) -> str:
    numbers = sorted(map(ord, signs))
    starts = [numbers[0], *(after for before, after in pairwise(numbers) if after > before + 1)]
    ends = [*(before for before, after in pairwise(numbers) if after > before + 1), numbers[-1]]
    return "".join(_span(start, end) for start, end in zip(starts, ends, strict=True))


def _span(first: int, last: int) -> str:
    if first == last:
        return _number(chr(first))
    return f"{_number(chr(first))}-{_number(chr(last))}"


def _number(sign: str) -> str:
    if sign.isascii() and sign.isalnum():
        return sign
    return f"\\U{ord(sign):08x}"
