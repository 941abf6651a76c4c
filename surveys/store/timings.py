"""What the log of events says of time: how long each question stood on a screen, and which.

A question stands on the screen from a line "asked" to the interview's next line that settles it or
takes it away: answered, corrected, skipped, asked (another one, or the same anew), stopped. A
refused answer leaves it there. Each such spell counts at most `LONGEST`, so that a pause of a day
does not; what is shown again by a stale button after a stop has no line, and no spell.

Where someone was forgotten and left the answers, the log is gone: nothing is known of them here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.orm import Session

from surveys.store.database import kind_of
from surveys.store.forms import versions_of_wave
from surveys.store.interviews import EVENT, INTERVIEW, RESPONDENT

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 300
"""Seconds that a spell counts at most."""
BATCH = 5000

_SETTLED = ("answered", "corrected", "skipped")


def active(session: Session, interview_ids: Collection[int]) -> dict[int, tuple[float, int]]:
    """Of each of these interviews that has a log: the seconds that its questions stood on the
    screen in all, and what was asked, as a number of 63 bits that is the same where the same
    questions were.
    """
    chosen = select(INTERVIEW.c.id).where(INTERVIEW.c.id.in_(interview_ids))
    lines = _lines(session, chosen)
    rows = session.execute(
        select(
            lines.c.interview_id,
            func.coalesce(func.sum(_spell(session, lines)), 0.0).label("seconds"),
            _joined(session, lines.c.node).label("nodes"),
        )
        .where(lines.c.kind == "asked")
        .group_by(lines.c.interview_id)
    )
    return {of: (lasted, _number(nodes)) for of, lasted, nodes in rows}


_INSTANCE = r"\[\d+\]"


def visits(
    session: Session, wave_id: int, area_ids: Collection[int], silent_since: datetime
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """How each question of each interview went, as `surveys.estimation.questions` says, and the
    paths of the questions, which the column `question` counts.

    Of interviews that are finished, stopped, or open with nothing heard since `silent_since`; what
    is still under way has no end to speak of.
    """
    import pandas as pd

    ended = or_(
        INTERVIEW.c.status != "open",
        and_(INTERVIEW.c.status == "open", INTERVIEW.c.updated_at < silent_since),
    )
    chosen = _interviews(wave_id, area_ids, ended)
    people = session.execute(
        select(INTERVIEW.c.id, RESPONDENT.c.household_id, INTERVIEW.c.status)
        .join_from(INTERVIEW, RESPONDENT)
        .where(INTERVIEW.c.id.in_(chosen))
    ).all()
    about = pd.DataFrame(
        {
            "home": [row.household_id for row in people],
            "broke_off": [row.status != "finished" for row in people],
        },
        index=[row.id for row in people],
    )
    found = _visits(session, chosen)
    answered, skipped = (func.coalesce(found.c[name], 0) for name in ("answered_at", "skipped_at"))
    rows = session.execute(
        select(
            found.c.interview_id.label("interview"),
            found.c.node.label("question"),
            found.c.asked_at,
            func.coalesce(found.c.seconds, 0.0).label("seconds"),
            _bit(answered > skipped).label("answered"),
            _bit(skipped > answered).label("skipped"),
            _bit(found.c.asked_at > found.c.settled_at).label("returned"),
            _bit(found.c.corrected_at.is_not(None)).label("corrected"),
        ).where(found.c.asked_at.is_not(None)),
        execution_options={"yield_per": BATCH},
    )
    names = list(rows.keys())
    paths = paths_of_wave(session, wave_id)
    places = {path: place for place, path in enumerate(paths)}
    pieces = [pd.DataFrame(columns=names)]
    for batch in rows.partitions():
        # By column: pandas asks every Row for attributes, at twice the price of the query.
        piece = pd.DataFrame(dict(zip(names, zip(*batch, strict=True), strict=True)))
        nodes = piece["question"].str.replace(_INSTANCE, "", regex=True)
        # What is no question, the offer of one more instance of a repeat, is left out.
        piece = piece.assign(question=nodes.map(places)).dropna(subset="question")
        pieces.append(piece)
    frame = _once_a_question(pd.concat(pieces))
    whole = dict.fromkeys(("interview", "question", "asked_at"), "int64")
    truth = dict.fromkeys(("answered", "skipped", "returned", "corrected"), "bool")
    frame = frame.astype(whole | truth | {"seconds": "float64"})
    return frame.join(about, on="interview").reset_index(drop=True), paths


def _once_a_question(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for a question in a repeat, however often somebody met it."""
    import pandas as pd

    of = ["interview", "question"]
    again = frame.duplicated(of, keep=False)
    if not again.any():
        return frame
    several = frame[again].sort_values("asked_at").groupby(of, as_index=False)
    met = several.agg(
        {
            "asked_at": "max", "seconds": "sum", "answered": "last", "skipped": "last",
            "returned": "max", "corrected": "max",
        }
    )  # fmt: skip
    return pd.concat([frame[~again], met])


def paths_of_wave(session: Session, wave_id: int) -> tuple[str, ...]:
    """The paths of all questions that a wave's forms ask: of the newest version in its order, then
    what older ones had besides.
    """
    return tuple(
        dict.fromkeys(
            question.path
            for version in versions_of_wave(session, wave_id)
            for question in version.form.questions
            if question.asked
        )
    )


def _interviews(
    wave_id: int, area_ids: Collection[int] | None, which: ColumnElement[bool]
) -> Select[Any]:
    query = select(INTERVIEW.c.id).where(INTERVIEW.c.wave_id == wave_id, which)
    return query if area_ids is None else query.where(INTERVIEW.c.area_id.in_(area_ids))


def _lines(session: Session, interviews: Select[Any]) -> CTE:
    """The log without what was refused; `until`: when the interview's next line was written."""
    ahead = func.lead(EVENT.c.at).over(partition_by=EVENT.c.interview_id, order_by=EVENT.c.id)
    return (
        select(
            EVENT.c.id,
            EVENT.c.interview_id,
            EVENT.c.node,
            EVENT.c.kind,
            EVENT.c.at,
            ahead.label("until"),
        )
        .where(EVENT.c.kind != "refused", EVENT.c.interview_id.in_(interviews))
        .cte("lines")
    )


def _spell(session: Session, lines: CTE) -> ColumnElement[float | None]:
    """Seconds from a line to the next, 0 (a clock was set back) to `LONGEST`; NULL of the last."""
    if kind_of(session) == "postgresql":
        within = func.least(float(LONGEST), func.extract("epoch", lines.c.until - lines.c.at))
        # Its GREATEST and LEAST pass over NULL.
        return case((lines.c.until.is_not(None), cast(func.greatest(0.0, within), Float)))
    days = func.julianday(lines.c.until) - func.julianday(lines.c.at)
    # A day number keeps times to some 0.04 ms: to the ms, as they were written.
    return func.max(0.0, func.min(float(LONGEST), func.round(days * 86400.0, 3)))


def _visits(session: Session, interviews: Select[Any]) -> CTE:
    """A row for each node of each interview: seconds in all, and where in the log it was asked
    last, settled first, answered, skipped and corrected last.
    """
    lines = _lines(session, interviews)

    def at(*kinds: str) -> ColumnElement[int | None]:
        return case((lines.c.kind.in_(kinds), lines.c.id))

    return (
        select(
            lines.c.interview_id,
            lines.c.node,
            func.sum(case((lines.c.kind == "asked", _spell(session, lines)))).label("seconds"),
            func.max(at("asked")).label("asked_at"),
            func.min(at(*_SETTLED)).label("settled_at"),
            func.max(at("answered", "corrected")).label("answered_at"),
            func.max(at("skipped")).label("skipped_at"),
            func.max(at("corrected")).label("corrected_at"),
        )
        .group_by(lines.c.interview_id, lines.c.node)
        .cte("visits")
    )


def _joined(session: Session, node: ColumnElement[str]) -> ColumnElement[str]:
    """Distinct nodes as one text, in any order; no path has a comma in it."""
    if kind_of(session) == "postgresql":
        return func.string_agg(distinct(node), ",")
    return func.group_concat(distinct(node))


@lru_cache(maxsize=4096)
def _number(nodes: str) -> int:
    """A set of nodes as a number that fits into 64 bits with a sign."""
    text = ",".join(sorted(nodes.split(",")))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1


def _bit(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
