"""The grouped passes of differences between domains: homes with people of both count once.

Each home's z in a domain meets what all of its people have in the other side's z, centred by
stratum; sums a part and a stratum come out, and NumPy does the rest in `passes_differences`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from surveys.estimation.passes import Rows, Sums, collected

if TYPE_CHECKING:
    import pandas as pd


def beside_one(
    homes: Rows, wanted: Sequence[Sums], reference: Any, centres: pd.DataFrame
) -> pd.DataFrame:
    """Of each part, d and h: `p{i}` Σ z·(s - ms), s the z of the same home in the reference.

    reference: its key d; centres: h, and ms{i}, the mean of s over the clusters of the stratum.
    """
    every = range(len(wanted))
    theirs = homes.frame.filter(nw.col("d") == reference).select(
        *homes.cluster, *(nw.col(f"z{at}").alias(f"s{at}") for at in every)
    )
    frame = homes.frame.join(theirs, on=homes.cluster, how="left")
    frame = frame.join(homes.send(centres), on="h", how="left").with_columns(
        (nw.col(f"z{at}") * (nw.col(f"s{at}").fill_null(0.0) - nw.col(f"ms{at}"))).alias(f"p{at}")
        for at in every
    )
    return collected(frame.group_by("d", "h").agg(nw.col(f"p{at}").sum() for at in every))


def beside_others(
    homes: Rows, wanted: Sequence[Sums], towards: pd.DataFrame, centres: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each domain beside all others together: sums of each part, and of each stratum.

    towards: d; `D{i}` from R of all to R; `O{i}` from R of the others to R; `f{i}` and `g{i}`,
    1/Σwx of the domain and of the others. centres: h; `ma{i}` and `mb{i}`, the means over the
    stratum's clusters of Σw(y - R of all·x) and of Σwx. Of parts, d and h, `own{i}` the mean and
    `v{i}` the variance of what a home has of the domain; `pa{i}` and `pb{i}` its products with the
    cluster's two sums, centred. Of strata, h: `present` clusters, `aa{i}`, `ab{i}`, `bb{i}`.
    """
    every = range(len(wanted))
    frame = homes.frame.join(homes.send(towards), on="d", how="left")
    made: list[nw.Expr] = []
    for at, one in enumerate(wanted):
        z, b = nw.col(f"z{at}"), nw.col(f"b{at}")
        f, g = nw.col(f"f{at}"), nw.col(f"g{at}")
        own = (f + g) * z if one.total else f * z + g * (z + nw.col(f"O{at}") * b)
        whole_of = z if one.total else z + nw.col(f"D{at}") * b
        made += [whole_of.alias(f"a{at}"), own.alias(f"own{at}")]
    frame = frame.with_columns(*made)
    columns = [f"{name}{at}" for at in every for name in "ab"]
    whole = frame
    if homes.clustered:
        whole = frame.group_by("h", "c").agg(nw.col(name).sum() for name in columns)
    centred = [
        (nw.col(f"{name}{at}") - nw.col(f"m{name}{at}")).alias(f"{name}c{at}")
        for at in every
        for name in "ab"
    ]
    means = homes.send(centres)
    whole = whole.join(means, on="h", how="left").with_columns(*centred)
    kept = [f"{name}c{at}" for at in every for name in "ab"]
    if homes.clustered:
        frame = frame.join(whole.select("h", "c", *kept), on=homes.cluster, how="left")
    else:
        frame = frame.join(means, on="h", how="left").with_columns(*centred)
    products, sums = [], [nw.len().alias("present")]
    shared, of_strata = [], []
    for at in every:
        own, a, b = nw.col(f"own{at}"), nw.col(f"ac{at}"), nw.col(f"bc{at}")
        products += [own.alias(f"v{at}"), (own * a).alias(f"pa{at}"), (own * b).alias(f"pb{at}")]
        shared += [own.mean(), nw.col(f"v{at}").var(ddof=0)]
        shared += [nw.col(f"pa{at}").sum(), nw.col(f"pb{at}").sum()]
        of_strata += [(a * a).alias(f"aa{at}"), (a * b).alias(f"ab{at}"), (b * b).alias(f"bb{at}")]
        sums += [nw.col(f"{name}{at}").sum() for name in ("aa", "ab", "bb")]
    return (
        collected(frame.with_columns(*products).group_by("d", "h").agg(*shared)),
        collected(whole.with_columns(*of_strata).group_by("h").agg(*sums)),
    )
