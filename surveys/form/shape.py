"""What an expression can know of its form: which nodes there are, and which of them repeat."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

DataType = Literal["text", "number", "truth"]
"""What a node's value is in an expression: a number, or a truth kept as 1 or 0, as soon as it is
not blank."""

Places = tuple[int, ...]
"""Which instance of each repeat around a node is meant, outermost first, from 1."""


@dataclass(frozen=True)
class Shape:
    """The nodes of a form by their abstract paths ("/data/person/name")."""

    leaves: Collection[str]
    """The paths of the nodes that have a value, in the order of the document."""
    repeats: Collection[str] = ()
    types: Mapping[str, DataType] = field(default_factory=dict)
    """Of the nodes whose values are no texts: "3" and "3.0" are the same number."""
    lists: Collection[str] = ()
    """The ids of the secondary instances."""
    groups: Collection[str] = ()
    """Those without a node inside; others are seen from their leaves."""

    @cached_property
    def chains(self) -> Mapping[str, tuple[str, ...]]:
        """The repeats around every node, groups included, outermost first, itself if it is one."""
        found: dict[str, tuple[str, ...]] = {"": ()}

        def chain(path: str) -> tuple[str, ...]:
            known = found.get(path)
            if known is None:
                known = chain(path.rpartition("/")[0])
                found[path] = known = (*known, path) if path in self.repeats else known
            return known

        for path in (*self.leaves, *self.groups, *self.repeats):
            chain(path)
        return found

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes directly inside each, in the order of the document."""
        inside: dict[str, list[str]] = {path: [] for path in self.chains}
        for path in self.chains:
            if path:
                inside[path.rpartition("/")[0]].append(path)
        return {path: tuple(paths) for path, paths in inside.items()}


def key_of(path: str, chain: tuple[str, ...]) -> Callable[[Places], str]:
    """What makes the path of one node of its abstract path and its places.

    >>> key_of("/data/person/name", ("/data/person",))((2,))
    '/data/person[2]/name'
    """
    if not chain:
        return lambda places: path
    cuts = [0, *(len(repeat) for repeat in chain), len(path)]
    first, *others = [path[start:end] for start, end in pairwise(cuts)]
    if len(others) == 1:
        last = others[0]
        return lambda places: f"{first}[{places[0]}]{last}"

    if len(others) == 2:
        middle, last = others
        return lambda places: f"{first}[{places[0]}]{middle}[{places[1]}]{last}"

    def key(places: Places) -> str:
        return first + "".join(
            f"[{place}]{part}" for place, part in zip(places, others, strict=False)
        )

    return key
