"""`make bench-engines`: `usegap estimate` over Parquet, added up by pandas, DuckDB and Spark.

Four measures for each of 10,000 villages, with weights, homes as clusters and villages as strata;
rows are in no order. Each line is the command itself, a process of its own with all that it
starts: seconds and CPU from its start to its end, memory the most that each of its processes ever
had, added up. The tables are compared with the first.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bots import cpu_of
from tests.bench.machine import machine

VILLAGES = 10_000
SIZES = (1_000_000, 10_000_000)
ENGINES = ("pandas", "duckdb", "spark")
LOT = 1_000_000
"""Rows in a file."""
MISSING = 0.05
LOOKS = 0.02
"""Seconds between two looks at what runs."""
WORDS = [
    *("--measure", "access", "use", "benefit", "--proportion", "online", "--by", "village"),
    *("--weight", "w", "--cluster", "home", "--strata", "village", "--format", "csv"),
]


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took."""

    seconds: float
    cpu: float
    mib: float


def people(folder: Path, rows: int) -> Path:
    """A folder of Parquet files with so many persons, two a home."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    here = folder / f"people-{rows}"
    here.mkdir()
    g, homes = np.random.default_rng(1), max(rows // VILLAGES // 2, 1)
    for lot in range(0, rows, LOT):
        n = min(LOT, rows - lot)
        village = g.integers(0, VILLAGES, n)
        columns = {
            "village": village, "home": village * homes + g.integers(0, homes, n),
            "w": np.round(g.uniform(1, 40, n), 2),
            "online": (g.random(n) < 0.6).astype(np.int8),
        }  # fmt: skip
        of_village = 30 + 40 * (village % 97) / 97
        for name in ("access", "use", "benefit"):
            values = np.round(g.normal(of_village, 15, n), 1)
            columns[name] = pa.array(values, mask=g.random(n) < MISSING)
        parquet.write_table(pa.table(columns), here / f"{lot // LOT}.parquet")
    return here


def looked(pid: int, found: dict[int, tuple[float, int]]) -> None:
    """CPU seconds and the most KiB of a process and what it started, as far as they are there."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        most = next((int(one.split()[1]) for one in lines if one.startswith("VmHWM:")), 0)
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        below = [one for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return
    if most:
        found[pid] = (cpu_of(pid), most)
    for one in below:
        looked(int(one), found)


def estimated(engine: str, file: Path, out: Path, limit: float) -> Used | None:
    """What `usegap estimate` takes; None beyond the limit in seconds, or where it failed."""
    words = [sys.executable, "-m", "bot.cli", "estimate", str(file), *WORDS, "--engine", engine]
    used: dict[int, tuple[float, int]] = {}
    surroundings = {**os.environ, "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell"}
    began = time.perf_counter()
    with out.open("wb") as table, (out.parent / "notes").open("wb") as notes:
        running = subprocess.Popen(words, stdout=table, stderr=notes, env=surroundings)
        while running.poll() is None:
            looked(running.pid, used)
            if time.perf_counter() - began > limit:
                running.kill()
            time.sleep(LOOKS)
    seconds = time.perf_counter() - began
    if running.returncode:
        return None
    return Used(
        seconds,
        sum(cpu for cpu, _ in used.values()),
        sum(most for _, most in used.values()) / 1024,
    )


def furthest(one: Path, other: Path) -> float:
    """The largest difference between the numbers of two tables, as a share of the number."""
    with one.open() as ours, other.open() as theirs:
        lines = list(zip(csv.reader(ours), csv.reader(theirs), strict=True))
    away = 0.0
    for mine, plain in lines[1:]:
        for left, right in zip(mine[2:], plain[2:], strict=True):
            if left != right:
                here, there = float(left), float(right)
                away = max(away, abs(here - there) / max(abs(here), abs(there), math.ulp(1.0)))
        if mine[:2] != plain[:2]:
            raise SystemExit("The tables are of other villages.")
    return away


def main() -> None:
    """Measure each engine at each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.engines")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--engines", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--limit", type=float, default=300, help="seconds for each")
    chosen = parser.parse_args()
    print(f"{machine()}; {VILLAGES:,} villages,"
          " four measures, Parquet\n")  # fmt: skip
    print(f"{'rows':>12}  {'engine':<8}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}{'apart':>10}")
    with tempfile.TemporaryDirectory() as name:
        for rows in chosen.rows:
            file, first = people(Path(name), rows), None
            for engine in chosen.engines:
                out = Path(name) / f"{engine}-{rows}.csv"
                used = estimated(engine, file, out, chosen.limit)
                if used is None:
                    why = (Path(name) / "notes").read_text()[-300:].strip()
                    print(f"{rows:>12,}  {engine:<8} not done: {why}", flush=True)
                    continue
                first = first or out
                print(f"{rows:>12,}  {engine:<8}{used.seconds:>9.1f}{used.cpu:>9.1f}"
                      f"{used.mib:>10,.0f}{furthest(out, first):>10.0e}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
