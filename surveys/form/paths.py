"""Paths of an expression: which nodes they find, from where they stand.

As JavaRosa does it: an absolute path, and a relative one as far as it does not first go up past it,
means the same instance of each repeat as the node whose expression it stands in; any other repeat
is all its instances. A path without conditions to a node of which there is one is a plain look-up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from operator import methodcaller
from typing import TypeVar

from surveys.form.items import Item
from surveys.form.shape import Places, Shape
from surveys.form.values import Code, Found, Node, Scope, Spot, Value, number_of_text

Keep = Callable[[Scope], bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where an expression, or a condition in it, stands."""

    path: str
    """Of the node of the form; of a condition on a list: of the node whose expression it is in."""
    inner: bool = False
    """Whether this is a condition on nodes of the form: `scope.inner`, not `scope.places`."""
    on_list: bool = False
    """Whether this is a condition on elements of a list: relative paths start at `scope.item`."""

    def places(self) -> Callable[[Scope], Places]:
        """What gives the places of the node that it stands at."""
        return _inner_of if self.inner else _places_of


def _places_of(scope: Scope) -> Places:
    return scope.places


def _inner_of(scope: Scope) -> Places:
    return scope.inner


# Nodes of the form ----------------------------------------------------------------------------

Tuples = Callable[[Scope], list[Places]]


@dataclass(frozen=True, slots=True)
class Track:
    """How far a path has come among the nodes of the form."""

    path: str
    """Where it is; "" above the root."""
    aligned: bool
    """Whether each step so far went where the node stands that the path starts from."""
    found: Tuples | None
    """The places of all nodes found; None: one, with the first of the places it starts from."""


def start(shape: Shape, at: Standpoint, *, absolute: bool) -> Track:
    """Above the root, or at the node itself."""
    return Track("" if absolute else at.path, absolute, None)


def up(shape: Shape, track: Track) -> Track:
    """To the parent."""
    above = track.path.rpartition("/")[0]
    found = track.found
    if found is not None and track.path in shape.repeats:
        inside = found

        def outer(scope: Scope) -> list[Places]:
            return list(dict.fromkeys(places[:-1] for places in inside(scope)))

        found = outer
    return Track(above, aligned=False, found=found)


def down(
    shape: Shape, at: Standpoint, track: Track, name: str, *, free: bool = False
) -> list[Track]:
    """To the children of this name ("*": all). `free`: all instances even where it stands in one,
    because a condition is to choose among them."""
    inside = shape.children.get(track.path, ())
    wanted = inside if name == "*" else (f"{track.path}/{name}",)
    return [_into(shape, at, track, path, free) for path in wanted if path in inside]


def _into(shape: Shape, at: Standpoint, track: Track, path: str, free: bool) -> Track:
    on_the_way = f"{at.path}/".startswith(f"{path}/")
    aligned = track.aligned and on_the_way
    if path not in shape.repeats:
        return Track(path, aligned, track.found)
    depth = len(shape.chains[path]) - 1
    places, before = at.places(), track.found
    if aligned and not free:
        if before is None:
            return Track(path, aligned, None)

        def same(scope: Scope) -> list[Places]:
            own = places(scope)[depth]
            return [(*one, own) for one in before(scope) if scope.count(path, one) >= own]

        return Track(path, aligned, same)
    if before is None:

        def each(scope: Scope) -> list[Places]:
            outer = places(scope)[:depth]
            return [(*outer, place) for place in range(1, scope.count(path, outer) + 1)]

        return Track(path, aligned, found=each)

    def every(scope: Scope) -> list[Places]:
        return [
            (*one, place) for one in before(scope) for place in range(1, scope.count(path, one) + 1)
        ]

    return Track(path, aligned, found=every)


def sieved(scope: Scope, every: list[T], keep: Keep, look: Callable[[Scope, T], None]) -> list[T]:
    """Those for which a condition holds, each looked at with its position among all of them."""
    outer = scope.inner, scope.item, scope.position, scope.size
    found: list[T] = []
    scope.size = len(every)
    for place, one in enumerate(every, start=1):
        look(scope, one)
        scope.position = place
        if keep(scope):
            found.append(one)
    scope.inner, scope.item, scope.position, scope.size = outer
    return found


def only(shape: Shape, at: Standpoint, track: Track, keep: Keep) -> Track:
    """Those nodes of a track for which a condition holds, each looked at with its position."""
    before, depth, places = track.found, len(shape.chains[track.path]), at.places()

    def look(scope: Scope, one: Places) -> None:
        scope.inner = one

    def kept(scope: Scope) -> list[Places]:
        every = [places(scope)[:depth]] if before is None else before(scope)
        return sieved(scope, every, keep, look)

    return Track(track.path, track.aligned, kept)


def code_of(shape: Shape, at: Standpoint, tracks: list[Track], reads: frozenset[str]) -> Code:
    """The code of what these tracks have found."""
    reads = reads.union(*(_read(shape, track) for track in tracks))
    if len(tracks) == 1 and tracks[0].found is None:
        return _single(shape, at, tracks[0].path, reads)
    finders = [_finder(shape, at, track) for track in tracks]

    def nodes(scope: Scope) -> list[Node]:
        return [node for finder in finders for node in finder(scope)]

    if len(finders) == 1:
        nodes = finders[0]  # type: ignore[assignment]
    path = tracks[0].path if len(tracks) == 1 else ""
    return _many(nodes, _value_at(shape), reads, path)


def _read(shape: Shape, track: Track) -> frozenset[str]:
    """The node itself, and the repeats of which it takes all instances."""
    repeats = shape.chains.get(track.path, ()) if track.found is not None else ()
    return frozenset((track.path, *repeats)) if track.path else frozenset()


def _single(shape: Shape, at: Standpoint, path: str, reads: frozenset[str]) -> Code:
    depth, places = len(shape.chains.get(path, ())), at.places()
    kind = shape.types.get(path)

    def nodes(scope: Scope) -> list[Node]:
        own = places(scope)[:depth]
        return [Spot(path, own)] if scope.relevant(path, own) else []

    # Most of what is computed is this: no frame of its own.
    text: Callable[[Scope], str] = methodcaller("value", path)

    def text_in_repeat(scope: Scope) -> str:
        return scope.value(path, scope.places[:depth])

    def text_inside(scope: Scope) -> str:
        return scope.value(path, scope.inner[:depth])

    plain = text if not depth else text_inside if at.inner else text_in_repeat
    if kind in (None, "text"):
        return Code("text", plain, reads, path=path, nodes=nodes, value_at=_value_at(shape))
    run = _typed(plain, _number_or_text if kind == "number" else _truth_or_text)
    return Code("any", run, reads, path=path, nodes=nodes, value_at=_value_at(shape))


def _typed(text: Callable[[Scope], str], of: Callable[[str], Value]) -> Callable[[Scope], Value]:
    return lambda scope: of(text(scope))


def _number_or_text(told: str) -> Value:
    number = number_of_text(told)
    return told if isnan(number) else number


def _truth_or_text(told: str) -> Value:
    return {"1": True, "0": False, "true": True, "false": False}.get(told, told)


def _finder(shape: Shape, at: Standpoint, track: Track) -> Callable[[Scope], list[Node]]:
    path, found, places = track.path, track.found, at.places()
    depth = len(shape.chains.get(path, ()))

    def nodes(scope: Scope) -> list[Node]:
        every = [places(scope)[:depth]] if found is None else found(scope)
        return [Spot(path, one) for one in every if scope.relevant(path, one)]

    return nodes


def _value_at(shape: Shape) -> Callable[[Scope, Node], Value]:
    read = {
        path: _number_or_text if kind == "number" else _truth_or_text
        for path, kind in shape.types.items()
        if kind != "text"
    }

    def value(scope: Scope, node: Node) -> Value:
        if isinstance(node, Item):
            return node.text
        told = scope.value(node.path, node.places)
        return read[node.path](told) if node.path in read else told

    return value


def _many(
    nodes: Found, value_at: Callable[[Scope, Node], Value], reads: frozenset[str], path: str = ""
) -> Code:
    def run(scope: Scope) -> Value:
        found = nodes(scope)
        return value_at(scope, found[0]) if found else ""

    return Code("any", run, reads, path=path, nodes=nodes, many=True, value_at=value_at)


def joined(shape: Shape, codes: list[Code], reads: frozenset[str]) -> Code:
    """The nodes of several paths together, each once."""
    finders = [code.nodes for code in codes if code.nodes is not None]

    def nodes(scope: Scope) -> list[Node]:
        return list(dict.fromkeys(node for finder in finders for node in finder(scope)))

    return _many(nodes, _value_at(shape), reads)


# Elements of lists ----------------------------------------------------------------------------

Items = Callable[[Scope], list[Item]]


def document(name: str) -> Items:
    """The document of a secondary instance."""

    def found(scope: Scope) -> list[Item]:
        one = scope.list(name)
        return [] if one is None else [one]

    return found


def at_hand(scope: Scope) -> list[Item]:
    """The element that a condition looks at."""
    return [scope.item]


def items_up(before: Items) -> Items:
    """To the parents."""

    def found(scope: Scope) -> list[Item]:
        return list(dict.fromkeys(item.parent for item in before(scope) if item.parent is not None))

    return found


def items_down(before: Items, name: str) -> Items:
    """To the elements of this name inside."""
    return lambda scope: [child for item in before(scope) for child in item.named(name)]


def items_below(before: Items) -> Items:
    """To all elements inside, however deep, and themselves."""
    return lambda scope: [one for item in before(scope) for one in item.walk()]


def attributes(before: Items, name: str) -> Items:
    """To the attributes of this name, as elements without anything inside."""

    def found(scope: Scope) -> list[Item]:
        return [
            Item(name, item.attributes[name], parent=item)
            for item in before(scope)
            if name in item.attributes
        ]

    return found


def items_only(before: Items, keep: Keep) -> Items:
    """Those elements for which a condition holds."""

    def found(scope: Scope) -> list[Item]:
        return sieved(scope, before(scope), keep, _look_at)

    return found


def _look_at(scope: Scope, one: Item) -> None:
    scope.item = one


def items_where(before: Items, name: str, part: str, sought: Code, keep: Keep) -> Items:
    """Those elements named `name` inside whose part is what `sought` gives: by an index where that
    is a text (of thousands of rows one is looked for, again and again)."""
    wanted = sought.run

    def found(scope: Scope) -> list[Item]:
        value = wanted(scope)
        if isinstance(value, str) and value:
            return [one for item in before(scope) for one in item.where(name, part, value)]
        every = [child for item in before(scope) for child in item.named(name)]
        return sieved(scope, every, keep, _look_at)

    return found


def code_of_items(items: Items, reads: frozenset[str]) -> Code:
    """The code of what was found in a list."""

    def value_at(scope: Scope, node: Node) -> Value:
        return node.text if isinstance(node, Item) else scope.value(node.path, node.places)

    return _many(items, value_at, reads)  # type: ignore[arg-type]
