"""A wave from the frame to profiles: answers, editions, weights, and all that is computed.

computed = compute(frame, villages, indicators, choices, reference, margins=…)
computed.village("LP01", about)              # a village's profile
computed.area(("Programme", "He"), about)    # that of an area made of villages
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.estimation.census import census_of
from surveys.estimation.computed import Computed, places_of
from surveys.estimation.editions import editions, everything
from surveys.estimation.frame import Bools, answers, measures
from surveys.estimation.leaving import Rejected, leaving
from surveys.estimation.margins import Margins, raked
from surveys.estimation.profile import VillageProfile
from surveys.estimation.source import Source, arrived
from surveys.estimation.standing import Standing
from surveys.estimation.table import About
from surveys.estimation.weights import weights
from surveys.form.indicators import Indicator

Choices = Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]


@dataclass(frozen=True, slots=True)
class Before:
    """The wave before, to say what has changed since."""

    wave: str
    frame: pd.DataFrame
    indicators: Sequence[Indicator]
    choices: Choices
    margins: Margins | None = None
    held: pd.DataFrame | None = None


def compute(
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Choices,
    reference: Sequence[str],
    *,
    margins: Margins | None = None,
    before: Before | None = None,
    held: pd.DataFrame | None = None,
    rejected: Rejected | None = None,
    over: bool = False,
    standing: Standing | None = None,
) -> Computed:
    """All numbers of a wave's villages, in one pass over columns.

    `frame`, `villages`: see `surveys.estimation.frame`. `choices`: of each question its choices,
    (value, label by language). `reference`: the codes of the villages that make the reference area.
    `margins`: of online adults, by place (see `surveys.estimation.margins`). `held`: whose answers
    the editions before hold (see `surveys.estimation.editions`); without it all count.
    `rejected`: what of it a review rejected: it leaves when that tells nothing. `over`: nobody can
    answer any more. `standing`: other villages of the wave, of which nothing has changed.
    Raises ValueError for a code that `villages` does not have, or has twice, and for a frame
    without its own columns.
    """
    if not villages.index.is_unique:
        raise ValueError("a village's code stands twice")
    unknown = sorted(set(reference) - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    codes = [str(code) for code in villages.index]
    at = pd.Index(codes).get_indexer(pd.Index(list(reference))).astype(np.int64)
    parts_of = measures(indicators, choices)
    data = answers(frame, codes, parts_of)
    census = census_of(villages)
    places = places_of(villages)
    above = ["/".join(place[:-1]) for place in places]
    found = everything(len(data))
    broken: Mapping[str, Bools] = {}
    if held is not None:
        here = arrived(frame, data, codes)
        gone = leaving(here, held, rejected) if rejected is not None else frozenset()
        leaves = held["submission"].isin(gone)
        stays = ~here["submission"].isin(gone)
        data = data.keep(stays.to_numpy(bool)) if gone else data
        found = editions(
            here[stays], held[~leaves], dict(zip(codes, above, strict=True)), held[leaves],
            over=over,
        )  # fmt: skip
        # What a village that someone left says is told by what stands of it, and by nothing else.
        counted = found.used & ~here[stays]["village"].isin(
            _aside(found.frozen, reference)
        ).to_numpy(bool)
        data = data.keep(counted)
        broken = {name: has[counted] for name, has in found.broken.items()}
    raking = raked(data, weights(data).w, places, margins) if margins else None
    source = Source(parts_of, data, census, raking, broken)
    keys = frame["submission"].to_numpy(object)[data.row]
    earlier = None
    if before is not None:
        then = compute(
            before.frame, villages, before.indicators, before.choices, (),
            margins=before.margins, held=before.held,
        )  # fmt: skip
        earlier = before.wave, then
    return Computed(villages, codes, places, source, at, earlier, found, keys, standing)


def _aside(frozen: Collection[str], reference: Collection[str]) -> list[str]:
    """Frozen villages; but there is no gap without any reference, so the last of it stay in.

    >>> _aside({"a", "town"}, ["town"]), _aside({"a", "town"}, ["town", "city"])
    (['a'], ['a', 'town'])
    """
    stay = set(reference) if set(reference) <= set(frozen) else set()
    return sorted(set(frozen) - stay)


def profiles(  # noqa: PLR0917
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Choices,
    reference: Sequence[str],
    about: Mapping[str, str],
    only: Collection[str] | None = None,
    margins: Margins | None = None,
) -> dict[str, VillageProfile]:
    """The profiles of all villages of a wave, or of `only` these: arguments, errors as `compute`.

    `about`: wave, form_id, form_version, computed_at, reference_area.
    """
    unknown = sorted(set(only or ()) - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    computed = compute(frame, villages, indicators, choices, reference, margins=margins)
    said = about_of(about)
    wanted = computed.codes if only is None else [one for one in computed.codes if one in only]
    return {code: computed.village(code, said) for code in wanted}


def about_of(about: Mapping[str, str]) -> About:
    """What a profile says of itself, from texts by name."""
    return About(
        about["wave"], about["form_id"], about["form_version"], about["computed_at"],
        about.get("reference_area") or None,
    )  # fmt: skip
