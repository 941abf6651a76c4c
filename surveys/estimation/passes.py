"""The grouped passes of `usegap estimate`, written once for pandas, DuckDB and Spark (narwhals).

From respondents to the totals of each part, a domain's rows of one stratum; from respondents to
each home's z, around what was estimated; and from homes back to parts: z's mean and squares. What
comes out is a row a part, small; all after that is NumPy, in `passes_estimates`.

Rows have the columns `d`, `h` and, where there are clusters, `c`: keys of domain (null for none),
stratum and cluster; `w`, the weight; and of the variable i its `y{i}` and, of a ratio, `x{i}`, null
where missing. No two names differ in case alone: DuckDB and Spark take them for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw

if TYPE_CHECKING:
    import pandas as pd

Frame = nw.LazyFrame[Any]
Keep = Callable[[Frame], Frame]
"""Works a frame out, where the engine else would each time that it is read."""
Send = Callable[["pd.DataFrame"], Frame]
"""Brings a small table to where the rows are."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The respondents, wherever they are."""

    frame: Frame
    clustered: bool
    """Whether there is a column `c`; else each row is a cluster."""
    keep: Keep
    send: Send

    @property
    def cluster(self) -> list[str]:
        """The keys of a cluster, counted inside its stratum."""
        return ["h", "c"] if self.clustered else ["h"]

    def weighed_by(self, weights: pd.DataFrame) -> Rows:
        """With the weight of its stratum for each row: `weights` has h and w."""
        frame = self.frame.join(self.send(weights), on="h", how="left")
        return Rows(frame, self.clustered, self.keep, self.send)


@dataclass(frozen=True, slots=True)
class Sums:
    """Which sums a variable needs."""

    ratio: bool
    """Σwx below, of the column x; else Σw, or nothing of a total."""
    total: bool


def collected(frame: Frame) -> pd.DataFrame:
    """A small table, here."""
    found: pd.DataFrame = frame.collect("pandas").to_native()
    return found


def strata(rows: Rows, *, fpc: bool, weight: bool) -> pd.DataFrame:
    """Of each stratum: h; m clusters, `weighed` of them with a weight; `low` and `high` of `fpc`.

    Rows of no domain count. Without weights (`weight`) every row has one.
    """
    frame = rows.frame.with_columns(
        weighed=(nw.col("w") > 0).cast(nw.Int8) if weight else nw.lit(1, nw.Int8)
    )
    if fpc:
        frame = frame.with_columns(low=nw.col("fpc"), high=nw.col("fpc"))
    more = [nw.col("low").min(), nw.col("high").max()] if fpc else []
    if rows.clustered:
        frame = frame.group_by("h", "c").agg(nw.col("weighed").max(), *more)
    return collected(frame.group_by("h").agg(nw.len().alias("m"), nw.col("weighed").sum(), *more))


def parts(rows: Rows, wanted: Sequence[Sums]) -> pd.DataFrame:
    """Of each part, d and h: `rows` it has, `heavy` ones with a weight, and of each variable i

    `n{i}` rows with a value, `W{i}` Σw, `a{i}` Σwy, `yes{i}` and `no{i}` rows of which y is 1 and
    0; of a ratio also `b{i}` Σwx, `counts{i}` rows of which y or x is not 0, to which `yes{i}` and
    `no{i}` then keep, and `plain{i}` rows whose two numbers are 0 or 1.
    """
    made: list[nw.Expr] = [_one(nw.col("w") > 0).alias("heavy")]
    sums = [nw.col("heavy").sum()]
    for at, one in enumerate(wanted):
        y, x, w, known = nw.col(f"y{at}"), nw.col(f"x{at}"), nw.col("w"), _known(at, one)
        counts = known & ((x != 0) | (y != 0)) if one.ratio else known
        columns = {
            "n": _one(known), "yes": _one(counts & (y == 1)), "no": _one(counts & (y == 0)),
            "W": w * _one(known), "a": w * y,
        }  # fmt: skip
        if one.ratio:
            columns |= {
                "a": w * y * _one(known), "b": w * x * _one(known), "counts": _one(counts),
                "plain": _one(known & y.is_in([0, 1]) & x.is_in([0, 1])),
            }  # fmt: skip
        made += [value.alias(f"{name}{at}") for name, value in columns.items()]
        sums += [nw.col(f"{name}{at}").sum() for name in columns]
    # A sum passes over what is missing.
    frame = rows.frame.filter(~nw.col("d").is_null()).with_columns(*made)
    return collected(frame.group_by("d", "h").agg(nw.len().alias("rows"), *sums))


def homes(rows: Rows, wanted: Sequence[Sums], around: pd.DataFrame, *, below: bool) -> Rows:
    """Of each home in a domain, d, h and c, kept: `weighed` with a weight, and of each variable i

    `z{i}` Σw(y - R·x), `q{i}` Σw(y - R·x - C)², `known{i}` whether a row has a value and, of a
    ratio, `behind{i}` whether one stands behind it; with `below` also `b{i}` Σwx. around: d, and
    R{i} and C{i} of each; of a mean x is 1, of a total R is 0.
    """
    made = [_one(nw.col("w") > 0).alias("weighed")]
    sums = [nw.col("weighed").max()]
    for at, one in enumerate(wanted):
        y, x, w, known = nw.col(f"y{at}"), nw.col(f"x{at}"), nw.col("w"), _known(at, one)
        off = y if one.total else y - nw.col(f"R{at}") * (x if one.ratio else 1.0)
        centred = off - nw.col(f"C{at}") if one.total else off
        columns = {"z": w * off, "q": w * centred * centred}
        if below:
            columns["b"] = w * x * _one(known) if one.ratio else w * _one(known)
        if not rows.clustered:
            # Rows are homes, and nothing is summed that would pass over what is missing.
            columns = {name: value.fill_null(0.0) for name, value in columns.items()}
        sums += [nw.col(f"{name}{at}").sum() for name in columns]
        there = {"known": _one(known)}
        if one.ratio:
            there["behind"] = _one(known & ((x != 0) | (y != 0)))
        sums += [nw.col(f"{name}{at}").max() for name in there]
        made += [value.alias(f"{name}{at}") for name, value in (columns | there).items()]
    frame = rows.frame.filter(~nw.col("d").is_null()).join(rows.send(around), on="d", how="left")
    frame = frame.with_columns(*made)
    if rows.clustered:
        frame = frame.group_by("d", "h", "c").agg(*sums)
        return Rows(rows.keep(frame), True, rows.keep, rows.send)
    return Rows(frame, False, rows.keep, rows.send)


def squares(found: Rows, wanted: Sequence[Sums]) -> pd.DataFrame:
    """Of each part, d and h, from its homes: `pairs` there are, `weighed` with a weight; `z{i}`
    their mean and `v{i}` their variance (of all of them), `q{i}`, `known{i}` and `behind{i}` sums.
    """
    frame = found.frame.with_columns(nw.col(f"z{at}").alias(f"v{at}") for at in range(len(wanted)))
    sums = [nw.len().alias("pairs"), nw.col("weighed").sum()]
    for at, one in enumerate(wanted):
        sums += [nw.col(f"z{at}").mean(), nw.col(f"v{at}").var(ddof=0)]
        names = ("q", "known", "behind") if one.ratio else ("q", "known")
        sums += [nw.col(f"{name}{at}").sum() for name in names]
    return collected(frame.group_by("d", "h").agg(*sums))


def _known(at: int, one: Sums) -> nw.Expr:
    known = ~nw.col(f"y{at}").is_null() & (nw.col("w") > 0)
    return known & ~nw.col(f"x{at}").is_null() if one.ratio else known


def _one(condition: nw.Expr) -> nw.Expr:
    """1 where it holds, else 0."""
    return condition.cast(nw.Int8)
