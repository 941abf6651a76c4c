"""The operators of an expression: comparisons of two codes, arithmetic of two numbers.

Source: XPath 1.0, sections 3.4 and 3.5; JavaRosa where the kinds of the two sides differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fmod, isfinite, nan

from surveys.form.values import Code, Scope, Value, equal, equal_numbers, number_of, quotient


def _equal_code(left: Code, right: Code) -> Code:
    return Code("truth", _equal_closure(left, right), left.reads | right.reads)


def _different_code(left: Code, right: Code) -> Code:
    if left.many or right.many:
        differs = _any_pair(left, right, lambda one, two: not equal(one, two))
        return Code("truth", differs, left.reads | right.reads)
    same = _equal_closure(left, right)
    return Code("truth", lambda scope: not same(scope), left.reads | right.reads)


def _equal_closure(left: Code, right: Code) -> Callable[[Scope], bool]:
    if left.many or right.many:
        return _any_equal(left, right)
    if right.path and isinstance(left.constant, str):
        left, right = right, left
    one, two = left.run, right.run
    if left.kind == right.kind == "text":
        if isinstance(right.constant, str):
            sought = right.constant
            return lambda scope: one(scope) == sought
        return lambda scope: one(scope) == two(scope)
    kinds = {left.kind, right.kind}
    if "truth" in kinds:
        yes, no = left.truth(), right.truth()
        return lambda scope: yes(scope) == no(scope)
    if "number" in kinds and kinds <= {"number", "text"}:
        first, second = left.number(), right.number()
        return lambda scope: equal_numbers(first(scope), second(scope))
    return lambda scope: equal(one(scope), two(scope))


def _any_equal(left: Code, right: Code) -> Callable[[Scope], bool]:
    if "truth" in (left.kind, right.kind):
        yes, no = left.truth(), right.truth()
        return lambda scope: yes(scope) == no(scope)
    return _any_pair(left, right, equal)


def _any_pair(
    left: Code, right: Code, holds: Callable[[Value, Value], bool]
) -> Callable[[Scope], bool]:
    """Whether it holds for any node on the one side and any on the other (XPath 1.0, 3.4); where
    there is no node at all, a side is blank, as in JavaRosa."""
    ones, others = left.values(), right.values()

    def run(scope: Scope) -> bool:
        second = others(scope) or [""]
        return any(holds(one, two) for one in ones(scope) or [""] for two in second)

    return run


def _compared(holds: Callable[[float, float], bool]) -> Callable[[Code, Code], Code]:
    def make(left: Code, right: Code) -> Code:
        if left.many or right.many:
            found = _any_pair(left, right, lambda a, b: holds(number_of(a), number_of(b)))
            return Code("truth", found, left.reads | right.reads)
        one, two = left.number(), right.number()
        return Code("truth", lambda scope: holds(one(scope), two(scope)), left.reads | right.reads)

    return make


def _remainder(left: float, right: float) -> float:
    return fmod(left, right) if isfinite(left) and right else nan


COMPARISONS: Mapping[str, Callable[[Code, Code], Code]] = {
    "=": _equal_code,
    "!=": _different_code,
    "<": _compared(lambda left, right: left < right),
    "<=": _compared(lambda left, right: left <= right),
    ">": _compared(lambda left, right: left > right),
    ">=": _compared(lambda left, right: left >= right),
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": quotient,
    "mod": _remainder,
}
