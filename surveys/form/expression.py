"""ODK XPath expressions: parsed once with a lark grammar, compiled to closures.

A scope is what an expression may see while it is evaluated. Values are Python's: `str`, `float`,
`bool`, `date` and `datetime`, converted as XPath 1.0 and the ODK XForms specification say. What
needs node sets (repeats, predicates, `instance()`) is refused with a clear word.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import fmod, inf, isfinite, isnan, nan
from typing import Protocol, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from surveys.form.functions import (
    ANY,
    FUNCTIONS,
    LATER,
    Evaluate,
    Function,
    Value,
    compare,
    to_day,
    to_moment,
    to_number,
    to_text,
    to_truth,
)


class Scope(Protocol):
    """What an expression may see."""

    now: datetime
    """The time in the area's zone."""
    here: str
    """The path of the node whose expression this is: what "." means."""

    def value(self, path: str) -> str:
        """The value of a node as text: "" when it is unanswered or not relevant."""

    def stored(self, path: str) -> str:
        """The value kept at a node even while it is not relevant: what `once()` looks at."""

    def random(self) -> float:
        """The next number of the interview's own sequence, 0 <= x < 1."""

    def uuid(self) -> str:
        """The next random id of the interview's own sequence."""

    def choice_label(self, path: str, value: str) -> str:
        """The label of a value of the question at `path`, in the language of the interview."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression."""

    text: str
    reads: frozenset[str]
    """The paths of the nodes that it reads."""
    _text: Callable[[Scope], str]
    _number: Callable[[Scope], float]
    _truth: Callable[[Scope], bool]

    def as_text(self, scope: Scope) -> str:
        """The value as text (XPath `string()`): what a calculate stores; NaN is "" when stored."""
        return self._text(scope)

    def as_number(self, scope: Scope) -> float:
        """The value as a number (XPath `number()`): NaN where it is none."""
        return self._number(scope)

    def as_truth(self, scope: Scope) -> bool:
        """The value as a truth (XPath `boolean()`): relevant, required, constraint."""
        return self._truth(scope)


class ExpressionError(ValueError):
    """An expression that cannot be compiled: one clear sentence, and where (from 0)."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


NUMBERS = frozenset({"integer", "int", "decimal", "range"})
"""Types of nodes whose values are numbers wherever they stand."""

GRAMMAR = r"""
?start: either
?either: both ("or" both)*
?both: equality ("and" equality)*
?equality: relation (EQUAL relation)*
?relation: sum (ORDER sum)*
?sum: product (SIGN product)*
?product: unary (TIMES unary)*
?unary: "-" unary -> negative
      | primary
?primary: NUMBER -> number
        | STRING -> string
        | "(" either ")"
        | call
        | path
call: NAME "(" [either ("," either)*] ")"
path: ROOTED | RELATIVE

EQUAL: "!=" | "="
ORDER: "<=" | ">=" | "<" | ">"
SIGN: "+" | "-"
TIMES: "*" | "div" | "mod"
NUMBER: /\d+(\.\d*)?|\.\d+/
STRING: /"[^"]*"|'[^']*'/
NAME.3: /[A-Za-z_][\w.\-]*(:[A-Za-z_][\w.\-]*)?(?=\s*\()/
ROOTED.2: /(\/[^\W\d][\w.\-]*)+/
RELATIVE: /(\.\.?|current\(\)|[^\W\d][\w.\-]*)(\/(\.\.?|[^\W\d][\w.\-]*))*/
%ignore /\s+/
"""


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


def compile_expression(text: str, here: str, types: Mapping[str, str]) -> Expression:
    """Compile an expression that stands on the node `here` of a form.

    `types` gives the type of every node of the form by its path ("integer", "date", …); a path
    that is not among them is an error, with the nearest known name. Raises `ExpressionError`.
    """
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as unexpected:
        raise _syntax_error(text, unexpected) from None
    compiler = _Compiler(here, types)
    try:
        evaluate = compiler.compile(tree)
    except RecursionError:
        raise ExpressionError("The expression is nested too deeply.") from None
    return Expression(
        text=text,
        reads=frozenset(compiler.reads),
        _text=lambda scope: to_text(evaluate(scope)),
        _number=lambda scope: to_number(evaluate(scope)),
        _truth=lambda scope: to_truth(evaluate(scope)),
    )


class _Compiler:
    """From a parse tree to one closure; collects what is read."""

    def __init__(self, here: str, types: Mapping[str, str]) -> None:
        self.here = here
        self.types = types
        self.reads: set[str] = set()

    def compile(self, tree: Tree[Token] | Token) -> Evaluate:
        """The closure of one part of the expression."""
        tree = cast(Tree[Token], tree)
        rule = str(tree.data)
        parts = tree.children
        if rule == "number":
            number = float(parts[0])  # type: ignore[arg-type]
            return lambda scope: number
        if rule == "string":
            literal = str(parts[0])[1:-1]
            return lambda scope: literal
        if rule == "path":
            return self._node(_token(parts[0]))
        if rule == "call":
            return self._call(_token(parts[0]), parts[1:])
        if rule == "negative":
            inner = self.compile(parts[0])
            return lambda scope: -to_number(inner(scope))
        if rule in ("either", "both"):
            return _logical(rule == "either", [self.compile(part) for part in parts])
        return self._chain(parts)

    def _chain(self, parts: Sequence[Tree[Token] | Token]) -> Evaluate:
        """Operators of one rank, from the left."""
        left = self.compile(parts[0])
        for place in range(1, len(parts), 2):
            left = _binary(str(parts[place]), left, self.compile(parts[place + 1]))
        return left

    def _node(self, token: Token) -> Evaluate:
        path = self._resolve(token)
        self.reads.add(path)
        kind = self.types[path]
        if kind in NUMBERS:
            # A number keeps its type: an integer 3 equals "3.0", and blank stays blank text.
            def numeric(scope: Scope) -> Value:
                text = scope.value(path)
                return to_number(text) if text else ""

            return numeric
        if kind in ("date", "dateTime"):

            def dated(scope: Scope) -> Value:
                text = scope.value(path)
                found = (to_day if kind == "date" else to_moment)(text) if text else None
                return text if found is None else found

            return dated
        return lambda scope: scope.value(path)

    def _resolve(self, token: Token) -> str:
        text = str(token)
        if text.startswith("/"):
            path = text
        else:
            steps = self.here.strip("/").split("/")
            for step in text.split("/"):
                if step == "..":
                    steps = steps[:-1]
                elif step not in (".", "current()"):
                    steps.append(step)
            path = "/" + "/".join(steps)
        if path not in self.types:
            name = path.rsplit("/", maxsplit=1)[-1]
            names = {known.rsplit("/", maxsplit=1)[-1] for known in self.types}
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]}?" if near and near[0] != name else ""
            raise ExpressionError(
                f"There is no question or calculation {name or text!r}.{hint}", token.start_pos
            )
        return path

    def _call(self, token: Token, arguments: Sequence[Tree[Token] | Token]) -> Evaluate:
        name = str(token)
        if name == "jr:choice-name":
            return self._choice_name(token, arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(_unknown_function(name), token.start_pos)
        _check_count(token, function, len(arguments))
        compiled = tuple(self.compile(part) for part in arguments)
        call = function.call
        return lambda scope: call(scope, compiled)

    def _choice_name(self, token: Token, arguments: Sequence[Tree[Token] | Token]) -> Evaluate:
        """`jr:choice-name(value, ' /path ')`: the question is named in a text."""
        named = arguments[1] if len(arguments) == 2 else None
        if not isinstance(named, Tree) or named.data != "string":
            raise ExpressionError(
                "jr:choice-name() takes a value and the name of a question in quotation marks.",
                token.start_pos,
            )
        text = str(named.children[0])[1:-1].strip()
        path = self._resolve(Token("RELATIVE", text, start_pos=token.start_pos))
        self.reads.add(path)
        value = self.compile(arguments[0])
        return lambda scope: scope.choice_label(path, to_text(value(scope)))


def _token(part: Tree[Token] | Token) -> Token:
    return cast(Token, part)


def _logical(any_of: bool, parts: list[Evaluate]) -> Evaluate:
    def either(scope: Scope) -> Value:
        return any(to_truth(part(scope)) for part in parts)

    def both(scope: Scope) -> Value:
        return all(to_truth(part(scope)) for part in parts)

    return either if any_of else both


def _binary(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if sign in ("=", "!=", "<", "<=", ">", ">="):
        return lambda scope: compare(sign, left(scope), right(scope))
    calculate = _ARITHMETIC[sign]
    return lambda scope: calculate(to_number(left(scope)), to_number(right(scope)))


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return nan if not left or isnan(left) else left * inf


def _remainder(left: float, right: float) -> float:
    """XPath's: the sign of the dividend."""
    if not right or not isfinite(left) or isnan(right):
        return nan
    return fmod(left, right)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "div": _divide,
    "mod": _remainder,
}


def _check_count(token: Token, function: Function, given: int) -> None:
    if function.least <= given <= function.most:
        return
    if function.most == ANY:
        wanted = f"at least {function.least}"
    elif function.least == function.most:
        wanted = str(function.least) if function.least else "no"
    else:
        wanted = f"{function.least} or {function.most}"
    noun = "argument" if wanted in ("1", "at least 1") else "arguments"
    raise ExpressionError(
        f"{token}() takes {wanted} {noun}, but {given} stand here.", token.start_pos
    )


def _unknown_function(name: str) -> str:
    if name in LATER:
        return f"The function {name}() is not supported yet."
    near = difflib.get_close_matches(name, FUNCTIONS, n=1)
    hint = f" Did you mean {near[0]}()?" if near else ""
    return f"There is no function {name}().{hint}"


def _syntax_error(text: str, unexpected: UnexpectedInput) -> ExpressionError:
    position = unexpected.pos_in_stream
    if text.count("(") > text.count(")"):
        return ExpressionError("A bracket is opened and not closed: add ')'.", position)
    if text.count("(") < text.count(")"):
        return ExpressionError("There is one ')' too many.", position)
    if not text.strip():
        return ExpressionError("The expression is empty.", 0)
    if isinstance(unexpected, UnexpectedEOF) or (
        isinstance(unexpected, UnexpectedToken) and unexpected.token.type == "$END"
    ):
        return ExpressionError("The expression ends too early: something is missing.", len(text))
    if isinstance(unexpected, UnexpectedCharacters) and text[position or 0] in "'\"":
        return ExpressionError("A quotation mark is not closed.", position)
    rest = text[position or 0 :].split()
    if rest and rest[0].startswith("["):
        return ExpressionError("Conditions in [ ] are not supported yet.", position)
    near = rest[0][:20] if rest else ""
    return ExpressionError(f"The expression cannot be read from {near!r} on.", position)
