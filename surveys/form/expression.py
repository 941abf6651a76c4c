"""ODK XPath expressions: parsed once with a lark grammar, compiled to closures.

A scope is what an expression may see while it is evaluated. Values are Python's: `str`, `float` and
`bool`, converted as XPath 1.0 and the ODK XForms specification say (`values.py`). Nothing is raised
when an expression is evaluated: what cannot be computed is "" as text and NaN as number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches

from lark import Token, Tree

from surveys.form.functions import FUNCTIONS, OF_HERE, MisuseError
from surveys.form.grammar import ExpressionError, parse
from surveys.form.looking_up import LookingUp
from surveys.form.operators import ARITHMETIC, COMPARISONS
from surveys.form.shape import DataType, Shape
from surveys.form.trees import all_reads, list_and_steps, name_of, position_of, subtree
from surveys.form.values import Code, Found, Scope, literal

__all__ = [
    "DataType",
    "Expression",
    "ExpressionError",
    "Itemset",
    "Scope",
    "Shape",
    "compile_expression",
    "compile_itemset",
    "gives_truth",
]


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression."""

    text: str
    reads: frozenset[str]
    """The paths of the nodes that it reads."""
    _text: Callable[[Scope], str] = field(repr=False)
    _number: Callable[[Scope], float] = field(repr=False)
    truth: Callable[[Scope], bool] = field(repr=False)
    """What `as_truth` calls, for whoever asks hundreds of them."""
    unknown: frozenset[str] = frozenset()
    """What stands for no node, where `compile_expression` was told to let it pass: blank."""

    def as_text(self, scope: Scope) -> str:
        """The value as text (XPath `string()`): what a calculate stores; NaN is "" when stored."""
        return self._text(scope)

    def as_number(self, scope: Scope) -> float:
        """The value as a number (XPath `number()`): NaN where it is none."""
        return self._number(scope)

    def as_truth(self, scope: Scope) -> bool:
        """The value as a truth (XPath `boolean()`): relevant, required, constraint."""
        return self.truth(scope)


@dataclass(frozen=True, slots=True)
class Itemset:
    """Where the choices of a question come from."""

    instance: str = ""
    """The id of the secondary instance; "" where they are nodes of the form."""
    shuffled: bool = False
    seed: Expression | None = None
    nodes: Found | None = field(default=None, repr=False)
    """What finds them, in the order of the document; None where they are all at `steps`."""
    reads: frozenset[str] = frozenset()
    path: str = ""
    """Where they are nodes of the form itself: their abstract path, seldom other than a repeat."""
    steps: tuple[str, ...] = ()
    """Of a list: the names of the elements from its document to the choices."""


def compile_expression(text: str, here: str, shape: Shape, *, lenient: bool = False) -> Expression:
    """The expression that this text is, at the node `here`.

    `shape` says which nodes there are. With `lenient` a name or a path that stands for no node is
    blank, as in JavaRosa, and listed in `unknown`; and a group is blank where a value is wanted.

    Raises `ExpressionError`, in one sentence and with the position, for what cannot be understood.
    """
    compiler = _Compiler(text, here, shape, lenient)
    return compiler.expression(compiler.code(parse(text)))


def compile_itemset(text: str, here: str, shape: Shape, *, lenient: bool = False) -> Itemset:
    """What an itemset's nodeset says: a path to elements of a list or to instances of a repeat, or
    that in `randomize(…, seed)`.

    Raises `ExpressionError` for anything else.
    """
    compiler = _Compiler(text, here, shape, lenient)
    tree = parse(text)
    shuffled, seed = False, None
    if name_of(tree) == "randomize":
        call, *arguments = tree.children
        if not 1 <= len(arguments) <= 2:
            raise ExpressionError("randomize() takes the choices and a seed.", position_of(call))
        shuffled, tree = True, subtree(arguments[0])
        if len(arguments) == 2:
            seed = compiler.expression(compiler.code(subtree(arguments[1])))
    listed = list_and_steps(tree)
    code = compiler.nodes(tree)
    if code.nodes is None:
        raise ExpressionError(
            "Choices must come from a list, as in instance('list')/root/item, or from a repeat.",
            position_of(tree),
        )
    name, steps, conditioned = listed
    if not name:
        return Itemset("", shuffled, seed, code.nodes, code.reads, code.path)
    if conditioned:
        return Itemset(name, shuffled, seed, code.nodes, code.reads, steps=steps)
    return Itemset(name, shuffled, seed, steps=steps)


_TRUTHS = ("or", "and", "equality", "comparison")


def gives_truth(text: str) -> bool:
    """Whether an expression gives true or false, whatever it finds; of what is none: no."""
    tree = _tree_of(text)
    if tree is None:
        return False
    while name_of(tree) == "if" and len(tree.children) == 4:
        if not _truth_at_top(subtree(tree.children[3])):
            return False
        tree = subtree(tree.children[2])
    return _truth_at_top(tree)


def draws_by_lot(text: str) -> bool:
    """Whether an expression calls random(); of what is none: no.

    >>> draws_by_lot("once(int(random() * 6) + 1)"), draws_by_lot("concat('random()', /data/a)")
    (True, False)
    """
    tree = _tree_of(text)
    return tree is not None and any(name_of(one) == "random" for one in tree.iter_subtrees())


def _tree_of(text: str) -> Tree[Token] | None:
    """None where it is no expression; `parse` says so of a blank one, too."""
    try:
        return parse(text)
    except ExpressionError:
        return None


def _truth_at_top(tree: Tree[Token]) -> bool:
    function = FUNCTIONS.get(name_of(tree))
    return tree.data in _TRUTHS or (function is not None and function.gives == "truth")


class _Compiler(LookingUp):
    """Makes code of the trees of one expression."""

    def expression(self, code: Code) -> Expression:
        return Expression(
            text=self.text,
            reads=code.reads | self.reads,
            _text=code.text(),
            _number=code.number(),
            truth=code.truth(),
            unknown=frozenset(self.unknown),
        )

    def _text(self, tree: Tree[Token]) -> Code:
        return literal(str(tree.children[0])[1:-1])

    def _number(self, tree: Tree[Token]) -> Code:
        return literal(float(str(tree.children[0])))

    # Functions --------------------------------------------------------------------------------

    def _call(self, tree: Tree[Token]) -> Code:
        token, *given = tree.children
        name, place = str(token), position_of(token)
        special = getattr(self, f"_call_{name.replace('-', '_').replace(':', '_')}", None)
        if special is not None:
            made: Code = special([subtree(child) for child in given], place)
            return made
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(_no_function(name), place)
        compile_one = self.nodes if function.of_nodes else self.code
        arguments = tuple(compile_one(subtree(child)) for child in given)
        if name in OF_HERE and not arguments:
            arguments = (self.here_itself(place),)
        count = len(arguments)
        if (
            count < function.least
            or (function.most is not None and count > function.most)
            or (function.even and count % 2)
        ):
            raise ExpressionError(_wrong_count(name, count), place)
        try:
            return function.build(arguments, self.here)
        except MisuseError as wrong:
            raise ExpressionError(f"{name}(): {wrong}.", place) from None

    # Operators --------------------------------------------------------------------------------

    def _or(self, tree: Tree[Token]) -> Code:
        codes = self._codes(tree)
        parts = [code.truth() for code in codes]
        if len(parts) == 2:
            one, two = parts
            return Code("truth", lambda scope: one(scope) or two(scope), all_reads(codes))

        def run(scope: Scope) -> bool:
            return any(part(scope) for part in parts)

        return Code("truth", run, all_reads(codes))

    def _and(self, tree: Tree[Token]) -> Code:
        codes = self._codes(tree)
        parts = [code.truth() for code in codes]
        if len(parts) == 2:
            one, two = parts
            return Code("truth", lambda scope: one(scope) and two(scope), all_reads(codes))

        def run(scope: Scope) -> bool:
            return all(part(scope) for part in parts)

        return Code("truth", run, all_reads(codes))

    def _chain(self, tree: Tree[Token]) -> Code:
        """Operands with comparisons between them, from the left: a < b = true()."""
        first, *rest = tree.children
        # Each stands around all that is left of it.
        self.depth += len(rest) // 2
        left = self.code(subtree(first))
        for operator, operand in zip(rest[::2], rest[1::2], strict=True):
            left = COMPARISONS[str(operator)](left, self.code(subtree(operand)))
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
                "number", lambda scope: compute(first(scope), second(scope)), all_reads(codes)
            )
        steps = list(zip(of, others, strict=True))

        def run(scope: Scope) -> float:
            value = first(scope)
            for compute, other in steps:
                value = compute(value, other(scope))
            return value

        return Code("number", run, all_reads(codes))

    _product = _sum

    def _negative(self, tree: Tree[Token]) -> Code:
        code = self.code(subtree(tree.children[0]))
        if isinstance(code.constant, float):
            return literal(-code.constant)
        number = code.number()
        return Code("number", lambda scope: -number(scope), code.reads)


def _no_function(name: str) -> str:
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
