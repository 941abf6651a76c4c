"""Answers written down beforehand, by node: what a form is run with instead of a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveys.form.model import Form, Question

CORRECTIONS = "corrections"
_PLACE = re.compile(r"\[(\d+)\]")


class AnswersError(ValueError):
    """The answers are not written as they must be; `problems` says where, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Prepared:
    """The answers to a form, and what is corrected afterwards."""

    values: Mapping[str, Any]
    """By the path of the node without instances: text, or in repeats lists of it; None: unanswered,
    or nothing is said."""
    corrections: tuple[tuple[str, str], ...] = ()
    """Node, instances and all, and the value it gets; "": none."""
    unknown: tuple[str, ...] = ()
    """Nodes that the form does not have."""

    def answer(self, path: str) -> str | None:
        """The answer to this node ("/data/person[2]/age"); "": it is left unanswered, None: nothing
        is said of it."""
        abstract = without_instances(path)
        if abstract not in self.values:
            return None
        found = self.values[abstract]
        for place in _places(path):
            if not isinstance(found, list) or not 0 <= place < len(found):
                return None
            found = found[place]
        return "" if found is None else str(found)

    def instances(self, path: str) -> int:
        """How many instances the answers have for this repeat ("/data/person[1]/visit")."""
        inside = without_instances(path) + "/"
        return max(
            (_length(found, _places(path)) for node, found in self.values.items()
             if node.startswith(inside)),
            default=0,
        )  # fmt: skip


def _length(found: Any, places: list[int]) -> int:
    """How many entries the list at these places has; 0 where there is none."""
    for place in places:
        if not isinstance(found, list) or place >= len(found):
            return 0
        found = found[place]
    return len(found) if isinstance(found, list) else 0


def without_instances(path: str) -> str:
    """The path of a node in the form: "/data/person[2]/age" -> "/data/person/age"."""
    return _PLACE.sub("", path)


def _places(path: str) -> list[int]:
    return [int(place) - 1 for place in _PLACE.findall(path)]


def read_answers(form: Form, document: object) -> Prepared:
    """The answers in a JSON document, as docs/form-run.md says it.

    Raises `AnswersError` with all that cannot be understood; nodes that the form does not have are
    left out, and named.
    """
    if not isinstance(document, dict):
        raise AnswersError(('Answers are a JSON object: {"/data/age": 34}.',))
    problems: list[str] = []
    unknown: list[str] = []
    values: dict[str, Any] = {}
    for path, written in document.items():
        if path == CORRECTIONS:
            continue
        question = form.nodes.get(path)
        if not isinstance(question, Question):
            unknown.append(path)
            continue
        depth = len(form.repeats[path])
        try:
            values[path] = _read(question, written, depth)
        except ValueError:
            problems.append(f"{path}: {_wanted(question, depth)}")
    corrections = []
    for written in _listed(document.get(CORRECTIONS, []), problems):
        correction = _correction(form, written)
        if isinstance(correction, tuple):
            corrections.append(correction)
        else:
            problems.append(correction)
    if problems:
        raise AnswersError(tuple(problems))
    return Prepared(values, tuple(corrections), tuple(unknown))


def _listed(written: object, problems: list[str]) -> list[Any]:
    if isinstance(written, list):
        return written
    problems.append(f'{CORRECTIONS}: a list of pairs, [["/data/age", 35]].')
    return []


def _correction(form: Form, written: object) -> tuple[str, str] | str:
    """Node and value; or what is wrong."""
    if not (isinstance(written, list) and len(written) == 2 and isinstance(written[0], str)):
        return f'{CORRECTIONS}: each is a node and its value, ["/data/person[1]/age", 35].'
    path, value = written
    question = form.nodes.get(without_instances(path))
    if not isinstance(question, Question):
        return f"{CORRECTIONS}: there is no question {path} in this form."
    try:
        text = _text(question, value)
    except ValueError:
        return f"{CORRECTIONS}: {path}: {_wanted(question, 0)}"
    return with_instances(form, path), text or ""


def with_instances(form: Form, path: str) -> str:
    """The path of a node with the instance of every repeat around it, the first where none is
    named: "/data/person/age" -> "/data/person[1]/age"."""
    repeats = form.repeats.get(without_instances(path), ())
    made, abstract = "", ""
    for step in path.split("/")[1:]:
        abstract += "/" + without_instances(step)
        made += "/" + (step if abstract not in repeats or "[" in step else f"{step}[1]")
    return made


def _read(question: Question, written: object, depth: int) -> Any:
    """Texts in lists as deep as the repeats around the question. Raises `ValueError`."""
    if depth == 0 or written is None:
        return _text(question, written)
    if not isinstance(written, list):
        raise ValueError
    return [_read(question, one, depth - 1) for one in written]


def _text(question: Question, written: object) -> str | None:
    """One answer as an XForm writes it; None: unanswered. Raises `ValueError`."""
    if written is None:
        return None
    if isinstance(written, bool):
        if question.type == "acknowledge":
            return "OK" if written else None
        return "true" if written else "false"
    if isinstance(written, int | float):
        whole = isinstance(written, float) and written.is_integer()
        return str(int(written) if whole else written)
    if isinstance(written, list) and question.type in ("select_multiple", "rank"):
        if not all(isinstance(one, str | int) for one in written):
            raise ValueError
        return " ".join(str(one) for one in written) or None
    if isinstance(written, str):
        return written or None
    raise ValueError


def _wanted(question: Question, depth: int) -> str:
    several = question.type in ("select_multiple", "rank")
    one = 'values as "a b" or a list' if several else "a text, a number, true, false or null"
    if depth == 0:
        return f"{one}."
    lists = "a list" if depth == 1 else f"lists in lists, {depth} deep,"
    return f"{lists} with an entry for each instance of the repeat; each is {one}."
