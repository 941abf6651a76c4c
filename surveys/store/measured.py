"""What estimates and flags read of submissions: written beside each, read by the million.

`interview.measured` is a line as surveys.estimation.measured says. It is written when an interview
ends. Where there is none (taken in from paper, kept by an earlier version of the program), or one
that its form version does not have in the wave any more, it is made from the submission: `read`
does so by itself each time, `unmeasured` and `measure` once and for all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from surveys.estimation.measured import MARK, Layout, columns, layouts, line
from surveys.store.database import kind_of, rows_of
from surveys.store.forms import Version, versions_of_wave
from surveys.store.interviews import INTERVIEW, RESPONDENT
from surveys.store.reviews import REJECTED
from surveys.store.timings import active

if TYPE_CHECKING:
    import pandas as pd

BATCH = 50_000
"""Lines that are read at a time."""
SLOW = 500
"""Submissions that are read at a time."""

_C = INTERVIEW.c
# As text in the statement: only so does SQLite take the index that holds all that is read.
FINISHED = _C.status == literal_column("'finished'")


@dataclass(frozen=True, slots=True)
class Rows:
    """The finished submissions of a wave, by id; nothing of them is a Python object of its own."""

    own: pd.DataFrame
    """id, area (its id), home and entry (Categoricals), submission (its key), mode, finished,
    rejected, stored (its flags as JSON), seconds (NaN where there is no log), path (-1), same,
    answered."""
    values: pd.DataFrame
    """Of each name that the wave measures a Categorical, "" where nothing was answered."""


def flagged(rows: Rows) -> dict[int, str]:
    """Of the interviews that have flags stored, these, as JSON."""
    stored = rows.own["stored"]
    some = rows.own.loc[~stored.isin(("[]", "null")), ["id", "stored"]]
    return dict(zip(some["id"].tolist(), some["stored"].tolist(), strict=True))


def layouts_of(
    session: Session, wave_id: int, versions: Sequence[Version] | None = None
) -> dict[int, Layout]:
    """What the lines of each form version of a wave hold; versions: of the wave, where known."""
    found = versions_of_wave(session, wave_id) if versions is None else versions
    return layouts({one.id: (one.form, one.indicators) for one in found})


def keep_measured(
    session: Session, interview_id: int, layout: Layout, submission: Mapping[str, str]
) -> None:
    """Write the line of an interview that has just ended; its log must be complete."""
    timed = active(session, [interview_id]).get(interview_id)
    session.connection().execute(
        update(INTERVIEW)
        .where(_C.id == interview_id)
        .values(measured=line(layout, submission, timed))
    )


def has_line(session: Session, wave_id: int) -> ColumnElement[bool]:
    """Whether an interview has its line, and the one that is read now."""
    good = (
        and_(_C.form_version_id == version, func.substr(_C.measured, 1, MARK) == layout.mark)
        for version, layout in layouts_of(session, wave_id).items()
    )
    return and_(_C.measured.is_not(None), or_(false(), *good))


def unmeasured(session: Session, wave_id: int) -> list[int]:
    """The finished interviews of a wave whose line is missing, or not the one that is read now."""
    query = select(_C.id).where(_C.wave_id == wave_id, FINISHED, not_(has_line(session, wave_id)))
    return sorted(session.scalars(query))


_KEEP = (
    update(INTERVIEW).where(_C.id == bindparam("of")).values(measured=bindparam("line"))
)  # fmt: skip


def measure(session: Session, wave_id: int, interview_ids: Sequence[int]) -> None:
    """Write the lines of these interviews anew, from their submissions; some hundreds at once."""
    made = [
        {"of": number, "line": text}
        for number, _, text in _made(session, layouts_of(session, wave_id), interview_ids)
    ]
    if made:
        session.connection().execute(_KEEP, made)


def read(
    session: Session,
    wave_id: int,
    area_ids: Collection[int] | None = None,
    versions: Sequence[Version] | None = None,
    only: Collection[str] | None = None,
) -> Rows:
    """The finished submissions of some villages in a wave (None: of all of them).

    versions: of the wave, where they are known: to find them all its interviews are gone through;
    only: of these nodes alone.
    """
    import numpy as np
    import pandas as pd

    known = layouts_of(session, wave_id, versions)
    names = sorted({
        name for layout in known.values() for name in layout.names if only is None or name in only
    })  # fmt: skip
    pieces = list(_pieces(session, wave_id, area_ids, known, names))
    if not pieces:
        pieces = [_piece([], known, names)]
    own = pd.concat([one for one, _ in pieces], ignore_index=True)
    values = {
        name: pd.api.types.union_categoricals([rest[name] for _, rest in pieces])
        for name in names
    }  # fmt: skip
    pieces.clear()
    ids = own["id"].to_numpy()
    if (np.diff(ids) < 0).any():
        order = np.argsort(ids, kind="stable")
        own = own.take(order).reset_index(drop=True)
        values = {name: one.take(order) for name, one in values.items()}
    for name in ("home", "entry"):
        # As numbers, once: all that counts homes would find anew which there are.
        own[name] = pd.Categorical.from_codes(*pd.factorize(own[name]))
    return Rows(own, pd.DataFrame(values, index=own.index, columns=names))


Piece = tuple["pd.DataFrame", "pd.DataFrame"]


def _pieces(
    session: Session,
    wave_id: int,
    area_ids: Collection[int] | None,
    known: Mapping[int, Layout],
    names: Sequence[str],
) -> Iterator[Piece]:
    query = _query(session, wave_id)
    if area_ids is not None:
        query = query.where(_C.area_id.in_(area_ids))
    missing: list[int] = []
    for batch in rows_of(session, query, BATCH):
        good = []
        for row in batch:
            measured, layout = row[-1], known.get(row[-2])
            if measured is not None and layout is not None and measured.startswith(layout.mark):
                good.append(row)
            else:
                missing.append(row[0])
        if good:
            yield _piece(good, known, names)
    for start in range(0, len(missing), SLOW):
        some = missing[start : start + SLOW]
        lines = {number: text for number, _, text in _made(session, known, some)}
        found = session.execute(_query(session, wave_id).where(_C.id.in_(list(lines))))
        made = [(*row[:-1], lines[row[0]]) for row in found]
        if made:
            yield _piece(made, known, names)


def _query(session: Session, wave_id: int) -> Any:
    """The narrow columns of finished interviews, the form version and the line last."""
    postgresql = kind_of(session) == "postgresql"
    finished = (
        cast(func.extract("epoch", _C.finished_at) * 1_000_000, BigInteger)
        if postgresql
        else type_coerce(_C.finished_at, String)
    )
    flags = cast(_C.flags, Text) if postgresql else type_coerce(_C.flags, String)
    return (
        select(
            _C.id, _C.area_id, RESPONDENT.c.household_id, RESPONDENT.c.entry, _C.key, _C.mode,
            finished, case((_C.review == REJECTED, 1), else_=0), flags,
            _C.form_version_id, _C.measured,
        )
        .join_from(INTERVIEW, RESPONDENT, RESPONDENT.c.id == _C.respondent_id)
        .where(_C.wave_id == wave_id, FINISHED)
    )  # fmt: skip


def _piece(
    rows: Sequence[Any], known: Mapping[int, Layout], names: Sequence[str]
) -> Piece:  # fmt: skip
    import numpy as np
    import pandas as pd

    held = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(11)]
    ids, areas, homes, entries, keys, modes, finished, rejected, flags, versions, lines = held
    numbers, values = _lines(lines, versions, known, names)
    seconds = numbers["seconds"].to_numpy(np.float64)
    when = np.array(finished, dtype="datetime64[us]" if finished else "int64")
    own = pd.DataFrame(
        {
            "id": np.array(ids, np.int64),
            "area": np.array(areas, np.int64),
            "home": np.array(homes, object),
            "entry": np.array(entries, object),
            "submission": np.array(keys, object),
            "mode": np.array([one or "self" for one in modes], object),
            "finished": when.astype("datetime64[us]"),
            "rejected": np.array(rejected, np.bool_),
            "stored": np.array([one or "[]" for one in flags], object),
            "seconds": np.where(seconds < 0, np.nan, seconds),
            **{name: numbers[name].to_numpy() for name in ("path", "same", "answered")},
        }
    )
    return own, values


def _lines(
    lines: Sequence[str],
    versions: Sequence[int],
    known: Mapping[int, Layout],
    names: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The columns of lines of several form versions, in their order."""
    import numpy as np
    import pandas as pd

    of = np.array(versions, np.int64)
    # Versions with the same layout are read together.
    marks = {version: known[version].mark for version in set(versions)}
    layout_by_mark = {marks[version]: known[version] for version in marks}
    at, numbers, values = [], [], []
    for mark, layout in layout_by_mark.items():
        if len(layout_by_mark) == 1:
            some = lines
        else:
            place = np.flatnonzero(np.isin(of, [v for v, m in marks.items() if m == mark]))
            at.append(place)
            some = [lines[one] for one in place.tolist()]
        first, rest = columns(some, layout, names)
        absent = [name for name in names if name not in layout.names]
        nothing = pd.Categorical.from_codes(
            np.zeros(len(first), np.int8), pd.Index([""], dtype="str")
        )
        rest = pd.concat([rest, pd.DataFrame(dict.fromkeys(absent, nothing))], axis=1)
        numbers.append(first)
        values.append({name: rest[name].array for name in names})
    if not numbers:
        first, rest = columns([], Layout(tuple(names), frozenset()))
        return first, rest
    if len(numbers) == 1:
        return numbers[0], pd.DataFrame(values[0])
    order = np.argsort(np.concatenate(at))
    together = {
        name: pd.api.types.union_categoricals([one[name] for one in values]).take(order)
        for name in names
    }
    return pd.concat(numbers, ignore_index=True).take(order), pd.DataFrame(together)


def _made(
    session: Session, known: Mapping[int, Layout], interview_ids: Sequence[int]
) -> Iterator[tuple[int, int, str]]:
    """(interview, its form version, its line) from submissions; who has none is left out."""
    timed = active(session, interview_ids)
    rows = session.execute(
        select(_C.id, _C.form_version_id, _C.submission)
        .where(_C.id.in_(interview_ids), _C.submission.is_not(None))
        .order_by(_C.id)
    )
    for number, version, submission in rows:
        if version in known:
            yield number, version, line(known[version], submission, timed.get(number))
