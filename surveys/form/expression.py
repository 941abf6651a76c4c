"""ODK XPath expressions: parsed once with a lark grammar, compiled to closures.

A scope is what an expression may see while it is evaluated. Values are Python's: `str`, `float` and
`bool`, converted as XPath 1.0 and the ODK XForms specification say (`values.py`). Nothing is raised
when an expression is evaluated: what cannot be computed is "" as text and NaN as number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isnan
from typing import Literal

from lark import Token, Tree

from surveys.form.functions import FUNCTIONS, LATER, MisuseError
from surveys.form.grammar import ExpressionError, parse
from surveys.form.operators import ARITHMETIC, COMPARISONS
from surveys.form.values import (
    Code,
    Scope,
    Value,
    literal,
    number_of_text,
)

__all__ = [
    "DataType",
    "Expression",
    "ExpressionError",
    "Itemset",
    "Scope",
    "compile_expression",
    "compile_itemset",
]

DataType = Literal["text", "number"]
"""What a node's value is in an expression: a number is one as soon as it is not blank."""

MOST_NESTED = 100


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression."""

    text: str
    reads: frozenset[str]
    """The paths of the nodes that it reads."""
    _text: Callable[[Scope], str] = field(repr=False)
    _number: Callable[[Scope], float] = field(repr=False)
    _truth: Callable[[Scope], bool] = field(repr=False)
    unknown: frozenset[str] = frozenset()
    """Names that stand for no node, where `compile_expression` was told to let them pass: blank."""

    def as_text(self, scope: Scope) -> str:
        """The value as text (XPath `string()`): what a calculate stores; NaN is "" when stored."""
        return self._text(scope)

    def as_number(self, scope: Scope) -> float:
        """The value as a number (XPath `number()`): NaN where it is none."""
        return self._number(scope)

    def as_truth(self, scope: Scope) -> bool:
        """The value as a truth (XPath `boolean()`): relevant, required, constraint."""
        return self._truth(scope)


@dataclass(frozen=True, slots=True)
class Itemset:
    """Where the choices of a question come from."""

    instance: str
    """The id of the secondary instance."""
    shuffled: bool = False
    seed: Expression | None = None


def compile_expression(
    text: str,
    here: str,
    known: Collection[str],
    *,
    types: Mapping[str, DataType] | None = None,
    lenient: bool = False,
) -> Expression:
    """The expression that this text is, at the node `here`.

    `known` holds the absolute paths of the nodes with a value; relative references are resolved
    from `here`. `types` names the nodes whose values are numbers (integer and decimal): "3" and
    "3.0" are the same there. With `lenient` a bare name that stands for no node is blank, as in
    JavaRosa, and listed in `unknown`.

    Raises `ExpressionError`, in one sentence and with the position, for what cannot be understood.
    """
    compiler = _Compiler(text, here, known, types or {}, lenient)
    return compiler.expression(compiler.code(parse(text)))


def compile_itemset(text: str, here: str, known: Collection[str]) -> Itemset:
    """What an itemset's nodeset says: `instance('x')/root/item`, or that in `randomize(…, seed)`.

    Raises `ExpressionError` for anything else.
    """
    compiler = _Compiler(text, here, known, {}, lenient=False)
    tree = parse(text)
    shuffled, seed = False, None
    if _name_of(tree) == "randomize":
        call, *arguments = tree.children
        if not 1 <= len(arguments) <= 2:
            raise ExpressionError("randomize() takes the choices and a seed.", _position(call))
        shuffled, tree = True, _tree(arguments[0])
        if len(arguments) == 2:
            seed = compiler.expression(compiler.code(_tree(arguments[1])))
    return Itemset(_instance_of(tree), shuffled, seed)


_Closure = Callable[[Scope], Value]
_Numbers = Callable[[Scope], float]


class _Compiler:
    """Makes code of the trees of one expression."""

    def __init__(
        self,
        text: str,
        here: str,
        known: Collection[str],
        types: Mapping[str, DataType],
        lenient: bool,
    ) -> None:
        self.text = text
        self.here = here
        self.known = known
        self.types = types
        self.lenient = lenient
        self.depth = 0
        self.unknown: set[str] = set()

    def expression(self, code: Code) -> Expression:
        return Expression(
            text=self.text,
            reads=code.reads,
            _text=code.text(),
            _number=code.number(),
            _truth=code.truth(),
            unknown=frozenset(self.unknown),
        )

    def code(self, tree: Tree[Token]) -> Code:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ExpressionError(f"More than {MOST_NESTED} levels are inside each other.", 0)
        made: Code = getattr(self, f"_{tree.data}")(tree)
        self.depth -= 1
        return made

    def _codes(self, tree: Tree[Token]) -> list[Code]:
        return [self.code(child) for child in tree.children if isinstance(child, Tree)]

    # Literals and paths -----------------------------------------------------------------------

    def _text(self, tree: Tree[Token]) -> Code:
        return literal(str(tree.children[0])[1:-1])

    def _number(self, tree: Tree[Token]) -> Code:
        return literal(float(str(tree.children[0])))

    def _path(self, tree: Tree[Token]) -> Code:
        steps = [str(step) for step in tree.children if isinstance(step, Token)]
        place = _position(tree)
        if "*" in steps or "//" in steps:
            raise ExpressionError("A path to many nodes is not supported yet.", place)
        return self._node(self.resolved(steps, place), steps, place)

    def resolved(self, steps: list[str], place: int) -> str:
        """The absolute path of these steps, of which "/" at the front stands for the root."""
        at = [] if steps[:1] == ["/"] else self.here.split("/")[1:]
        for step in steps:
            if step == "..":
                if not at:
                    raise ExpressionError('".." goes above the form.', place)
                at.pop()
            elif step not in ("/", "."):
                at.append(step.rpartition(":")[2])
        return "/" + "/".join(at)

    def _node(self, path: str, steps: list[str], place: int) -> Code:
        if path not in self.known:
            bare = len(steps) == 1 and steps[0] not in (".", "..")
            if not (bare and self.lenient):
                raise ExpressionError(self._missing(path, steps, bare), place)
            self.unknown.add(steps[0])
            return literal("")
        reads = frozenset((path,))
        if self.types.get(path) == "number":
            return Code("any", _number_at(path), reads, path=path)
        return Code("text", lambda scope: scope.value(path), reads, path=path)

    def _missing(self, path: str, steps: list[str], bare: bool) -> str:
        if any(known.startswith(f"{path}/") for known in self.known):
            return f"{path} is a group: only a question or a calculation has a value."
        if bare:
            name = steps[0]
            if any(known.endswith(f"/{name}") for known in self.known):
                return f"{name} is written without ${{}}: write ${{{name}}}."
            return f"There is no node {name}: write a text in quotes, '{name}'."
        near = get_close_matches(path, self.known, n=1)
        hint = f" Is {near[0]} meant?" if near else ""
        return f"There is no node {path}.{hint}"

    def _predicate(self, tree: Tree[Token]) -> Code:
        raise ExpressionError("A condition in [ ] is not supported yet.", _position(tree))

    def _union(self, tree: Tree[Token]) -> Code:
        raise ExpressionError("Joining nodes with | is not supported yet.", _position(tree))

    def _after(self, tree: Tree[Token]) -> Code:
        first, *steps = tree.children
        if _name_of(first) != "current":
            named = f"{_name_of(first)}()" if _name_of(first) else "a value"
            raise ExpressionError(f"A path after {named} is not supported yet.", _position(first))
        names = [str(step) for step in steps if isinstance(step, Token)]
        place = _position(first)
        return self._node(self.resolved(names, place), ["current()", *names], place)

    # Functions --------------------------------------------------------------------------------

    def _call(self, tree: Tree[Token]) -> Code:
        token, *given = tree.children
        name, place = str(token), _position(token)
        if name == "current" and not given:
            return self._node(self.here, ["."], place)
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(_no_function(name), place)
        arguments = tuple(self.code(_tree(child)) for child in given)
        if name in ("string-length", "normalize-space", "string", "number") and not arguments:
            arguments = (self._node(self.here, ["."], place),)
        count = len(arguments)
        if (
            count < function.least
            or (function.most is not None and count > function.most)
            or (function.even and count % 2)
        ):
            raise ExpressionError(_wrong_count(name, count), place)
        if name == "jr:choice-name" and isinstance(arguments[1].constant, str):
            arguments = (arguments[0], self._named(arguments[1].constant, place))
        try:
            return function.build(arguments, self.here)
        except MisuseError as wrong:
            raise ExpressionError(f"{name}(): {wrong}.", place) from None

    def _named(self, text: str, place: int) -> Code:
        """The path that stands in quotes in jr:choice-name, made absolute."""
        tree = parse(text)
        if tree.data != "path":
            raise ExpressionError("jr:choice-name(): the second argument must be a path.", place)
        return literal(self._path(tree).path)

    # Operators --------------------------------------------------------------------------------

    def _or(self, tree: Tree[Token]) -> Code:
        codes = self._codes(tree)
        parts = [code.truth() for code in codes]
        if len(parts) == 2:
            one, two = parts
            return Code("truth", lambda scope: one(scope) or two(scope), _all_reads(codes))

        def run(scope: Scope) -> bool:
            return any(part(scope) for part in parts)

        return Code("truth", run, _all_reads(codes))

    def _and(self, tree: Tree[Token]) -> Code:
        codes = self._codes(tree)
        parts = [code.truth() for code in codes]
        if len(parts) == 2:
            one, two = parts
            return Code("truth", lambda scope: one(scope) and two(scope), _all_reads(codes))

        def run(scope: Scope) -> bool:
            return all(part(scope) for part in parts)

        return Code("truth", run, _all_reads(codes))

    def _chain(self, tree: Tree[Token]) -> Code:
        """Operands with comparisons between them, from the left: a < b = true()."""
        first, *rest = tree.children
        # Each stands around all that is left of it.
        self.depth += len(rest) // 2
        left = self.code(_tree(first))
        for operator, operand in zip(rest[::2], rest[1::2], strict=True):
            left = COMPARISONS[str(operator)](left, self.code(_tree(operand)))
        self.depth -= len(rest) // 2
        return left

    _equality = _comparison = _chain

    def _sum(self, tree: Tree[Token]) -> Code:
        """Operands with arithmetic between them, from the left: a - b + c."""
        codes = self._codes(tree)
        first, *others = [code.number() for code in codes]
        of = [ARITHMETIC[str(operator)] for operator in tree.children[1::2]]
        if len(others) == 1:
            second, compute = others[0], of[0]
            return Code(
                "number", lambda scope: compute(first(scope), second(scope)), _all_reads(codes)
            )
        steps = list(zip(of, others, strict=True))

        def run(scope: Scope) -> float:
            value = first(scope)
            for compute, other in steps:
                value = compute(value, other(scope))
            return value

        return Code("number", run, _all_reads(codes))

    _product = _sum

    def _negative(self, tree: Tree[Token]) -> Code:
        code = self.code(_tree(tree.children[0]))
        if isinstance(code.constant, float):
            return literal(-code.constant)
        number = code.number()
        return Code("number", lambda scope: -number(scope), code.reads)


def _number_at(path: str) -> _Closure:
    def run(scope: Scope) -> Value:
        text = scope.value(path)
        number = number_of_text(text)
        return text if isnan(number) else number

    return run


def _all_reads(codes: list[Code]) -> frozenset[str]:
    return frozenset().union(*(code.reads for code in codes))


def _tree(child: Tree[Token] | Token) -> Tree[Token]:
    assert isinstance(child, Tree)  # noqa: S101 (by the grammar)
    return child


def _position(child: Tree[Token] | Token) -> int:
    while isinstance(child, Tree):
        child = child.children[0]
    return child.start_pos or 0


def _name_of(child: Tree[Token] | Token) -> str:
    """The function that this calls, "" where it is no call."""
    if isinstance(child, Tree) and child.data == "call":
        return str(child.children[0])
    return ""


def _instance_of(tree: Tree[Token]) -> str:
    wrong = "Choices must come from instance('list')/root/item; filters are not supported yet."
    if tree.data != "after" or _name_of(tree.children[0]) != "instance":
        raise ExpressionError(wrong, _position(tree))
    call, *steps = tree.children
    arguments = _tree(call).children[1:]
    if (
        [str(step) for step in steps if isinstance(step, Token)] != ["root", "item"]
        or len(steps) != 2
        or len(arguments) != 1
        or _tree(arguments[0]).data != "text"
    ):
        raise ExpressionError(wrong, _position(tree))
    return str(_tree(arguments[0]).children[0])[1:-1]


def _no_function(name: str) -> str:
    if name in LATER:
        return f"{name}() is not supported here yet."
    near = get_close_matches(name, FUNCTIONS, n=1, cutoff=0.7)
    return f"There is no function {name}().{f' Is {near[0]}() meant?' if near else ''}"


def _wrong_count(name: str, count: int) -> str:
    function = FUNCTIONS[name]
    if function.even:
        wanted = "two numbers and then pairs of a condition and its weight"
    elif function.most is None:
        wanted = f"at least {_arguments(function.least)}"
    elif function.most == function.least:
        wanted = _arguments(function.least)
    else:
        wanted = f"{function.least} or {_arguments(function.most)}"
    return f"{name}() takes {wanted}, not {count}."


def _arguments(count: int) -> str:
    if count == 0:
        return "no arguments"
    return f"{count} argument{'' if count == 1 else 's'}"
