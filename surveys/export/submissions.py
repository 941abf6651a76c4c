"""The table of submissions: the form's columns and ours, read a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Text, TextClause, bindparam, cast, func, select, text
from sqlalchemy.orm import Session

from surveys.export.answers import Column
from surveys.export.apart import connecting, possible
from surveys.export.apart import lines as lines_apart
from surveys.export.design import Design, design
from surveys.export.frequencies import Counting
from surveys.export.hiding import Hiding
from surveys.export.kept import Kept
from surveys.export.line_maker import IDS, Work
from surveys.export.media import media_paths, present
from surveys.export.own import AFTER, BEFORE, ours
from surveys.export.own_cells import COMPUTED, SPOKEN, Around, Batch, Computed, batch
from surveys.export.plan import BATCH, Plan, batches
from surveys.export.reader import Reader
from surveys.export.straight import Straight
from surveys.export.table import MARK, Cell, More, Table, Variable
from surveys.store.database import Database, kind_of
from surveys.store.schema import Interview, Respondent
from surveys.store.submissions import Census

Progress = Callable[[int, int], None]
"""Told how many submissions are done, of how many."""
Reading = Sequence[tuple[tuple[str, ...], Callable[[str], list[Cell]] | None, int]]
"""Of each question: its paths in a table, how its answers are read (None: as they are), how many
columns it has."""


class Sources:
    """What the rows are made from, beside the answers. Weights and flags are computed when they are
    first wanted.
    """

    def __init__(
        self,
        plan: Plan,
        census: Mapping[int, Census],
        folder: Path | None = None,
        made: tuple[Design, Kept] | None = None,
        singled: NDArray[np.int64] | None = None,
    ) -> None:
        self._plan = plan
        self.folder = folder
        """Where things wait until the export is written (None: the system's temporary folder)."""
        self.census = census
        """Of each village of the plan, by id."""
        self._made = made
        self.singled = singled
        """Of a release: the ids of who could be singled out even so, ascending."""

    @property
    def found(self) -> bool:
        """Whether weights and flags were computed."""
        return self._made is not None

    def find(self, session: Session) -> None:
        """Compute weights and flags of the whole wave, where they were not."""
        if self._made is None:
            made, everybody = design(session, self._plan.chosen.wave_id)
            self._made = made, everybody.keep(self._plan.ids, self.folder)

    def design(self, database: Database) -> Design:
        """The weights, computed now where they were not."""
        if self._made is None:
            with database.read() as session:
                self.find(session)
        return self._there[0]

    def computed(self, first: int, ids: Sequence[int]) -> Computed:
        """Of the submissions `ids`, which stand from `first` on in the plan; after `find`."""
        out: Sequence[bool] = ()
        if self.singled is not None:
            # One more behind them, so that each place is one of them.
            there = np.append(self.singled, -1)[np.searchsorted(self.singled, ids)]
            out = (there == np.asarray(ids)).tolist()
        return self._there[1].batch(first, ids, out)

    @property
    def _there(self) -> tuple[Design, Kept]:
        if self._made is None:
            raise RuntimeError("weights and flags were not computed")
        return self._made


@dataclass(frozen=True, slots=True)
class Shown:
    """What lines of CSV hold."""

    readers: Sequence[Reader]
    """Of the questions."""
    variables: tuple[Variable, ...]
    first: int
    """How many columns of ours stand before the questions."""
    hiding: Hiding | None = None
    """What is done so that they can be handed out."""


def submissions(
    database: Database,
    plan: Plan,
    sources: Sources,
    progress: Progress | None = None,
    *,
    apart: bool = True,
    shown: Shown | None = None,
) -> Table:
    """Every submission of the plan, in the order in which they were finished.

    The rows are read from the database each time, some hundred at once; of somebody forgotten since
    the plan was made there is no row. `progress` is told of the first reading. `apart`: whether
    of many lines of CSV half may be made by another process. `shown`: what lines hold; without it
    everything.
    """
    told = [progress]
    reading = [(one.asked.paths, one.reader.cells(), len(one.variables)) for one in plan.of()]
    first = len(BEFORE)
    holding = shown or Shown([one.reader for one in plan.of()], variables(plan), first)

    def read() -> Iterator[Batch]:
        return _read(database, plan, sources, told.pop() if told else None)

    def rows() -> Iterator[Sequence[Sequence[Cell]]]:
        for some in read():
            yield [
                [*own[:first], *answers(json.loads(given), reading), *own[first:]]
                for given, own in zip(some.answers, zip(*some.own, strict=True), strict=True)
            ]

    def lines(more: More, counting: Counting | None) -> Iterator[bytes]:
        if apart and not media_paths(plan) and possible(database, plan.submissions):
            made = _apart(database, plan, sources, holding, more, counting)
            return _telling(made, plan.submissions, told.pop() if told else None)
        return here(more, counting)

    def here(more: More, counting: Counting | None) -> Iterator[bytes]:
        straight = Straight(
            holding.readers, holding.variables, holding.first, more, counting, guessed=plan.guessed
        )  # fmt: skip
        for some in read():
            one = some if holding.hiding is None else holding.hiding.hidden(some)
            yield straight.lines(one.answers, one.own)
        straight.count()

    return Table("submissions", variables(plan), rows, plan.submissions, lines=lines)


def _apart(  # noqa: PLR0917
    database: Database,
    plan: Plan,
    sources: Sources,
    shown: Shown,
    more: More,
    counting: Counting | None,
) -> Iterator[bytes]:
    """The lines, half of them made by another process."""
    late = frozenset(
        place for place, one in enumerate(shown.variables)
        if not one.question and one.name.removeprefix(MARK) in COMPUTED
    )  # fmt: skip
    statement = _query(database.url.get_backend_name(), text(f"interview.id IN ({IDS})"))
    compiled = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
    work = Work(
        kind=database.url.get_backend_name(),
        connect=connecting(database),
        query=str(compiled),
        around=_around(plan, sources),
        readers=shown.readers,
        variables=shown.variables,
        first=shown.first,
        more=more,
        counting=counting,
        guessed=plan.guessed,
        hiding=shown.hiding,
        late=frozenset() if sources.found else late,
    )

    return lines_apart(database, work, plan.ids, BATCH, sources)


def _telling(blocks: Iterator[bytes], count: int, progress: Progress | None) -> Iterator[bytes]:
    for number, block in enumerate(blocks, 1):
        yield block
        if progress is not None:
            progress(min(number * BATCH, count), count)


def _read(
    database: Database,
    plan: Plan,
    sources: Sources,
    progress: Progress | None,
) -> Iterator[Batch]:
    media = media_paths(plan)
    around = _around(plan, sources)
    done = 0
    with database.read() as session:
        sources.find(session)
        query = _query(kind_of(session), Interview.id.in_(bindparam("ids", expanding=True)))
        # Past the session: rows that are no objects are wrapped there once more.
        look = session.connection().execute
        for ids in batches(plan.ids):
            found = {row[0]: row for row in look(query, {"ids": list(ids)}).all()}
            sent: Mapping[int, tuple[int, int]] = {}
            if media:
                given = {one: _Given(json.loads(row[-1])) for one, row in found.items()}
                sent = present(session, given, media)
            made = batch(found, ids, around, sources.computed(done, ids), sent)
            if made is not None:
                yield made
            done += len(ids)
            if progress is not None:
                progress(done, plan.submissions)


@dataclass(frozen=True, slots=True)
class _Given:
    """What `present` looks at."""

    submission: dict[str, str]


def _query(kind: str, wanted: ColumnElement[bool] | TextClause) -> Any:
    # A state is large; nothing else of it is wanted.
    place = func.strpos if kind == "postgresql" else func.instr
    spoken = func.substr(Interview.state, place(Interview.state, '"language":'), SPOKEN)
    return (
        select(
            Interview.id,
            Interview.key,
            Interview.area_id,
            Interview.form_version_id,
            Interview.mode,
            spoken,
            Interview.started_at,
            Interview.finished_at,
            Interview.review,
            Respondent.household_id,
            Respondent.entry,
            cast(Interview.submission, Text),
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .where(wanted)
    )


def _around(plan: Plan, sources: Sources) -> Around:
    places = sources.census
    return Around({one: _where(places[one]) for one in plan.chosen.area_ids}, dict(plan.versions))


def variables(plan: Plan) -> tuple[Variable, ...]:
    """The columns: the day it came in, the form's, ours."""
    own = own_of(plan)
    return (
        *(own[name] for name in BEFORE), *fields(plan.of()), *(own[name] for name in AFTER)
    )  # fmt: skip


def own_of(plan: Plan) -> dict[str, Variable]:
    """Our columns by name, each marked where a question of the form has its name."""
    return apart((ours()[name] for name in (*BEFORE, *AFTER)), fields(plan.of()))


def fields(columns: Iterable[Column]) -> list[Variable]:
    """All columns of some questions."""
    return [variable for one in columns for variable in one.variables]


def apart(own: Iterable[Variable], asked: Iterable[Variable]) -> dict[str, Variable]:
    """Columns of ours by name, each marked where one of the form has its name."""
    taken = {one.name for one in asked}
    return {
        one.name: replace(one, name=MARK + one.name) if one.name in taken else one for one in own
    }


def answers(submission: Mapping[str, str], reading: Reading, above: str = "") -> list[Cell]:
    """The cells of a submission, or of the instance of a repeat at a path, `above`."""
    cells: list[Cell] = []
    for paths, read, count in reading:
        # A version has just one of the paths.
        value = submission.get(above + paths[0])
        if not value and len(paths) > 1:
            value = next(filter(None, (submission.get(above + path) for path in paths)), None)
        if not value:
            cells.extend([None] * count)
        elif read is None:
            cells.append(value)
        else:
            cells.extend(read(value))
    return cells


def _where(village: Census) -> tuple[Cell, ...]:
    return (village.code, village.name, *above(village.area))


def above(area: Sequence[str]) -> tuple[str | None, str | None]:
    """What a village is in, and the county; area: the names from the programme down.

    >>> above(("Programme", "Qinghe", "Lishan"))
    ('Lishan', 'Qinghe')
    """
    return (area[-1] if area else None, area[1] if len(area) > 1 else None)
