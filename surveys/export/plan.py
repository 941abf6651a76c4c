"""What an export of a wave holds: villages with enough answers, whose answers, which columns."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.export.cells import tag
from surveys.export.filters import Chosen
from surveys.export.kinds import Kinds
from surveys.export.table import Measure, Value, Variable
from surveys.form.indicators import Indicator
from surveys.form.model import Form, Question
from surveys.store.forms import Version, versions_of_wave
from surveys.store.schema import Interview, Respondent
from surveys.store.submissions import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FEWEST_PERSONS, FEWEST_HOMES = 10, 5
BATCH = 500
"""Rows that are read and written at a time."""
MISSING = frozenset({"98", "99", "-98", "-99"})
"""Choices that are no answer in substance: do not know, rather not say."""


@dataclass(frozen=True, slots=True)
class Column:
    """One question of the form, in any of its versions."""

    path: str
    question: Question
    form: Form
    """The newest version that has it."""
    indicator: Indicator | None
    """Its row in the sheet `indicators`: the one with a kind, where there are two."""
    variable: Variable
    chosen: tuple[str, ...]
    """Of a select_multiple: the values of its choices, each with a column of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export of a wave holds."""

    chosen: Chosen
    """With the villages that have enough answers."""
    ids: Sequence[int]
    """Of its interviews, in the order in which they were finished."""
    columns: tuple[Column, ...]
    roles: Mapping[str, frozenset[str]]
    """Role -> the names of the questions that have it in any version."""
    forms: tuple[Form, ...]
    """Every version, the newest first."""
    languages: tuple[str, ...]
    """The tags of the forms' languages, the default first."""
    versions: Mapping[int, str]
    titles: tuple[str, ...]
    """Title and id of the form."""
    villages_withheld: int
    """Villages where somebody finished, but too few for their answers to be handed out."""

    @property
    def submissions(self) -> int:
        """How many there are."""
        return len(self.ids)


def plan(session: Session, chosen: Chosen) -> Plan:
    """Which villages, submissions and columns an export has. Reads every submission once."""
    persons: Counter[int] = Counter()
    homes: defaultdict[int, set[str]] = defaultdict(set)
    for row in session.execute(
        select(Interview.area_id, Respondent.household_id, func.count().label("persons"))
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(*chosen.conditions())
        .group_by(Interview.area_id, Respondent.household_id)
    ):
        persons[row.area_id] += row.persons
        homes[row.area_id].add(row.household_id)
    enough = tuple(
        area_id
        for area_id in chosen.area_ids
        if persons[area_id] >= FEWEST_PERSONS and len(homes[area_id]) >= FEWEST_HOMES
    )
    found = versions_of_wave(session, chosen.wave_id)
    questions = _questions(found)
    kinds = Kinds(
        {path: (question, indicator) for path, (question, _, indicator) in questions.items()},
        {path: _choices(path, found) for path in questions},
    )
    inside = replace(chosen, area_ids=enough)
    ids = array("q")
    rows = session.execute(
        select(Interview.id, Interview.submission)
        .where(*inside.conditions())
        .order_by(Interview.finished_at, Interview.id),
        execution_options={"yield_per": BATCH},
    )
    for row in rows:
        ids.append(row.id)
        kinds.see(row.submission)
    indicators = [one for version in found for one in version.indicators]
    return Plan(
        chosen=inside,
        ids=ids,
        columns=tuple(
            _column(path, *known, kinds=kinds) for path, known in questions.items()
        ),
        roles={
            role: frozenset(one.name for one in indicators if one.role == role)
            for role in {one.role for one in indicators if one.role}
        },
        forms=tuple(one.form for one in found),
        languages=tuple(
            dict.fromkeys(tag(name) for one in found for name in one.form.languages)
        ),
        versions={one.id: one.form.version for one in found},
        titles=(found[0].form.title, found[0].form.id),
        villages_withheld=len(persons) - len(enough),
    )  # fmt: skip


def _questions(
    versions: Sequence[Version],
) -> dict[str, tuple[Question, Form, Indicator | None]]:
    """The questions of all versions by path, the newest version first."""
    indicators = [one for version in versions for one in version.indicators]
    # What any version calls private is left out of all.
    private = {one.name for one in indicators if one.role == "private"}
    by_name: dict[str, Indicator] = {}
    for one in indicators:
        # Of two rows the one that says how it is measured, of two versions the newest.
        if one.name not in by_name or (one.kind and not by_name[one.name].kind):
            by_name[one.name] = one
    found: dict[str, tuple[Question, Form, Indicator | None]] = {}
    for version in versions:
        for path in _paths_of(version.xform):
            question = version.form.nodes.get(path)
            if not isinstance(question, Question) or question.type == "note":
                continue
            if question.name in private or _is_meta(path):
                continue
            found.setdefault(path, (question, version.form, by_name.get(question.name)))
    return found


def _choices(path: str, versions: Sequence[Version]) -> dict[str, Value]:
    """The choices of a question in all versions, the newest labels first."""
    found: dict[str, Value] = {}
    for version in versions:
        question = version.form.nodes.get(path)
        if isinstance(question, Question) and question.choices is not None:
            for choice in question.choices.choices:
                label = by_tag(plain(choice.label))
                found.setdefault(
                    choice.value, Value(choice.value, label, missing=choice.value in MISSING)
                )
    return found


def _column(
    path: str, question: Question, form: Form, indicator: Indicator | None, kinds: Kinds
) -> Column:
    label = by_tag(plain(question.label))
    if not label and indicator is not None:
        label = by_tag(indicator.label)
    values = kinds.values(path)
    kind = kinds.kind(path)
    several = question.type == "select_multiple"
    return Column(
        path=path,
        question=question,
        form=form,
        indicator=indicator,
        variable=Variable(
            name="-".join(path.split("/")[2:]),
            kind=kind,
            label=label,
            measure=_measure(kind, indicator),
            values=values,
            question=question.type,
            relevant=_relevant(form, question),
            constraint=question.constraint.text if question.constraint else "",
            calculation=question.calculation.text if question.calculation else "",
        ),
        chosen=tuple(one.value for one in values) if several else (),
    )


def _measure(kind: str, indicator: Indicator | None) -> Measure:
    if kind in ("integer", "decimal", "date", "moment"):
        return "scale"
    ordered = indicator is not None and (
        indicator.role in ("age", "schooling", "agreement") or indicator.kind == "category"
    )
    return "ordinal" if ordered else "nominal"


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
    return tuple(_paths(root, f"/{root.tag.rpartition('}')[2]}"))


def _paths(node: Element, path: str) -> Iterator[str]:
    for child in node:
        here = f"{path}/{child.tag.rpartition('}')[2]}"
        yield here
        yield from _paths(child, here)


def _relevant(form: Form, question: Question) -> str:
    around = [form.nodes[path].relevant for path in form.parents[question.path]]
    conditions = [
        " ".join(one.text.split()) for one in (*around, question.relevant) if one is not None
    ]
    if len(conditions) < 2:
        return "".join(conditions)
    return " and ".join(f"({condition})" for condition in conditions)


def _is_meta(path: str) -> bool:
    return path.split("/")[2:3] == ["meta"]


def batches(ids: Sequence[int]) -> Iterable[Collection[int]]:
    """Ids, some hundred at a time."""
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
