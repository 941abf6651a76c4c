"""Differences between domains from the sums that `passes_beside` brings, NumPy alone.

The numbers are those of `design_differences`, which has all rows before it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from surveys.estimation.design_differences import Differences, differences
from surveys.estimation.design_estimates import Degrees
from surveys.estimation.frame import Floats
from surveys.estimation.passes_beside import beside_one, beside_others
from surveys.estimation.passes_estimates import Grouped, level, statistic


def from_one(one: Grouped, reference: int, degrees: Degrees) -> list[Differences]:
    """Of each variable: each domain less one of them."""
    every = range(len(one.wanted))
    here = one.of == reference
    held = one.sample.strata
    centres = pd.DataFrame({"h": one.sample.keys})
    for at in every:
        centres[f"ms{at}"] = _centre(one, np.where(here, one.part(f"z{at}"), 0) * one.part("pairs"))
    if one.homes.clustered:
        products = _placed(one, beside_one(one.homes, one.wanted, one.domains[reference], centres))
    else:
        # No row is of two domains: all others' homes have nothing in the reference.
        products = pd.DataFrame({
            f"p{at}": -one.part(f"z{at}") * one.part("pairs")
            * centres[f"ms{at}"].to_numpy()[one.stratum]
            for at in every
        })  # fmt: skip
    found = []
    for at in every:
        mine, below = statistic(one, at, degrees), one.below(at)
        scale = held.scale[one.stratum]
        plain = one.spread(one.part(f"z{at}"), one.part(f"v{at}"))
        with np.errstate(divide="ignore", invalid="ignore"):
            mixed = one.total(scale * products[f"p{at}"].to_numpy(np.float64))
            v = plain / below**2 + plain[reference] / below[reference] ** 2
            v = (v - 2 * mixed / below / below[reference]) * one.averaged(at)
        value = mine.value - mine.value[reference]
        value = np.where(np.arange(one.count) == reference, np.nan, value)
        found.append(
            differences(
                value,
                v,
                mine.n + mine.n[reference],
                np.minimum(mine.df, mine.df[reference]),
                mine.v + mine.v[reference],
            )
        )
    return found


def from_others(one: Grouped, degrees: Degrees) -> list[Differences]:
    """Of each variable: each domain less all rows of the other domains together."""
    towards = pd.DataFrame({"d": one.domains})
    centres = pd.DataFrame({"h": one.sample.keys})
    values: list[Floats] = []
    for at, sums in enumerate(one.wanted):
        above, value, n = one.domain(f"a{at}"), level(one, at), one.domain(f"n{at}")
        own = np.where(np.isfinite(value), value, 0.0)
        below = np.zeros(one.count) if sums.total else one.below(at)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = below.sum() - below
            others = 0 * above if sums.total else (above.sum() - above) / rest
            gap = 2 * above - above.sum() if sums.total else value - others
            able = (n > 0) & (n < n.sum()) & np.isfinite(gap)
            away = own - above.sum() / below.sum() if not sums.total and below.sum() else 0 * own
            factors = (np.ones(one.count),) * 2 if sums.total else (1 / below, 1 / rest)
        values.append(np.where(able, gap, np.nan))
        towards[f"D{at}"] = away
        towards[f"O{at}"] = np.where(able & ~np.isnan(others), own - others, 0.0)
        towards[f"f{at}"], towards[f"g{at}"] = (np.where(able, x, 0.0) for x in factors)
        sum_x = one.part(f"{'b' if sums.ratio else 'W'}{at}")
        z = one.part(f"z{at}") * one.part("pairs")
        centres[f"ma{at}"] = _centre(one, z + (0 if sums.total else away[one.of] * sum_x))
        centres[f"mb{at}"] = _centre(one, sum_x)
    of_parts, of_strata = beside_others(one.homes, one.wanted, towards, centres)
    of_parts = _placed(one, of_parts)
    of_strata = of_strata.set_index("h").reindex(one.sample.keys).fillna(0.0)
    held = one.sample.strata
    absent = held.clusters - of_strata["present"].to_numpy(np.float64)
    found = []
    for at, sums in enumerate(one.wanted):
        mine = statistic(one, at, degrees)
        centre = [centres[f"m{name}{at}"].to_numpy(np.float64) for name in "ab"]
        able = np.isfinite(values[at])
        first = -towards[f"g{at}"].to_numpy(np.float64)
        second = 0 * first
        if not sums.total:
            second = first * (towards[f"O{at}"] - towards[f"D{at}"]).to_numpy(np.float64)

        def moment(name: str, at: int = at) -> Floats:
            return of_parts[f"{name}{at}"].to_numpy(np.float64)

        def whole(name: str, left: Floats, right: Floats, at: int = at) -> float:
            sums = of_strata[f"{name}{at}"].to_numpy(np.float64) + absent * left * right
            return float(held.scale @ sums)

        a, b = centre
        scale = held.scale[one.stratum]
        sides = one.spread(moment("own"), moment("v"))
        v = sides + 2 * first * one.total(scale * moment("pa"))
        v += 2 * second * one.total(scale * moment("pb"))
        v += first**2 * whole("aa", a, a) + 2 * first * second * whole("ab", a, b)
        v += second**2 * whole("bb", b, b)
        with np.errstate(invalid="ignore"):
            v = v * one.averaged(at)
        everybody = np.full(one.count, mine.n.sum())
        v = np.where(able, v, np.nan)
        found.append(differences(values[at], v, everybody, mine.df, sides))
    return found


def _centre(one: Grouped, sums: Floats) -> Floats:
    """(strata,) the mean over all clusters of (parts,) sums; one cluster alone stays as it is."""
    m = one.sample.strata.clusters
    whole = np.bincount(one.stratum, sums, minlength=len(m))
    return np.where(m > 1, whole / np.maximum(m, 1), 0.0)


def _placed(one: Grouped, found: pd.DataFrame) -> pd.DataFrame:
    """In the order of the parts."""
    return one.sums[["d", "h"]].merge(found, on=["d", "h"], how="left", validate="one_to_one")
