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

from surveys.form import paths
from surveys.form.functions import FUNCTIONS, MisuseError
from surveys.form.grammar import ExpressionError, parse
from surveys.form.operators import ARITHMETIC, COMPARISONS
from surveys.form.paths import Keep, Standpoint, Track
from surveys.form.shape import DataType, Places, Shape
from surveys.form.shuffling import shuffle, shuffling_seed
from surveys.form.values import Code, Found, Node, Scope, Spot, literal

__all__ = [
    "DataType",
    "Expression",
    "ExpressionError",
    "Itemset",
    "Scope",
    "Shape",
    "compile_expression",
    "compile_itemset",
]

MOST_NESTED = 100


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
    """Names that stand for no node, where `compile_expression` was told to let them pass: blank."""

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

    `shape` says which nodes there are. With `lenient` a bare name that stands for no node is blank,
    as in JavaRosa, and listed in `unknown`; and a group is blank where a value is wanted.

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
    if _name_of(tree) == "randomize":
        call, *arguments = tree.children
        if not 1 <= len(arguments) <= 2:
            raise ExpressionError("randomize() takes the choices and a seed.", _position(call))
        shuffled, tree = True, _tree(arguments[0])
        if len(arguments) == 2:
            seed = compiler.expression(compiler.code(_tree(arguments[1])))
    listed = _list_and_steps(tree)
    code = compiler.nodes(tree)
    if code.nodes is None:
        raise ExpressionError(
            "Choices must come from a list, as in instance('list')/root/item, or from a repeat.",
            _position(tree),
        )
    name, steps, conditioned = listed
    if not name:
        return Itemset("", shuffled, seed, code.nodes, code.reads, code.path)
    if conditioned:
        return Itemset(name, shuffled, seed, code.nodes, code.reads, steps=steps)
    return Itemset(name, shuffled, seed, steps=steps)


_PREDICATES = 20
"""Conditions inside conditions: more is nobody's form."""
_OF_HERE = ("string-length", "normalize-space", "string", "number")
"""What takes the node itself where it is given nothing."""


class _Compiler:
    """Makes code of the trees of one expression."""

    def __init__(self, text: str, here: str, shape: Shape, lenient: bool) -> None:
        self.text = text
        self.here = here
        self.shape = shape
        self.lenient = lenient
        self.depth = 0
        self.unknown: set[str] = set()
        self.origin = Standpoint(here)
        self.at = self.origin
        self.inside = 0
        self.reads: set[str] = set()

    def expression(self, code: Code) -> Expression:
        return Expression(
            text=self.text,
            reads=code.reads | self.reads,
            _text=code.text(),
            _number=code.number(),
            truth=code.truth(),
            unknown=frozenset(self.unknown),
        )

    def code(self, tree: Tree[Token]) -> Code:
        """What a tree gives as a value."""
        code = self.nodes(tree)
        path = code.path
        if path and path not in self.shape.leaves and not code.many and code.kind == "text":
            if not self.lenient:
                raise ExpressionError(
                    f"{path} is a group: only a question or a calculation has a value.",
                    _position(tree),
                )
            return literal("")
        return code

    def nodes(self, tree: Tree[Token]) -> Code:
        """The same where groups, too, are something that can be counted or looked for."""
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
        first = tree.children[0]
        absolute = isinstance(first, Token)
        if self.at.on_list and not absolute:
            return self._items(paths.at_hand, list(tree.children))
        rest = tree.children[1:] if isinstance(first, Token) and first.type == "SLASH" else None
        return self._tracks(
            self.at, list(tree.children if rest is None else rest), tree, absolute=absolute
        )

    def _tracks(
        self,
        at: Standpoint,
        steps: list[Tree[Token] | Token],
        tree: Tree[Token],
        *,
        absolute: bool,
        first: list[Track] | None = None,
    ) -> Code:
        """What these steps find among the nodes of the form."""
        shape = self.shape
        found = first or [paths.start(shape, at, absolute=absolute)]
        words = [""] if absolute else []
        reads: set[str] = set()
        for step in steps:
            if isinstance(step, Token):
                found = [one for track in found for one in self._below(at, track)]
                words.append("")
                continue
            kind, name, conditions = _parts(step)
            words.append(name)
            if kind == "up":
                if any(not track.path for track in found):
                    raise ExpressionError('".." goes above the form.', _position(step))
                found = [paths.up(shape, track) for track in found]
            elif kind == "attribute":
                raise ExpressionError("Questions have no attributes.", _position(step))
            elif kind == "down":
                found = [
                    one
                    for track in found
                    for one in paths.down(shape, at, track, name, free=bool(conditions))
                ]
            for condition in conditions:
                found = [self._only(at, track, condition, reads) for track in found]
        if not found or any(not track.path for track in found):
            return self._nothing(at, words, tree)
        return paths.code_of(shape, at, found, frozenset(reads))

    def _below(self, at: Standpoint, track: Track) -> list[Track]:
        """The node itself and all below it, in the order of the document."""
        inside = [
            one
            for child in paths.down(self.shape, at, track, "*")
            for one in self._below(at, child)
        ]
        return [track, *inside]

    def _only(self, at: Standpoint, track: Track, condition: Tree[Token], reads: set[str]) -> Track:
        keep, read = self._condition(condition, Standpoint(track.path, inner=True))
        reads |= read
        return paths.only(self.shape, at, track, keep)

    def _condition(self, tree: Tree[Token], at: Standpoint) -> tuple[Keep, frozenset[str]]:
        """What a condition in [ ] keeps, looked at from there; a number is a position."""
        if self.inside >= _PREDICATES:
            raise ExpressionError("Too many conditions are inside each other.", _position(tree))
        before, self.at = self.at, at
        self.inside += 1
        code = self.code(_tree(tree.children[0]))
        self.inside -= 1
        self.at = before
        if code.kind == "number":
            number = code.number()
            return (lambda scope: number(scope) == scope.position), code.reads
        return code.truth(), code.reads

    def _nothing(self, at: Standpoint, words: list[str], tree: Tree[Token]) -> Code:
        bare = len(words) == 1
        if bare and self.lenient:
            self.unknown.add(words[0])
            return literal("")
        raise ExpressionError(self._missing(_resolved(at.path, words), words), _position(tree))

    def _missing(self, path: str, words: list[str]) -> str:
        known = self.shape.leaves
        if len(words) == 1:
            name = words[0]
            if any(one.endswith(f"/{name}") for one in known):
                return f"{name} is written without ${{}}: write ${{{name}}}."
            return f"There is no node {name}: write a text in quotes, '{name}'."
        near = get_close_matches(path, list(known), n=1)
        hint = f" Is {near[0]} meant?" if near else ""
        return f"There is no node {path}.{hint}"

    def _items(self, found: paths.Items, steps: list[Tree[Token] | Token]) -> Code:
        """What these steps find in a list."""
        reads: set[str] = set()
        for step in steps:
            if isinstance(step, Token):
                found = paths.items_below(found)
                continue
            kind, name, conditions = _parts(step)
            if kind == "up":
                found = paths.items_up(found)
            elif kind == "attribute":
                found = paths.attributes(found, name)
            elif kind == "down":
                indexed = self._indexed(found, name, conditions[:1])
                if indexed is not None:
                    found, read = indexed
                    reads |= read
                    conditions = conditions[1:]
                else:
                    found = paths.items_down(found, name)
            for condition in conditions:
                keep, read = self._condition(condition, self._in_list())
                reads |= read
                found = paths.items_only(found, keep)
        return paths.code_of_items(found, frozenset(reads))

    def _in_list(self) -> Standpoint:
        return Standpoint(self.at.path, self.at.inner, on_list=True)

    def _indexed(
        self, found: paths.Items, name: str, conditions: list[Tree[Token]]
    ) -> tuple[paths.Items, frozenset[str]] | None:
        """The elements of which a part equals something that is the same for all of them."""
        tree = conditions[0].children[0] if conditions and name != "*" else None
        if not isinstance(tree, Tree) or tree.data != "equality" or len(tree.children) != 3:
            return None
        left, operator, right = tree.children
        if str(operator) != "=" or not isinstance(left, Tree) or not isinstance(right, Tree):
            return None
        for part, other in ((left, right), (right, left)):
            word = _one_name(part)
            if word and not _looks_at_item(other):
                keep, read = self._condition(conditions[0], self._in_list())
                before, self.at = self.at, self._in_list()
                sought = self.code(other)
                self.at = before
                return paths.items_where(found, name, word, sought, keep), read
        return None

    def _union(self, tree: Tree[Token]) -> Code:
        codes = [self.nodes(_tree(child)) for child in tree.children]
        if any(code.nodes is None for code in codes):
            raise ExpressionError("Only paths can be joined with |.", _position(tree))
        return paths.joined(self.shape, codes, _all_reads(codes))

    def _after(self, tree: Tree[Token]) -> Code:
        """Conditions and steps after something that is no path: current(), instance(), ( )."""
        first, *rest = tree.children
        place = _position(first)
        conditions = [one for one in rest if isinstance(one, Tree) and one.data == "predicate"]
        steps = rest[len(conditions) :]
        name = _name_of(first)
        if name == "instance":
            return self._items(paths.document(self._list_named(_tree(first))), steps)
        if name == "current" and not conditions:
            return self._tracks(self.origin, steps, tree, absolute=False)
        code = self.nodes(_tree(first))
        if code.nodes is None or steps:
            named = f"{name}()" if name else "a value"
            raise ExpressionError(f"A path after {named} is not supported.", place)
        return self._sieved(code, conditions)

    def _sieved(self, code: Code, conditions: list[Tree[Token]]) -> Code:
        """The nodes of ( … ) for which conditions hold."""
        nodes, reads = code.nodes, set(code.reads)
        for condition in conditions:
            keep, read = self._condition(condition, Standpoint(code.path, inner=True))
            reads |= read
            nodes = _kept(nodes, keep)
        return Code(
            "any", _first(nodes, code), frozenset(reads), path=code.path, nodes=nodes, many=True,
            value_at=code.value_at,
        )  # fmt: skip

    def _list_named(self, call: Tree[Token]) -> str:
        arguments = call.children[1:]
        if len(arguments) != 1 or _tree(arguments[0]).data != "text":
            raise ExpressionError("instance() takes the name of a list in quotes.", _position(call))
        name = str(_tree(arguments[0]).children[0])[1:-1]
        if name not in self.shape.lists:
            near = get_close_matches(name, list(self.shape.lists), n=1)
            hint = f" Is {near[0]} meant?" if near else ""
            raise ExpressionError(f"There is no list {name}.{hint}", _position(call))
        return name

    # Functions --------------------------------------------------------------------------------

    def _call(self, tree: Tree[Token]) -> Code:
        token, *given = tree.children
        name, place = str(token), _position(token)
        special = getattr(self, f"_call_{name.replace('-', '_').replace(':', '_')}", None)
        if special is not None:
            made: Code = special([_tree(child) for child in given], place)
            return made
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(_no_function(name), place)
        compile_one = self.nodes if function.of_nodes else self.code
        arguments = tuple(compile_one(_tree(child)) for child in given)
        if name in _OF_HERE and not arguments:
            arguments = (self._here(place),)
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

    def _here(self, place: int) -> Code:
        """The node that it stands at."""
        if self.at.on_list:
            return paths.code_of_items(paths.at_hand, frozenset())
        track = paths.start(self.shape, self.at, absolute=False)
        return paths.code_of(self.shape, self.at, [track], frozenset())

    def _call_current(self, given: list[Tree[Token]], place: int) -> Code:
        if given:
            raise ExpressionError("current() takes no arguments.", place)
        track = paths.start(self.shape, self.origin, absolute=False)
        return paths.code_of(self.shape, self.origin, [track], frozenset())

    def _call_instance(self, given: list[Tree[Token]], place: int) -> Code:
        raise ExpressionError("Write a path after instance('list'), as /root/item.", place)

    def _call_position(self, given: list[Tree[Token]], place: int) -> Code:
        if len(given) > 1:
            raise ExpressionError("position() takes no or 1 argument.", place)
        if not given:
            if self.inside:
                return Code("number", lambda scope: float(scope.position))
            return self._position_of(self._here(place))
        code = self.nodes(given[0])
        if code.nodes is None:
            raise ExpressionError("position() takes a path, like position(..).", place)
        return self._position_of(code)

    def _position_of(self, code: Code) -> Code:
        nodes, repeats = code.nodes, self.shape.repeats

        def run(scope: Scope) -> float:
            found = nodes(scope) if nodes is not None else []
            if not found:
                return 0.0
            node = found[0]
            if isinstance(node, Spot):
                return float(node.places[-1]) if node.path in repeats else 1.0
            beside = node.parent.named(node.name) if node.parent is not None else [node]
            return float(beside.index(node) + 1)

        return Code("number", run, code.reads)

    def _call_last(self, given: list[Tree[Token]], place: int) -> Code:
        if given or not self.inside:
            raise ExpressionError("last() stands in a condition in [ ], without arguments.", place)
        return Code("number", lambda scope: float(scope.size))

    def _call_indexed_repeat(self, given: list[Tree[Token]], place: int) -> Code:
        """indexed-repeat(node, repeat, place, …): a node of a certain instance of each repeat."""
        if len(given) < 3 or len(given) % 2 == 0:
            wanted = "a question and then pairs of a repeat and a number"
            raise ExpressionError(f"indexed-repeat() takes {wanted}.", place)
        target = self.nodes(given[0])
        chain = self.shape.chains.get(target.path, ())
        if target.nodes is None or not target.path:
            raise ExpressionError("indexed-repeat(): the first argument must be a path.", place)
        wanted_at: dict[int, Callable[[Scope], float]] = {}
        reads = {target.path}
        for tree, number in zip(given[1::2], given[2::2], strict=True):
            repeat = self.nodes(tree)
            if repeat.path not in chain:
                told = "must be a repeat around the question"
                raise ExpressionError(f"indexed-repeat(): {repeat.path or 'it'} {told}.", place)
            index = self.code(number)
            reads |= index.reads | {repeat.path}
            wanted_at[chain.index(repeat.path)] = index.number()
        path, shape, at = target.path, self.shape, self.at
        own = shape.chains.get(at.path, ())
        shared = sum(one == other for one, other in zip(own, chain, strict=False))
        places = at.places()

        def nodes(scope: Scope) -> list[Node]:
            found: list[Places] = [()]
            for depth, repeat in enumerate(chain):
                if depth in wanted_at:
                    index = wanted_at[depth](scope)
                    here = max(int(index), 1) if index == index else 1  # noqa: PLR0124 (NaN)
                    found = [(*one, here) for one in found if here <= scope.count(repeat, one)]
                elif depth < shared:
                    found = [(*one, places(scope)[depth]) for one in found]
                else:
                    found = [
                        (*one, each)
                        for one in found
                        for each in range(1, scope.count(repeat, one) + 1)
                    ]
            return [Spot(path, one) for one in found if scope.relevant(path, one)]

        value_at = target.value_at
        code = Code("any", lambda scope: "", frozenset(reads), nodes=nodes, value_at=value_at)
        return Code(
            "any", _first(nodes, code), frozenset(reads), nodes=nodes, many=True, value_at=value_at
        )

    def _call_pulldata(self, given: list[Tree[Token]], place: int) -> Code:
        """pulldata(list, column, key column, key): what stands in the row with this key."""
        if len(given) != 4:
            raise ExpressionError(
                "pulldata() takes a list, a column, the column of the key, and the key.", place
            )
        codes = [self.code(one) for one in given]
        name = codes[0].constant
        if not isinstance(name, str):
            raise ExpressionError("pulldata(): the list must be a name in quotes.", place)
        if name not in self.shape.lists:
            raise ExpressionError(f"There is no list {name}.", place)
        column, by, key = (code.text() for code in codes[1:])

        def run(scope: Scope) -> str:
            document = scope.list(name)
            for root in document.children if document is not None else ():
                for row in root.where("item", by(scope), key(scope)):
                    return row.part(column(scope))
            return ""

        return Code("text", run, _all_reads(codes))

    def _call_randomize(self, given: list[Tree[Token]], place: int) -> Code:
        if not 1 <= len(given) <= 2:
            raise ExpressionError("randomize() takes nodes and a seed.", place)
        code = self.nodes(given[0])
        finder = code.nodes
        if finder is None:
            raise ExpressionError("randomize() takes a path.", place)
        seed = self.code(given[1]).text() if len(given) == 2 else None

        def nodes(scope: Scope) -> list[Node]:
            by = scope.random() * 2**31 if seed is None else shuffling_seed(seed(scope))
            return shuffle(finder(scope), by)

        return Code(
            "any", _first(nodes, code), code.reads, nodes=nodes, many=True, value_at=code.value_at
        )

    def _call_jr_choice_name(self, given: list[Tree[Token]], place: int) -> Code:
        if len(given) != 2:
            raise ExpressionError("jr:choice-name() takes a value and a question in quotes.", place)
        value, told = self.code(given[0]), self.code(given[1])
        if not isinstance(told.constant, str):
            raise ExpressionError(
                "jr:choice-name(): the second argument must be the question in quotes, '${name}'.",
                place,
            )
        tree = parse(told.constant)
        if tree.data not in ("path", "after"):
            raise ExpressionError("jr:choice-name(): the second argument must be a path.", place)
        target = self.nodes(tree)
        path, sought, places = target.path, value.text(), self.at.places()
        depth = len(self.shape.chains.get(path, ()))
        return Code(
            "text",
            lambda scope: scope.choice_label(path, places(scope)[:depth], sought(scope)),
            value.reads,
        )

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


def _first(nodes: Found | None, code: Code) -> Callable[[Scope], str | float | bool]:
    """The value of the first node found, "" where there is none."""
    value_at = code.value_at

    def run(scope: Scope) -> str | float | bool:
        found = nodes(scope) if nodes is not None else []
        return value_at(scope, found[0]) if found and value_at is not None else ""

    return run


def _kept(nodes: Found | None, keep: Keep) -> Found:
    def found(scope: Scope) -> list[Node]:
        every = nodes(scope) if nodes is not None else []
        outer = scope.inner, scope.item, scope.position, scope.size
        scope.size = len(every)
        kept: list[Node] = []
        for place, node in enumerate(every, start=1):
            if isinstance(node, Spot):
                scope.inner = node.places
            else:
                scope.item = node
            scope.position = place
            if keep(scope):
                kept.append(node)
        scope.inner, scope.item, scope.position, scope.size = outer
        return kept

    return found


def _parts(step: Tree[Token]) -> tuple[str, str, list[Tree[Token]]]:
    """A step of a path: up, down, stay or attribute; the name; its conditions."""
    tokens = [child for child in step.children if isinstance(child, Token)]
    conditions = [child for child in step.children if isinstance(child, Tree)]
    last = tokens[-1]
    name = str(last).rpartition(":")[2]
    if tokens[0].type == "ATTRIBUTE":
        return "attribute", name, conditions
    if last.type in ("DOTS", "PARENT"):
        return "up", "..", conditions
    if last.type in ("DOT", "SELF"):
        return "stay", ".", conditions
    return "down", name, conditions


def _resolved(here: str, words: list[str]) -> str:
    """The absolute path of these steps."""
    at = [] if words[:1] == [""] else here.split("/")[1:]
    for word in words:
        if word == "..":
            del at[-1:]
        elif word not in ("", "."):
            at.append(word)
    return "/" + "/".join(at)


def _one_name(tree: Tree[Token]) -> str:
    """The name where a tree is a path of just one name, else ""."""
    if tree.data != "path" or len(tree.children) != 1 or isinstance(tree.children[0], Token):
        return ""
    kind, name, conditions = _parts(tree.children[0])
    return name if kind == "down" and name != "*" and not conditions else ""


def _looks_at_item(tree: Tree[Token]) -> bool:
    """Whether a part of a condition can differ from element to element of a list."""
    if tree.data == "path" and not isinstance(tree.children[0], Token):
        return True
    if tree.data == "call" and str(tree.children[0]) in (
        "position", "last", "random", "uuid", "once", *_OF_HERE,
    ):  # fmt: skip
        return True
    return any(_looks_at_item(child) for child in tree.children if isinstance(child, Tree))


def _list_and_steps(tree: Tree[Token]) -> tuple[str, tuple[str, ...], bool]:
    """Of instance('id')/root/item[…]: the id, the names of the steps, whether there is a condition
    in them; "" where a tree is no such thing."""
    if tree.data != "after" or _name_of(tree.children[0]) != "instance":
        return "", (), False
    call, *steps = tree.children
    arguments = _tree(call).children[1:]
    if len(arguments) != 1 or _tree(arguments[0]).data != "text":
        return "", (), False
    parts = [_parts(step) for step in steps if isinstance(step, Tree) and step.data == "step"]
    names = tuple(name for _, name, _ in parts)
    plain = len(parts) == len(steps) and all(kind == "down" for kind, *_ in parts)
    conditioned = not plain or any(conditions for *_, conditions in parts)
    return str(_tree(arguments[0]).children[0])[1:-1], names, conditioned


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
