"""The submissions of a wave with their flags (surveys.estimation.quality)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.form.indicators import Indicator
from surveys.store.forms import versions_of_wave
from surveys.store.schema import Area, Interview, Respondent
from surveys.store.submissions import by_name
from surveys.store.timings import active

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from surveys.estimation.frame import Ints

BATCH = 2000
_OWN = ("village", "home", "entry", "submission", "mode", "finished", "flags")


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands out in the submissions of a wave: some bytes each, however many there are."""

    ids: Ints
    """(submissions,) of their interviews, ascending."""
    marks: NDArray[np.uint8]
    """(submissions,) the flags found: bit n for the name n of `surveys.estimation.frame.FLAGS`."""
    seconds: NDArray[np.float32]
    """(submissions,) active seconds; NaN where there is no log."""
    stored: Mapping[int, tuple[str, ...]]
    """The flags that were stored, of the interviews that have any."""
    counts: pd.DataFrame
    """By village's code, as `surveys.estimation.quality.Quality.counts`."""

    def flags_of(self, interview_id: int) -> tuple[str, ...]:
        """The names of its flags, those stored last; none for an interview that is not there."""
        return self.batch([interview_id])[0][0]

    def seconds_of(self, interview_id: int) -> float | None:
        """Active seconds; None where there is no log, or no such interview."""
        return self.batch([interview_id])[0][1]

    def batch(self, ids: Sequence[int]) -> list[tuple[tuple[str, ...], float | None]]:
        """Of each of these interviews `flags_of` and `seconds_of`."""
        marks, seconds = self.found(ids)
        return [
            (self._names(one, mark), None if lasted != lasted else lasted)  # noqa: PLR0124 - NaN
            for one, mark, lasted in zip(ids, marks.tolist(), seconds.tolist(), strict=True)
        ]

    def found(self, ids: Sequence[int] | Ints) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Of each of these interviews its marks and seconds: 0 and NaN where it is not there."""
        import numpy as np

        wanted = np.asarray(ids, np.int64)
        if not len(self.ids):
            return np.zeros(len(wanted), np.uint8), np.full(len(wanted), np.nan, np.float32)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        there = self.ids[at] == wanted
        seconds = np.where(there, self.seconds[at], np.float32(np.nan))
        return np.where(there, self.marks[at], np.uint8(0)), seconds

    def flagged(self) -> list[int]:
        """The interviews with any flag, ascending."""
        import numpy as np

        return sorted({*self.ids[np.flatnonzero(self.marks)].tolist(), *self.stored})

    def texts(self, ids: Sequence[int] | Ints) -> pd.Categorical[str]:
        """Of each of these interviews the names of its flags as one text."""
        import numpy as np
        import pandas as pd

        marks, _ = self.found(ids)
        codes = marks.astype(np.int64)
        texts = [" ".join(names_of(mark)) for mark in range(int(codes.max(initial=0)) + 1)]
        if self.stored:
            of = {text: code for code, text in enumerate(texts)}
            for place in np.flatnonzero(np.isin(np.asarray(ids), list(self.stored))).tolist():
                text = " ".join(self._names(int(ids[place]), int(marks[place])))
                codes[place] = of.setdefault(text, len(of))
            texts = list(of)
        return pd.Categorical.from_codes(codes, pd.Index(texts, dtype=object))

    def _names(self, interview_id: int, marks: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*names_of(marks), *self.stored.get(interview_id, ()))))


@cache
def names_of(marks: int) -> tuple[str, ...]:
    """The names of the flags that a byte of marks stands for.

    >>> names_of(0), names_of(0b1010)
    ((), ('speeding', 'duplicate'))
    """
    from surveys.estimation.frame import FLAGS

    return tuple(name for place, name in enumerate(FLAGS) if marks >> place & 1)


def checked(
    session: Session, wave_id: int, area_ids: Collection[int] | None = None
) -> Checked:  # fmt: skip
    """The flags of a wave's finished submissions (None: of all its villages).

    Villages left out are not compared with: give all that the wave has, so that a submission has
    the same flags wherever it is looked at.
    """
    import numpy as np

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
    ids = frame["id"].to_numpy(np.int64)
    order = np.argsort(ids)
    bits = result.marks.to_numpy(np.uint8) @ (1 << np.arange(len(FLAGS), dtype=np.uint8))
    return Checked(
        ids[order],
        bits.astype(np.uint8)[order],
        frame["seconds"].to_numpy(np.float32)[order],
        stored,
        result.counts,
    )


def _frame(
    session: Session,
    wave_id: int,
    area_ids: Collection[int] | None,
    indicators: Iterable[Indicator],
    questions: Collection[str],
) -> tuple[pd.DataFrame, dict[int, tuple[str, ...]]]:
    """The frame with each interview's `id`, and the flags stored.

    A batch's answers are kept as one number a row.
    """
    import pandas as pd

    from surveys.estimation.quality import fingerprint

    roles = [name for name in {o.name for o in indicators if o.role} if name not in _OWN]
    query = (
        select(
            Interview.id, Area.code, Respondent.household_id, Respondent.entry, Interview.key,
            Interview.mode, Interview.finished_at, Interview.flags, Interview.submission,
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
    stored: dict[int, tuple[str, ...]] = {}
    pieces = []
    for batch in rows.partitions():
        answers: list[dict[str, Any]] = []
        for row in batch:
            answers.append(by_name(row.submission))
            if row.flags:
                stored[row.id] = tuple(str(flag) for flag in row.flags)
        asked = pd.DataFrame({name: [a.get(name, "") for a in answers] for name in questions})
        own = pd.DataFrame(
            [(r.code, r.household_id, r.entry, r.key, r.mode or "self", r.finished_at,
              len(r.flags or ()), r.id) for r in batch],
            columns=[*_OWN, "id"],
        )  # fmt: skip
        needed = pd.DataFrame({name: [a.get(name, "") for a in answers] for name in roles})
        pieces.append(pd.concat([own, needed, fingerprint(asked, questions)], axis=1))
    if not pieces:
        pieces = [pd.DataFrame(columns=[*_OWN, "id", *roles, "same", "answered"])]
    frame = pd.concat(pieces, ignore_index=True)
    frame["finished"] = pd.to_datetime(frame["finished"], utc=True)
    return frame.astype({"flags": "int64", "same": "uint64", "answered": "int64"}), stored
