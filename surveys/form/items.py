"""Secondary instances, choice lists and what files brought: trees to look things up in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Item:
    """One element of a secondary instance, with its text, its attributes and what is inside it.

    Built once when a form is loaded and never changed afterwards; two are equal if they are one.
    """

    name: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Item] = field(default_factory=list)
    parent: Item | None = field(default=None, repr=False)
    _indexes: dict[tuple[str, str], dict[str, list[Item]]] = field(default_factory=dict, repr=False)

    def add(self, child: Item) -> Item:
        """One more element inside this one; the child."""
        child.parent = self
        self.children.append(child)
        return child

    def named(self, name: str) -> list[Item]:
        """The elements of this name directly inside, in order; "*": all."""
        if name == "*":
            return list(self.children)
        return [child for child in self.children if child.name == name]

    def part(self, name: str) -> str:
        """The text of the first element of this name directly inside, "" where there is none."""
        for child in self.children:
            if child.name == name:
                return child.text
        return ""

    def where(self, name: str, part: str, value: str) -> list[Item]:
        """The elements of this name of which the part `part` has just this text: by an index that
        is made at the first call."""
        index = self._indexes.get((name, part))
        if index is None:
            index = self._indexes[name, part] = {}
            for child in self.children:
                if child.name == name:
                    for text in {one.text for one in child.children if one.name == part}:
                        index.setdefault(text, []).append(child)
        return index.get(value, [])

    def walk(self) -> Iterator[Item]:
        """This element and all inside it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()
