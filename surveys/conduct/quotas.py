"""Whether there are enough answers from people like the one who is answering."""

from __future__ import annotations

from sqlalchemy.orm import Session

from surveys.conduct.forms import Loaded
from surveys.interview.state import Interview
from surveys.store.areas import paths_of
from surveys.store.quotas import Cell, cell_of, counted, quotas_at, within
from surveys.store.stepped import InterviewRow


def filled(
    session: Session, row: InterviewRow, loaded: Loaded, before: Interview, after: Interview
) -> Cell | None:
    """The quota that is full for this person, at the step by which sex and age became known.

    At no other step: whoever had begun before a cell filled is not sent away, nor is who corrects
    an answer later. Of several that are full the widest is given. Only finished interviews count,
    so as many as are under way may still come in.
    """
    if _known(loaded, before) or not _known(loaded, after):
        return None
    if loaded.exclude is not None and after.answers.get(loaded.exclude) == "1":
        return None
    sex, age = (after.answers.get(path or "", "") for path in loaded.cell)
    person = cell_of(sex, age)
    quotas = [one for one in quotas_at(session, row.wave_id, row.area_path)
              if one.cell.holds(person)]  # fmt: skip
    paths = paths_of(session, {one.area_id for one in quotas})
    counts = {area_id: counted(session, row.wave_id, path) for area_id, path in paths.items()}
    full = [one.cell for one in quotas if within(counts[one.area_id], one.cell) >= one.most]
    return max(full, key=lambda cell: cell.width, default=None)


def _known(loaded: Loaded, interview: Interview) -> bool:
    """Whether what the form asks of sex and age is answered or skipped."""
    paths = [path for path in loaded.cell if path is not None]
    return bool(paths) and all(
        interview.answers.get(path) or path in interview.passed for path in paths
    )
