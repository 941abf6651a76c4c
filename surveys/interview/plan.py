"""What follows from what in a form: found once, so that an answer settles only what it moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from surveys.form.expression import Expression
from surveys.form.model import Choice, Form, Group, Question, Repeat, SetValue
from surveys.form.shape import Places, key_of
from surveys.form.values import Scope

Gates = tuple[tuple[str, int, Expression], ...]
"""Conditions: of which node, in how many repeats it is, the condition."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A condition under which a node, and all that is in it, is relevant."""

    path: str
    depth: int
    """In how many repeats the node is, itself included."""
    holds: Callable[[Scope], bool]
    around: Gate | None
    """The next one around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """One thing that a person meets: a question, a note, or the offer of one more instance."""

    node: Question | Repeat
    places: Places
    """Of a repeat: those of the repeats around it."""
    key: str
    repeat: bool = False
    note: bool = False
    """Whether it is always only shown."""


MOST_PLANS = 64
_UNSTEADY = re.compile(r"\b(now|today|random|uuid)\s*\(")
"""What gives another value without another answer."""
_CHANCE = re.compile(r"\b(now|random|uuid|once)\s*\(")
_DAILY = re.compile(r"\btoday\s*\(")
_SPOKEN = re.compile(r"\bjr:(itext|choice-name)\s*\(")
"""What gives another value in another language."""
_PLACE = re.compile(r"\[(\d+)\]")


def stop_of(node: Question | Repeat, places: Places, key: str) -> Stop:
    """The stop at a node."""
    note = isinstance(node, Question) and node.type == "note"
    return Stop(node, places, key, isinstance(node, Repeat), note)


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """Where a group with a condition begins in a line: all of it is passed by at once."""

    gate: Gate
    end: int
    """The place in the line behind the group."""
    questions: tuple[str, ...]
    """What is asked in it, outside of repeats."""
    sources: frozenset[str]
    """The questions on whose answers it depends whether it is relevant."""


Line = tuple[Stop | Fence, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The order and the dependencies of a form's nodes, by their abstract paths."""

    form: Form
    questions: Mapping[str, Question]
    """Every question, computed ones included."""
    repeats: Mapping[str, Repeat]
    chains: Mapping[str, tuple[str, ...]]
    """The repeats around each node, outermost first, itself if it is one."""
    keys: Mapping[str, Callable[[Places], str]]
    """What makes the key of a node in the interview of its places."""
    all_keys: Mapping[str, Callable[[Places], str]]
    """Of a repeat: what makes the key of all its instances of the places of those around it."""
    walk: tuple[Question, ...]
    """What a person meets, notes and questions, in the order of the document."""
    lines: Mapping[str, Line]
    """What a person meets in an instance of each repeat ("": outside of all), in the order of the
    document, a repeat inside as one; without places, since these are every instance's."""
    gates: Mapping[str, Gate | None]
    """The innermost condition under which each node is relevant: its own, or of a group around."""
    computed: tuple[Question, ...]
    """Every node with a calculation, each after what it reads."""
    after: Mapping[str, tuple[Question, ...]]
    """What is computed anew when the value of this node changes, or when this repeat gets one more
    instance or one less; each after what it reads."""
    inside: Mapping[str, frozenset[str]]
    """What is computed in a new instance of this repeat."""
    spoken: tuple[Question, ...]
    """What is computed anew in another language."""
    daily: tuple[Question, ...]
    """What is computed anew when somebody comes back, perhaps on another day: today(), and what
    reads it. (now() and random() are not: they say when, or by which chance, it was answered.)"""
    restless: frozenset[str]
    """Computed nodes with another value each time, like now(): computed in their own instance."""
    sources: Mapping[str, tuple[str, ...]]
    """The questions on whose answers it depends whether this one is relevant."""
    prefilled: frozenset[str]
    """Questions that come with a value: having one does not mean that a person gave it."""
    rechecked: frozenset[str]
    """Questions whose constraint looks at more than themselves, or that are computed too: another
    answer can break it."""
    rows: Mapping[str, Mapping[int, Choice]]
    """Of a question with a filtered list: its choices by the identity of their rows."""
    sets: Mapping[str, tuple[SetValue, ...]]
    """The actions that run when a person changes the value of this node."""
    steady: tuple[str, ...]
    """The nodes with a condition outside of repeats that holds or not until an answer changes."""
    readers: Mapping[str, frozenset[str]]
    """The nodes of which the visible value depends on this one, directly."""
    index: Mapping[str, int]
    """Where each stop outside of repeats is in the line."""
    bearing: Mapping[str, frozenset[str]]
    """Of each stop outside of repeats: the nodes on which it depends whether it is settled."""
    _reach: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    _before: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def reach(self, path: str) -> frozenset[str]:
        """The nodes of which the visible value depends on this one, however far."""
        found = self._reach.get(path)
        if found is None:
            found = self._reach[path] = frozenset(_reached({path}, self.readers))
        return found

    def before(self, path: str) -> tuple[int, ...]:
        """The places in the line, before a question, of what its answer may unsettle."""
        found = self._before.get(path)
        if found is None:
            moved, own = self.reach(path) | {path}, self.index[path]
            found = self._before[path] = tuple(
                place
                for one, place in self.index.items()
                if place < own and not moved.isdisjoint(self.bearing[one])
            )
        return found


def places_of(key: str) -> tuple[str, Places]:
    """The abstract path of a key and its places.

    >>> places_of("/data/person[2]/name")
    ('/data/person/name', (2,))
    """
    if "[" not in key:
        return key, ()
    return _PLACE.sub("", key), tuple(int(place) for place in _PLACE.findall(key))


def plan_of(form: Form) -> Plan:
    """The plan of this form: made at the first call, kept for the forms used lately."""
    plan = _plans.get(id(form))
    if plan is None:
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        plan = _plans[id(form)] = _make(form)
    return plan


_plans: dict[int, Plan] = {}
"""By the identity of the form, which a plan holds, so that no other can take its place."""


def _make(form: Form) -> Plan:
    nodes = form.nodes
    chains = form.repeats
    gates = {
        path: tuple(
            (around, len(chains[around]), condition)
            for around in (*form.parents[path], path)
            if (condition := nodes[around].relevant) is not None
        )
        for path in form.parents
    }
    inner: dict[str, Gate | None] = {}
    for path, found in gates.items():
        around = inner.get(form.parents[path][-1]) if form.parents[path] else None
        own = found[-1] if found and found[-1][0] == path else None
        inner[path] = around if own is None else Gate(path, own[1], own[2].truth, around)
    inputs = {path: _inputs(node, gates[path]) for path, node in nodes.items()}
    reading: dict[str, set[str]] = {}
    for path, read in inputs.items():
        for one in read:
            reading.setdefault(one, set()).add(path)
    readers = {path: frozenset(found) for path, found in reading.items()}
    unsteady = {path for path, found in gates.items() if any(_moody(one) for *_, one in found)}
    moody = unsteady | _reached(unsteady, readers)
    in_order = [node for path in form.order if isinstance(node := nodes[path], Question)]
    computed = tuple(question for question in in_order if question.calculation is not None)
    repeats = {path: node for path, node in nodes.items() if isinstance(node, Repeat)}
    below = {
        repeat: frozenset(path for path in nodes if repeat in chains[path]) for repeat in repeats
    }

    today = {one.path for one in computed if _said(one, _DAILY) and not _said(one, _CHANCE)}

    def to_compute(*paths: str, itself: bool = False) -> tuple[Question, ...]:
        moved = _reached(set(paths), readers) | set(paths)
        return tuple(
            question
            for question in computed
            # That it becomes relevant or not does not change what it keeps.
            if (
                question.calculation is not None
                and not moved.isdisjoint(question.calculation.reads)
            )
            or (itself and question.path in paths)
        )

    walk = tuple(question for question in form.questions if question.type != "calculate")
    sources = {
        path: _sources(form, gates[path], inputs)
        for path, node in nodes.items()
        if isinstance(node, Group) or (node.asked and node.type != "calculate")
    }
    lines = {
        path: tuple(_line(group, inner, sources))
        for path, group in ({"": form.root} | repeats).items()
    }
    index = {one.key: place for place, one in enumerate(lines[""]) if isinstance(one, Stop)}
    set_by_actions = {one.target for one in form.actions}
    sets: dict[str, tuple[SetValue, ...]] = {}
    for action in form.actions:
        if action.event == "value-changed":
            sets[action.source] = (*sets.get(action.source, ()), action)
    return Plan(
        form=form,
        questions={question.path: question for question in form.questions},
        repeats=repeats,
        chains=chains,
        keys={path: key_of(path, chains[path]) for path in nodes},
        all_keys={path: key_of(path, chains[path][:-1]) for path in repeats},
        walk=walk,
        lines=lines,
        gates=inner,
        computed=computed,
        after={question.path: to_compute(question.path) for question in form.questions}
        | {repeat: to_compute(*paths) for repeat, paths in below.items()},
        inside={
            repeat: frozenset(one.path for one in computed if one.path in paths)
            for repeat, paths in below.items()
        },
        spoken=tuple(question for question in computed if _said(question, _SPOKEN)),
        daily=to_compute(*today, itself=True),
        restless=frozenset(question.path for question in computed if _said(question, _UNSTEADY)),
        sources={question.path: sources[question.path] for question in walk if question.asked},
        prefilled=frozenset(
            question.path
            for question in walk
            if question.default or question.calculation or question.path in set_by_actions
        ),
        rechecked=frozenset(
            question.path
            for question in walk
            if question.constraint is not None
            and (
                question.constraint.reads - {question.path}
                or question.calculation is not None
                or question.path in set_by_actions
                or _UNSTEADY.search(question.constraint.text)
            )
        ),
        rows=_rows(form),
        sets=sets,
        steady=tuple(
            path
            for path, gate in inner.items()
            if gate is not None and gate.path == path and not gate.depth and path not in moody
        ),
        readers=readers,
        index=index,
        bearing={path: _bearing(nodes[path], inputs[path]) for path in index},
    )


def _line(
    group: Group,
    gates: Mapping[str, Gate | None],
    sources: Mapping[str, tuple[str, ...]],
    at: int = 0,
) -> list[Stop | Fence]:
    """What stands in a group to be met, a repeat in it as one, from this place in the line on."""
    found: list[Stop | Fence] = []
    for node in group.children:
        if isinstance(node, Repeat) or (isinstance(node, Question) and node.type != "calculate"):
            found.append(stop_of(node, (), node.path))
        elif isinstance(node, Group):
            gate = gates[node.path] if node.relevant is not None else None
            start = at + len(found) + (gate is not None)
            inside = _line(node, gates, sources, start)
            if gate is not None:
                asked = tuple(
                    one.key
                    for one in inside
                    if isinstance(one, Stop) and isinstance(one.node, Question) and one.node.asked
                )
                found.append(Fence(gate, start + len(inside), asked, frozenset(sources[node.path])))
            found += inside
    return found


def _moody(condition: Expression) -> bool:
    """Whether it can hold or not without another answer."""
    return bool(_UNSTEADY.search(condition.text) or _SPOKEN.search(condition.text))


def _bearing(node: Group | Question, inputs: frozenset[str]) -> frozenset[str]:
    """The nodes on which it depends whether this is settled: its relevance, and its own rules."""
    if not isinstance(node, Question):
        return inputs
    rules = (node.constraint, node.required, node.read_only)
    read = inputs.union(*(one.reads for one in rules if one is not None))
    chosen = node.choices.nodes if node.choices is not None else None
    return read if chosen is None else read | chosen.reads


def _said(question: Question, pattern: re.Pattern[str]) -> bool:
    """Whether this stands in a calculation."""
    return question.calculation is not None and bool(pattern.search(question.calculation.text))


def _rows(form: Form) -> dict[str, Mapping[int, Choice]]:
    shared: dict[int, Mapping[int, Choice]] = {}
    found: dict[str, Mapping[int, Choice]] = {}
    for question in form.questions:
        choices = question.choices
        if choices is not None and choices.nodes is not None:
            listed = choices.choices
            if id(listed) not in shared:
                shared[id(listed)] = {id(choice.item): choice for choice in listed}
            found[question.path] = shared[id(listed)]
    return found


def _inputs(node: Group | Question, gates: Gates) -> frozenset[str]:
    """The nodes on which the visible value of this one depends."""
    read = frozenset().union(*(expression.reads for *_, expression in gates))
    if isinstance(node, Question) and node.calculation is not None:
        read |= node.calculation.reads
    return read


def _reached(start: set[str], readers: Mapping[str, frozenset[str]]) -> set[str]:
    """Every node whose visible value depends on one of these, directly or through others."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader not in found:
                found.add(reader)
                waiting.append(reader)
    return found


def _sources(form: Form, gates: Gates, inputs: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The questions that these conditions read, directly or through calculations."""
    seen: set[str] = set()
    waiting = [path for *_, expression in gates for path in expression.reads]
    found: list[str] = []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        node = form.nodes.get(path)
        if isinstance(node, Question) and node.asked:
            found.append(path)
        else:
            waiting.extend(inputs.get(path, ()))
    return tuple(sorted(found))
