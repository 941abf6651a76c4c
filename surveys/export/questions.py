"""The questions of a form in all its versions, and the repeats that they stand in.

What is one column is decided here. A question is the same in two versions if it stands at the same
path; or, where it was moved into a group or out of one, if just one question of each version has
its name in the same table. A question that was turned into one of a repeat is another one: its
answers of before belong to no instance.

Paths have "[]" behind each repeat, "/data/person[]/name": so a repeat is not taken for the group
that it was in an earlier version.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from surveys.export.cells import tag
from surveys.export.table import Value
from surveys.form.indicators import Indicator
from surveys.form.model import Form, Question, QuestionType, Repeat
from surveys.store.forms import Version
from surveys.store.submissions import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUBMISSIONS = "submissions"
"""The table of everything that stands in no repeat."""
MISSING = frozenset({"98", "99", "-98", "-99"})
"""Choices that are no answer in substance: do not know, rather not say."""
_PLACE = re.compile(r"\[\d+\]")


def marked(path: str) -> str:
    """A path of a submission without saying which instance.

    >>> marked("/data/person[2]/visit[1]/day")
    '/data/person[]/visit[]/day'
    """
    return _PLACE.sub("[]", path) if "[" in path else path


def bare(path: str) -> str:
    """A path as the form has it.

    >>> bare("/data/person[]/name")
    '/data/person/name'
    """
    return path.replace("[]", "")


@dataclass(frozen=True, slots=True)
class Repeated:
    """One repeat, in all versions."""

    table: str
    """What its table is called."""
    parent: str
    """The table of the repeat around it, or of the submissions."""
    paths: tuple[str, ...]
    """In the newest version that has it, and in others: "/data/person[]"."""
    label: Mapping[str, str]
    """By language tag."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, in all versions."""

    table: str
    paths: tuple[str, ...]
    """In the newest version that has it, and in others."""
    question: Question
    """Of the newest version that has it."""
    form: Form
    indicator: Indicator | None
    """Its row in the sheet `indicators`: the one with a kind, where there are two."""
    types: frozenset[QuestionType]
    """What it is in any version."""
    choices: Mapping[str, Value]
    """Of all versions, the newest labels first."""
    listed: bool
    """Whether each version's choices are known beforehand, and not what somebody answered."""

    @property
    def path(self) -> str:
        """As the newest version has it, without [] behind repeats."""
        return bare(self.paths[0])

    @property
    def inside(self) -> str:
        """Its path in its table: without the form's root, or without the repeat around it.

        >>> Asked.inside.fget(Asked("t", ("/data/g/person[]/h/name",), *[None] * 4, {}, True))
        'h/name'
        """
        return within(self.paths[0])


def within(path: str) -> str:
    """The part of a path that stands in its table."""
    return path.rpartition("[]/")[2] if "[]/" in path else path.split("/", 2)[2]


@dataclass
class _Found:
    """One question, or one repeat, while versions are gone through, the newest first."""

    table: str
    """That it stands in; of a repeat: the first path of the repeat around it."""
    name: str
    paths: list[str]
    nodes: list[tuple[Version, Question | Repeat]] = field(default_factory=list)


def of_versions(versions: Sequence[Version]) -> tuple[list[Asked], list[Repeated]]:
    """All questions and repeats, the newest version's first and in its order.

    Left out are notes, and what any version calls private.
    """
    repeats = _repeats(versions)
    table_of = {path: one.table for one in repeats for path in one.paths}
    indicators = [one for version in versions for one in version.indicators]
    private = {one.name for one in indicators if one.role == "private"}
    by_name: dict[str, Indicator] = {}
    for one in indicators:
        # Of two rows the one that says how it is measured, of two versions the newest.
        if one.name not in by_name or (one.kind and not by_name[one.name].kind):
            by_name[one.name] = one
    found: list[_Found] = []
    for version in versions:
        here: list[tuple[str, str, Question | Repeat]] = []
        for path in _paths_of(version.xform):
            node = version.form.nodes.get(path)
            if not isinstance(node, Question) or node.type == "note":
                continue
            if node.name not in private and path.split("/")[2:3] != ["meta"]:
                at = _marked(version.form, path)
                here.append((table_of.get(_around(at), SUBMISSIONS), at, node))
        _merge(found, version, here)
    return [_asked(one, by_name) for one in found], repeats


def _asked(found: _Found, by_name: Mapping[str, Indicator]) -> Asked:
    nodes = [(version, one) for version, one in found.nodes if isinstance(one, Question)]
    choices: dict[str, Value] = {}
    for _, one in nodes:
        for value, label in _choices(one):
            known = Value(value, label, missing=value in MISSING)
            choices.setdefault(value, known)
    newest, question = nodes[0]
    return Asked(
        table=found.table,
        paths=tuple(found.paths),
        question=question,
        form=newest.form,
        indicator=by_name.get(question.name),
        types=frozenset(one.type for _, one in nodes),
        choices=choices,
        listed=all(_listed(version.form, one) for version, one in nodes),
    )


def _merge(
    found: list[_Found], version: Version, here: Sequence[tuple[str, str, Question | Repeat]]
) -> None:
    """Add what one version has: (table, path, node)."""
    by_path = {path: one for one in found for path in one.paths}
    before = Counter((one.table, one.name) for one in found)
    now = Counter((table, node.name) for table, _, node in here)
    by_name = {(one.table, one.name): one for one in found}
    for table, path, node in here:
        key = (table, node.name)
        same = by_path.get(path)
        if same is None and before[key] == now[key] == 1:
            same = by_name[key]
            same.paths.append(path)
        if same is None:
            same = _Found(table, node.name, [path])
            found.append(same)
        same.nodes.append((version, node))


def _repeats(versions: Sequence[Version]) -> list[Repeated]:
    found: list[_Found] = []
    order: dict[str, int] = {}
    for version in versions:
        form = version.form
        here = [
            (_marked(form, path), node)
            for path in _paths_of(version.xform)
            if isinstance(node := form.nodes.get(path), Repeat)
        ]
        for path, _ in here:
            order.setdefault(path, len(order))
        # Those outside first: what is the same depends on what is around it.
        for depth in range(1, max((path.count("[]") for path, _ in here), default=0) + 1):
            known = {path: one.paths[0] for one in found for path in one.paths}
            _merge(
                found,
                version,
                [
                    (known.get(_around(path[:-2]), ""), path, node)
                    for path, node in here
                    if path.count("[]") == depth
                ],
            )
    found.sort(key=lambda one: order[one.paths[0]])
    names = _table_names([one.name for one in found])
    table_of = {one.paths[0]: name for one, name in zip(found, names, strict=True)}
    return [
        Repeated(
            table=name,
            parent=table_of.get(one.table, SUBMISSIONS),
            paths=tuple(one.paths),
            label=by_tag(plain(one.nodes[0][1].label)),
        )
        for one, name in zip(found, names, strict=True)
    ]


def _table_names(names: Sequence[str]) -> list[str]:
    """As ODK Central calls the files of repeats; names that many file systems take for the same
    are numbered.

    >>> _table_names(["person", "visit", "Visit"])
    ['submissions-person', 'submissions-visit~1', 'submissions-Visit~2']
    """
    total = Counter(name.casefold() for name in names)
    so_far: Counter[str] = Counter()
    found = []
    for name in names:
        so_far[name.casefold()] += 1
        number = f"~{so_far[name.casefold()]}" if total[name.casefold()] > 1 else ""
        found.append(f"{SUBMISSIONS}-{name}{number}")
    return found


def _around(path: str) -> str:
    """The innermost repeat around a marked path; "" for none.

    >>> _around("/data/person[]/g/name"), _around("/data/name")
    ('/data/person[]', '')
    """
    return path[: path.rindex("[]") + 2] if "[]" in path else ""


def _marked(form: Form, path: str) -> str:
    repeats = set(form.repeats[path])
    found = here = ""
    for step in path.split("/")[1:]:
        here += f"/{step}"
        found += f"/{step}[]" if here in repeats else f"/{step}"
    return found


def _choices(question: Question) -> Iterator[tuple[str, dict[str, str]]]:
    if question.choices is not None:
        for choice in question.choices.choices:
            yield choice.value, by_tag(plain(choice.label))


def _listed(form: Form, question: Question) -> bool:
    return question.choices is None or bool(question.choices.choices)


def by_tag(label: Mapping[str, str]) -> dict[str, str]:
    """A label by language tag, each on one line."""
    return {tag(name): " ".join(text.split()) for name, text in label.items() if text}


@lru_cache(maxsize=16)
def _paths_of(xform: str) -> tuple[str, ...]:
    """The paths of an instance's nodes in its order: that of the sheet, and of ODK Central's
    columns; `Form` has what is asked in order.
    """
    from defusedxml.ElementTree import fromstring

    instance = fromstring(xform).find("{*}head/{*}model/{*}instance")
    root = instance[0]
    # A repeat stands there twice, as template and as its first instance.
    return tuple(dict.fromkeys(_paths(root, f"/{root.tag.rpartition('}')[2]}")))


def _paths(node: Element, path: str) -> Iterator[str]:
    for child in node:
        here = f"{path}/{child.tag.rpartition('}')[2]}"
        yield here
        yield from _paths(child, here)
