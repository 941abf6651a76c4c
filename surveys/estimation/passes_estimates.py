"""Estimates of domains from the sums that `passes` brings: a row a part, NumPy alone.

The numbers are those of `design_estimates` and `design_variance`, which have all rows before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surveys.estimation.design import DesignError, Lonely, Strata, strata_of
from surveys.estimation.design_estimates import Degrees, Statistic, exact
from surveys.estimation.design_hidden import Counts
from surveys.estimation.frame import Floats, Ints
from surveys.estimation.passes import Rows, Sums, homes, squares, strata

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Sampled:
    """Who was sampled how: the strata of all rows."""

    rows: Rows
    strata: Strata
    keys: pd.Index[Any]
    """(strata,) their `h`."""
    df: int
    """Clusters less strata, of rows with a weight."""


def sampled(
    rows: Rows, *, fpc: bool, weight: bool, lonely: Lonely, names: Sequence[str] | None = None
) -> Sampled:
    """The design of rows that may be anywhere; raises `DesignError` as `design` does.

    fpc, weight: whether there is a column of this; without weights `w` comes of the fpc, else 1.
    names: what the strata 0, 1 … are called where their keys are codes; else as their keys, and
    not at all where there is one.
    """
    import pandas as pd

    found = strata(rows, fpc=fpc, weight=weight)
    if found.empty:
        raise DesignError("There is no row to estimate from.")
    found = found.sort_values("h", ignore_index=True)
    m = found["m"].to_numpy(np.int64)
    called = None
    if names is not None:
        called = [names[int(key)] for key in found["h"]]
    elif len(found) > 1:
        called = [str(key) for key in found["h"]]
    low, high = (found[name].to_numpy(np.float64) if fpc else None for name in ("low", "high"))
    held = strata_of(m, low, high, lonely, called)
    weighed = found["weighed"].to_numpy(np.int64)
    if not weighed.any():
        raise DesignError("No row has a weight above 0.")
    if fpc and not weight:
        rows = rows.weighed_by(pd.DataFrame({"h": found["h"], "w": 1 / held.fraction}))
    df = int(weighed.sum() - (weighed > 0).sum())
    return Sampled(rows, held, pd.Index(found["h"]), df)


@dataclass(frozen=True, slots=True)
class Grouped:
    """The parts of all domains, and what the passes found of each."""

    sample: Sampled
    wanted: Sequence[Sums]
    domains: pd.Index[Any]
    """(domains,) their `d`, in order."""
    homes: Rows
    """Kept for differences."""
    of: Ints
    """(parts,) the domain."""
    stratum: Ints
    """(parts,)"""
    sums: pd.DataFrame
    """(parts,) of `passes.parts` and `passes.squares`."""

    @property
    def count(self) -> int:
        """How many domains."""
        return len(self.domains)

    def part(self, name: str) -> Floats:
        """(parts,) a column."""
        return self.sums[name].to_numpy(np.float64)

    def domain(self, name: str) -> Floats:
        """(domains,) the sum of a column over parts."""
        return self.total(self.part(name))

    def total(self, values: Floats) -> Floats:
        """(domains,) sums of (parts,)."""
        return np.bincount(self.of, values, minlength=self.count).astype(np.float64)

    def below(self, at: int) -> Floats:
        """(domains,) Σwx of the variable; 1 of a total."""
        one = self.wanted[at]
        if one.total:
            return np.ones(self.count)
        return self.domain(f"{'b' if one.ratio else 'W'}{at}")

    def spread(self, z: Floats, v: Floats) -> Floats:
        """(domains,) Σ scale·squares from each part's mean and variance of z over its homes."""
        held, m = self.sample.strata, self.sample.strata.clusters[self.stratum]
        pairs = self.part("pairs")
        centre = np.where(m > 1, pairs * z / m, 0.0)
        # Around the homes' own mean, so that strata far from each other lose no digits.
        own = pairs * v + pairs * (z - centre) ** 2 + (m - pairs) * centre**2
        return self.total(held.scale[self.stratum] * own)

    def averaged(self, at: int) -> Floats:
        """(domains,) what lonely strata make of the variance with `average`; else 1."""
        held = self.sample.strata
        if held.lonely != "average":
            return np.ones(self.count)
        there = (self.part(f"known{at}") > 0).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = self.total(there) / self.total(there * ~held.alone[self.stratum])
        return ratio


def grouped(
    sample: Sampled,
    wanted: Sequence[Sums],
    first: pd.DataFrame,
    domains: Sequence[Any],
    *,
    compared: bool,
) -> Grouped:
    """The pass over all rows that comes second, around what the first found, and that over homes.

    first: of `passes.parts`; domains: its keys `d` in order; compared: homes are for differences.
    """
    import pandas as pd

    keys: pd.Index[Any] = pd.Index(domains)
    first = first.sort_values(["d", "h"], ignore_index=True)
    of = keys.get_indexer(pd.Index(first["d"])).astype(np.int64)
    stratum = sample.keys.get_indexer(pd.Index(first["h"])).astype(np.int64)
    one = Grouped(sample, wanted, keys, sample.rows, of, stratum, first)
    around = pd.DataFrame({"d": keys})
    for at, sums in enumerate(wanted):
        value = level(one, at)
        value = np.where(np.isfinite(value), value, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = one.domain(f"a{at}") / one.domain(f"W{at}")
        around[f"R{at}"] = np.zeros(len(keys)) if sums.total else value
        around[f"C{at}"] = np.where(sums.total & np.isfinite(mean), mean, 0.0)
    found = homes(sample.rows, wanted, around, below=compared)
    both = first.merge(squares(found, wanted), on=["d", "h"], validate="one_to_one")
    return Grouped(sample, wanted, keys, found, of, stratum, both)


def level(one: Grouped, at: int) -> Floats:
    """(domains,) Σwy/Σwx, Σwy/Σw or Σwy; NaN where there is none."""
    above = one.domain(f"a{at}")
    if one.wanted[at].total:
        return np.where(one.domain(f"n{at}") > 0, above, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = above / one.below(at)
    return np.where(np.isfinite(value), value, np.nan)


def statistic(one: Grouped, at: int, degrees: Degrees) -> Statistic:
    """One variable's estimates, as `means`, `ratios` and `totals` have them."""
    n, population, below = one.domain(f"n{at}"), one.domain(f"W{at}"), one.below(at)
    value = level(one, at)
    weighed = one.part("weighed")
    own = one.total(weighed) - one.total((weighed > 0).astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        v = one.spread(one.part(f"z{at}"), one.part(f"v{at}")) / below**2 * one.averaged(at)
        simple = one.domain(f"q{at}") / below**2 / np.where(n > 1, n - 1, np.nan) * population
    return Statistic(
        value=value,
        v=np.where(np.isfinite(value), exact(np.maximum(v, 0.0), value), np.nan),
        simple=exact(simple, value),
        n=n,
        clusters=one.domain(f"known{at}"),
        population=population,
        df=own if degrees == "domain" else np.full(one.count, float(one.sample.df)),
        rows=one.domain("rows"),
    )


def counts(one: Grouped, at: int) -> Counts:
    """Who stands behind it; sides where all numbers are 0 or 1, whatever was asked for."""
    none, n = np.full(one.count, np.nan), one.domain(f"n{at}")
    yes, no = one.domain(f"yes{at}"), one.domain(f"no{at}")
    if one.wanted[at].ratio:
        who, clusters = one.domain(f"counts{at}"), one.domain(f"behind{at}")
        share = bool((one.domain(f"plain{at}") == n).all())
    else:
        who, clusters = n, one.domain(f"known{at}")
        share = bool((yes + no == n).all())
    return Counts(who, clusters, yes if share else none, no if share else none)


def missing(one: Grouped, at: int) -> Floats:
    """(domains,) rows with a weight that have no value of it."""
    return one.domain("heavy") - one.domain(f"n{at}")
