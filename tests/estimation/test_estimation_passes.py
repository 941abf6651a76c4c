"""Grouped passes on pandas and DuckDB say what the computation over all rows says."""

import math
from dataclasses import astuple

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from surveys.estimation.design import DesignError, design, domains
from surveys.estimation.design_table import Conventions, Variable, rows_of, table
from surveys.estimation.passes import Rows
from surveys.estimation.passes_estimates import sampled
from surveys.estimation.passes_table import Asked, estimated, totals


def on_pandas(frame, clustered):
    def send(small):
        return nw.from_native(small).lazy()

    return Rows(send(frame), clustered, lambda one: one, send)


@pytest.fixture(scope="module")
def base():
    """DuckDB in one thread: these tables are small."""
    with duckdb.connect(config={"threads": 1}) as found:
        yield found


def on_duckdb(base, frame, clustered):
    base.execute("DROP TABLE IF EXISTS kept")

    def send(small):
        return nw.from_native(base.from_df(small)).lazy()

    def keep(one):
        nw.to_native(one).create("kept")
        return nw.from_native(base.table("kept")).lazy()

    rows = nw.from_native(base.from_arrow(pa.Table.from_pandas(frame))).lazy()
    return Rows(rows, clustered, keep, send)


def people(seed):
    """Columns with all that goes wrong: values missing, weights of 0, homes of one, no value."""
    g = np.random.default_rng(seed)
    n, most, strata = (int(g.integers(1, top)) for top in (120, 6, 4))
    d = g.integers(-1, most, n)
    _, h = np.unique(g.integers(0, strata, n), return_inverse=True)
    there = np.unique(d[d >= 0])
    d = np.where(d >= 0, np.searchsorted(there, d), -1)
    c, w = g.integers(0, g.integers(1, 30), n), g.uniform(0.5, 3, n) * (g.random(n) > 0.15)
    y, x = g.normal(50, 10, n), g.uniform(0, 4, n) * (g.random(n) > 0.1)
    p = (g.random(n) < g.random()).astype(float)
    q = (g.random(n) < 0.7).astype(float)
    for values in (y, x, p, q):
        values[g.random(n) < 0.15] = np.nan
    y[d == 0] = g.choice([np.nan, 37.3, 41.0])
    m = np.array([len(np.unique(c[h == k])) for k in range(h.max() + 1)])
    held = m + g.integers(0, 20, len(m)) if g.random() < 0.5 else g.uniform(0.1, 1, len(m))
    return {"d": d, "h": h, "c": c, "w": w, "y": y, "x": x, "p": p, "q": q, "fpc": held[h] * 1.0}


def same(ours, theirs):
    assert len(ours) == len(theirs)
    for mine, plain in zip(map(astuple, ours), map(astuple, theirs), strict=True):
        for one, other in zip(mine, plain, strict=True):
            assert one == other or (
                isinstance(one, float)
                and isinstance(other, float)
                and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
            ), (mine, plain)


# A seed has nothing to shrink.
@settings(max_examples=14, deadline=None, phases=[Phase.explicit, Phase.generate])
@example(5, (True, True, True, False), "adjust", "others", "domain")
@example(6, (False, True, False, False), "average", 0, "design")
@example(7, (True, True, False, True), "average", "others", "design")
@given(
    st.integers(0, 2**32), st.tuples(*[st.booleans()] * 4),
    st.sampled_from(["fail", "adjust", "average", "certainty", "remove"]),
    st.sampled_from([None, "others", 0]), st.sampled_from(["design", "domain"]),
)  # fmt: skip
def test_grouped_passes_have_the_numbers_of_all_rows(base, seed, has, lonely, compare, degrees):
    one = people(seed)
    clustered, weighted, fpc, hides = has
    count = int(one["d"].max()) + 1
    if not count:
        return
    how = Conventions(suppress=hides, compare=compare, degrees=degrees, size="svyciprop")
    wanted = [
        Variable("y", one["y"]), Variable("p", one["p"], "proportion"),
        Variable("t", one["y"], "total"), Variable("r", one["y"], "ratio", one["x"]),
        Variable("s", one["p"], "ratio", one["q"]),
    ]  # fmt: skip
    frame = pd.DataFrame({
        "d": np.where(one["d"] < 0, np.nan, one["d"]), "h": one["h"], "w": 1.0,
        **{f"y{at}": each.y for at, each in enumerate(wanted)}, "x3": one["x"], "x4": one["q"],
    })  # fmt: skip
    given_columns = {}
    for name, column, there in (("c", "cluster", clustered), ("w", "weight", weighted),
                                ("fpc", "fpc", fpc)):  # fmt: skip
        if there:
            frame[name] = given_columns[column] = one[name]
    if fpc and not weighted:
        frame = frame.drop(columns="w")
    names = [str(at) for at in range(count)]
    try:
        whole = design(len(frame), strata=one["h"], lonely=lonely, **given_columns)
        expected = table(domains(whole, one["d"], count), names, wanted, how)
    except DesignError as error:
        expected = error
    asked = [Asked(each.name, each.statistic) for each in wanted]
    for rows in (on_pandas(frame, clustered), on_duckdb(base, frame, clustered)):
        if isinstance(expected, DesignError):
            with pytest.raises(DesignError):
                sampled(rows, fpc=fpc, weight=weighted, lonely=lonely)
            continue
        sample = sampled(rows, fpc=fpc, weight=weighted, lonely=lonely)
        keys = [float(at) for at in range(count)]
        found = estimated(sample, asked, totals(sample, asked), keys, how)
        same(rows_of(found, [""] * len(asked), names, how), expected)
