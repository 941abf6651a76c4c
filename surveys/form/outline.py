"""What an XForm has where: its nodes, with the bind and the control of each, and its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from xml.etree.ElementTree import Element

from surveys.form import problems
from surveys.form.items import Item
from surveys.form.list_files import read_list
from surveys.form.model import EventName
from surveys.form.problems import FormError, Problem

MOST_NESTED = 50

_TEMPLATE = "{http://openrosa.org/javarosa}template"
_CONTROLS = frozenset(
    {"input", "select1", "select", "upload", "range", "rank", "trigger", "secret"}
)
_ACTIONS = frozenset({"setvalue", "setgeopoint", "recordaudio"})
_EVENTS: Mapping[str, EventName] = {
    "odk-instance-first-load": "first-load",
    "xforms-ready": "first-load",
    "odk-instance-load": "load",
    "odk-new-repeat": "new-repeat",
    "jr-insert": "new-repeat",
    "xforms-value-changed": "value-changed",
}


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
    repeat: Element | None = None
    """Of a repeat: the element that says so, in its control."""

    @property
    def type(self) -> str:
        """Its data type, "" where the form gives none."""
        return self.bind.get("type", "").rpartition(":")[2]


@dataclass(frozen=True)
class Action:
    """A setvalue: when it runs, what it sets to what, and in which node it stands ("": in none)."""

    event: EventName
    target: str
    value: str
    source: str


class Beginnings(NamedTuple):
    """Values by the keys of their nodes, and numbers of instances by those of repeats."""

    answers: dict[str, str]
    instances: dict[str, int]


@dataclass
class Outline:
    """One XForm taken apart."""

    root: str
    places: Mapping[str, Place]
    """By path, in the order of the instance."""
    children: Mapping[str, list[str]]
    """The paths inside each group, in the order in which they are shown."""
    lists: Mapping[str, Item]
    """The document of each secondary instance."""
    actions: list[Action]
    problems: list[Problem]
    files: frozenset[str]
    """The ids of the secondary instances that come from files."""
    beginning: Beginnings
    """What stands in the form before anybody answers."""
    fresh: Mapping[str, Beginnings]
    """What is in a new instance of each repeat, its keys from the instance on."""

    def from_file(self, name: str) -> bool:
        """Whether a list comes from a file."""
        return name in self.files

    def default(self, path: str) -> str:
        """What stands in a node, or in the template of its repeat, before anybody answers."""
        place = self.places[path]
        return _text(place, place.element)


def local(element: Element) -> str:
    """The name of an element without its namespace; "" of a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def outline_of(
    model: Element, body: Element, primary: Element, files: Mapping[str, bytes] | None = None
) -> Outline:
    """Take an XForm apart; what is wrong is in its `problems`.

    `files`: the lists that travel with it, by name; None where they are not at hand: then such a
    list is empty, and nothing is said of it.
    """
    root = f"/{local(primary)}"
    reading = _Reading(model, {bare_path(one, root) for one in _repeats(body)})
    reading.nodes(primary, root, "", 0)
    beginning = Beginnings({}, {})
    reading.beginning(primary, root, root, beginning)
    reading.secondary(primary, files)
    reading.binds(root)
    reading.controls(body, root, 0)
    reading.acts(model, root, "")
    reading.acts(body, root, "")
    return Outline(
        root, reading.places, reading.in_order(), reading.lists, reading.actions,
        reading.problems, frozenset(reading.files), beginning, reading.fresh,
    )  # fmt: skip


def _repeats(body: Element) -> Iterator[str]:
    for element in body.iter():
        if local(element) == "repeat" and element.get("nodeset"):
            yield element.get("nodeset", "")


def bare_path(reference: str, above: str) -> str:
    """A reference as an absolute path without name spaces."""
    plain = reference.strip().removeprefix("current()/")
    steps = [step.rpartition(":")[2] for step in plain.split("/")]
    if not steps[0]:
        return "/".join(steps)
    at = above.split("/")
    for step in steps:
        if step == "..":
            del at[-1:]
        elif step != ".":
            at.append(step)
    return "/".join(at)


class _Reading:
    def __init__(self, model: Element, repeats: set[str]) -> None:
        self.model = model
        self.repeats = repeats
        self.actions: list[Action] = []
        self.fresh: dict[str, Beginnings] = {}
        self.places: dict[str, Place] = {}
        self.children: dict[str, list[str]] = {}
        self.lists: dict[str, Item] = {}
        self.files: set[str] = set()
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
                # A repeat stands in the form as a template, and once for each first instance.
                if below not in self.repeats:
                    self.problems.append(problems.twice(below))
                continue
            self.children[path].append(below)
            self.nodes(child, below, path, depth + 1)

    def beginning(self, element: Element, path: str, key: str, found: Beginnings) -> None:
        """Note what stands inside an element, under this key, and what in each new instance."""
        counted: dict[str, list[Element]] = {}
        for child in element:
            name = local(child)
            below, own = f"{path}/{name}", f"{key}/{name}" if key else name
            if not name or below not in self.places:
                continue
            if below in self.repeats:
                counted.setdefault(below, []).append(child)
            elif below in self.children:
                self.beginning(child, below, own, found)
            elif text := _text(self.places[below], child):
                found.answers[own] = text
        for below, children in counted.items():
            name = below.rpartition("/")[2]
            own = f"{key}/{name}" if key else name
            there = [child for child in children if _TEMPLATE not in child.attrib]
            # First what is new: in the instances there the templates are no longer.
            if below not in self.fresh:
                template = next((one for one in children if _TEMPLATE in one.attrib), children[0])
                self.fresh[below] = Beginnings({}, {})
                self.beginning(template, below, "", self.fresh[below])
            if there:
                found.instances[own] = len(there)
            for place, child in enumerate(there, start=1):
                self.beginning(child, below, f"{own}[{place}]", found)

    def too_deep(self, path: str) -> None:
        """Once: what is not read any more would be a problem for each that names it."""
        if not self.cut:
            self.problems.append(problems.too_deep(path, MOST_NESTED))
        self.cut = True

    def secondary(self, primary: Element, files: Mapping[str, bytes] | None) -> None:
        for instance in self.model.iterfind("{*}instance"):
            name, source = instance.get("id", ""), instance.get("src")
            if source is not None:
                self.lists[name] = Item("")
                self.files.add(name)
                if files is not None:
                    self.from_file(name, source, files)
            elif name and instance.find("*") is not primary:
                self.lists[name] = Item("")
                for child in instance:
                    _grow(self.lists[name], child, 0)

    def from_file(self, name: str, source: str, files: Mapping[str, bytes]) -> None:
        file = source.rpartition("/")[2]
        if source == "jr://instance/last-saved":
            self.problems.append(problems.last_saved(name))
        elif file not in files:
            self.problems.append(problems.list_missing(name, file))
        else:
            try:
                self.lists[name].add(read_list(file, files[file]))
            except FormError as wrong:
                self.problems += wrong.problems

    def binds(self, root: str) -> None:
        for bind in self.model.iterfind("{*}bind"):
            reference = bind.get("nodeset", "")
            place = self.places.get(bare_path(reference, root))
            if place is not None:
                place.bind = bind.attrib
            elif not self.cut:
                # JavaRosa passes it by; an entity, which is an attribute, is not to be lost.
                entity = "@" in reference
                told = problems.not_supported(reference, "an entity") if entity else replace(
                    problems.bind_without_node(reference or root), severity="warning"
                )  # fmt: skip
                self.problems.append(told)

    def place(self, reference: str, above: str) -> Place | None:
        """The node that a reference names; None, and a problem, where there is none."""
        path = bare_path(reference, above)
        found = self.places.get(path)
        if found is None and not self.cut:
            self.problems.append(problems.bind_without_node(reference or above))
        return found

    def controls(self, element: Element, above: str, depth: int) -> None:
        if depth > MOST_NESTED:
            self.too_deep(above)
            return
        for child in element:
            kind = local(child)
            if kind == "repeat":
                place = self.place(child.get("nodeset", ""), above)
                if place is not None:
                    place.repeat = child
                    place.control = child if place.control is None else place.control
                    place.kind = "group"
                    self.show(place.path)
                    self.children.setdefault(place.path, [])
                self.controls(child, above if place is None else place.path, depth + 1)
            elif kind == "group" or kind in _CONTROLS:
                reference = child.get("ref") or self.bound.get(child.get("bind", ""), "")
                place = self.place(reference, above) if reference or kind != "group" else None
                if place is not None:
                    place.control, place.kind = child, kind
                    self.show(place.path)
                elif kind == "group":
                    # Its label is for the repeat inside, if there is nothing else in it.
                    self.label_repeat(child, above)
                if kind == "group":
                    if place is not None:
                        self.children.setdefault(place.path, [])
                    self.controls(child, above if place is None else place.path, depth + 1)

    def label_repeat(self, group: Element, above: str) -> None:
        """A group without a node around a repeat: the control of the repeat."""
        inner = [child for child in group if local(child) == "repeat"]
        place = self.place(inner[0].get("nodeset", ""), above) if len(inner) == 1 else None
        if place is not None and group.find("{*}label") is not None:
            place.control, place.kind = group, "group"

    def show(self, path: str) -> None:
        while path and path not in self.shown:
            self.shown[path] = None
            path = self.places[path].parent

    def acts(self, element: Element, root: str, source: str, depth: int = 0) -> None:
        """The actions inside an element; the innermost node with a control is their source."""
        for child in element if depth <= MOST_NESTED else ():
            kind = local(child)
            if kind in _ACTIONS:
                self.act(child, kind, root, source)
                continue
            inner = source
            reference = child.get("ref") or child.get("nodeset")
            if kind in _CONTROLS or kind in ("group", "repeat"):
                path = bare_path(reference, source or root) if reference else source
                inner = path if path in self.places else source
            if kind != "instance":
                self.acts(child, root, inner, depth + 1)

    def act(self, element: Element, kind: str, root: str, source: str) -> None:
        place = self.place(element.get("ref") or self.bound.get(element.get("bind", ""), ""), root)
        if place is None:
            return
        events = element.get("event", "").split()
        unknown = [event for event in events if event not in _EVENTS]
        if kind != "setvalue" or unknown or not events:
            told = f"{kind} on {' '.join(unknown or events) or 'nothing'}"
            self.problems.append(problems.not_supported(place.path, told))
            return
        value = (element.get("value") or _quoted(element.text or "")).strip()
        for event in dict.fromkeys(_EVENTS[event] for event in events):
            self.actions.append(Action(event, place.path, value, source))

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


def _text(place: Place, element: Element) -> str:
    # Of a date in a cell of Excel pyxform writes "2026-11-24 00:00:00".
    text = (element.text or "").strip()
    return text.removesuffix(" 00:00:00") if place.type == "date" else text


def _grow(parent: Item, element: Element, depth: int) -> None:
    """An element of a secondary instance, with all that is inside it."""
    name = local(element)
    if name:
        attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        made = parent.add(Item(name, (element.text or "").strip(), attributes))
        for child in element if depth < MOST_NESTED else ():
            _grow(made, child, depth + 1)
