"""What an export of a wave holds: villages, columns, weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.form.model import Form, Question
from surveys.store.forms import versions_of_wave
from surveys.store.schema import Area, Interview, Respondent

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FEWEST_PERSONS, FEWEST_HOMES = 10, 5
BATCH = 500
"""Rows that are read and written at a time."""
BEFORE = ("SubmissionDate",)
AFTER = (
    "meta-instanceID", "KEY", "ReviewState", "FormVersion", "village", "village_name", "township",
    "household", "entry", "weight", "mode", "language", "started", "finished", "duration",
    "active_seconds", "flags",
)  # fmt: skip
EXPLAINED = {
    "SubmissionDate": "When the interview was finished (UTC)",
    "meta-instanceID": "The submission's own random id, as in KEY",
    "KEY": "The submission's own random id",
    "ReviewState": "received, hasIssues, edited, approved or rejected",
    "FormVersion": "The version of the form that was answered",
    "village": "The village's code",
    "village_name": "The village's name",
    "township": "The township (or county) that the village is in",
    "household": "The home: a random id",
    "entry": "The sampling unit, one phone in one home, with the phones that came by its family"
    " link: a random id",
    "weight": "1 divided by the users who answered in this entry, for a user; 1 for a non-user;"
    " empty where neither is known",
    "mode": "self, helped, proxy (someone answers for another) or visited",
    "language": "The language of the interview at its end",
    "started": "When the interview began (UTC)",
    "finished": "When the interview was finished (UTC)",
    "duration": "Seconds from the beginning to the end, pauses included",
    "active_seconds": "Seconds that questions stood on the screen, each time at most 300;"
    " empty where the log was deleted",
    "flags": "What deserves a second look, separated by spaces: straight_lining, speeding,"
    " contradiction, duplicate",
}
MARK = "usegap-"
"""Stands before a column of ours where a question of the form has the same name."""


@dataclass(frozen=True, slots=True)
class Column:
    """One question of the form, in any of its versions."""

    path: str
    name: str
    """Its header: "group-field"."""
    question: Question
    label: Mapping[str, str]
    """Of a computed node that is an indicator: its label by language."""
    relevant: str
    """When it is asked: its own condition, and those of the groups around it."""
    values: tuple[str, ...]
    """Of a select_multiple: the values of its choices, each with a column of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export of a wave holds."""

    wave_id: int
    area_ids: tuple[int, ...]
    """Villages with enough answers."""
    columns: tuple[Column, ...]
    own: Mapping[str, str]
    """Our columns and the headers they get."""
    languages: tuple[str, ...]
    weights: Mapping[str, str]
    """Entry -> the weight of its users."""
    user: str
    """The name of the node that says who is a user; "" where the form does not ask."""
    villages: Mapping[int, tuple[str, str, str]]
    """Code, name and township."""
    versions: Mapping[int, str]
    submissions: int
    villages_withheld: int
    """Villages where somebody finished, but too few for their answers to be handed out."""


def plan(session: Session, wave_id: int, area_ids: Collection[int]) -> Plan:
    """Which villages, columns and weights an export of a wave has."""
    persons: Counter[int] = Counter()
    homes: defaultdict[int, set[str]] = defaultdict(set)
    for row in session.execute(
        select(Interview.area_id, Respondent.household_id, func.count().label("persons"))
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(*in_wave(wave_id, area_ids))
        .group_by(Interview.area_id, Respondent.household_id)
    ):
        persons[row.area_id] += row.persons
        homes[row.area_id].add(row.household_id)
    enough = sorted(
        area_id
        for area_id in persons
        if persons[area_id] >= FEWEST_PERSONS and len(homes[area_id]) >= FEWEST_HOMES
    )
    found = versions_of_wave(session, wave_id)
    # What any version calls private is left out of all.
    indicators = [one for version in found for one in version.indicators]
    versions = {one.id: _Version(one.form, _paths_of(one.xform)) for one in found}
    private = {one.name for one in indicators if one.role == "private"}
    user = next((one.name for one in indicators if one.role == "user"), "")
    # Reversed, so that of two versions' labels the newest stays.
    labels = {one.name: one.label for one in reversed(indicators)}
    columns = _columns(versions.values(), private, labels)
    taken = {column.name for column in columns}
    return Plan(
        wave_id=wave_id,
        area_ids=tuple(enough),
        columns=columns,
        own={name: MARK + name if name in taken else name for name in (*BEFORE, *AFTER)},
        languages=tuple(
            dict.fromkeys(name for one in versions.values() for name in one.form.languages)
        ),
        weights=_weights(session, wave_id, enough, user),
        user=user,
        villages=_villages(session, enough),
        versions={version_id: one.form.version for version_id, one in versions.items()},
        submissions=sum(persons[area_id] for area_id in enough),
        villages_withheld=len(persons) - len(enough),
    )


def in_wave(wave_id: int, area_ids: Collection[int]) -> list[Any]:
    """The conditions on an interview to be exported."""
    return [
        Interview.wave_id == wave_id,
        Interview.area_id.in_(area_ids),
        Interview.status == "finished",
        Interview.submission.is_not(None),
    ]


@dataclass(frozen=True, slots=True)
class _Version:
    """A form version with the paths of its nodes in the order of its instance.

    That is the order of the sheet, and of ODK Central's columns; `Form` has what is asked in order.
    """

    form: Form
    paths: tuple[str, ...]


@lru_cache(maxsize=16)
def _paths_of(xform: str) -> tuple[str, ...]:
    from defusedxml.ElementTree import fromstring

    instance = fromstring(xform).find("{*}head/{*}model/{*}instance")
    root = instance[0]
    return tuple(_paths(root, f"/{root.tag.rpartition('}')[2]}"))


def _paths(node: Element, path: str) -> Iterator[str]:
    for child in node:
        here = f"{path}/{child.tag.rpartition('}')[2]}"
        yield here
        yield from _paths(child, here)


def _columns(
    versions: Iterable[_Version], private: Collection[str], labels: Mapping[str, Mapping[str, str]]
) -> tuple[Column, ...]:
    """The questions of all versions, newest version first, with the choices of all of them."""
    questions: dict[str, tuple[Question, Form]] = {}
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for version in versions:
        for path in version.paths:
            question = version.form.nodes.get(path)
            if not isinstance(question, Question) or question.type == "note":
                continue
            if question.name in private or _is_meta(path):
                continue
            questions.setdefault(path, (question, version.form))
            if question.type == "select_multiple" and question.choices is not None:
                values[question.path] |= dict.fromkeys(c.value for c in question.choices.choices)
    return tuple(
        Column(
            path=path,
            name="-".join(path.split("/")[2:]),
            question=question,
            label=labels.get(question.name, {}),
            relevant=_relevant(form, question),
            values=tuple(values[path]),
        )
        for path, (question, form) in questions.items()
    )


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


def _weights(
    session: Session, wave_id: int, area_ids: Collection[int], user: str
) -> dict[str, str]:
    """Of each entry 1/a, where a users answered on it (Sirken 1970: multiplicity).

    Where the form does not ask who is a user, everyone who answers is taken for one.
    """
    users: Counter[str] = Counter()
    rows = session.execute(
        select(Respondent.entry, Interview.submission)
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(*in_wave(wave_id, area_ids)),
        execution_options={"yield_per": BATCH},
    )
    for row in rows:
        users[row.entry] += not user or named(row.submission, user) == "1"
    return {entry: f"{1 / count:.6g}" for entry, count in users.items() if count}


def named(submission: Mapping[str, str], name: str) -> str:
    """The value of a node by its name alone."""
    return next(
        (value for path, value in submission.items() if path.rpartition("/")[2] == name), ""
    )


def _villages(session: Session, area_ids: Collection[int]) -> dict[int, tuple[str, str, str]]:
    names = {row.id: row.name for row in session.execute(select(Area.id, Area.name))}
    rows = session.execute(
        select(Area.id, Area.code, Area.name, Area.parent_id).where(Area.id.in_(area_ids))
    )
    return {
        row.id: (row.code or "", row.name, names.get(row.parent_id, "")) for row in rows
    }  # fmt: skip
