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
    """Of each part, d and h: `rows` it has, and of each variable i the sums

    `n{i}` rows with a value, `W{i}` Σw, `a{i}` Σwy, `b{i}` Σwx of a ratio; `missing{i}`;
    `counts{i}` rows of which y or x is not 0, `yes{i}` and `no{i}` those of which y is 1 and 0,
    `other{i}` rows whose numbers are neither.
    """
    frame = rows.frame.filter(~nw.col("d").is_null())
    sums: list[nw.Expr] = []
    for at, one in enumerate(wanted):
        y, x, w, known = nw.col(f"y{at}"), nw.col(f"x{at}"), nw.col("w"), _known(at, one)
        counts = known & ((x != 0) | (y != 0)) if one.ratio else known
        other = ~y.is_in([0, 1])
        if one.ratio:
            other |= ~x.is_in([0, 1])
        frame = frame.with_columns(
            _whole(f"n{at}", known), _whole(f"missing{at}", (w > 0) & ~known),
            _whole(f"counts{at}", counts), _whole(f"yes{at}", counts & (y == 1)),
            _whole(f"no{at}", counts & (y == 0)), _whole(f"other{at}", known & other),
            _where(f"W{at}", known, w), _where(f"a{at}", known, w * y),
            *((_where(f"b{at}", known, w * x),) if one.ratio else ()),
        )  # fmt: skip
        names = ["n", "missing", "counts", "yes", "no", "other", "W", "a"]
        sums += [nw.col(f"{name}{at}").sum() for name in (*names, *(["b"] if one.ratio else []))]
    return collected(frame.group_by("d", "h").agg(nw.len().alias("rows"), *sums))


def homes(rows: Rows, wanted: Sequence[Sums], around: pd.DataFrame, *, below: bool) -> Rows:
    """Of each home in a domain, d, h and c, kept: `weighed` with a weight, and of each variable i

    `z{i}` Σw(y - R·x), `q{i}` Σw(y - R·x - C)², `known{i}` and `behind{i}` whether a row has a
    value and stands behind it; with `below` also `b{i}` Σwx. around: d, and R{i} and C{i} of each;
    of a mean x is 1, of a total R is 0.
    """
    frame = rows.frame.filter(~nw.col("d").is_null()).join(rows.send(around), on="d", how="left")
    frame = frame.with_columns(_whole("weighed", nw.col("w") > 0))
    sums = [nw.col("weighed").max()]
    for at, one in enumerate(wanted):
        y, x, w, known = nw.col(f"y{at}"), nw.col(f"x{at}"), nw.col("w"), _known(at, one)
        off = y if one.total else y - nw.col(f"R{at}") * (x if one.ratio else 1.0)
        counts = known & ((x != 0) | (y != 0)) if one.ratio else known
        centred = off - nw.col(f"C{at}") if one.total else off
        frame = frame.with_columns(
            _where(f"z{at}", known, w * off), _where(f"q{at}", known, w * centred * centred),
            _whole(f"known{at}", known), _whole(f"behind{at}", counts),
            *((_where(f"b{at}", known, w * x if one.ratio else w),) if below else ()),
        )  # fmt: skip
        sums += [nw.col(f"z{at}").sum(), nw.col(f"q{at}").sum()]
        sums += [nw.col(f"known{at}").max(), nw.col(f"behind{at}").max()]
        sums += [nw.col(f"b{at}").sum()] if below else []
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
    for at in range(len(wanted)):
        sums += [nw.col(f"z{at}").mean(), nw.col(f"v{at}").var(ddof=0)]
        sums += [nw.col(f"{name}{at}").sum() for name in ("q", "known", "behind")]
    return collected(frame.group_by("d", "h").agg(*sums))


def _known(at: int, one: Sums) -> nw.Expr:
    known = ~nw.col(f"y{at}").is_null() & (nw.col("w") > 0)
    return known & ~nw.col(f"x{at}").is_null() if one.ratio else known


def _whole(name: str, condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1, nw.Int8)).otherwise(nw.lit(0, nw.Int8)).alias(name)


def _where(name: str, condition: nw.Expr, value: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(value).otherwise(0.0).alias(name)
