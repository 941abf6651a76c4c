"""`usegap estimate --engine`: the same table from DuckDB and Spark, of CSV and of Parquet."""

import importlib.util
import json
import math
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from bot.cli import main

OPTIONS = ("--measure U --proportion online device=smart --total U --ratio U/online"
           " --by village sex --weight w --cluster home --strata s --compare others"
           " --no-suppress")  # fmt: skip
READ = ("--measure U --proportion online device=smart --by village --weight w --cluster home"
        " --strata s --no-suppress")  # fmt: skip
"""Every column is read; what is made of it then is the same whatever it was read from."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here, g, n = tmp_path_factory.mktemp("people"), np.random.default_rng(5), 600
    frame = pd.DataFrame({
        "village": [f"V{at % 3}" if at % 50 else None for at in range(n)],
        "home": g.integers(0, 90, n), "s": g.integers(0, 2, n),
        "w": np.where(g.random(n) < 0.03, np.nan, g.uniform(0, 3, n)),
        "U": np.where(g.random(n) < 0.1, np.nan, g.normal(50, 10, n)),
        "online": (g.random(n) < 0.6).astype(int), "sex": g.choice(["f", "m"], n),
        "device": g.choice(["smart", "none"], n),
    })  # fmt: skip
    frame.to_csv(here / "people.csv", index=False)
    parts = here / "parts"
    parts.mkdir()
    for at in range(3):
        frame.iloc[at::3].to_parquet(parts / f"{at}.parquet", index=False)
    return here


@pytest.fixture
def usegap(folder, monkeypatch, capfdbinary):
    monkeypatch.chdir(folder)

    def call(words):
        arguments = ["usegap", "estimate", *words.split(" "), "--format", "json"]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfdbinary.readouterr()
        return ended.value.code or 0, out.decode(), err.decode()

    return call


def same(ours, theirs, rows=60):
    assert ours[0] == theirs[0] == 0, (ours[2], theirs[2])
    one, other = json.loads(ours[1]), json.loads(theirs[1])
    assert len(one) == len(other) == rows
    for mine, plain in zip(one, other, strict=True):
        assert mine.keys() == plain.keys()
        for key, number in plain.items():
            if isinstance(number, float):
                assert math.isclose(mine[key], number, rel_tol=1e-9, abs_tol=1e-12), (mine, plain)
            else:
                assert mine[key] == number, (mine, plain)


@pytest.mark.parametrize("file", ["people.csv", "parts"])
def test_duckdb_gives_the_same_table_and_counts_what_is_left_out(usegap, file):
    plain = usegap(f"people.csv {OPTIONS}")
    found = usegap(f"{file} {OPTIONS} --engine duckdb")
    same(found, plain)
    assert found[2] == plain[2]
    assert "rows without a weight are left out." in found[2]
    same(usegap(f"parts {OPTIONS}"), plain)


@pytest.fixture(scope="module")
def spark():
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java, and there is none here.")
    from pyspark.sql import SparkSession

    begin = SparkSession.builder.master("local[2]")
    # For small tables compiling takes far longer than all else.
    for key, value in {
        "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }.items():  # fmt: skip
        begin = begin.config(key, value)
    session = begin.getOrCreate()
    yield session
    session.stop()


@pytest.mark.timeout(300)
def test_spark_gives_the_same_table_and_keeps_nothing(usegap, spark):
    same(usegap(f"parts {OPTIONS} --engine spark"), usegap(f"people.csv {OPTIONS}"))
    same(usegap(f"people.csv {READ} --engine spark"), usegap(f"people.csv {READ}"), 9)
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("people.csv --quantile U --engine duckdb", "all rows in one place"),
        ("people.csv --measure device --engine duckdb", "no number in 600 rows"),
        ("people.csv --measure U --by home --cluster village --engine duckdb", "no value in 12"),
        ("people.csv --measure Use --engine duckdb", "no column Use"),
        ("people.csv --proportion U --engine duckdb", "not of 0 and 1"),
        ("nothing.csv --measure U --engine duckdb", "no such file"),
    ],
)
def test_what_is_wrong_is_one_sentence(usegap, words, sentence):
    code, out, err = usegap(words)
    assert (code, out) == (1, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_an_engine_that_is_not_installed_says_how_to_get_it(usegap, monkeypatch):
    real = importlib.util.find_spec
    gone = {"duckdb": None}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: gone[name] if name in gone else real(name)
    )
    code, _, err = usegap("people.csv --measure U --engine duckdb")
    assert code == 1
    assert "pip install 'usegap[duckdb]'" in err
