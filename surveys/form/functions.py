"""The ODK function library: how many arguments each function takes, and its code.

Source: the ODK XForms specification, https://getodk.github.io/xforms-spec/#xpath-functions; where
it is silent, JavaRosa. No function raises: what cannot be computed is "" as text and NaN as number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from surveys.form import dates, geography, library, patterns
from surveys.form.values import (
    Code,
    Kind,
    Scope,
    Value,
    number_of,
    text_of,
    truth_of,
)

__all__ = ["FUNCTIONS", "OF_HERE", "Function", "MisuseError"]


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
    of_nodes: bool = False
    """Whether it looks at nodes, so that a group or a repeat may stand there, too."""
    gives: Kind = "any"
    """What it always gives, where that is known."""


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

    fewest, most = len(takes) if least is None else least, None if more else len(takes)
    return Function(fewest, most, build, gives=kind)


_TOLD: Mapping[str, Callable[[Value], Any]] = {"t": text_of, "n": number_of, "b": truth_of}


def _spread(kind: Kind, takes: str, call: _Call, more: str, least: int | None = None) -> Function:
    """A function of as many values as there are, or of those of all nodes of a path.

    As JavaRosa: a path that stands there alone is all its nodes, those that are not relevant left
    out; beside others it is one value. Here one to many nodes is all of them, there, too.
    """
    plain = _plain(kind, takes, call, least=least, more=more)

    def build(arguments: tuple[Code, ...], here: str) -> Code:
        others = arguments[len(takes) :]
        alone = len(others) == 1 and others[0].nodes is not None
        if not alone and not any(one.many for one in others):
            return plain.build(arguments, here)
        fixed = _closures(arguments[: len(takes)], takes, "")
        told = _TOLD[more]
        many = [one.values() if one.many or alone else _as_list(one) for one in others]

        def run(scope: Scope) -> Any:
            values = [told(value) for each in many for value in each(scope)]
            return call(*[one(scope) for one in fixed], *values)

        return Code(kind, run, _reads(arguments))

    return replace(plain, build=build)


def _as_list(code: Code) -> Callable[[Scope], list[Value]]:
    run = code.run
    return lambda scope: [run(scope)]


def _count(arguments: tuple[Code, ...], _here: str) -> Code:
    nodes = arguments[0].nodes
    if nodes is None:
        raise MisuseError("it counts the nodes of a path, like ${name}")
    return Code("number", lambda scope: float(len(nodes(scope))), _reads(arguments))


def _count_non_empty(arguments: tuple[Code, ...], _here: str) -> Code:
    if arguments[0].nodes is None:
        raise MisuseError("it counts the nodes of a path, like ${name}")
    values = arguments[0].values()
    return Code(
        "number",
        lambda scope: float(sum(text_of(value) != "" for value in values(scope))),
        _reads(arguments),
    )


def _of_places(kind: Kind, call: _Call) -> Function:
    """A function of the places that a trace, a shape, or the nodes of a path name."""

    def build(arguments: tuple[Code, ...], _here: str) -> Code:
        first, *others = arguments
        places = _texts(first)
        if not others:
            return Code(kind, lambda scope: call(places(scope)), first.reads)
        texts = [one.text() for one in others]
        one = first.text()
        return Code(
            kind, lambda scope: call(one(scope), *[text(scope) for text in texts]),
            _reads(arguments),
        )  # fmt: skip

    most = None if call is geography.distance else 1
    return Function(1, most, build, of_nodes=True, gives=kind)


def _texts(code: Code) -> Callable[[Scope], str | list[str]]:
    """The texts of the nodes of a path; of what is no path its one text."""
    if code.nodes is None:
        return code.text()
    values = code.values()
    return lambda scope: [text_of(value) for value in values(scope)]


def _geofence(arguments: tuple[Code, ...], _here: str) -> Code:
    point, fence = arguments[0].text(), _texts(arguments[1])
    return Code(
        "truth", lambda scope: geography.geofence(point(scope), fence(scope)), _reads(arguments)
    )


def _known(arguments: tuple[Code, ...], _here: str) -> Code:
    name = arguments[0].text()
    return Code("text", lambda scope: scope.known(name(scope)), _reads(arguments))


def _itext(arguments: tuple[Code, ...], _here: str) -> Code:
    name = arguments[0].text()
    return Code("text", lambda scope: scope.translation(name(scope)), _reads(arguments))


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
        return scope.stored(here, scope.places) or fresh(scope)

    return Code("any", run, arguments[0].reads)


def _selected_build(arguments: tuple[Code, ...], _here: str) -> Code:
    values, value = arguments[0].text(), arguments[1].text()
    reads = _reads(arguments)
    if isinstance(arguments[1].constant, str):
        sought = f" {arguments[1].constant.strip(library.SPACE)} "
        return Code("truth", lambda scope: sought in f" {values(scope)} ", reads)
    return Code("truth", lambda scope: library.selected(values(scope), value(scope)), reads)


def _regex_build(arguments: tuple[Code, ...], _here: str) -> Code:
    pattern = arguments[1].constant
    if isinstance(pattern, str):
        try:
            patterns.compiled(pattern)
        except patterns.PatternError as wrong:
            raise MisuseError(wrong.why) from None
    return _plain("truth", "tt", library.regex).build(arguments, "")


def _format_build(arguments: tuple[Code, ...], _here: str) -> Code:
    pattern = arguments[1].constant
    wrong = dates.unknown_escape(pattern) if isinstance(pattern, str) else ""
    if wrong:
        raise MisuseError(f"a date has no part {wrong!r}")
    return _timed("text", "vt", library.format_date).build(arguments, "")


def _digest_build(arguments: tuple[Code, ...], _here: str) -> Code:
    algorithm = arguments[1].constant
    if isinstance(algorithm, str) and not library.digest("", algorithm):
        raise MisuseError(f"no digest is named {algorithm!r}")
    return _plain("text", "ttt", library.digest, least=2).build(arguments, "")


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


def _weighted(arguments: tuple[Code, ...], _here: str) -> Code:
    least, most = arguments[0].number(), arguments[1].number()
    lists = [one.many for one in arguments[2:]]
    if len(lists) == 2 and all(lists):
        # Two paths to as many nodes each: the conditions, and what each of them weighs.
        flags, weights = arguments[2].values(), arguments[3].values()

        def all_nodes(scope: Scope) -> list[tuple[bool, float]]:
            return [
                (truth_of(flag), number_of(weight))
                for flag, weight in zip(flags(scope), weights(scope), strict=False)
            ]

        pairs = all_nodes
    else:
        told = [
            (flag.truth(), weight.number())
            for flag, weight in zip(arguments[2::2], arguments[3::2], strict=True)
        ]

        def each_pair(scope: Scope) -> list[tuple[bool, float]]:
            return [(flag(scope), weight(scope)) for flag, weight in told]

        pairs = each_pair

    def run(scope: Scope) -> bool:
        total = sum((weight for flag, weight in pairs(scope) if flag), 0.0)
        return least(scope) <= total <= most(scope)

    return Code("truth", run, _reads(arguments))


def _math(of: Callable[[float], float]) -> Function:
    return _plain("number", "n", partial(library.guarded, of))


OF_HERE = ("string-length", "normalize-space", "string", "number")
"""What takes the node itself where it is given nothing."""

FUNCTIONS: Mapping[str, Function] = {
    # Nodes
    "count": Function(1, 1, _count, of_nodes=True),
    "count-non-empty": Function(1, 1, _count_non_empty, of_nodes=True),
    "property": Function(1, 1, _known),
    "version": Function(0, 0, lambda _arguments, _here: Code("text", lambda s: s.known("version"))),
    "jr:itext": Function(1, 1, _itext),
    # Truths
    "true": Function(0, 0, _constant(True), gives="truth"),
    "false": Function(0, 0, _constant(False), gives="truth"),
    "boolean": _plain("truth", "b", bool),
    "not": _plain("truth", "b", lambda truth: not truth),
    "boolean-from-string": _plain("truth", "t", library.boolean_from_string),
    "if": Function(3, 3, _if),
    "coalesce": Function(2, 2, _coalesce),
    "once": Function(1, 1, _once),
    "depend": Function(1, None, lambda arguments, _here: arguments[0]),
    "checklist": _spread("truth", "nn", library.checklist, "b"),
    "weighted-checklist": Function(2, None, _weighted, even=True, gives="truth"),
    # Selects
    "selected": Function(2, 2, _selected_build, gives="truth"),
    "is-selected": Function(2, 2, _selected_build, gives="truth"),
    "selected-at": _plain("text", "tn", library.selected_at),
    "count-selected": _plain("number", "t", lambda values: float(len(library.pieces(values)))),
    # Texts
    "string": _plain("text", "t", str),
    "concat": _spread("text", "", library.concat, "t"),
    "join": _spread("text", "t", library.join, "t"),
    "contains": _plain("truth", "tt", lambda text, part: part in text),
    "starts-with": _plain("truth", "tt", str.startswith),
    "ends-with": _plain("truth", "tt", str.endswith),
    "substr": _plain("text", "tnn", library.substr, least=2),
    "substring-before": _plain("text", "tt", library.before),
    "substring-after": _plain("text", "tt", library.after),
    "translate": _plain("text", "ttt", library.translate),
    "normalize-space": _plain("text", "t", library.normalize_space),
    "string-length": _plain("number", "t", lambda text: float(len(text))),
    "regex": Function(2, 2, _regex_build, gives="truth"),
    "digest": Function(2, 3, _digest_build),
    "base64-decode": _plain("text", "t", library.base64_decode),
    "uuid": Function(0, 1, _uuid),
    "extract-signed": _plain("text", "tt", library.extract_signed),
    # Numbers
    "number": _plain("number", "n", float),
    "int": _plain("number", "n", library.whole),
    "round": _plain("number", "nn", library.rounded, least=1),
    "abs": _plain("number", "n", abs),
    "sum": _spread("number", "", library.total, "n", least=1),
    "max": _spread("number", "", library.largest, "n", least=1),
    "min": _spread("number", "", library.smallest, "n", least=1),
    "pow": _plain("number", "nn", library.power),
    "log": _plain("number", "n", library.log),
    "log10": _plain("number", "n", partial(library.log, of=math.log10)),
    "exp": _math(math.exp),
    "exp10": _plain("number", "n", partial(library.power, 10.0)),
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
    # Places
    "area": _of_places("number", geography.area),
    "enclosed-area": _of_places("number", geography.area),
    "distance": _of_places("number", geography.distance),
    "geofence": Function(2, 2, _geofence, gives="truth"),
    "intersects": _of_places("truth", geography.intersects),
    # Dates
    "today": _timed("text", "", library.today_text),
    "now": _timed("text", "", library.now_text),
    "date": _timed("text", "v", library.date),
    "date-time": _timed("text", "v", library.date_time),
    "decimal-date-time": _timed("number", "v", library.decimal_date_time),
    "decimal-time": _timed("number", "v", library.decimal_time),
    "format-date": Function(2, 2, _format_build),
    "format-date-time": Function(2, 2, _format_build),
}
