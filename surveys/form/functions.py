"""The ODK function library: how many arguments each function takes, and its code.

Source: the ODK XForms specification, https://getodk.github.io/xforms-spec/#xpath-functions; where
it is silent, JavaRosa. No function raises: what cannot be computed is "" as text and NaN as number.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from functools import partial
from math import inf, isfinite, isnan, nan
from typing import Any

from surveys.form import dates
from surveys.form.values import (
    Code,
    Kind,
    Scope,
    Value,
    number_of_text,
)

__all__ = ["FUNCTIONS", "LATER", "Function", "MisuseError"]


class MisuseError(ValueError):
    """A call whose arguments can be seen to be wrong before anything is evaluated."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function: the arguments that it takes, and what makes its code of theirs."""

    least: int
    most: int | None
    """None: as many as there are."""
    build: Callable[[tuple[Code, ...], str], Code]
    """Given the arguments and the path of the node whose expression this is."""
    even: bool = False
    """Whether it takes an even number of arguments only."""


# The texts of ODK's functions -----------------------------------------------------------------

_SPACE = " \t\r\n"
_PATTERN_LIMIT = 256
_patterns: dict[str, re.Pattern[str] | None] = {}


def _before(text: str, mark: str) -> str:
    found = text.find(mark)
    return text[:found] if found >= 0 else ""


def _after(text: str, mark: str) -> str:
    found = text.find(mark)
    return text[found + len(mark) :] if found >= 0 else ""


def _translate(text: str, letters: str, others: str) -> str:
    table: dict[int, str | None] = {}
    for place, letter in enumerate(letters):
        table.setdefault(ord(letter), others[place] if place < len(others) else None)
    return text.translate(table)


def _substr(text: str, start: float, end: float = inf) -> str:
    length = len(text)

    def place(number: float) -> int:
        if isnan(number):
            return 0
        whole = int(max(-1e9, min(1e9, number)))
        return min(max(0, length + whole if whole < 0 else whole), length)

    return text[place(start) : place(end)]


def _join(separator: str, *texts: str) -> str:
    return separator.join(texts)


def _concat(*texts: str) -> str:
    return "".join(texts)


def _normalize_space(text: str) -> str:
    return re.sub(f"[{_SPACE}]+", " ", text.strip(_SPACE))


def _selected(values: str, value: str) -> bool:
    return f" {value.strip(_SPACE)} " in f" {values} "


def _pieces(values: str) -> list[str]:
    return [piece for piece in values.split(" ") if piece]


def _selected_at(values: str, place: float) -> str:
    pieces = _pieces(values)
    return pieces[int(place)] if 0 <= place < len(pieces) else ""


def _boolean_from_string(text: str) -> bool:
    return text == "1" or text.lower() == "true"


def _pattern(text: str) -> re.Pattern[str] | None:
    """The compiled pattern, None where it is none; those used lately are kept."""
    if text not in _patterns:
        if len(_patterns) >= _PATTERN_LIMIT:
            _patterns.clear()
        try:
            # JavaRosa's \d and \w mean ASCII only.
            _patterns[text] = re.compile(text, re.ASCII)
        except (re.error, OverflowError, RecursionError):
            _patterns[text] = None
    return _patterns[text]


def _regex(text: str, pattern: str) -> bool:
    compiled = _pattern(pattern)
    return compiled is not None and compiled.fullmatch(text) is not None


_DIGESTS: Mapping[str, str] = {
    "MD5": "md5",
    "SHA1": "sha1",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "SHA512": "sha512",
}


def _digest(text: str, algorithm: str, encoding: str = "base64") -> str:
    name = _DIGESTS.get(algorithm.upper().replace("-", ""))
    if name is None:
        return ""
    made = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
    return made.hex() if encoding.lower() == "hex" else base64.b64encode(made).decode()


def _base64_decode(text: str) -> str:
    try:
        return base64.b64decode(text).decode(errors="replace")
    except ValueError:
        return ""


# Numbers --------------------------------------------------------------------------------------


def _round(number: float, places: float = 0) -> float:
    """Half up: towards positive infinity, also before the decimal point, as XPath says."""
    if not isfinite(number):
        return number
    if isnan(places) or abs(places) > 30:
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


def _int(number: float) -> float:
    return float(math.trunc(number)) if isfinite(number) else number


def _largest(*numbers: float) -> float:
    return max((number for number in numbers if not isnan(number)), default=nan)


def _smallest(*numbers: float) -> float:
    return min((number for number in numbers if not isnan(number)), default=nan)


def _sum(*numbers: float) -> float:
    return sum((number for number in numbers if not isnan(number)), 0.0)


def _pow(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -inf if base < 0 and exponent % 2 == 1 else inf
    except ValueError:  # 0 to a negative power, or a root of a negative number
        return inf if base == 0 else nan


def _log(number: float, of: Callable[[float], float] = math.log) -> float:
    if number == 0:
        return -inf
    return of(number) if number > 0 else nan


def _guarded(of: Callable[[float], float], number: float) -> float:
    """As IEEE 754 has it: NaN outside of the domain, infinity beyond the range."""
    try:
        return of(number)
    except ValueError:
        return nan
    except OverflowError:
        return inf


def _checklist(least: float, most: float, *factors: bool) -> bool:
    count = sum(factors)
    return (least < 0 or count >= least) and (most < 0 or count <= most)


# Dates and times ------------------------------------------------------------------------------


def _now(scope: Scope) -> str:
    return dates.written(scope.now)


def _today(scope: Scope) -> str:
    return scope.now.date().isoformat()


def _moment(scope: Scope, value: Value) -> datetime | None:
    if isinstance(value, str):
        text = value.strip(_SPACE)
        number = nan if dates.day_of(text) is not None else number_of_text(text)
        if isnan(number):
            return dates.moment_of(text, scope.now.tzinfo)
        value = number
    return None if isnan(value) else dates.moment_after_epoch(value, scope.now.tzinfo)


def _date(scope: Scope, value: Value) -> str:
    if isinstance(value, str) and dates.day_of(value) is None:
        value = number_of_text(value)
    if not isinstance(value, str):
        return "" if not isfinite(value) else dates.day_after_epoch(value)
    moment = dates.moment_of(value, scope.now.tzinfo)
    return "" if moment is None else moment.date().isoformat()


def _date_time(scope: Scope, value: Value) -> str:
    moment = _moment(scope, value)
    return "" if moment is None else dates.written(moment)


def _decimal_date_time(scope: Scope, value: Value) -> float:
    if not isinstance(value, str):
        return float(value)
    moment = _moment(scope, value)
    return nan if moment is None else dates.days_with_fraction(moment)


def _decimal_time(scope: Scope, value: Value) -> float:
    if not isinstance(value, str):
        return value - math.floor(value) if isfinite(value) else nan
    fraction = dates.fraction_of_clock(value)
    if fraction is not None:
        return fraction
    moment = _moment(scope, value)
    return nan if moment is None else dates.fraction_of_day(moment)


def _format_date(scope: Scope, value: Value, pattern: str) -> str:
    moment = _moment(scope, value)
    return "" if moment is None else dates.formatted(moment, pattern)


# How code is made -----------------------------------------------------------------------------

# `Any`: the functions of one table differ in what they take.
_Call = Callable[..., Any]
_ASKED: Mapping[str, Callable[[Code], Callable[[Scope], Any]]] = {
    "t": Code.text,
    "n": Code.number,
    "b": Code.truth,
    "v": lambda code: code.run,
}
"""How an argument is asked for: as text, as number, as truth, as the value that it is."""


def _plain(
    kind: Kind, takes: str, call: _Call, *, least: int | None = None, more: str = ""
) -> Function:
    """A function of the values of its arguments only."""

    def build(arguments: tuple[Code, ...], _here: str) -> Code:
        asked = _closures(arguments, takes, more)
        reads = _reads(arguments)
        match asked:
            case [one]:
                return Code(kind, lambda scope: call(one(scope)), reads)
            case [one, two]:
                return Code(kind, lambda scope: call(one(scope), two(scope)), reads)
            case _:
                return Code(kind, lambda scope: call(*[one(scope) for one in asked]), reads)

    return Function(len(takes) if least is None else least, None if more else len(takes), build)


def _timed(kind: Kind, takes: str, call: _Call) -> Function:
    """A function that also looks at the time."""

    def build(arguments: tuple[Code, ...], _here: str) -> Code:
        asked = _closures(arguments, takes, "")
        return Code(
            kind, lambda scope: call(scope, *[one(scope) for one in asked]), _reads(arguments)
        )

    return Function(len(takes), len(takes), build)


def _closures(arguments: Sequence[Code], takes: str, more: str) -> list[Callable[[Scope], Any]]:
    letters = takes + more * (len(arguments) - len(takes)) if more else takes
    return [_ASKED[letter](code) for code, letter in zip(arguments, letters, strict=False)]


def _reads(arguments: Sequence[Code]) -> frozenset[str]:
    return frozenset().union(*(code.reads for code in arguments))


def _constant(value: Value) -> Callable[[tuple[Code, ...], str], Code]:
    kind: Kind = "truth" if isinstance(value, bool) else "number"
    return lambda _arguments, _here: Code(kind, lambda scope: value, constant=value)


def _if(arguments: tuple[Code, ...], _here: str) -> Code:
    condition, then, otherwise = arguments
    holds, reads = condition.truth(), _reads(arguments)
    kind: Kind = then.kind if then.kind == otherwise.kind else "any"
    yes, no = then.run, otherwise.run
    return Code(kind, lambda scope: yes(scope) if holds(scope) else no(scope), reads)


def _coalesce(arguments: tuple[Code, ...], _here: str) -> Code:
    first, second = arguments[0].run, arguments[1].run
    kind: Kind = arguments[0].kind if arguments[0].kind == arguments[1].kind else "any"

    def run(scope: Scope) -> Value:
        value = first(scope)
        blank = value == "" or value != value  # noqa: PLR0124 (NaN)
        return second(scope) if blank else value

    return Code(kind, run, _reads(arguments))


def _once(arguments: tuple[Code, ...], here: str) -> Code:
    fresh = arguments[0].run

    def run(scope: Scope) -> Value:
        # What is kept even while it is hidden: a seed drawn twice would shuffle twice.
        return scope.stored(here) or fresh(scope)

    return Code("any", run, arguments[0].reads)


def _selected_build(arguments: tuple[Code, ...], _here: str) -> Code:
    values, value = arguments[0].text(), arguments[1].text()
    reads = _reads(arguments)
    if isinstance(arguments[1].constant, str):
        sought = f" {arguments[1].constant.strip(_SPACE)} "
        return Code("truth", lambda scope: sought in f" {values(scope)} ", reads)
    return Code("truth", lambda scope: _selected(values(scope), value(scope)), reads)


def _regex_build(arguments: tuple[Code, ...], _here: str) -> Code:
    pattern = arguments[1].constant
    if isinstance(pattern, str) and _pattern(pattern) is None:
        raise MisuseError(f"the regular expression {pattern!r} cannot be read")
    return _plain("truth", "tt", _regex).build(arguments, "")


def _format_build(arguments: tuple[Code, ...], _here: str) -> Code:
    pattern = arguments[1].constant
    wrong = dates.unknown_escape(pattern) if isinstance(pattern, str) else ""
    if wrong:
        raise MisuseError(f"a date has no part {wrong!r}")
    return _timed("text", "vt", _format_date).build(arguments, "")


def _digest_build(arguments: tuple[Code, ...], _here: str) -> Code:
    algorithm = arguments[1].constant
    if isinstance(algorithm, str) and not _digest("", algorithm):
        raise MisuseError(f"no digest is named {algorithm!r}")
    return _plain("text", "ttt", _digest, least=2).build(arguments, "")


def _uuid(arguments: tuple[Code, ...], _here: str) -> Code:
    if not arguments:
        return Code("text", lambda scope: scope.uuid())
    length = arguments[0].number()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    def run(scope: Scope) -> str:
        wanted = length(scope)
        count = int(min(wanted, 256)) if wanted > 0 else 0
        return "".join(letters[int(scope.random() * 36)] for _ in range(count))

    return Code("text", run, arguments[0].reads)


def _choice_name(arguments: tuple[Code, ...], _here: str) -> Code:
    value, path = arguments[0].text(), arguments[1].constant
    if not isinstance(path, str):
        raise MisuseError("the second argument must be the question in quotes, '${name}'")
    # Read for its label: expression.py has made the path absolute and found its node.
    return Code("text", lambda scope: scope.choice_label(path, value(scope)), _reads(arguments))


def _weighted(arguments: tuple[Code, ...], _here: str) -> Code:
    least, most = arguments[0].number(), arguments[1].number()
    pairs = [
        (flag.truth(), weight.number())
        for flag, weight in zip(arguments[2::2], arguments[3::2], strict=True)
    ]

    def run(scope: Scope) -> bool:
        total = sum((weight(scope) for flag, weight in pairs if flag(scope)), 0.0)
        return least(scope) <= total <= most(scope)

    return Code("truth", run, _reads(arguments))


def _math(of: Callable[[float], float]) -> Function:
    return _plain("number", "n", partial(_guarded, of))


FUNCTIONS: Mapping[str, Function] = {
    # Truths
    "true": Function(0, 0, _constant(True)),
    "false": Function(0, 0, _constant(False)),
    "boolean": _plain("truth", "b", bool),
    "not": _plain("truth", "b", lambda truth: not truth),
    "boolean-from-string": _plain("truth", "t", _boolean_from_string),
    "if": Function(3, 3, _if),
    "coalesce": Function(2, 2, _coalesce),
    "once": Function(1, 1, _once),
    "depend": Function(1, None, lambda arguments, _here: arguments[0]),
    "checklist": _plain("truth", "nn", _checklist, more="b"),
    "weighted-checklist": Function(2, None, _weighted, even=True),
    # Selects
    "selected": Function(2, 2, _selected_build),
    "is-selected": Function(2, 2, _selected_build),
    "selected-at": _plain("text", "tn", _selected_at),
    "count-selected": _plain("number", "t", lambda values: float(len(_pieces(values)))),
    "jr:choice-name": Function(2, 2, _choice_name),
    # Texts
    "string": _plain("text", "t", str),
    "concat": _plain("text", "", _concat, more="t"),
    "join": _plain("text", "t", _join, more="t"),
    "contains": _plain("truth", "tt", lambda text, part: part in text),
    "starts-with": _plain("truth", "tt", str.startswith),
    "ends-with": _plain("truth", "tt", str.endswith),
    "substr": _plain("text", "tnn", _substr, least=2),
    "substring-before": _plain("text", "tt", _before),
    "substring-after": _plain("text", "tt", _after),
    "translate": _plain("text", "ttt", _translate),
    "normalize-space": _plain("text", "t", _normalize_space),
    "string-length": _plain("number", "t", lambda text: float(len(text))),
    "regex": Function(2, 2, _regex_build),
    "digest": Function(2, 3, _digest_build),
    "base64-decode": _plain("text", "t", _base64_decode),
    "uuid": Function(0, 1, _uuid),
    # Numbers
    "number": _plain("number", "n", float),
    "int": _plain("number", "n", _int),
    "round": _plain("number", "nn", _round, least=1),
    "abs": _plain("number", "n", abs),
    "sum": _plain("number", "n", _sum),
    "max": _plain("number", "n", _largest, more="n"),
    "min": _plain("number", "n", _smallest, more="n"),
    "pow": _plain("number", "nn", _pow),
    "log": _plain("number", "n", _log),
    "log10": _plain("number", "n", partial(_log, of=math.log10)),
    "exp": _math(math.exp),
    "exp10": _plain("number", "n", partial(_pow, 10.0)),
    "sqrt": _math(math.sqrt),
    "sin": _math(math.sin),
    "cos": _math(math.cos),
    "tan": _math(math.tan),
    "asin": _math(math.asin),
    "acos": _math(math.acos),
    "atan": _math(math.atan),
    "atan2": _plain("number", "nn", math.atan2),
    "pi": Function(0, 0, _constant(math.pi)),
    "random": Function(0, 0, lambda _arguments, _here: Code("number", lambda s: s.random())),
    # Dates
    "today": _timed("text", "", _today),
    "now": _timed("text", "", _now),
    "date": _timed("text", "v", _date),
    "date-time": _timed("text", "v", _date_time),
    "decimal-date-time": _timed("number", "v", _decimal_date_time),
    "decimal-time": _timed("number", "v", _decimal_time),
    "format-date": Function(2, 2, _format_build),
    "format-date-time": Function(2, 2, _format_build),
}

LATER: frozenset[str] = frozenset({
    "area", "count", "count-non-empty", "current", "distance", "enclosed-area", "extract-signed",
    "geofence", "indexed-repeat", "instance", "intersects", "jr:itext", "last", "local-name",
    "name", "namespace-uri", "position", "property", "pulldata", "randomize", "version",
})  # fmt: skip
"""Functions that ODK knows and that are not supported yet where an expression stands."""
