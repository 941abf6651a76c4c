"""Compiling the functions that look at nodes themselves, not only at their values."""

from __future__ import annotations

from collections.abc import Callable

from lark import Token, Tree

from surveys.form import paths
from surveys.form.finding import Finding, first_of
from surveys.form.grammar import ExpressionError, parse
from surveys.form.shape import Places
from surveys.form.shuffling import shuffle, shuffling_seed
from surveys.form.trees import all_reads
from surveys.form.values import Code, Node, Scope, Spot


class LookingUp(Finding):
    """The same with current(), position(), indexed-repeat(), pulldata() and their like."""

    def here_itself(self, place: int) -> Code:
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
            return self._position_of(self.here_itself(place))
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

        return Code(
            "any", first_of(nodes, target), frozenset(reads), nodes=nodes, many=True,
            value_at=target.value_at,
        )  # fmt: skip

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

        return Code("text", run, all_reads(codes))

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
            "any", first_of(nodes, code), code.reads, nodes=nodes, many=True, value_at=code.value_at
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
