"""All villages of a wave in one pass: frame, weights, estimates, what is shown, profiles."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from surveys.estimation import suppression as shown
from surveys.estimation.decomposition import Interval, Side
from surveys.estimation.frame import (
    MODES,
    Answers,
    Floats,
    Measures,
    answers,
    measures,
    plain_label,
)
from surveys.estimation.gaps import chain_links, gap_figures
from surveys.estimation.indices import BASIC, basic_figures, index_figures, share_rows
from surveys.estimation.intervals import t_quantile
from surveys.estimation.margins import Margins, Raking, raked
from surveys.estimation.profile import Benchmark, Figure, VillageProfile
from surveys.estimation.sample import Sample, of_area, of_villages, without_phone
from surveys.estimation.wave import Wave, bounds_of
from surveys.estimation.weights import weights
from surveys.form.indicators import Indicator


def profiles(  # noqa: PLR0917
    frame: pd.DataFrame,
    villages: pd.DataFrame,
    indicators: Sequence[Indicator],
    choices: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
    reference: Sequence[str],
    about: Mapping[str, str],
    only: Collection[str] | None = None,
    margins: Margins | None = None,
) -> dict[str, VillageProfile]:
    """The profiles of all villages of a wave: see `surveys.estimation.profile.profiles`."""
    if not villages.index.is_unique:
        raise ValueError("a village's code stands twice")
    unknown = sorted({*reference, *(only or ())} - set(villages.index))
    if unknown:
        raise ValueError(f"no such village: {', '.join(unknown)}")
    parts = measures(indicators, choices)
    table = villages if only is None else villages.loc[[c for c in villages.index if c in only]]
    codes = [str(code) for code in table.index]
    data = answers(frame, codes, parts)
    raking = _Raked(frame, villages, parts, margins) if margins else None
    own = of_villages(data, *_census(table), None if raking is None else raking.of(data, codes))
    beside: Sample | None = None
    if reference:
        found = answers(frame, list(reference), parts)
        use = found.scores[parts.use.name] if parts.use is not None else None
        beside = of_area(
            found, *_census(villages.loc[list(reference)]), use,
            None if raking is None else raking.of(found, reference),
        )  # fmt: skip
    wave = Wave(parts, own, beside, np.array([code not in set(reference) for code in codes]))
    return _profiles(wave, table, codes, about)


class _Raked:
    """Everybody who answered, raked: a pool has users of villages that are not asked for."""

    def __init__(
        self, frame: pd.DataFrame, villages: pd.DataFrame, parts: Measures, margins: Margins
    ) -> None:
        self.codes = [str(code) for code in villages.index]
        everybody = answers(frame, self.codes, parts)
        places = [
            (*map(str, area), code) for area, code in zip(villages["area"], self.codes, strict=True)
        ]
        self.found = raked(everybody, weights(everybody).w, places, margins)
        self.at = np.full(len(frame), -1, np.int64)
        self.at[everybody.row] = np.arange(len(everybody))

    def of(self, data: Answers, codes: Sequence[str]) -> Raking:
        """What was found of these answers and villages."""
        return self.found.rows(self.at[data.row], pd.Index(self.codes).get_indexer(pd.Index(codes)))


def _census(villages: pd.DataFrame) -> tuple[Floats, Floats]:
    adults = pd.to_numeric(villages["adults"]).to_numpy(np.float64, na_value=np.nan)
    return adults, pd.to_numeric(villages["adults_offline"]).to_numpy(np.float64, na_value=np.nan)


def _profiles(
    wave: Wave, table: pd.DataFrame, codes: Sequence[str], about: Mapping[str, str]
) -> dict[str, VillageProfile]:
    """The profiles by code."""
    own, data = wave.own, wave.own.answers
    everybody = np.ones(len(data), np.bool_)
    persons = _whole(own.persons(everybody))
    users = _whole(own.persons(data.user == 1))
    homes = np.bincount(data.village, minlength=wave.count).tolist()
    by_mode = {mode: _whole(own.persons(data.mode == i)) for i, mode in enumerate(MODES)}
    flags = {
        "flagged": _whole(own.persons(data.flags > 0)),
        "rosters_differ": _whole(own.groups.sums(own.weights.differ.astype(np.float64))),
        "rosters_short": _whole(own.groups.sums(own.weights.short.astype(np.float64))),
    }
    phones = _phones(wave)
    village, beside = wave.side(own), wave.side(wave.reference)
    online, of_users, use = _headline(wave, own, village)
    online_beside, of_users_beside, use_beside = _headline_beside(wave, beside)
    indices = [index_figures(wave, one) for one in wave.parts.indices]
    indices.extend(
        basic_figures(wave, one) for one in wave.parts.shares if wave.parts.ladder(one.name)
    )
    shares = [share_rows(wave, one) for one in wave.parts.shares]
    gaps, no_gap = gap_figures(wave, village, beside)
    links, weakest = chain_links(wave)
    missing = _missing_users(wave, table, users)
    grades = _grades(wave, village)
    benchmarks = _benchmarks(wave.parts)
    used = _margins_used(own, table)

    found: dict[str, VillageProfile] = {}
    for i, (code, row) in enumerate(zip(codes, table.to_dict("records"), strict=True)):
        level = shown.level(persons[i], homes[i])
        hidden = level == "withheld"
        found[code] = VillageProfile(
            village=str(row["name"]),
            code=code,
            area=tuple(str(name) for name in row["area"]),
            wave=about["wave"],
            form_id=about["form_id"],
            form_version=about["form_version"],
            computed_at=about["computed_at"],
            reference_area=(about.get("reference_area") or None)
            if wave.reference is not None and wave.compared[i]
            else None,
            persons=persons[i],
            users=0 if hidden else shown.to_five(users[i], persons[i]),
            homes=homes[i],
            by_mode={} if hidden else _to_five(by_mode, i, persons[i]),
            target=_count(row["target"]),
            households=_count(row["households"]),
            adults=_count(row["adults"]),
            offline_known=bool(own.known[i]),
            without_phone=phones[i],
            level=level,
            grade=grades[i],
            missing_users=missing[i],
            online=online[i],
            use_of_users=of_users[i],
            use=use[i],
            reference_online=online_beside[i],
            reference_use_of_users=of_users_beside[i],
            reference_use=use_beside[i],
            indices=tuple(one[i] for one in indices),
            shares=tuple(one[i] for one in shares),
            gap=gaps[i],
            gap_withheld=no_gap[i],
            chain=links[i],
            weakest=weakest[i],
            benchmarks=benchmarks,
            margins=() if hidden else used[i][0],
            margins_of="" if hidden else used[i][1],
            deff=None if hidden else used[i][2],
            flags={} if hidden else _to_five(flags, i, persons[i]),
        )
    return found


def _headline(wave: Wave, sample: Sample, side: Side | None) -> tuple[list[Figure], ...]:
    """π, ū and Ū of each result of a sample."""
    count, bounds = sample.results.count, bounds_of(sample)
    none = shown.withheld(count, "not_asked")
    online = shown.online(sample.online, sample.g, bounds) if wave.rosters else none
    if side is None:
        return online, none, none
    return (
        online,
        shown.scores(side.mean, shown.DIRECT_FROM),
        shown.scores(side.use, shown.INDEX_FROM, bounds),
    )


def _headline_beside(wave: Wave, side: Side | None) -> tuple[list[Figure], ...]:
    if wave.reference is None:
        return (shown.withheld(wave.count, "no_reference"),) * 3
    return tuple(wave.beside(one) for one in _headline(wave, wave.reference, side))


def _phones(wave: Wave) -> list[Figure]:
    if not wave.rosters or "no_phone" not in wave.parts.roles:
        return shown.withheld(wave.count, "not_asked")
    one, sums = wave.own.weights, wave.own.groups.sums
    without = sums(np.nan_to_num(one.without))
    others = sums(np.nan_to_num(one.adults - one.without))
    return shown.proportions(without_phone(wave.own), without, others, shown.INDEX_FROM)


def _missing_users(wave: Wave, table: pd.DataFrame, users: Sequence[int]) -> list[Figure]:
    """10·π·(1 - r), r = users answered/(πN): points off Ū for each 10 that they are lower."""
    if not wave.rosters:
        return shown.withheld(wave.count, "not_asked")
    online = wave.own.online
    adults = _census(table)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.maximum(10 * (online.value - np.array(users) / adults), 0)
    why = shown.reasons(online.n, online.homes, shown.INDEX_FROM)
    why = np.where((why == "") & ~(adults > 0), "not_asked", why)
    bounds = bounds_of(wave.own)
    return [
        Figure(None, withheld=one.withheld) if one.withheld else Figure(one.value, bound=bound)
        for one, bound in zip(shown.figures(Interval(off, off, off), why), bounds, strict=True)
    ]


def _grades(wave: Wave, side: Side | None) -> list[Literal["A", "B", "C"] | None]:
    """B: Ū's interval reaches at most 10 points to each side; else C (A: with a follow-up)."""
    if side is None:
        return [None] * wave.count
    half = t_quantile(side.use.df) * side.use.se
    why = shown.reasons(side.use.n, side.use.homes, shown.INDEX_FROM)
    known = (why == "") & np.isfinite(half)
    return [
        ("B" if width <= 10 else "C") if yes else None
        for yes, width in zip(known.tolist(), half.tolist(), strict=True)
    ]


def _margins_used(
    own: Sample, table: pd.DataFrame
) -> list[tuple[tuple[str, ...], str, float | None]]:
    """Of each village the margins used, the name of the place they are of, and Kish's factor."""
    none: tuple[tuple[str, ...], str, float | None] = ((), "", None)
    if own.raking is None:
        return [none] * len(table)
    raking = own.raking
    found = []
    for pool, name, area in zip(
        raking.of_village.tolist(), table["name"], table["area"], strict=True
    ):
        if pool < 0:
            found.append(none)
            continue
        place = raking.place[pool]
        itself = len(place) > len(area)
        deff = float(np.round(raking.deff[pool], 1))
        found.append((raking.variables[pool], str(name) if itself else place[-1], deff))
    return found


def _to_five(counts: Mapping[str, Sequence[int]], village: int, persons: int) -> dict[str, int]:
    """A village's counts in a breakdown, those that round to nothing left out."""
    found = {name: shown.to_five(count[village], persons) for name, count in counts.items()}
    return {name: count for name, count in found.items() if count}


def _whole(counts: Floats) -> list[int]:
    return [int(one) for one in counts.tolist()]


def _count(value: float | None) -> int | None:
    return None if pd.isna(value) else int(value)


def _benchmarks(parts: Measures) -> tuple[Benchmark, ...]:
    """Published figures, each with the name of the quantity that it stands beside."""
    found = []
    for one in parts.benchmarks:
        beside = one.name
        if one.role == "user":
            beside = "pi"
        elif one.name in parts.levels and parts.ladder(one.name):
            beside = BASIC
        years = re.findall(r"\b(?:19|20)\d\d\b", one.reference_source)
        found.append(
            Benchmark(
                beside, one.reference or 0.0, plain_label(one.label), one.reference_source,
                years[0] if years else "",
            )
        )  # fmt: skip
    return tuple(found)
