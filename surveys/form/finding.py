"""Compiling paths: from the tree of a path to what finds its nodes."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from lark import Token, Tree

from surveys.form import paths
from surveys.form.grammar import ExpressionError
from surveys.form.paths import Keep, Standpoint, Track
from surveys.form.shape import Shape
from surveys.form.trees import (
    all_reads,
    looks_at_item,
    name_of,
    one_name,
    parts_of,
    position_of,
    resolved,
    subtree,
)
from surveys.form.values import Code, Found, Node, Scope, Spot, literal

MOST_NESTED = 100
MOST_CONDITIONS = 20
"""Conditions inside conditions: more is nobody's form."""


class Finding:
    """Makes code of the trees of one expression, so far of its paths."""

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

    def code(self, tree: Tree[Token]) -> Code:
        """What a tree gives as a value."""
        code = self.nodes(tree)
        path = code.path
        if path and path not in self.shape.leaves and not code.many and code.kind == "text":
            if not self.lenient:
                raise ExpressionError(
                    f"{path} is a group: only a question or a calculation has a value.",
                    position_of(tree),
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
            kind, name, conditions = parts_of(step)
            words.append(name)
            if kind == "up":
                if any(not track.path for track in found):
                    raise ExpressionError('".." goes above the form.', position_of(step))
                found = [paths.up(shape, track) for track in found]
            elif kind == "attribute":
                raise ExpressionError("Questions have no attributes.", position_of(step))
            elif kind == "down":
                if name == "*" and conditions:
                    raise ExpressionError(
                        "A condition after * is not supported.", position_of(step)
                    )
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
        if self.inside >= MOST_CONDITIONS:
            raise ExpressionError("Too many conditions are inside each other.", position_of(tree))
        before, self.at = self.at, at
        self.inside += 1
        code = self.nodes(subtree(tree.children[0]))
        self.inside -= 1
        self.at = before
        if code.nodes is not None:
            return self._there(code), code.reads
        if code.kind == "number":
            number = code.number()
            return (lambda scope: number(scope) == scope.position), code.reads
        return code.truth(), code.reads

    def _there(self, code: Code) -> Keep:
        """Whether a path in a condition finds anything: an element, an instance, an answer."""
        nodes, value_at, leaves = code.nodes, code.value_at, self.shape.leaves

        def there(scope: Scope) -> bool:
            return any(
                not isinstance(node, Spot)
                or node.path not in leaves
                or (value_at is not None and value_at(scope, node) != "")
                for node in (nodes(scope) if nodes is not None else ())
            )

        return there

    def _nothing(self, at: Standpoint, words: list[str], tree: Tree[Token]) -> Code:
        if self.lenient:
            self.unknown.add("/".join(words))
            return literal("")
        raise ExpressionError(self._missing(resolved(at.path, words), words), position_of(tree))

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
            kind, name, conditions = parts_of(step)
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
            word = one_name(part)
            if word and not looks_at_item(other):
                keep, read = self._condition(conditions[0], self._in_list())
                before, self.at = self.at, self._in_list()
                sought = self.code(other)
                self.at = before
                return paths.items_where(found, name, word, sought, keep), read
        return None

    def _union(self, tree: Tree[Token]) -> Code:
        codes = [self.nodes(subtree(child)) for child in tree.children]
        if any(code.nodes is None for code in codes):
            raise ExpressionError("Only paths can be joined with |.", position_of(tree))
        return paths.joined(self.shape, codes, all_reads(codes))

    def _after(self, tree: Tree[Token]) -> Code:
        """Conditions and steps after something that is no path: current(), instance(), ( )."""
        first, *rest = tree.children
        place = position_of(first)
        conditions = [one for one in rest if isinstance(one, Tree) and one.data == "predicate"]
        steps = rest[len(conditions) :]
        name = name_of(first)
        if name == "instance":
            return self._items(paths.document(self._list_named(subtree(first))), steps)
        if name == "current" and not conditions:
            return self._tracks(self.origin, steps, tree, absolute=False)
        code = self.nodes(subtree(first))
        if code.nodes is None or steps:
            named = f"{name}()" if name else "a value"
            raise ExpressionError(f"A path after {named} is not supported.", place)
        return self._sieved(code, conditions)

    def _sieved(self, code: Code, conditions: list[Tree[Token]]) -> Code:
        """The nodes of ( … ) for which conditions hold."""
        nodes, reads = code.nodes, set(code.reads)
        if not code.path and conditions:
            raise ExpressionError(
                "A condition after ( ) is not supported here.", position_of(conditions[0])
            )
        for condition in conditions:
            keep, read = self._condition(condition, Standpoint(code.path, inner=True))
            reads |= read
            nodes = kept_of(nodes, keep)
        return Code(
            "any", first_of(nodes, code), frozenset(reads), path=code.path, nodes=nodes, many=True,
            value_at=code.value_at,
        )  # fmt: skip

    def _list_named(self, call: Tree[Token]) -> str:
        arguments = call.children[1:]
        if len(arguments) != 1 or subtree(arguments[0]).data != "text":
            raise ExpressionError(
                "instance() takes the name of a list in quotes.", position_of(call)
            )
        name = str(subtree(arguments[0]).children[0])[1:-1]
        if name not in self.shape.lists:
            near = get_close_matches(name, list(self.shape.lists), n=1)
            hint = f" Is {near[0]} meant?" if near else ""
            raise ExpressionError(f"There is no list {name}.{hint}", position_of(call))
        return name


def first_of(nodes: Found | None, code: Code) -> Callable[[Scope], str | float | bool]:
    """The value of the first node found, "" where there is none."""
    value_at = code.value_at

    def run(scope: Scope) -> str | float | bool:
        found = nodes(scope) if nodes is not None else []
        return value_at(scope, found[0]) if found and value_at is not None else ""

    return run


def kept_of(nodes: Found | None, keep: Keep) -> Found:
    """Those of the nodes for which a condition holds, each looked at with its position."""

    def look(scope: Scope, node: Node) -> None:
        if isinstance(node, Spot):
            scope.inner = node.places
        else:
            scope.item = node

    return lambda scope: paths.sieved(scope, nodes(scope) if nodes is not None else [], keep, look)
