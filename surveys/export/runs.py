"""Which villages of a wave are computed at once: those that hang together, by the thousand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.store.schema import Interview, Report

AT_ONCE = 9_000
"""Submissions of villages that are computed together, or more where more hang together."""
Place = tuple[str, ...]
"""The names from the programme down, and the village's code."""


def runs(
    session: Session, wave_id: int, places: Mapping[int, Place], reference: Collection[int]
) -> Iterator[list[int]]:
    """All villages where somebody finished, and the reference, some at a time.

    At once are the villages of the area right above them, where small ones wait for each other, and
    those of the reference. places: of the villages with weights; others have nothing to do with
    each other.
    """
    counted = session.execute(
        select(Interview.area_id, func.count())
        .where(Interview.wave_id == wave_id, Interview.status == "finished")
        .group_by(Interview.area_id)
    )
    sizes: dict[int, int] = dict(counted.all())
    groups: dict[Place, list[int]] = {}
    for area_id, place in places.items():
        groups.setdefault(place[:-1], []).append(area_id)
    editions = session.scalar(select(Report.id).where(Report.wave_id == wave_id).limit(1))
    found = list(groups.values())
    if editions is not None and reference:
        # Whether the last of a reference may stay out depends on all of it.
        apart = [one for one in found if set(reference).isdisjoint(one)]
        joined = [area_id for one in found if one not in apart for area_id in one]
        found = [joined, *apart] if joined else apart
    found += [[area_id] for area_id in sizes if area_id not in places]
    run: list[int] = []
    size = 0
    for group in found:
        more = sum(sizes.get(area_id, 0) for area_id in group)
        if run and size + more > AT_ONCE:
            yield run
            run, size = [], 0
        run, size = [*run, *group], size + more
    if run:
        yield run
