"""What an XForm has where: its nodes, with the bind and the control of each, and its lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from surveys.form import problems
from surveys.form.problems import Problem

MOST_NESTED = 50

_TEMPLATE = "{http://openrosa.org/javarosa}template"
_CONTROLS = frozenset(
    {"input", "select1", "select", "upload", "range", "rank", "trigger", "secret"}
)
_ACTIONS = frozenset({"setvalue", "setgeopoint", "recordaudio"})
_FIRST_LOAD = frozenset({"odk-instance-first-load", "xforms-ready"})


@dataclass
class Place:
    """A node of the primary instance, and what was found for it elsewhere."""

    path: str
    name: str
    element: Element
    parent: str
    bind: Mapping[str, str] = field(default_factory=dict)
    control: Element | None = None
    kind: str = ""
    """The name of its control: "input", "group"…"""
    at_first: str = ""
    """The expression of its value when an interview begins."""

    @property
    def type(self) -> str:
        """Its data type, "" where the form gives none."""
        return self.bind.get("type", "").rpartition(":")[2]


@dataclass
class Outline:
    """One XForm taken apart."""

    root: str
    places: Mapping[str, Place]
    """By path, in the order of the instance."""
    children: Mapping[str, list[str]]
    """The paths inside each group, in the order in which they are shown."""
    lists: Mapping[str, list[dict[str, str]]]
    """The items of each secondary instance, part by part."""
    problems: list[Problem]


def local(element: Element) -> str:
    """The name of an element without its namespace; "" of a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def outline_of(model: Element, body: Element, primary: Element) -> Outline:
    """Take an XForm apart; what is wrong is in its `problems`."""
    reading = _Reading(model)
    root = f"/{local(primary)}"
    reading.nodes(primary, root, "", 0)
    reading.secondary(primary)
    reading.binds(root)
    reading.controls(body, root, 0)
    reading.actions(body, root)
    return Outline(root, reading.places, reading.in_order(), reading.lists, reading.problems)


class _Reading:
    def __init__(self, model: Element) -> None:
        self.model = model
        self.places: dict[str, Place] = {}
        self.children: dict[str, list[str]] = {}
        self.lists: dict[str, list[dict[str, str]]] = {}
        self.problems: list[Problem] = []
        self.cut = False
        self.shown: dict[str, None] = {}
        self.bound = {
            bind.get("id", ""): bind.get("nodeset", "") for bind in model.iterfind("{*}bind[@id]")
        }

    def nodes(self, element: Element, path: str, parent: str, depth: int) -> None:
        if depth > MOST_NESTED:
            self.too_deep(path)
            return
        self.places[path] = Place(path, local(element), element, parent)
        inner = [child for child in element if local(child)]
        if inner or not parent:
            self.children[path] = []
        for child in inner:
            below = f"{path}/{local(child)}"
            if below in self.places:
                # A repeat stands in the instance twice, as template and as first one.
                if _TEMPLATE not in self.places[below].element.attrib:
                    self.problems.append(problems.twice(below))
                continue
            self.children[path].append(below)
            self.nodes(child, below, path, depth + 1)

    def too_deep(self, path: str) -> None:
        """Once: what is not read any more would be a problem for each that names it."""
        if not self.cut:
            self.problems.append(problems.too_deep(path, MOST_NESTED))
        self.cut = True

    def secondary(self, primary: Element) -> None:
        for instance in self.model.iterfind("{*}instance"):
            name, source = instance.get("id", ""), instance.get("src")
            if source is not None:
                self.problems.append(problems.not_supported(name, f"a list from a file ({source})"))
            elif name and instance.find("*") is not primary:
                self.lists[name] = [
                    {local(part): (part.text or "").strip() for part in item}
                    for item in instance.iterfind("*/{*}item")
                ]

    def binds(self, root: str) -> None:
        for bind in self.model.iterfind("{*}bind"):
            place = self.place(bind.get("nodeset", ""), root)
            if place is not None:
                place.bind = bind.attrib

    def place(self, reference: str, above: str) -> Place | None:
        """The node that a reference names; None, and a problem, where there is none."""
        steps = [step.rpartition(":")[2] for step in reference.strip().split("/")]
        path = "/".join(steps) if not steps[0] else f"{above}/{'/'.join(steps)}"
        found = self.places.get(path)
        if found is None and not self.cut:
            self.problems.append(
                problems.not_supported(reference, "an entity")
                if "@" in path
                else problems.bind_without_node(reference or above)
            )
        return found

    def controls(self, element: Element, above: str, depth: int) -> None:
        if depth > MOST_NESTED:
            self.too_deep(above)
            return
        for child in element:
            kind = local(child)
            if kind == "repeat":
                node = child.get("nodeset", above)
                self.problems.append(problems.not_supported(node, "a repeat"))
            elif kind == "group" or kind in _CONTROLS:
                reference = child.get("ref") or self.bound.get(child.get("bind", ""), "")
                place = self.place(reference, above) if reference or kind != "group" else None
                if place is not None:
                    place.control, place.kind = child, kind
                    self.show(place.path)
                if kind == "group":
                    if place is not None:
                        self.children.setdefault(place.path, [])
                    self.controls(child, above if place is None else place.path, depth + 1)

    def show(self, path: str) -> None:
        while path and path not in self.shown:
            self.shown[path] = None
            path = self.places[path].parent

    def actions(self, body: Element, root: str) -> None:
        for element in (*self.model.iter(), *body.iter()):
            kind = local(element)
            place = self.place(element.get("ref", ""), root) if kind in _ACTIONS else None
            if place is None:
                continue
            events = element.get("event", "").split()
            if kind == "setvalue" and events and _FIRST_LOAD.issuperset(events):
                place.at_first = element.get("value") or _quoted(element.text or "")
            else:
                self.problems.append(
                    problems.not_supported(place.path, f"{kind} on {' '.join(events) or 'nothing'}")
                )

    def in_order(self) -> dict[str, list[str]]:
        """Nodes with a control stand as in the body, others stay where they are."""
        rank = {path: place for place, path in enumerate(self.shown)}
        ordered = {}
        for group, paths in self.children.items():
            shown = iter(sorted((path for path in paths if path in rank), key=rank.__getitem__))
            ordered[group] = [next(shown) if path in rank else path for path in paths]
        return ordered


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
