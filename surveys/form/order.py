"""In which order a form is settled: every expression after what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from surveys.form.model import Group, Node, Question


class Cycle(ValueError):  # noqa: N818 - what it is, not what it does
    """Nodes that need each other's values."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__("a cycle of expressions")
        self.paths = paths


def evaluation_order(root: Group) -> tuple[str, ...]:
    """The paths of all nodes below `root`, each after its group and after all that it reads.

    A node's own value is not something it waits for: constraints and `once()` look at it. Raises
    `Cycle` with the paths of one circle, the first named again at its end.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node, around in _walk(root, ()):
        sorter.add(node.path, *around, *(_needed(node) - {node.path}))
    try:
        known = {node.path for node, _ in _walk(root, ())}
        return tuple(path for path in sorter.static_order() if path in known)
    except CycleError as error:
        raise Cycle(tuple(reversed(error.args[1]))) from None


def _needed(node: Node) -> set[str]:
    reads = set(node.relevant.reads) if node.relevant is not None else set()
    if isinstance(node, Question) and node.calculation is not None:
        reads |= node.calculation.reads
    return reads


def _walk(group: Group, around: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    for child in group.children:
        yield child, around
        if isinstance(child, Group):
            yield from _walk(child, (*around, child.path))
