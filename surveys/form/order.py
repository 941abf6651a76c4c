"""The order in which the nodes of a form are settled."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping


class CircleError(Exception):
    """Nodes that wait for each other."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(" → ".join(paths))
        self.paths = paths
        """Each reads the one after it, the last the first."""


def in_order(reads: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The nodes, each after those that it reads, otherwise in the order given.

    Raises `CircleError`, naming one circle, where there is no such order.
    """
    places = {path: place for place, path in enumerate(reads)}
    paths = tuple(reads)
    waits = {path: len(set(read)) for path, read in reads.items()}
    readers: dict[str, list[str]] = {}
    for path, read in reads.items():
        for one in set(read):
            readers.setdefault(one, []).append(path)
    ready = [places[path] for path, count in waits.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        path = paths[heapq.heappop(ready)]
        ordered.append(path)
        for reader in readers.get(path, ()):
            waits[reader] -= 1
            if waits[reader] == 0:
                heapq.heappush(ready, places[reader])
    if len(ordered) < len(paths):
        raise CircleError(_circle(reads, {path for path in paths if waits[path] > 0}))
    return tuple(ordered)


def _circle(reads: Mapping[str, Collection[str]], stuck: set[str]) -> tuple[str, ...]:
    """A circle among nodes each of which reads another of them."""
    path = next(one for one in reads if one in stuck)
    way: list[str] = []
    while path not in way:
        way.append(path)
        path = next(one for one in reads[path] if one in stuck)
    return tuple(way[way.index(path) :])
