"""What ODK's functions compute: texts, numbers, dates, without any expression around them.

Source: the ODK XForms specification, https://getodk.github.io/xforms-spec/#xpath-functions; where
it is silent, JavaRosa. Nothing here raises: what cannot be computed is "" or NaN.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from math import inf, isfinite, isnan, nan

from surveys.form import dates, patterns
from surveys.form.values import Scope, Value, number_of_text

# The texts of ODK's functions -----------------------------------------------------------------

SPACE = " \t\r\n"


def before(text: str, mark: str) -> str:
    """substring-before(): "" where the mark is not there."""
    found = text.find(mark)
    return text[:found] if found >= 0 else ""


def after(text: str, mark: str) -> str:
    """substring-after(): "" where the mark is not there."""
    found = text.find(mark)
    return text[found + len(mark) :] if found >= 0 else ""


def translate(text: str, letters: str, others: str) -> str:
    """translate(): letters replaced one by one, or dropped."""
    table: dict[int, str | None] = {}
    for place, letter in enumerate(letters):
        table.setdefault(ord(letter), others[place] if place < len(others) else None)
    return text.translate(table)


def substr(text: str, start: float, end: float = inf) -> str:
    """substr(): from 0, the end left out; negative places count from the end."""
    length = len(text)

    def place(number: float) -> int:
        if isnan(number):
            return 0
        whole = int(max(-1e9, min(1e9, number)))
        return min(max(0, length + whole if whole < 0 else whole), length)

    return text[place(start) : place(end)]


def join(separator: str, *texts: str) -> str:
    """join()."""
    return separator.join(texts)


def concat(*texts: str) -> str:
    """concat()."""
    return "".join(texts)


def normalize_space(text: str) -> str:
    """normalize-space(): runs of white space become one space."""
    return re.sub(f"[{SPACE}]+", " ", text.strip(SPACE))


def selected(values: str, value: str) -> bool:
    """selected(): whether a choice is among those selected."""
    return f" {value.strip(SPACE)} " in f" {values} "


def pieces(values: str) -> list[str]:
    """The choices selected, in the order stored."""
    return [piece for piece in values.split(" ") if piece]


def selected_at(values: str, place: float) -> str:
    """selected-at(): the choice at a place, from 0, or ""."""
    words = pieces(values)
    return words[int(place)] if 0 <= place < len(words) else ""


def boolean_from_string(text: str) -> bool:
    """boolean-from-string()."""
    return text == "1" or text.lower() == "true"


def regex(text: str, expression: str) -> bool:
    """regex(): whether the whole text matches; false where that cannot be said in time."""
    return patterns.matches(text, expression)


_DIGESTS: Mapping[str, str] = {
    "MD5": "md5",
    "SHA1": "sha1",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "SHA512": "sha512",
}


def digest(text: str, algorithm: str, encoding: str = "base64") -> str:
    """digest(): "" for an algorithm or an encoding that the specification does not name."""
    name = _DIGESTS.get(algorithm.upper().replace("-", ""))
    if name is None:
        return ""
    made = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
    match encoding.lower():
        case "hex":
            return made.hex()
        case "base64":
            return base64.b64encode(made).decode()
        case _:
            return ""


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def _bytes_of_base64(text: str) -> bytes:
    """As JavaRosa decodes: other signs are passed over, what is cut short is nothing."""
    kept = "".join(sign for sign in text if sign in _BASE64)
    if len(kept) % 4:
        return b""
    filled = len(kept) - len(kept.rstrip("="))
    made = base64.b64decode(kept.replace("=", "A"))
    return made[: max(0, len(made) - filled)]


def base64_decode(text: str) -> str:
    """base64-decode(): "" for what is none."""
    return _bytes_of_base64(text).decode(errors="replace")


_SIGNATURE = 64
_KEY = 32


def extract_signed(contents: str, public_key: str) -> str:
    """extract-signed(): what stands behind an Ed25519 signature, both in base64; "" where it was
    not signed with the key."""
    signed, key = _bytes_of_base64(contents), _bytes_of_base64(public_key)[:_KEY]
    if len(signed) < _SIGNATURE or len(key) < _KEY:
        return ""
    # Few forms ask for it, and it takes a while to load.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature, message = signed[:_SIGNATURE], signed[_SIGNATURE:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return ""
    return message.decode(errors="replace")


# Numbers --------------------------------------------------------------------------------------


def rounded(number: float, places: float = 0) -> float:
    """Half up: towards positive infinity, also before the decimal point, as XPath says."""
    if not isfinite(number):
        return number
    places = 0 if isnan(places) else places
    if abs(places) > 30:
        return nan
    if places < 0:
        unit = Decimal(10) ** -int(places)
        return float((Decimal(repr(number)) / unit + Decimal("0.5")).__floor__() * unit)
    exponent = Decimal(1).scaleb(-int(places))
    half = ROUND_HALF_DOWN if number < 0 else ROUND_HALF_UP
    written = Decimal(repr(number))
    if written.adjusted() + int(places) >= 27:
        return number
    return float(written.quantize(exponent, rounding=half))


def whole(number: float) -> float:
    """int(): towards zero."""
    return float(math.trunc(number)) if isfinite(number) else number


def largest(*numbers: float) -> float:
    """max(): NaN only where nothing is a number."""
    return max((number for number in numbers if not isnan(number)), default=nan)


def smallest(*numbers: float) -> float:
    """min(): NaN only where nothing is a number."""
    return min((number for number in numbers if not isnan(number)), default=nan)


def total(*numbers: float) -> float:
    """sum() of what are numbers."""
    return sum((number for number in numbers if not isnan(number)), 0.0)


def power(base: float, exponent: float) -> float:
    """pow(): NaN or infinite where it has no value."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -inf if base < 0 and exponent % 2 == 1 else inf
    except ValueError:  # 0 to a negative power, or a root of a negative number
        return inf if base == 0 else nan


def log(number: float, of: Callable[[float], float] = math.log) -> float:
    """log() and log10()."""
    if number == 0:
        return -inf
    return of(number) if number > 0 else nan


def guarded(of: Callable[[float], float], number: float) -> float:
    """As IEEE 754 has it: NaN outside of the domain, infinity beyond the range."""
    try:
        return of(number)
    except ValueError:
        return nan
    except OverflowError:
        return inf


def checklist(least: float, most: float, *factors: bool) -> bool:
    """checklist(): a negative bound is no bound; bounds are cut to whole numbers, NaN to 0."""
    low, high = (0.0 if isnan(bound) else whole(bound) for bound in (least, most))
    count = sum(factors)
    return (low < 0 or count >= low) and (high < 0 or count <= high)


# Dates and times ------------------------------------------------------------------------------


def now_text(scope: Scope) -> str:
    """now()."""
    return dates.written(scope.now)


def today_text(scope: Scope) -> str:
    """today()."""
    return scope.now.date().isoformat()


def _moment(scope: Scope, value: Value) -> datetime | None:
    if isinstance(value, str):
        text = value.strip(SPACE)
        number = nan if dates.day_of(text) is not None else number_of_text(text)
        if isnan(number):
            return dates.moment_of(text, scope.now.tzinfo) or dates.moment_of_clock(text, scope.now)
        value = number
    return None if isnan(value) else dates.moment_after_epoch(value, scope.now.tzinfo)


def date(scope: Scope, value: Value) -> str:
    """date(): of an ISO text or of days since 1970."""
    if isinstance(value, str) and dates.day_of(value) is None:
        value = number_of_text(value)
    if not isinstance(value, str):
        return "" if not isfinite(value) else dates.day_after_epoch(value)
    moment = dates.moment_of(value, scope.now.tzinfo)
    return "" if moment is None else moment.date().isoformat()


def date_time(scope: Scope, value: Value) -> str:
    """date-time()."""
    moment = _moment(scope, value)
    return "" if moment is None else dates.written(moment)


def decimal_date_time(scope: Scope, value: Value) -> float:
    """decimal-date-time(): days since 1970."""
    if not isinstance(value, str):
        return float(value)
    moment = _moment(scope, value)
    return nan if moment is None else dates.days_with_fraction(moment)


def decimal_time(scope: Scope, value: Value) -> float:
    """decimal-time(): the part of the day that has passed, in the zone of the interview."""
    if not isinstance(value, str):
        return value - math.floor(value) if isfinite(value) else nan
    moment = _moment(scope, value)
    return nan if moment is None else dates.fraction_of_day(moment)


def format_date(scope: Scope, value: Value, pattern: str) -> str:
    """format-date() and format-date-time()."""
    moment = _moment(scope, value)
    return "" if moment is None else dates.formatted(moment, pattern)
