"""Where `usegap estimate` reads and adds up: DuckDB or Spark, beside pandas."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.columns import SEPARATORS
from bot.cli.opening import Problem

if TYPE_CHECKING:
    import pandas as pd

    from surveys.estimation.passes import Frame, Keep, Send

MEMORY = "1GB"
"""What DuckDB holds at once; beyond that homes go to a temporary file."""


class Engine(StrEnum):
    """What reads the file and adds up."""

    pandas = "pandas"
    duckdb = "duckdb"
    spark = "spark"


@dataclass(frozen=True, slots=True)
class Source:
    """A file where its engine has it."""

    name: str
    header: list[str]
    frame: Frame
    """Its columns as k0, k1 …, for names may hold anything."""
    keep: Keep
    send: Send


@contextmanager
def source(engine: Engine, file: str) -> Iterator[Source]:
    """A CSV file, a Parquet file or a folder of Parquet files; raises `Problem`."""
    needs = "duckdb" if engine is Engine.duckdb else "pyspark"
    if importlib.util.find_spec(needs) is None:
        raise Problem(f"This needs {engine.value}: pip install 'usegap[{engine.value}]'.")
    name = file.rstrip("/").rpartition("/")[2]
    if "://" not in file and not Path(file).exists():
        raise Problem(f"{file} cannot be read: no such file or directory.")
    with (_duckdb if engine is Engine.duckdb else _spark)(file, name) as found:
        yield found


@contextmanager
def _duckdb(file: str, name: str) -> Iterator[Source]:
    import duckdb
    import narwhals as nw

    with tempfile.TemporaryDirectory(prefix="usegap-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": folder,
            "memory_limit": MEMORY,
        }
        base = duckdb.connect(config=settings)
        try:
            base.execute("SET preserve_insertion_order = false")
            if is_parquet(file):
                rows = base.read_parquet(f"{file}/**/*.parquet" if Path(file).is_dir() else file)
                header = list(rows.columns)
            else:
                header, separator = _header(_begin(file), name)
                rows = base.read_csv(
                    file, header=True, sep=separator, all_varchar=True, quotechar='"',
                    escapechar='"',
                )  # fmt: skip
            quoted = (column.replace('"', '""') for column in rows.columns)
            rows = rows.project(", ".join(f'"{one}" AS k{at}' for at, one in enumerate(quoted)))
            count = 0

            def keep(frame: Frame) -> Frame:
                nonlocal count
                count += 1
                nw.to_native(frame).create(f"kept{count}")
                return nw.from_native(base.table(f"kept{count}")).lazy()

            def send(table: pd.DataFrame) -> Frame:
                return nw.from_native(base.from_df(table)).lazy()

            yield Source(name, header, nw.from_native(rows).lazy(), keep, send)
        except duckdb.Error:
            # Its own words would quote answers.
            raise Problem(_unreadable(name)) from None
        finally:
            base.close()


@contextmanager
def _spark(file: str, name: str) -> Iterator[Source]:
    import narwhals as nw
    import pyarrow as pa
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession, functions

    running = SparkSession.getActiveSession()
    kept: list[Any] = []
    if running is None and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise Problem("Spark needs Java 17 or later, and there is none here.")
    try:
        here = running or _session()
        if "://" not in file:
            # Spark may have begun in another folder, or with another file system.
            file = f"file://{Path(file).absolute()}"
        if is_parquet(file):
            rows = here.read.parquet(file)
            header = list(rows.columns)
        else:
            first = here.read.text(file).first()
            header, separator = _header(first[0] if first else "", name)
            rows = here.read.csv(
                file, header=True, sep=separator, multiLine=True, escape='"', mode="FAILFAST"
            )
        rows = rows.toDF(*(f"k{at}" for at in range(len(header))))

        def keep(frame: Frame) -> Frame:
            held = nw.to_native(frame).persist()
            kept.append(held)
            found: Frame = nw.from_native(held).lazy()
            return found

        def send(table: pd.DataFrame) -> Frame:
            # As Arrow: lists would start a Python process for each core, only to bring them over.
            made: Any = here.createDataFrame(pa.Table.from_pandas(table, preserve_index=False))
            return nw.from_native(functions.broadcast(made)).lazy()

        with warnings.catch_warnings():
            # That it does not know the newest pandas yet.
            warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
            yield Source(name, header, nw.from_native(rows).lazy(), keep, send)
        for one in kept:
            one.unpersist()
    except (PySparkException, Py4JError):
        raise Problem(_unreadable(name)) from None


def _session() -> Any:
    """A session on what `spark-submit` or PYSPARK_SUBMIT_ARGS name, else on this machine."""
    from pyspark.sql import SparkSession

    begin = SparkSession.builder.appName("usegap estimate")
    if not {"PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT"} & os.environ.keys():
        begin = begin.config("spark.ui.enabled", "false")
        begin = begin.config("spark.ui.showConsoleProgress", "false")
    session = begin.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    if (session.sparkContext.master or "").startswith("local"):
        # Spark's own 200 are for a cluster.
        session.conf.set("spark.sql.shuffle.partitions", str(os.cpu_count() or 2))
    return session


def is_parquet(file: str) -> bool:
    """Whether it is Parquet by its name, or a folder."""
    return not file.lower().endswith((".csv", ".tsv", ".txt"))


def _unreadable(name: str) -> str:
    return (
        f"{name} cannot be read here: CSV has to be UTF-8 with as many cells in each row as there"
        " are columns, Parquet of one schema."
    )


def _begin(file: str) -> str:
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as text:
            return text.readline()
    except (OSError, UnicodeDecodeError):
        raise Problem(_unreadable(Path(file).name)) from None


def _header(line: str, name: str) -> tuple[list[str], str]:
    if not line.strip():
        raise Problem(f"{name} is empty.")
    line = line.removeprefix("\ufeff")
    headers = {one: next(csv.reader(io.StringIO(line), delimiter=one)) for one in SEPARATORS}
    separator = max(headers, key=lambda one: len(headers[one]))
    return [one.strip() for one in headers[separator]], separator
