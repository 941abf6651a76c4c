"""A turn of an interview: loaded, and written with a version check and with lines of its log.

A turn is written at once. Where the interviews of several people were read together
(surveys.store.ahead) what turns make of them is written together, too, before the transaction ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, null, select, text, update
from sqlalchemy.orm import Session

from surveys.store.database import at_the_end, kind_of, unnested
from surveys.store.interviews import AREA, EVENT, INTERVIEW, RESPONDENT, WAVE


class Conflict(Exception):  # noqa: N818
    """Someone else wrote an interview at the same time: to be tried again."""


@dataclass(frozen=True, slots=True)
class InterviewRow:
    """An interview as a turn needs it."""

    id: int
    key: str
    respondent_id: str
    contact_id: int | None
    wave_id: int
    form_version_id: int
    area_id: int
    area_path: str
    mode: str | None
    status: str
    state: str
    version: int
    closed_at: datetime | None
    """When its wave was closed."""


COLUMNS = (
    INTERVIEW.c.id,
    INTERVIEW.c.key,
    INTERVIEW.c.respondent_id,
    RESPONDENT.c.contact_id,
    INTERVIEW.c.wave_id,
    INTERVIEW.c.form_version_id,
    INTERVIEW.c.area_id,
    AREA.c.path.label("area_path"),
    INTERVIEW.c.mode,
    INTERVIEW.c.status,
    INTERVIEW.c.state,
    INTERVIEW.c.version,
    WAVE.c.closed_at,
)
"""Of `InterviewRow`, in its order."""
_LOAD = (
    select(*COLUMNS)
    .join_from(INTERVIEW, RESPONDENT)
    .join(WAVE, WAVE.c.id == INTERVIEW.c.wave_id)
    .join(AREA, AREA.c.id == INTERVIEW.c.area_id)
    .where(INTERVIEW.c.id == bindparam("id"))
    .with_for_update(of=INTERVIEW)
)


@dataclass(slots=True)
class _Together:
    """Interviews that were read and locked together."""

    ahead: dict[int, InterviewRow]
    """Those that nobody has loaded yet."""
    ids: frozenset[int]
    waits: list[Written]
    """What turns made of them, to be written."""


_TOGETHER = "interviews read together"


def hand_out(session: Session, interviews: Sequence[InterviewRow]) -> None:
    """Interviews that were read and locked: `load` gives each, once."""
    ahead = {one.id: one for one in interviews}
    session.info[_TOGETHER] = _Together(ahead, frozenset(ahead), [])


def load(session: Session, interview_id: int) -> InterviewRow | None:
    """An interview, locked until the transaction ends."""
    together: _Together | None = session.info.get(_TOGETHER)
    if together is not None:
        ahead = together.ahead.pop(interview_id, None)
        if ahead is not None:
            return ahead
        write_what_waits(session)
    row = session.connection().execute(_LOAD, {"id": interview_id}).one_or_none()
    return None if row is None else InterviewRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    kind: str
    node: str
    value: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What an update adds to the log of an interview."""

    of: int
    """The interview."""
    lines: Sequence[Line]
    at: datetime
    """UTC."""
    update_id: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a turn made of an interview."""

    row: InterviewRow
    """As it was loaded."""
    state: str
    status: str
    mode: str | None
    log: Lines


_SAVE = (
    update(INTERVIEW)
    .where(INTERVIEW.c.id == bindparam("of"), INTERVIEW.c.version == bindparam("seen"))
    .values(
        version=bindparam("seen") + 1,
        state=bindparam("new_state"),
        status=bindparam("new_status"),
        mode=bindparam("new_mode"),
        updated_at=bindparam("now"),
        # What is said from now on is to be erased, too.
        texts_erased_at=null(),
    )
)
_LOG = insert(EVENT)
# However many interviews and lines, one statement, the same each time.
_TURNS = {
    "ids": "int", "versions": "int", "states": "text", "statuses": "text", "modes": "text",
    "times": "timestamptz",
}  # fmt: skip
_LINES = {
    "of": "int", "at": "timestamptz", "kinds": "text", "nodes": "text", "texts": "text",
    "updates": "bigint",
}  # fmt: skip


_LOGGED = f"""
    INSERT INTO interview_event (interview_id, at, kind, node, value, update_id)
    SELECT line.interview_id, line.at, line.kind, line.node, line.value, line.update_id
    FROM {unnested(_LINES)} WITH ORDINALITY
        AS line (interview_id, at, kind, node, value, update_id, place){{}}
    ORDER BY line.place
"""
_LOG_ON_POSTGRESQL = text(_LOGGED.format(""))
_SAVE_ON_POSTGRESQL = text(
    f"""
    WITH saved AS (
        UPDATE interview SET version = turn.version + 1, state = turn.state, status = turn.status,
            mode = turn.mode, updated_at = turn.at, texts_erased_at = NULL
        FROM {unnested(_TURNS)} AS turn (id, version, state, status, mode, at)
        WHERE interview.id = turn.id AND interview.version = turn.version
        RETURNING interview.id
    ), logged AS ({_LOGGED.format(" JOIN saved ON saved.id = line.interview_id")})
    SELECT count(*) FROM saved
    """
)


def save(session: Session, written: Written) -> None:
    """Write what a turn made of an interview; `Conflict` where someone else wrote it meanwhile.

    Of one that was read together with others it is written with theirs, unless it came to its end,
    was stopped or taken up again: others of this transaction may look for that.
    """
    together: _Together | None = session.info.get(_TOGETHER)
    row = written.row
    if together is None or row.id not in together.ids or written.status != row.status:
        _write(session, [written])
        return
    if not together.waits:
        # Before rows that others want: those of interviews are locked already.
        at_the_end(session, "an interview", write_what_waits)
    together.waits.append(written)


def write_what_waits(session: Session) -> None:
    """Write what turns made of interviews that were read together (see `save`)."""
    together: _Together | None = session.info.get(_TOGETHER)
    if together is not None and together.waits:
        waits, together.waits = together.waits, []
        _write(session, waits)


def log(session: Session, several: Sequence[Lines]) -> None:
    """Append lines to the logs of interviews, in their order."""
    if not any(one.lines for one in several):
        return
    if kind_of(session) == "postgresql":
        session.connection().execute(_LOG_ON_POSTGRESQL, _lines(several))
        return
    session.connection().execute(
        _LOG,
        [
            {
                "interview_id": one.of, "at": one.at, "kind": line.kind, "node": line.node,
                "value": line.value, "update_id": one.update_id,
            }
            for one in several
            for line in one.lines
        ],
    )  # fmt: skip


def _write(session: Session, several: Sequence[Written]) -> None:
    """Write them, each of another interview. Raises `Conflict`."""
    connection = session.connection()
    logs = [one.log for one in several]
    if kind_of(session) == "postgresql":
        given = {
            "ids": [one.row.id for one in several],
            "versions": [one.row.version for one in several],
            "states": [one.state for one in several],
            "statuses": [one.status for one in several],
            "modes": [one.mode for one in several],
            "times": [one.log.at for one in several],
        }
        saved = connection.execute(_SAVE_ON_POSTGRESQL, given | _lines(logs)).scalar_one()
        if saved != len(several):
            raise Conflict
        return
    rows = [
        {
            "of": one.row.id, "seen": one.row.version, "new_state": one.state,
            "new_status": one.status, "new_mode": one.mode, "now": one.log.at,
        }
        for one in several
    ]  # fmt: skip
    if connection.execute(_SAVE, rows).rowcount != len(rows):
        raise Conflict
    log(session, logs)


def _lines(several: Sequence[Lines]) -> dict[str, list[object]]:
    """The lines of all of them, column by column (`_LINES`)."""
    lines = [
        (one.of, one.at, line.kind, line.node, line.value, one.update_id)
        for one in several
        for line in one.lines
    ]
    columns = zip(*lines, strict=True) if lines else ((),) * len(_LINES)
    return {name: list(column) for name, column in zip(_LINES, columns, strict=True)}
