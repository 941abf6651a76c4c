"""What an export of a wave holds: villages with enough answers, whose answers, which columns."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, Text, bindparam, cast, func, select
from sqlalchemy.orm import Session, aliased

from surveys.export.answers import Column, column
from surveys.export.cells import tag
from surveys.export.filters import Chosen
from surveys.export.kinds import Kinds
from surveys.export.questions import SUBMISSIONS, Repeated, marked, of_versions
from surveys.form.model import Form
from surveys.store.database import rows_of
from surveys.store.forms import versions_of_wave
from surveys.store.schema import Interview, Respondent

FEWEST_PERSONS, FEWEST_HOMES = 10, 5
BATCH = 500
"""Rows that are read and written at a time."""
AT_ONCE = 10_000
"""Numbers that are read at a time."""
GUESSED_FROM, SAMPLE = 20_000, 2_000
"""Submissions from which on the columns are guessed, and of how many at least."""


@dataclass(frozen=True, slots=True)
class Instances:
    """A repeat, and how many instances of it each submission has."""

    repeat: Repeated
    first: array[int]
    """Of each submission, in the order of `Plan.ids`, how many there are before its first one; and
    at the end how many there are."""

    @property
    def count(self) -> int:
        """How many there are."""
        return self.first[-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export of a wave holds."""

    chosen: Chosen
    """With the villages that have enough answers."""
    ids: Sequence[int]
    """Of its interviews, in the order in which they were finished."""
    columns: tuple[Column, ...]
    """Of every table."""
    repeats: tuple[Instances, ...]
    roles: Mapping[str, frozenset[str]]
    """Role -> the names of the questions that have it in any version."""
    forms: tuple[Form, ...]
    """Every version, the newest first."""
    languages: tuple[str, ...]
    """The tags of the forms' languages, the default first."""
    versions: Mapping[int, str]
    titles: tuple[str, ...]
    """Title and id of the form."""
    guessed: bool
    """Whether the columns are taken from some submissions only, evenly chosen: `learned` takes them
    from all."""
    villages_withheld: int
    """Villages where somebody finished, but too few for their answers to be handed out."""

    @property
    def submissions(self) -> int:
        """How many there are."""
        return len(self.ids)

    def of(self, table: str = SUBMISSIONS) -> tuple[Column, ...]:
        """The columns of one table."""
        return tuple(one for one in self.columns if one.asked.table == table)


def plan(session: Session, chosen: Chosen, *, guess: bool = False) -> Plan:
    """Which villages, submissions and columns an export has.

    Reads every submission once; where there are many, and `guess`, two thousand of them.
    """
    one = aliased(Interview)
    homes = (
        select(Respondent.household_id)
        .join(one, Respondent.id == one.respondent_id)
        .where(one.area_id == Interview.area_id, *chosen.anywhere(one))
        .distinct()
        # More are not counted.
        .limit(FEWEST_HOMES)
        .correlate(Interview)
        .subquery()
    )
    answered = session.execute(
        select(
            Interview.area_id,
            func.count().label("persons"),
            select(func.count()).select_from(homes).scalar_subquery().label("homes"),
        )
        .where(*chosen.conditions())
        .group_by(Interview.area_id)
    ).all()
    those = {
        row.area_id
        for row in answered
        if row.persons >= FEWEST_PERSONS and row.homes >= FEWEST_HOMES
    }
    enough = tuple(area_id for area_id in chosen.area_ids if area_id in those)
    found = versions_of_wave(session, chosen.wave_id)
    questions, repeats = of_versions(found)
    kinds = Kinds(questions)
    inside = replace(chosen, area_ids=enough)
    instances = [Instances(one, array("q", [0])) for one in repeats]
    # Ids alone are sorted: a million of them are small.
    ordered = select(Interview.id).where(*inside.conditions())
    ids = numbers(session, ordered.order_by(Interview.finished_at, Interview.id))
    guessed = guess and not instances and len(ids) >= GUESSED_FROM
    if guessed:
        for submission in _texts(session, ids[:: len(ids) // SAMPLE]):
            kinds.see_text(submission)
    elif instances:
        for answers in map(json.loads, _texts(session, ids)):
            kinds.see(answers)
            _count(instances, answers)
    else:
        for submission in _texts(session, ids):
            kinds.see_text(submission)
    indicators = [one for version in found for one in version.indicators]
    return Plan(
        chosen=inside,
        ids=ids,
        columns=tuple(column(one) for one in kinds.seen),
        repeats=tuple(instances),
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
        guessed=guessed,
        villages_withheld=len(answered) - len(enough),
    )  # fmt: skip


def numbers(session: Session, query: Select[int]) -> array[int]:
    """The whole numbers of a query with one column, as many as there are."""
    found: array[int] = array("q")
    for some in rows_of(session, query, AT_ONCE):
        found.extend(one for (one,) in some)
    return found


def learned(session: Session, plan: Plan) -> Plan:
    """The same with the columns that all of its submissions make. Reads every one."""
    kinds = Kinds(of_versions(versions_of_wave(session, plan.chosen.wave_id))[0])
    for submission in _texts(session, plan.ids):
        kinds.see_text(submission)
    return replace(plan, columns=tuple(column(one) for one in kinds.seen), guessed=False)


def _texts(session: Session, ids: Sequence[int]) -> Iterator[str]:
    """The answers of these submissions as JSON text, in their order, as far as they are there."""
    query = select(Interview.id, cast(Interview.submission, Text)).where(
        Interview.id.in_(bindparam("ids", expanding=True))
    )
    look = session.connection().execute
    for some in batches(ids):
        found: dict[int, str] = dict(look(query, {"ids": list(some)}).all())
        yield from (found[one] for one in some if one in found)


def _count(repeats: Sequence[Instances], submission: Mapping[str, str]) -> None:
    """Add the instances of the next submission."""
    if repeats:
        found = Counter(marked(path) for path in submission if path.endswith("]"))
        for one in repeats:
            one.first.append(one.first[-1] + sum(found[path] for path in one.repeat.paths))


def batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Ids, some hundred at a time."""
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
