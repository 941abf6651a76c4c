"""`make bench-exports`: how long an export takes and how much memory it needs at its peak.

The shipped instrument, answered at random; each line is a process of its own, its peak that of the
whole process. Peers write a table that they already hold: what they need to read it is theirs, too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from surveys.estimation.frame import language_tag
from surveys.form.model import Form
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.interview.collected import can_be_given, collected
from surveys.interview.engine import submission
from surveys.interview.state import to_json
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database
from surveys.store.forms import compiled
from surveys.store.schema import Area, FormVersion, Household, Interview, Respondent
from surveys.store.upgrade import upgrade
from tests.instruments.conftest import sheets_of
from tests.instruments.respondents import respondent

SIZES = (5_000, 50_000)
PERSONS = 50
"""In a village, two in a home."""
DIFFERENT = 500
"""So many persons are made by the form's rules, and come again and again."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTS = ("csv", "csv --release", "zip", "xlsx", "sav", "dta", "parquet", "pandas", "pyreadstat")
MIB = 1024


def made(url: str, count: int) -> None:
    """A database with so many finished interviews in villages of fifty persons."""
    upgrade(url)
    database = Database(url)
    villages = count // PERSONS
    rows = (f"V{n},Village {n},County/Town {n // 10},40,100,,20" for n in range(villages))
    listed = "code,name,area,households,adults,target,adults_offline\n" + "\n".join(rows)
    with database.begin() as session:
        published = publish(session, convert(shipped(), "village_digital.md"), "bench", NOW)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24, now=NOW)
        import_villages(session, listed.encode(), NOW)
        version = session.get_one(FormVersion, published.form_version_id)
        areas = [one.id for one in session.query(Area).where(Area.kind == "village")]
        people = answered(compiled(version.xform))
    dice = random.Random(1)
    for start in range(0, count, 1000):
        numbers = range(start, min(start + 1000, count))
        homes = sorted({number // 2 for number in numbers})
        with database.begin() as session:
            session.execute(
                insert(Household),
                [{"id": f"h{home:031}", "area_id": areas[home * 2 // PERSONS]} for home in homes],
            )
            session.execute(insert(Respondent), [
                {"id": f"r{n:031}", "household_id": f"h{n // 2:031}", "entry": f"e{n:031}",
                 "number": 1, "created_at": NOW}
                for n in numbers
            ])  # fmt: skip
            session.execute(insert(Interview), [
                {"key": f"uuid:{dice.getrandbits(144):036x}", "respondent_id": f"r{n:031}",
                 "wave_id": wave, "form_version_id": version.id, "area_id": areas[n // PERSONS],
                 "mode": "self", "status": "finished", "consent_version": "2",
                 "consented_at": NOW, "started_at": NOW + timedelta(seconds=n),
                 "updated_at": NOW, "finished_at": NOW + timedelta(seconds=n + 600),
                 **dice.choice(people)}
                for n in numbers
            ])  # fmt: skip
    database.close()


def answered(form: Form) -> list[dict[str, object]]:
    """State and submission of persons who answered at random, by the form's rules."""
    sheets = sheets_of(shipped())
    paths = {one.name: one.path for one in form.questions if can_be_given(one)}
    people = []
    for seed in range(DIFFERENT):
        given = respondent(sheets, seed, skipping=0.05) | {"A3": random.Random(seed).choice(
            ("16", "25", "35", "45", "55", "65", "75"))}  # fmt: skip
        answers = {paths[name]: value for name, value in given.items() if name in paths}
        one, _ = collected(form, answers, seed, form.languages[seed % 2], NOW, NOW)
        assert language_tag(one.language) in ("en", "zh")
        state = json.dumps(to_json(replace(one, status="finished")), ensure_ascii=False)
        people.append({"state": state, "submission": submission(form, one)})
    return people


def part(name: str, url: str, folder: Path) -> dict[str, float]:
    """One line: seconds, CPU seconds, peak MiB, megabytes written."""
    began, before = time.perf_counter(), time.process_time()
    if name in ("pandas", "pyreadstat"):
        _peer(name, folder)
    else:
        _ours(name, url, folder)
    used, cpu = time.perf_counter() - began, time.process_time() - before
    written = sum(one.stat().st_size for one in (folder / out(name)).iterdir())
    return {"seconds": used, "cpu": cpu, "peak": peak() / MIB, "megabytes": written / 1e6}


def out(name: str) -> str:
    """The folder of a line."""
    return f"out-{name.replace(' ', '')}"


def peak() -> int:
    """KiB that this process had at most; `ru_maxrss` would count what started it, too."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def _ours(name: str, url: str, folder: Path) -> None:
    from surveys.export import Filters, Wanted, into_folder, into_zip, tables

    database = Database(url)
    with database.read() as session:
        root = session.query(Area.id).where(Area.kind == "programme").scalar()
    target = folder / out(name)
    found = tables(
        database, Filters((root,)), NOW, released=name.endswith("--release"), folder=target
    )
    kind = {"zip": "csv", "csv --release": "csv"}.get(name, name)
    if name == "zip":
        into_zip(found, Wanted((kind,)), target / "answers.zip")
    else:
        into_folder(found, Wanted((kind,)), target)
    database.close()


def _peer(name: str, folder: Path) -> None:
    """The same table, read whole and written whole."""
    import pandas as pd

    table = pd.read_csv(folder / "out-csv" / "submissions.csv", low_memory=False)
    (folder / f"out-{name}").mkdir()
    if name == "pandas":
        table.to_csv(folder / "out-pandas" / "submissions.csv", index=False)
        return
    import pyreadstat

    table.columns = [f"v{place}" for place in range(len(table.columns))]
    pyreadstat.write_sav(table, folder / "out-pyreadstat" / "submissions.sav")


def main() -> None:
    """Measure everything in turn, or one part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exports")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--parts", nargs="*", default=PARTS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(part(chosen.part, chosen.url, chosen.folder)))
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, SQLite\n")
    print(f"{'':<16}{'rows':>8}{'seconds':>10}{'CPU s':>8}{'peak MiB':>10}{'MB':>8}")
    for count in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/usegap.db"
            made(url, count)
            for name in chosen.parts:
                command = [sys.executable, "-m", "tests.bench.exports", "--part", name]
                ran = subprocess.run(
                    [*command, "--url", url, "--folder", folder],
                    check=True, capture_output=True, encoding="utf-8",
                )  # fmt: skip
                found = json.loads(ran.stdout.splitlines()[-1])
                print(f"{name:<16}{count:>8,}{found['seconds']:>10.1f}{found['cpu']:>8.1f}"
                      f"{found['peak']:>10.0f}{found['megabytes']:>8.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
