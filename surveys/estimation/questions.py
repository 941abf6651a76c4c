"""How each question went: asked, answered, skipped, gone back to, broken off at, and how fast.

The frame has a row for each question of each interview that has come to its end: finished, or
broken off. Its columns:

    interview  int or str
    home       int or str
    question   int, its place in the form from 0
    broke_off  bool, the whole interview did: stopped, or silent
    asked_at   int, grows with time: when the question was asked last
    seconds    float, how long it stood on the screen in all
    answered   bool, it has an answer in the end
    skipped    bool, it was left without one
    returned   bool, it was asked again after it had been answered or skipped
    corrected  bool, its answer was changed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from surveys.estimation.disclosure import HOMES, PERSONS
from surveys.estimation.frame import Bools, Floats, Ints
from surveys.estimation.suppression import rounded, to_five


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """What is shown of one question. Persons are rounded to 5; None is withheld."""

    question: str
    asked: int | None
    answered: int | None
    skipped: int | None
    returned: int | None
    corrected: int | None
    broken_off: int | None
    broken_off_share: int | None
    """In per cent of those asked, of the rounded counts: it must not give the exact ones away."""
    seconds_low: int | None
    """A quarter of those who answered and finished took less."""
    seconds: int | None
    """The median."""
    seconds_high: int | None
    """A quarter took more."""
    withheld: Literal["", "few_persons", "few_homes"]
    """Why nothing is shown. Times have a test of their own."""


COUNTS = ("answered", "skipped", "returned", "corrected", "broken_off")


def by_question(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """(count questions) exact figures, in the form's order; not to be shown: see `shown`.

    asked, homes: persons and homes that were asked; answered, skipped, returned, corrected:
    persons; broken_off: whose last question it was, in an interview that broke off; timed,
    timed_homes: who answered it and finished; low, median, high: quartiles of their seconds
    (linear between neighbours: R's type 7), NaN of nobody.

    >>> f = pd.DataFrame({"interview": [1, 1, 2], "home": 7, "question": [0, 1, 0],
    ...     "broke_off": [False, False, True], "asked_at": [1, 2, 3], "seconds": [4.0, 9.0, 0.0],
    ...     "answered": [True, True, False], "skipped": False, "returned": False,
    ...     "corrected": False})
    >>> found = by_question(f, 2)
    >>> found["asked"].tolist(), found["broken_off"].tolist(), found["median"].tolist()
    ([2, 1], [1, 0], [4.0, 9.0])
    """
    question = frame["question"].to_numpy(np.int64)
    home = pd.factorize(frame["home"])[0].astype(np.int64)
    answered = frame["answered"].to_numpy(np.bool_)
    broke_off = frame["broke_off"].to_numpy(np.bool_)
    timed = answered & ~broke_off

    def persons(which: Bools) -> Ints:
        return np.bincount(question[which], minlength=count)

    def homes(which: Bools) -> Ints:
        width = int(home.max(initial=0)) + 1
        return np.bincount(np.unique(question[which] * width + home[which]) // width,
                           minlength=count)  # fmt: skip

    low, median, high = _quartiles(
        question[timed], frame["seconds"].to_numpy(np.float64)[timed], count
    )
    everybody = np.ones(len(frame), np.bool_)
    return pd.DataFrame(
        {
            "asked": persons(everybody),
            "homes": homes(everybody),
            "answered": persons(answered),
            **{
                name: persons(frame[name].to_numpy(np.bool_))
                for name in ("skipped", "returned", "corrected")
            },
            "broken_off": persons(broke_off & _last(frame)),
            "timed": persons(timed),
            "timed_homes": homes(timed),
            "low": low,
            "median": median,
            "high": high,
        }
    )


def _last(frame: pd.DataFrame) -> Bools:
    """Of each interview the question that was asked last."""
    latest = frame.groupby("interview")["asked_at"].transform("max")
    found: Bools = (frame["asked_at"] == latest).to_numpy()
    return found


def _quartiles(group: Ints, values: Floats, count: int) -> tuple[Floats, ...]:
    """The quartiles of each group; NaN of an empty one."""
    values = values[np.lexsort((values, group))]
    size = np.bincount(group, minlength=count)
    start = np.cumsum(size) - size
    filled = np.flatnonzero(size)
    found = []
    for share in (0.25, 0.5, 0.75):
        place = start[filled] + (size[filled] - 1) * share
        below = np.floor(place).astype(np.int64)
        above = np.ceil(place).astype(np.int64)
        of_group = np.full(count, np.nan)
        of_group[filled] = values[below] + (place - below) * (values[above] - values[below])
        found.append(of_group)
    return tuple(found)


def shown(table: pd.DataFrame, questions: Sequence[str]) -> list[QuestionRow]:
    """The figures of `by_question` as they may be shown, each with the question's name.

    Of a question that fewer than 10 persons or 5 homes were asked nothing is shown, times likewise
    of those who answered it and finished.

    >>> row = {"asked": 23, "homes": 9, "answered": 18, "skipped": 2, "returned": 1,
    ...     "corrected": 0, "broken_off": 3, "timed": 9, "timed_homes": 9, "low": 2.0,
    ...     "median": 4.0, "high": 7.0}
    >>> one, other = shown(pd.DataFrame([row, row | {"asked": 9}]), ["A1", "A2"])
    >>> one.asked, one.answered, one.skipped, one.broken_off, one.broken_off_share, one.seconds
    (25, 20, 0, 5, 20, None)
    >>> other.withheld, other.asked
    ('few_persons', None)
    """
    columns: dict[str, list[int]] = {
        name: table[name].tolist()
        for name in ("asked", "homes", *COUNTS, "timed", "timed_homes")
    }  # fmt: skip
    times = {name: rounded(table[name].to_numpy(np.float64)) for name in ("low", "median", "high")}
    rows = []
    for at, name in enumerate(questions):
        asked = columns["asked"][at]
        why = _withheld(asked, columns["homes"][at])
        if why:
            rows.append(QuestionRow(name, *(None,) * 10, withheld=why))
            continue
        # Of the rounded persons, the only ones shown: beside these, a part rounded down because it
        # is everybody would tell how many there are.
        nearest = 5 * ((asked + 2) // 5)
        counts = {one: to_five(columns[one][at], nearest) for one in COUNTS}
        timed = not _withheld(columns["timed"][at], columns["timed_homes"][at])
        low, median, high = (int(one[at]) if timed else None for one in times.values())
        rows.append(
            QuestionRow(
                question=name,
                asked=nearest,
                **counts,
                broken_off_share=int(100 * counts["broken_off"] / nearest + 0.5),
                seconds_low=low,
                seconds=median,
                seconds_high=high,
                withheld="",
            )
        )
    return rows


def _withheld(persons: int, homes: int) -> Literal["", "few_persons", "few_homes"]:
    if persons < PERSONS:
        return "few_persons"
    return "few_homes" if homes < HOMES else ""
