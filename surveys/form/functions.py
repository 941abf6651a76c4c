"""The function library of ODK XForms: one table, name -> how many arguments and what it does.

Values are `str`, `float`, `bool`, `date` and `datetime`; conversions are XPath 1.0's, with
JavaRosa's rules where it departs (an empty text is no number, a date is days since 1970).
Source: the ODK XForms specification, "XPath functions"; JavaRosa's XPathFuncExpr.
"""

from __future__ import annotations

import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from surveys.form.expression import Scope

Value = str | float | bool | date | datetime
Evaluate = Callable[["Scope"], Value]
Item = TypeVar("Item")

NAN = math.nan
ANY = 99
"""No upper bound of the number of arguments."""
EPSILON = 1e-12
EPOCH = date(1970, 1, 1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Function:
    """One function: the least and most arguments, and what it does with them unevaluated."""

    least: int
    most: int
    call: Callable[[Scope, Sequence[Evaluate]], Value]


# Conversions ----------------------------------------------------------------------------------


def to_text(value: Value) -> str:
    """XPath `string()`: whole numbers without a decimal point, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    nearest = round(value)
    if abs(value - nearest) < EPSILON:
        return str(nearest)
    return format(Decimal(repr(value)), "f")


def to_number(value: Value) -> float:
    """XPath `number()`: NaN for a text that is no number, the empty one included."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, str):
        text = value.strip()
        # XPath knows no exponents, no "inf", no digits of other scripts.
        return float(text) if re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", text, re.ASCII) else NAN
    if isinstance(value, datetime):
        return _days(value)
    return float((value - EPOCH).days)


def to_truth(value: Value) -> bool:
    """XPath `boolean()`: a text that is not empty, a number that is not 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return not math.isnan(value) and abs(value) > EPSILON
    return bool(value) if isinstance(value, str) else True


def to_day(value: Value) -> date | None:
    """A date from a date, an ISO text or days since 1970; None where it is none."""
    moment = to_moment(value)
    return None if moment is None else moment.date()


def to_moment(value: Value) -> datetime | None:
    """A time from a date, an ISO text or days since 1970; None where it is none."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            value = to_number(value)
    number = to_number(value)
    try:
        return datetime.combine(EPOCH, time()) + timedelta(days=number)
    except (ValueError, OverflowError):
        return None


def _days(moment: datetime) -> float:
    if moment.tzinfo is None:
        return (moment - datetime.combine(EPOCH, time())) / timedelta(days=1)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


def compare(operator: str, left: Value, right: Value) -> bool:
    """The six comparisons: as truths or numbers if either side is one, else as texts.

    Dates compare by their days with numbers and with each other.
    """
    if operator in ("=", "!="):
        if isinstance(left, bool) or isinstance(right, bool):
            equal = to_truth(left) == to_truth(right)
        elif isinstance(left, float) or isinstance(right, float):
            one, other = to_number(left), to_number(right)
            equal = abs(one - other) < EPSILON if math.isfinite(one - other) else one == other
        else:
            equal = to_text(left) == to_text(right)
        return equal == (operator == "=")
    one, other = to_number(_dated(left, right)), to_number(_dated(right, left))
    if operator == "<":
        return one < other
    if operator == "<=":
        return one <= other
    return one > other if operator == ">" else one >= other


def _dated(value: Value, beside: Value) -> Value:
    """A text beside a date is read as a date."""
    if isinstance(value, str) and value and isinstance(beside, date):
        return to_day(value) or value
    return value


# Shuffling ------------------------------------------------------------------------------------


def shuffle(items: Sequence[Item], seed: float) -> list[Item]:
    """ODK's `randomize`: Fisher and Yates from the end, numbers by Park and Miller (1988).

    The seed is cut to a whole number; the same seed gives the same order here, in ODK Collect and
    in Enketo.
    """
    modulus, multiplier = 2147483647, 16807
    state = int(math.fmod(seed, modulus)) if math.isfinite(seed) else 0
    if state <= 0:
        state += modulus - 1
    shuffled = list(items)
    for last in range(len(shuffled) - 1, 0, -1):
        state = state * multiplier % modulus
        chosen = int((state - 1) / (modulus - 1) * (last + 1))
        shuffled[last], shuffled[chosen] = shuffled[chosen], shuffled[last]
    return shuffled


# Functions ------------------------------------------------------------------------------------


def _texts(call: Callable[..., Value]) -> Callable[[Scope, Sequence[Evaluate]], Value]:
    """A function of texts."""
    return lambda scope, arguments: call(*(to_text(one(scope)) for one in arguments))


def _numbers(call: Callable[..., float]) -> Callable[[Scope, Sequence[Evaluate]], Value]:
    """A function of numbers; what has no answer is NaN."""

    def evaluate(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
        try:
            return float(call(*(to_number(one(scope)) for one in arguments)))
        except (ValueError, OverflowError, ZeroDivisionError):
            return NAN

    return evaluate


def _values(call: Callable[..., Value]) -> Callable[[Scope, Sequence[Evaluate]], Value]:
    """A function of values as they are."""
    return lambda scope, arguments: call(*(one(scope) for one in arguments))


def _if(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
    condition, yes, no = arguments
    return yes(scope) if to_truth(condition(scope)) else no(scope)


def _coalesce(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
    value: Value = ""
    for one in arguments:
        value = one(scope)
        if value != "" and not (isinstance(value, float) and math.isnan(value)):
            return value
    return value


def _once(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
    return scope.stored(scope.here) or arguments[0](scope)


def _round(number: float, places: float = 0.0) -> float:
    if not math.isfinite(number):
        return number
    unit = Decimal(1).scaleb(-int(places))
    return float(Decimal(repr(number)).quantize(unit, rounding=ROUND_HALF_UP))


def _power(base: float, exponent: float) -> float:
    result = base**exponent
    return NAN if isinstance(result, complex) else result


def _least(*numbers: float) -> float:
    return NAN if any(math.isnan(one) for one in numbers) else min(numbers)


def _most(*numbers: float) -> float:
    return NAN if any(math.isnan(one) for one in numbers) else max(numbers)


def _substring(text: str, start: float, length: float = math.inf) -> str:
    """XPath's: from 1, rounded."""
    first, end = _round(start), _round(start) + _round(length)
    return "".join(letter for place, letter in enumerate(text, start=1) if first <= place < end)


def _substr(text: str, start: float, end: float = math.inf) -> str:
    """ODK's: from 0, the end left out; negative places count from the end."""
    if math.isnan(start) or math.isnan(end):
        return ""
    last = len(text) if math.isinf(end) else int(end)
    return text[slice(int(start), last)]


def _translate(text: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for place, letter in enumerate(old):
        table.setdefault(ord(letter), new[place] if place < len(new) else None)
    return text.translate(table)


def _selected_at(text: str, place: float) -> str:
    words = text.split()
    return words[int(place)] if 0 <= place < len(words) else ""


def _matches(text: str, pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def _checklist(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
    least, most = (to_number(one(scope)) for one in arguments[:2])
    count = sum(to_truth(one(scope)) for one in arguments[2:])
    return (least < 0 or count >= least) and (most < 0 or count <= most)


def _weighted_checklist(scope: Scope, arguments: Sequence[Evaluate]) -> Value:
    least, most = (to_number(one(scope)) for one in arguments[:2])
    pairs = zip(arguments[2::2], arguments[3::2], strict=False)
    total = sum(to_number(weight(scope)) for one, weight in pairs if to_truth(one(scope)))
    return (least < 0 or total >= least) and (most < 0 or total <= most)


def _date(value: Value) -> Value:
    return to_day(value) or "" if value != "" else ""


def _date_time(value: Value) -> Value:
    return to_moment(value) or "" if value != "" else ""


def _format_date(value: Value, pattern: Value) -> Value:
    moment = to_moment(value) if value != "" else None
    if moment is None:
        return ""
    meaning: dict[str, Callable[[datetime], str]] = {
        "Y": lambda m: f"{m.year:04d}",
        "y": lambda m: f"{m.year % 100:02d}",
        "m": lambda m: f"{m.month:02d}",
        "n": lambda m: str(m.month),
        "b": lambda m: MONTHS[m.month - 1],
        "d": lambda m: f"{m.day:02d}",
        "e": lambda m: str(m.day),
        "H": lambda m: f"{m.hour:02d}",
        "h": lambda m: str(m.hour),
        "M": lambda m: f"{m.minute:02d}",
        "S": lambda m: f"{m.second:02d}",
        "3": lambda m: f"{m.microsecond // 1000:03d}",
        "a": lambda m: DAYS[m.weekday()],
        "j": lambda m: f"{m.timetuple().tm_yday:03d}",
        "W": lambda m: f"{m.isocalendar().week:02d}",
        "%": lambda m: "%",
    }
    return re.sub(
        r"%(.)",
        lambda found: meaning[found[1]](moment) if found[1] in meaning else found[0],
        to_text(pattern),
    )


def _decimal_time(value: Value) -> Value:
    text = to_text(value)
    try:
        clock = time.fromisoformat(text) if ":" in text and "T" not in text else None
    except ValueError:
        return NAN
    moment = to_moment(value) if clock is None and value != "" else None
    clock = clock or (moment.time() if moment else None)
    if clock is None:
        return NAN
    return (clock.hour * 3600 + clock.minute * 60 + clock.second) / 86400


def _decimal_date_time(value: Value) -> Value:
    moment = to_moment(value) if value != "" else None
    return NAN if moment is None else _days(moment)


def _digest(text: str, algorithm: str, encoding: str = "base64") -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384",
             "SHA-512": "sha512"}  # fmt: skip
    if algorithm.upper() not in names:
        return ""
    made = hashlib.new(names[algorithm.upper()], text.encode(), usedforsecurity=False)
    return made.hexdigest() if encoding == "hex" else b64encode(made.digest()).decode()


def _text_then_numbers(call: Callable[..., Value]) -> Callable[[Scope, Sequence[Evaluate]], Value]:
    return lambda scope, arguments: call(
        to_text(arguments[0](scope)), *(to_number(one(scope)) for one in arguments[1:])
    )


FUNCTIONS: dict[str, Function] = {
    # Choosing
    "if": Function(3, 3, _if),
    "coalesce": Function(2, ANY, _coalesce),
    "once": Function(1, 1, _once),
    # Truths
    "true": Function(0, 0, _values(lambda: True)),
    "false": Function(0, 0, _values(lambda: False)),
    "not": Function(1, 1, _values(lambda value: not to_truth(value))),
    "boolean": Function(1, 1, _values(to_truth)),
    "boolean-from-string": Function(
        1, 1, _texts(lambda text: text.lower() == "true" or to_number(text) == 1)
    ),
    # Numbers
    "number": Function(1, 1, _values(to_number)),
    "int": Function(1, 1, _numbers(lambda n: n if not math.isfinite(n) else math.trunc(n))),
    "round": Function(1, 2, _numbers(_round)),
    "floor": Function(1, 1, _numbers(lambda n: n if not math.isfinite(n) else math.floor(n))),
    "ceiling": Function(1, 1, _numbers(lambda n: n if not math.isfinite(n) else math.ceil(n))),
    "abs": Function(1, 1, _numbers(abs)),
    "pow": Function(2, 2, _numbers(_power)),
    "exp": Function(1, 1, _numbers(math.exp)),
    "exp10": Function(1, 1, _numbers(lambda n: 10**n)),
    "log": Function(1, 1, _numbers(math.log)),
    "log10": Function(1, 1, _numbers(math.log10)),
    "sqrt": Function(1, 1, _numbers(math.sqrt)),
    "sin": Function(1, 1, _numbers(math.sin)),
    "cos": Function(1, 1, _numbers(math.cos)),
    "tan": Function(1, 1, _numbers(math.tan)),
    "asin": Function(1, 1, _numbers(math.asin)),
    "acos": Function(1, 1, _numbers(math.acos)),
    "atan": Function(1, 1, _numbers(math.atan)),
    "atan2": Function(2, 2, _numbers(math.atan2)),
    "pi": Function(0, 0, _numbers(lambda: math.pi)),
    "min": Function(1, ANY, _numbers(_least)),
    "max": Function(1, ANY, _numbers(_most)),
    "sum": Function(1, ANY, _numbers(lambda *numbers: sum(numbers))),
    "random": Function(0, 0, lambda scope, _: scope.random()),
    # Texts
    "string": Function(1, 1, _texts(lambda text: text)),
    "concat": Function(1, ANY, _texts(lambda *texts: "".join(texts))),
    "join": Function(1, ANY, _texts(lambda between, *texts: between.join(texts))),
    "contains": Function(2, 2, _texts(lambda text, part: part in text)),
    "starts-with": Function(2, 2, _texts(lambda text, part: text.startswith(part))),
    "ends-with": Function(2, 2, _texts(lambda text, part: text.endswith(part))),
    "substring": Function(2, 3, _text_then_numbers(_substring)),
    "substr": Function(2, 3, _text_then_numbers(_substr)),
    "substring-before": Function(
        2, 2, _texts(lambda text, part: text.partition(part)[0] if part in text else "")
    ),
    "substring-after": Function(
        2, 2, _texts(lambda text, part: text.partition(part)[2] if part else text)
    ),
    "string-length": Function(1, 1, _texts(lambda text: float(len(text)))),
    "normalize-space": Function(1, 1, _texts(lambda text: " ".join(text.split()))),
    "translate": Function(3, 3, _texts(_translate)),
    "regex": Function(2, 2, _texts(_matches)),
    "uuid": Function(0, 0, lambda scope, _: scope.uuid()),
    "digest": Function(2, 3, _texts(_digest)),
    # Selects
    "selected": Function(2, 2, _texts(lambda text, word: word.strip() in text.split())),
    "selected-at": Function(2, 2, _text_then_numbers(_selected_at)),
    "count-selected": Function(1, 1, _texts(lambda text: float(len(text.split())))),
    "checklist": Function(3, ANY, _checklist),
    "weighted-checklist": Function(4, ANY, _weighted_checklist),
    # Dates
    "date": Function(1, 1, _values(_date)),
    "date-time": Function(1, 1, _values(_date_time)),
    "today": Function(0, 0, lambda scope, _: scope.now.date()),
    "now": Function(0, 0, lambda scope, _: scope.now),
    "format-date": Function(2, 2, _values(_format_date)),
    "format-date-time": Function(2, 2, _values(_format_date)),
    "decimal-date-time": Function(1, 1, _values(_decimal_date_time)),
    "decimal-time": Function(1, 1, _values(_decimal_time)),
}
"""By name. `jr:choice-name` is compiled apart, because it names a question."""

LATER = frozenset({
    "instance", "position", "count", "count-non-empty", "indexed-repeat", "pulldata", "randomize",
    "jr:itext", "current", "area", "distance", "id", "local-name", "name", "last", "property",
    "base64-decode", "base64-encode", "index", "intersects", "geofence", "version", "lang",
})  # fmt: skip
"""Functions of the specification that need node sets, places or files: not supported yet."""
