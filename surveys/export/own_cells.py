"""The cells of our columns, from what the database says of some submissions.

Of the standard library alone, as `surveys.export.reader`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from surveys.export.cells import tag
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
        weights, seconds, flags = (
            [[column[at] for at in places] for column in columns]
            for columns in (self.weights, (self.seconds,), (self.flags,))
        )
        singled = [self.singled[at] for at in places] if self.singled else ()
        return Computed(weights, seconds[0], flags[0], singled)


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

    found: rows of the query in `surveys.export.submissions`, by id; computed: None where it is not
    known yet; sent: of those that have any, files kept and expected.
    """
    there = [at for at, one in enumerate(ids) if one in found]
    if not there:
        return None
    if computed is None:
        computed = Computed([()] * len(ROWS), (), ())
    elif len(there) < len(ids):
        computed = computed.only(there)
    columns = list(zip(*(found[ids[at]] for at in there), strict=True))
    numbers, keys, areas, versions, modes, states, started, finished = columns[:8]
    reviews, homes, entries, answers = columns[8:]
    seconds = [
        round((end - begin).total_seconds()) for begin, end in zip(started, finished, strict=True)
    ]
    present, expected = zip(*(sent.get(one, (0, 0)) for one in numbers), strict=True)
    own: list[Sequence[Cell]] = [
        finished, keys, keys, present, expected, reviews,
        [around.versions[one] for one in versions],
        *zip(*(around.places[one] for one in areas), strict=True),
        homes, entries, *computed.weights, modes, [_language(one) for one in states],
        started, finished, seconds, computed.seconds, computed.flags,
    ]  # fmt: skip
    return Batch(answers, own, there, computed.singled)


def _language(state: str) -> str | None:
    # Of someone who was forgotten, answers apart, no state is left.
    spoken = _LANGUAGE.match(state)
    return _tag(spoken[1]) if spoken else None


@lru_cache(maxsize=100)
def _tag(language: str) -> str | None:
    named = json.loads(language)
    return tag(named) if named else None
