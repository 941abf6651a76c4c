"""`make bench-profiles`: all village profiles of a wave from the database, and after some changed.

The shipped instrument; each line is a process of its own. What people said are some thousand
submissions made by the form's rules, each with what is measured of it; who said what in which
village is by chance. There is no log and no state of interviews: profiles read neither.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import create_engine, select, text

from surveys.estimation.measured import layouts, line
from surveys.form.indicators import from_json
from surveys.form.xlsform import convert
from surveys.instruments import shipped
from surveys.profiles import village_profiles
from surveys.profiles.given import Profiles
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database, url_of
from surveys.store.forms import compiled
from surveys.store.schema import Area, FormVersion, Interview, Wave
from surveys.store.upgrade import upgrade
from tests.bench.exports import answered, peak
from tests.bench.machine import machine

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PERSONS = 100
"""In a village."""
TOWNSHIP = 20
"""Villages."""
BATCH = 5_000
CHANGED = 0.01
MORE = 16
"""Answers in a village that changed: enough for a new edition."""
MIB = 1024


def made(url: str, count: int, seed: int = 1) -> None:
    """A database with so many finished interviews in villages of a hundred persons."""
    upgrade(url)
    database = Database(url)
    villages = count // PERSONS
    rows = (
        f"V{n},Village {n},County {n // 400}/Town {n // TOWNSHIP},400,1000,100,200"
        for n in range(villages)
    )
    listed = "code,name,area,households,adults,target,adults_offline\n" + "\n".join(rows)
    with database.begin() as session:
        published = publish(session, convert(shipped(), "village_digital.md"), "bench", NOW)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24, now=NOW)
        import_villages(session, listed.encode(), NOW)
        version = session.get_one(FormVersion, published.form_version_id)
        areas = [one.id for one in session.query(Area).where(Area.kind == "village")]
        # The first township is the town that the others are held against.
        session.get_one(Wave, wave).reference_area_id = session.scalar(
            select(Area.id).where(Area.name == "Town 0")
        )
        form = compiled(version.xform)
        layout = layouts({version.id: (form, from_json(version.indicators))})[version.id]
        version_id = version.id
    dice = random.Random(seed)
    said: list[tuple[str, list[str]]] = []
    for one in answered(form):
        submission: Any = one["submission"]
        written = json.dumps(submission, ensure_ascii=False)
        said.append((written, line(layout, submission).split("\t")))
    for start in range(0, count, BATCH):
        placed = [(n, areas[n // PERSONS]) for n in range(start, min(start + BATCH, count))]
        _people(database, placed, dice, said, (wave, version_id))
    database.close()


def _people(
    database: Database,
    placed: Sequence[tuple[int, int]],
    dice: random.Random,
    said: Sequence[tuple[str, list[str]]],
    of: tuple[int, int],
) -> None:
    """These persons (number, village), with what one of those who made the submissions said."""
    homes, people, interviews = [], [], []
    for n, area in placed:
        # Two of three homes have one who answers, the others two.
        home = n - 1 if n % 4 == 3 else n
        if home == n:
            homes.append((_id("h", home), area))
        people.append((_id("r", n), _id("h", home), _id("e", n), 1, _at(n)))
        submission, (mark, _, _, *rest) = dice.choice(said)
        took, path = f"{dice.lognormvariate(6, 0.5):.3f}", str(dice.randrange(200))
        interviews.append((
            f"uuid:{_id('k', n)}", _id("r", n), *of, area, dice.choice(("self", "self", "helped")),
            "finished", "2", _at(n), "{}", _at(n), _at(n), _at(n + 600), submission, "[]",
            "\t".join((mark, took, path, *rest)),
        ))  # fmt: skip
    with database.begin() as session:
        connection = session.connection()
        for table, columns, values in (
            ("household", "id, area_id", homes),
            ("respondent", "id, household_id, entry, number, created_at", people),
            (
                "interview",
                "key, respondent_id, wave_id, form_version_id, area_id, mode, status,"
                " consent_version, consented_at, state, started_at, updated_at, finished_at,"
                " submission, flags, measured",
                interviews,
            ),
        ):
            mark = "?" if connection.dialect.name == "sqlite" else "%s"
            marks = ", ".join([mark] * (columns.count(",") + 1))
            connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)


def _id(kind: str, n: int) -> str:
    return f"{kind}{n * 2654435761 % 2**32:08x}{n:023d}"


def _at(n: int) -> str:
    return (NOW + timedelta(seconds=n)).strftime("%Y-%m-%d %H:%M:%S.000000")


def profiles(url: str, *, look: bool = False) -> dict[str, float]:
    """All of them: seconds, CPU seconds, peak MiB of the process, how many, how many were made."""
    database = Database(url)
    with database.read() as session:
        wave = session.scalar(select(Wave.id)) or 0
        areas = list(session.scalars(select(Area.id).where(Area.kind == "village")))
    began, before = time.perf_counter(), _cpu()
    with _looked_at(look):
        found = village_profiles(database, wave, areas, NOW + timedelta(days=40))
    used, cpu = time.perf_counter() - began, _cpu() - before
    database.close()
    made = len(found.made()) if isinstance(found, Profiles) else 0
    return {
        "seconds": used, "cpu": cpu, "peak": peak() / MIB, "profiles": len(found), "made": made
    }  # fmt: skip


def _cpu() -> float:
    """Seconds of this process and of its copies, which are over."""
    one = os.times()
    return one.user + one.system + one.children_user + one.children_system


@contextmanager
def _looked_at(look: bool) -> Iterator[None]:
    if not look:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(90)
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(40)


def change(url: str) -> int:
    """One of a hundred villages, reference villages apart, gets more answers; how many did."""
    database = Database(url)
    with database.begin() as session:
        areas = list(session.scalars(select(Area.id).where(Area.kind == "village")))
        of = session.scalar(select(Wave.id)) or 0, session.scalar(select(FormVersion.id)) or 0
        chosen = areas[TOWNSHIP :: round(1 / CHANGED)]
        last = session.scalar(select(Interview.id).order_by(Interview.id.desc()).limit(1)) or 0
        measured = session.scalars(select(Interview.measured).limit(200)).all()
        said = session.scalar(select(Interview.submission).limit(1))
    people = [(json.dumps(said), one.split("\t")) for one in measured]
    placed = [
        (10 * last + MORE * at + number, area)
        for at, area in enumerate(chosen)
        for number in range(MORE)
    ]  # fmt: skip
    _people(database, placed, random.Random(last), people, of)
    database.close()
    return len(chosen)


def main() -> None:
    """Measure everything in turn, or one part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profiles")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--databases", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--make", metavar="URL", help="only make a database of the first size")
    parser.add_argument("--look", action="store_true", help="say where the time goes")
    parser.add_argument("--url", help="only the profiles of this database")
    chosen = parser.parse_args()
    if chosen.make:
        made(chosen.make, chosen.sizes[0])
        return
    if chosen.url:
        print(json.dumps(profiles(chosen.url, look=chosen.look)))
        return
    print(f"{machine()}\n")
    print(f"{'':<12}{'rows':>10}{'':<16}{'profiles':>10}{'made':>8}"
          f"{'seconds':>10}{'CPU s':>8}{'peak MiB':>10}")  # fmt: skip
    for count in chosen.sizes:
        for kind in chosen.databases:
            with _database(kind) as url:
                made(url, count)
                _line(url, kind, count, "all of them")
                _line(url, kind, count, "nothing new")
                change(url)
                _line(url, kind, count, "1 % changed")


def _line(url: str, kind: str, count: int, what: str) -> None:
    command = [sys.executable, "-m", "tests.bench.profiles", "--url", url]
    ran = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    found = json.loads(ran.stdout.splitlines()[-1])
    print(f"{kind:<12}{count:>10,}  {what:<14}{found['profiles']:>10,}{found['made']:>8,}"
          f"{found['seconds']:>10.1f}"
          f"{found['cpu']:>8.1f}{found['peak']:>10.0f}", flush=True)  # fmt: skip


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/usegap.db"
        return
    from tests.databases import DEFAULT

    server_url = url_of(os.environ.get("USEGAP_TEST_POSTGRES") or DEFAULT)
    name = f"usegap_bench_{os.getpid()}"
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield server_url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        server.dispose()


if __name__ == "__main__":
    main()
