"""The submissions of a wave with their flags (surveys.estimation.quality)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator
from surveys.store.forms import versions_of_wave
from surveys.store.schema import Area, Interview, Respondent
from surveys.store.submissions import by_name
from surveys.store.timings import active

if TYPE_CHECKING:
    import pandas as pd

BATCH = 2000
_OWN = ("village", "home", "entry", "submission", "mode", "finished", "flags")


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands out in the submissions of a wave."""

    flags: Mapping[str, tuple[str, ...]]
    """Key -> the names of its flags, those stored included; without a flag, no entry."""
    seconds: Mapping[str, float]
    """Key -> active seconds, where the log is there."""
    counts: pd.DataFrame
    """By village's code, as `surveys.estimation.quality.Quality.counts`."""


def checked(
    session: Session, wave_id: int, area_ids: Collection[int] | None = None
) -> Checked:  # fmt: skip
    """The flags of a wave's finished submissions (None: of all its villages).

    Villages left out are not compared with: give all that the wave has, so that a submission has
    the same flags wherever it is looked at.
    """
    from surveys.estimation.frame import FLAGS
    from surveys.estimation.quality import quality

    versions = versions_of_wave(session, wave_id)
    found: dict[tuple[str, str | None], Indicator] = {}
    for one in (one for version in versions for one in version.indicators):
        # Of two versions' rows the newest stays.
        found.setdefault((one.name, one.role), one)
    indicators = tuple(found.values())
    private = {one.name for one in indicators if one.role == "private"}
    questions = {
        question.name
        for version in versions
        for question in version.form.questions
        if question.asked and question.type != "text" and question.name not in private
    }
    frame, stored = _frame(session, wave_id, area_ids, indicators, questions)
    frame = frame.join(active(session, wave_id, area_ids), on="submission")
    result = quality(frame, indicators)
    marked = result.marks[result.marks.any(axis=1)]
    flags = {
        str(key): tuple(name for name, yes in zip(FLAGS, row, strict=True) if yes)
        for key, row in zip(frame["submission"][marked.index], marked.to_numpy(), strict=True)
    }
    for key, names in stored.items():
        flags[key] = tuple(dict.fromkeys((*flags.get(key, ()), *names)))
    timed = frame[["submission", "seconds"]].dropna()
    seconds = dict(zip(timed["submission"].tolist(), timed["seconds"].tolist(), strict=True))
    return Checked(flags, seconds, result.counts)


def _frame(
    session: Session,
    wave_id: int,
    area_ids: Collection[int] | None,
    indicators: Iterable[Indicator],
    questions: Collection[str],
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The frame, and by key the flags stored. A batch's answers are kept as one number a row."""
    import pandas as pd

    from surveys.estimation.quality import fingerprint

    roles = [name for name in {o.name for o in indicators if o.role} if name not in _OWN]
    query = (
        select(
            Area.code, Respondent.household_id, Respondent.entry, Interview.key, Interview.mode,
            Interview.finished_at, Interview.flags, Interview.submission,
        )
        .join(Respondent, Respondent.id == Interview.respondent_id)
        .join(Area, Area.id == Interview.area_id)
        .where(
            Interview.wave_id == wave_id,
            Interview.status == "finished",
            Interview.submission.is_not(None),
        )
    )  # fmt: skip
    if area_ids is not None:
        query = query.where(Interview.area_id.in_(area_ids))
    rows = session.execute(query, execution_options={"yield_per": BATCH})
    stored: dict[str, list[str]] = {}
    pieces = []
    for batch in rows.partitions():
        answers: list[dict[str, Any]] = []
        for row in batch:
            answers.append(by_name(row.submission))
            if row.flags:
                stored[row.key] = [str(flag) for flag in row.flags]
        asked = pd.DataFrame({name: [a.get(name, "") for a in answers] for name in questions})
        own = pd.DataFrame(
            [(r.code, r.household_id, r.entry, r.key, r.mode or "self", r.finished_at,
              len(r.flags or ())) for r in batch],
            columns=_OWN,
        )  # fmt: skip
        needed = pd.DataFrame({name: [a.get(name, "") for a in answers] for name in roles})
        pieces.append(pd.concat([own, needed, fingerprint(asked, questions)], axis=1))
    if not pieces:
        pieces = [pd.DataFrame(columns=[*_OWN, *roles, "same", "answered"])]
    frame = pd.concat(pieces, ignore_index=True)
    frame["finished"] = pd.to_datetime(frame["finished"], utc=True)
    return frame.astype({"flags": "int64", "same": "uint64", "answered": "int64"}), stored
