"""What follows from what in a form: found once, so that an answer settles only what it moves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from surveys.form.expression import Expression
from surveys.form.model import Form, Group, Question

Gates = tuple[tuple[str, Expression], ...]

MOST_PLANS = 64
_UNSTEADY = re.compile(r"\b(now|today|random|uuid)\s*\(")
"""What gives another value without another answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The order and the dependencies of a form's nodes."""

    form: Form
    questions: Mapping[str, Question]
    """Every question, computed ones included, by its path."""
    walk: tuple[Question, ...]
    """What a person meets, notes and questions, in the order of the document."""
    gates: Mapping[str, Gates]
    """The conditions under which each node is relevant: of the groups around it, and its own."""
    computed: tuple[Question, ...]
    """Every node with a calculation, each after what it reads."""
    after: Mapping[str, tuple[Question, ...]]
    """What is computed anew when the value of this node changes, each after what it reads."""
    always: tuple[Question, ...]
    """What is computed anew with every answer: today(), random(), and what reads them."""
    sources: Mapping[str, tuple[str, ...]]
    """The questions on whose answers it depends whether this one is relevant."""
    prefilled: frozenset[str]
    """Questions that come with a value: having one does not mean that a person gave it."""
    rechecked: frozenset[str]
    """Questions whose constraint looks at more than themselves: another answer can break it."""


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
    gates = {
        path: tuple(
            (around, condition)
            for around in (*form.parents[path], path)
            if (condition := nodes[around].relevant) is not None
        )
        for path in nodes
    }
    inputs = {path: _inputs(node, gates[path]) for path, node in nodes.items()}
    readers: dict[str, set[str]] = {}
    for path, read in inputs.items():
        for one in read:
            readers.setdefault(one, set()).add(path)
    in_order = [node for path in form.order if isinstance(node := nodes[path], Question)]
    computed = tuple(question for question in in_order if question.calculation is not None)
    unsteady = {
        path
        for path, node in nodes.items()
        if any(_UNSTEADY.search(one.text) for _, one in gates[path])
        or (
            isinstance(node, Question)
            and node.calculation is not None
            and _UNSTEADY.search(node.calculation.text)
        )
    }
    moved_always = unsteady | _reached(unsteady, readers)

    def to_compute(path: str) -> tuple[Question, ...]:
        moved = moved_always | _reached({path}, readers)
        return tuple(question for question in computed if question.path in moved)

    walk = tuple(question for question in form.questions if question.type != "calculate")
    return Plan(
        form=form,
        questions={question.path: question for question in form.questions},
        walk=walk,
        gates=gates,
        computed=computed,
        after={question.path: to_compute(question.path) for question in walk},
        always=tuple(question for question in computed if question.path in moved_always),
        sources={
            question.path: _sources(form, gates[question.path], inputs)
            for question in walk
            if question.asked
        },
        prefilled=frozenset(
            question.path for question in walk if question.default or question.calculation
        ),
        rechecked=frozenset(
            question.path
            for question in walk
            if question.constraint is not None
            and (
                question.constraint.reads - {question.path}
                or _UNSTEADY.search(question.constraint.text)
            )
        ),
    )


def _inputs(node: Group | Question, gates: Gates) -> frozenset[str]:
    """The nodes on which the visible value of this one depends."""
    read = frozenset().union(*(expression.reads for _, expression in gates))
    if isinstance(node, Question) and node.calculation is not None:
        read |= node.calculation.reads
    return read


def _reached(start: set[str], readers: Mapping[str, set[str]]) -> set[str]:
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
    waiting = [path for _, expression in gates for path in expression.reads]
    found: list[str] = []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        node = form.nodes[path]
        if isinstance(node, Question) and node.asked:
            found.append(path)
        else:
            waiting.extend(inputs[path])
    return tuple(sorted(found))
