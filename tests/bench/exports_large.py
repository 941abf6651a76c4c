"""`make bench-export`: a million submissions as files, beside the database's own dump of the rows.

`usegap export` as it is called, each run a process of its own: its seconds, the CPU seconds of it
and of all that it started, and the most memory that they had together. Databases are made for it
and dropped at the end; `--keep` keeps those of SQLite for the next time.

    python -m tests.bench.exports_large --sizes 20000        # a quick look
    python -m tests.bench.exports_large --sizes 60000 --databases sqlite --formats all
    python -m tests.bench.exports_large --databases sqlite --margins all   # one pool of everybody
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from surveys.store.database import url_of
from tests.bench.exports_made import Margined, made
from tests.bench.machine import machine
from tests.databases import DEFAULT

SIZES = (10_000, 100_000, 1_000_000)
GOAL_MIB, GOAL_TIMES = 300, 3
"""The most memory of any; how much longer CSV may take than the dump."""
FORMATS: Mapping[str, tuple[str, ...]] = {
    "csv": (), "release": ("--release",), "xlsx": ("--format", "xlsx"), "sav": ("--format", "sav"),
    "dta": ("--format", "dta"), "parquet": ("--format", "parquet"),
}  # fmt: skip
"""What the command is called with; `release` is CSV to be handed out."""
ROWS = """
SELECT i.key, i.area_id, i.form_version_id, i.mode, i.started_at, i.finished_at, i.review,
       r.household_id, r.entry, i.submission
FROM interview i JOIN respondent r ON r.id = i.respondent_id"""
"""What is dumped: key, place, version, mode, times, review, home, entry, answers as JSON."""
LOOKS = 0.02
"""Seconds between two looks at the memory of a process and what it started."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took."""

    seconds: float
    cpu: float
    peak: float
    """MiB: the most resident, of it and of what it started; what they share counts for each."""
    megabytes: float


def run(command: Sequence[str], out: Path, env: Mapping[str, str] | None = None) -> Run:
    """One command, whose output goes to a file, or which writes into a folder."""
    sink = Path(os.devnull) if out.is_dir() else out
    began = time.perf_counter()
    with sink.open("wb") as file, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=file, stderr=said, env=env)
        together = 0
        while True:
            # Waited for by hand: this says what it alone used, and what its own children did.
            number, status, used = os.wait4(process.pid, os.WNOHANG)
            if number:
                break
            together = max(together, _resident(process.pid))
            time.sleep(LOOKS)
        if status:
            said.seek(0)
            raise SystemExit(f"{command[0]} failed: {said.read().decode()[-2000:]}")
    files = list(out.iterdir()) if out.is_dir() else [out]
    return Run(
        time.perf_counter() - began,
        used.ru_utime + used.ru_stime,
        together / 1024,
        sum(one.stat().st_size for one in files) / 1e6,
    )


def _resident(pid: int, above: bytes = b"") -> int:
    """KiB of a process and what it started; above: the command line of what started it."""
    found = 0
    try:
        own = Path(f"/proc/{pid}/cmdline").read_bytes()
        if own == above:
            # On its way to another program: all that it has is its parent's.
            return 0
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            # The most that it ever had; `ru_maxrss` would count what started it, too.
            if line.startswith("VmHWM:"):
                found = int(line.split()[1])
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return found + sum(_resident(int(one), own) for one in below)


@contextmanager
def _sqlite(folder: Path, count: int, kept: Path | None, margins: Margined) -> Iterator[str]:
    name = f"usegap-{count}.db" if margins == "counties" else f"usegap-{count}-{margins}.db"
    file = folder / "usegap.db" if kept is None else kept / name
    url = f"sqlite:///{file}"
    if not file.exists():
        begun = file.with_suffix(".begun")
        begun.unlink(missing_ok=True)
        made(f"sqlite:///{begun}", count, margins=margins)
        begun.rename(file)
    yield url


@contextmanager
def _postgresql(folder: Path, count: int, kept: Path | None, margins: Margined) -> Iterator[str]:
    server = url_of(os.environ.get("USEGAP_TEST_POSTGRES") or DEFAULT)
    name = f"usegap_bench_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        made(url, count, margins=margins)
        yield url
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


DATABASES = {"sqlite": _sqlite, "postgresql": _postgresql}


def dump(url: str) -> list[str]:
    """The command with which the database writes its rows as CSV."""
    address = url_of(url)
    if address.get_backend_name() == "sqlite":
        return ["sqlite3", "-csv", address.database or "", ROWS]
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    return ["psql", "-q", "-d", plain, "-c", f"COPY ({ROWS}) TO STDOUT WITH (FORMAT csv)"]


def export(url: str, folder: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    """The command with which we do, and its environment."""
    usegap = Path(sys.executable).parent / "usegap"
    env = {**os.environ, "USEGAP_DATABASE_URL": url, "USEGAP_LANGUAGE": "en"}
    return [str(usegap), "export", "--out", str(folder), *more], env


def measure(
    kind: str,
    count: int,
    formats: Sequence[str],
    beside: Path | None,
    kept: Path | None = None,
    margins: Margined = "counties",
) -> bool:
    """One database of one size in some formats; whether the goals are met.

    Nothing of it is left behind, but a SQLite database where `kept` says a folder for it.
    """
    met = True
    with (
        tempfile.TemporaryDirectory(prefix="usegap-bench-", dir=beside) as name,
        DATABASES[kind](Path(name), count, kept, margins) as url,
    ):
        out = Path(name, "dump.csv")
        # Read once before: what is on the disk is in memory for both.
        run(dump(url), out)
        theirs = run(dump(url), out)
        _tell(kind, "dump", count, theirs, theirs)
        for one in formats:
            with tempfile.TemporaryDirectory(dir=name) as into:
                command, env = export(url, Path(into), *FORMATS[one])
                ours = run(command, Path(into), env)
            _tell(kind, f"usegap {one}", count, ours, theirs)
            met &= ours.peak < GOAL_MIB
            met &= one != "csv" or ours.seconds <= GOAL_TIMES * theirs.seconds
    return met


def _tell(kind: str, name: str, count: int, one: Run, dumped: Run) -> None:
    times = one.seconds / dumped.seconds
    print(f"{kind:<12}{name:<16}{count:>10,}{one.seconds:>10.1f}{one.cpu:>8.1f}{times:>8.1f}"
          f"{one.peak:>10.0f}{one.megabytes:>10.1f}", flush=True)  # fmt: skip


def main() -> None:
    """Measure every size on both databases."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exports_large")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--databases", nargs="*", default=list(DATABASES), choices=DATABASES)
    parser.add_argument("--formats", nargs="*", default=["csv"], choices=[*FORMATS, "all"])
    parser.add_argument("--folder", type=Path, help="for databases and files; a million: 15 GB")
    parser.add_argument("--keep", type=Path, help="a folder for SQLite databases, used again")
    parser.add_argument("--margins", choices=get_args(Margined), default="counties",
                        help="of every other county, of all, of every village")  # fmt: skip
    chosen = parser.parse_args()
    formats = list(FORMATS) if "all" in chosen.formats else chosen.formats
    print(machine())
    print(f"Goals: under {GOAL_MIB} MiB, CSV in {GOAL_TIMES} times the dump\n")
    print(f"{'':<28}{'rows':>10}{'seconds':>10}{'CPU s':>8}{'times':>8}", end="")
    print(f"{'peak MiB':>10}{'MB':>10}")
    met = [
        measure(kind, count, formats, chosen.folder, chosen.keep, chosen.margins)
        for kind in chosen.databases
        for count in chosen.sizes
    ]
    print(f"\n{sum(met)} of {len(met)} within the goals")


if __name__ == "__main__":
    main()
