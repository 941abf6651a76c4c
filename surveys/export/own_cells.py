"""The cells of our columns, from what the database says of some submissions.

Of the standard library alone, as `surveys.export.reader`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import sub
from typing import Any

from surveys.export.cells import moment, tag
from surveys.export.pieces import NEXT
from surveys.export.table import Cell

ROWS = (
    "base_weight", "weight", "in_profile", "roster_x", "roster_no_phone", "phase", "visit_weight",
    "visit_adults", "raking_pool", "raking_sex_age", "raking_schooling",
)  # fmt: skip
"""The columns of a submission that say what it weighs."""
COMPUTED = frozenset((*ROWS, "active_seconds", "flags"))
"""The columns of ours that are computed of the whole wave, which takes a while."""
SPOKEN = 500
"""Characters of a state from where its language stands on."""
_LANGUAGE = re.compile(r'"language": ?("(?:[^"\\]|\\.)*")')
"""In a state as JSON: inside a text every quote has a backslash before it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is the same for many submissions."""

    places: Mapping[int, tuple[Cell, ...]]
    """Of each village by id its code, name, township and county."""
    versions: Mapping[int, str]
    """Of each version of the form by id what it is called."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed of some submissions before."""

    weights: Sequence[Sequence[Cell]]
    """The columns of `ROWS`."""
    seconds: Sequence[Cell]
    """Active ones, whole."""
    flags: Sequence[Cell]
    """Their names with spaces between."""
    singled: Sequence[bool] = ()
    """Where they are to be handed out: whether each could be singled out even so."""

    def only(self, places: Sequence[int]) -> Computed:
        """Of the submissions at these places alone."""
        return self._each(lambda column: [column[at] for at in places])

    def between(self, start: int, end: int) -> Computed:
        """Of the submissions at the places from one to before another alone."""
        return self._each(lambda column: column[start:end])

    def _each(self, of: Callable[[Sequence[Any]], Sequence[Any]]) -> Computed:
        singled = of(self.singled) if self.singled else ()
        return Computed([*map(of, self.weights)], of(self.seconds), of(self.flags), singled)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some submissions."""

    answers: Sequence[str]
    """As JSON text."""
    own: Sequence[Sequence[Cell]]
    """Our columns, of BEFORE and AFTER (surveys.export.own); what is the same in two is one
    sequence. Those of COMPUTED are empty where they are not known yet."""
    there: Sequence[int]
    """The places of the submissions among those asked for."""
    singled: Sequence[bool] = ()
    """As `Computed.singled`."""


def batch(
    found: Mapping[int, Sequence[Any]],
    ids: Sequence[int],
    around: Around,
    computed: Computed | None,
    sent: Mapping[int, tuple[int, int]],
) -> Batch | None:
    """The submissions of these ids, in their order, without those that are not there any more;
    None where none is.

    found: rows of the query in `surveys.export.submissions`, by id, their moments as the database
    gives them: texts stay texts, as they stand in a line; computed: None where it is not known yet;
    sent: of those that have any, files kept and expected.
    """
    there = [at for at, one in enumerate(ids) if one in found]
    if not there:
        return None
    if computed is None:
        computed = Computed([()] * len(ROWS), (), ())
    elif len(there) < len(ids):
        computed = computed.only(there)
    columns = list(zip(*(found[ids[at]] for at in there), strict=True))
    numbers, keys, areas, versions, modes, states = columns[:6]
    started, finished, lasted = _when(columns[6], columns[7])
    reviews, homes, entries, answers = columns[8:]
    seconds = [round(one.total_seconds()) for one in lasted]
    present, expected = zip(*(sent.get(one, (0, 0)) for one in numbers), strict=True)
    own: list[Sequence[Cell]] = [
        finished, keys, keys, present, expected, reviews,
        [around.versions[one] for one in versions],
        *zip(*(around.places[one] for one in areas), strict=True),
        homes, entries, *computed.weights, modes, [_language(one) for one in states],
        started, finished, seconds, computed.seconds, computed.flags,
    ]  # fmt: skip
    return Batch(answers, own, there, computed.singled)


def _when(
    started: Sequence[Any], finished: Sequence[Any]
) -> tuple[Sequence[Cell], Sequence[Cell], Iterable[timedelta]]:
    """When each began and was finished, and how long it lasted."""
    if not isinstance(finished[0], str):
        return started, finished, map(sub, finished, started)
    lasted = map(sub, *(map(datetime.fromisoformat, one) for one in (finished, started)))
    return written(started), written(finished), lasted


def written(moments: Sequence[str]) -> Sequence[str]:
    """Moments as SQLite keeps them, in UTC, as they stand in a line of CSV.

    >>> written(["2026-03-02 09:00:00.123456"]), written(["2026-03-02 09:00:00"])
    (['2026-03-02T09:00:00.123Z'], ['2026-03-02T09:00:00.000Z'])
    """
    if set(map(len, moments)) == {len("2026-03-02 09:00:00.123456")}:
        return [f"{one[:10]}T{one[11:23]}Z" for one in moments]
    return [moment(datetime.fromisoformat(one).replace(tzinfo=UTC)) for one in moments]


def _language(state: str) -> str | None:
    # What comes after the text is not looked at, so that few come in.
    return _tag(state.partition(NEXT)[0])


@lru_cache(maxsize=100)
def _tag(state: str) -> str | None:
    # Of someone who was forgotten, answers apart, no state is left.
    spoken = _LANGUAGE.match(state + NEXT)
    named = json.loads(spoken[1]) if spoken else None
    return tag(named) if named else None
