"""`make bench-estimates`: how fast the numbers are made, beside a bare NumPy pass, svy, and R.

Each line is a process of its own: seconds are the best of some runs, memory the peak of the whole
process with its data. The floor is what NumPy needs at least for the same means and standard
errors: bincounts over prepared arrays. Its numbers and ours are compared; svy and R linearise
instead of leaving homes out, so that theirs differ a little.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.bench.estimates_people import INDICATORS, Arrays, Wave, arrays, wave

SIZES = ((10_000, 100), (100_000, 1_000), (1_000_000, 10_000))
"""Rows and villages; the smallest is for the peers."""
MISSING = 0.05
MEANS = ("floor", "ours", "svy", "R")
WIDTHS = (10, 10, 9, 10, 10, 9, 8)
ABOUT = {"wave": "w", "form_id": "f", "form_version": "1", "reference_area": "Reference",
         "computed_at": "2026-01-31T09:00:00+08:00"}  # fmt: skip
R_SCRIPT = """
suppressMessages(library(survey))
d <- read.csv(commandArgs(TRUE)[1])
began <- proc.time()
design <- svydesign(~home, weights = ~w, data = d)
ys <- reformulate(grep("^y", names(d), value = TRUE))
invisible(svyby(ys, ~village, design, svymean, na.rm = TRUE))
used <- proc.time() - began
cat(used[3], used[1] + used[2])
"""


def floor(one: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Means and delete-a-home standard errors, (indicators, villages) each, as bare as can be."""
    homes, of = len(one.of_home), one.of_home
    means, errors = [], []
    whole = np.bincount(one.home, one.w, minlength=homes)
    everybody = np.bincount(of, minlength=one.villages)
    with np.errstate(divide="ignore", invalid="ignore"):
        for y in one.y:
            known = np.isfinite(y)
            if known.all():
                top, bottom, m = np.bincount(one.home, one.w * y, minlength=homes), whole, everybody
            else:
                w, home = one.w[known], one.home[known]
                top = np.bincount(home, w * y[known], minlength=homes)
                bottom = np.bincount(home, w, minlength=homes)
                m = np.bincount(of, bottom > 0, minlength=one.villages)
            total = np.bincount(of, bottom, minlength=one.villages)
            mean = np.bincount(of, top, minlength=one.villages) / total
            z = (top - mean[of] * bottom) / (total[of] - bottom)
            squares = np.bincount(of, z * z, minlength=one.villages)
            means.append(mean)
            errors.append(np.sqrt((m - 1) / m * squares))
    return np.array(means), np.array(errors)


def ours(one: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The same by `surveys.estimation`, with z of every home, df and counts besides."""
    from surveys.estimation.estimates import Groups, Weighed

    weighed = Weighed.of(Groups(one.of_home, one.villages), one.home, one.w)
    found = [weighed.mean(y) for y in one.y]
    return np.array([mean.value for mean in found]), np.array([mean.se for mean in found])


def with_svy(one: Arrays) -> None:
    """Means and Taylor's standard errors by village."""
    import polars
    import svy

    columns = {f"y{at}": y for at, y in enumerate(one.y)}
    data = polars.DataFrame(
        {"home": one.home, "village": one.of_home[one.home], "w": one.w, **columns}
    ).fill_nan(None)
    sample = svy.Sample(data, svy.Design(psu="home", wgt="w"))
    sample.estimation.mean(list(columns), by="village", drop_nulls=True)


def with_r(one: Arrays, folder: Path) -> tuple[float, float]:
    """Seconds, and those of CPU, of `svydesign` and `svyby(…, svymean)`, the file once read."""
    import pandas as pd

    columns = {f"y{at}": y for at, y in enumerate(one.y)}
    file, script = folder / "people.csv", folder / "means.R"
    pd.DataFrame(
        {"home": one.home, "village": one.of_home[one.home], "w": one.w, **columns}
    ).to_csv(file, index=False)
    script.write_text(R_SCRIPT)
    done = subprocess.run(["Rscript", script, file], capture_output=True, text=True, check=True)
    seconds, cpu = done.stdout.split()[-2:]
    return float(seconds), float(cpu)


def best(task: Callable[[], object], runs: int) -> dict[str, float]:
    """Seconds, and seconds of CPU, of the fastest of some runs."""
    times = []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        task()
        times.append((time.perf_counter() - began, time.process_time() - used))
    return {"seconds": min(wall for wall, _ in times), "cpu": min(cpu for _, cpu in times)}


def part(what: str, rows: int, villages: int, missing: float, folder: Path) -> dict[str, float]:
    """One measurement, in the process that this is."""
    import pandas as pd

    # As where usegap is installed: svy brings pyarrow along, in which pandas would keep text.
    pd.set_option("mode.string_storage", "python")
    if what == "wave":
        (folder / "wave").write_bytes(pickle.dumps(wave(rows, villages)))
        return {}
    if what in ("table", "village"):
        return _profiles(what, folder, f"v{villages // 2}")
    one = arrays(rows, villages, missing)
    if what == "same":
        for mine, theirs in zip(ours(one), floor(one), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9)
        return {}
    if what == "R":
        seconds, cpu = with_r(one, folder)
        return {"seconds": seconds, "cpu": cpu, "mib": _peak(resource.RUSAGE_CHILDREN)}
    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "floor": (lambda: floor(one), 5), "ours": (lambda: ours(one), 5),
        "svy": (lambda: with_svy(one), 1),
    }  # fmt: skip
    return {**best(*tasks[what]), "mib": _peak(resource.RUSAGE_SELF)}


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _profiles(what: str, folder: Path, code: str) -> dict[str, float]:
    """The complete table of a wave, or the profile of one village from its own answers."""
    from surveys.estimation.villages import about_of, compute

    one: Wave = pickle.loads((folder / "wave").read_bytes())
    about = about_of(ABOUT)
    if what == "table":
        made = []

        def whole() -> None:
            found = compute(one.frame, one.villages, one.indicators, one.choices, ["v0", "v1"])
            made.append((found, found.table, found.bands))

        found = {**best(whole, 1), "mib": _peak(resource.RUSAGE_SELF)}
        read = best(lambda: made[0][0].village(code, about), 20)
        return {**found, "read": read["seconds"]}
    own = one.frame[one.frame["village"] == code].reset_index(drop=True)
    own = own.assign(village=own["village"].cat.remove_unused_categories())
    place = one.villages.loc[[code]]

    def alone() -> object:
        return compute(own, place, one.indicators, one.choices, []).village(code, about)

    alone()
    return best(alone, 10)


def measured(
    what: str, size: tuple[int, int], folder: Path, *, missing: float = 0, limit: float = 1800
) -> dict[str, float] | None:
    """A measurement in a process of its own; None if it took longer than the limit, or failed."""
    words = [sys.executable, "-m", "tests.bench.estimates", "--part", what, "--folder", str(folder)]
    words += ["--rows", str(size[0]), "--villages", str(size[1]), "--missing", str(missing)]
    # As a group, so that R ends with the process that started it.
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, _ = running.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return None
    if running.returncode:
        raise SystemExit(f"{what} failed at {size[0]:,} rows.")
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def means(folder: Path, limit: float) -> None:
    """Print the table of means and standard errors."""
    print(f"Means and standard errors of {INDICATORS} indicators by village\n")
    heads = ("rows", "villages", "missing", "seconds", "CPU", "× floor", "MiB")
    print(" " * 7 + "".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    slow = set() if shutil.which("Rscript") else {"R"}
    for size in SIZES:
        for missing in (0.0, MISSING):
            measured("same", size, folder, missing=missing)
            base = 0.0
            for what in MEANS:
                if what in slow or (what in ("svy", "R") and not missing):
                    continue
                found = measured(what, size, folder, missing=missing, limit=limit)
                head = f"{what:<7}{size[0]:>10,}{size[1]:>10,}{missing:>9.0%}"
                if found is None:
                    slow.add(what)
                    print(f"{head}{f'> {limit:.0f}':>10}", flush=True)
                    continue
                base = base or found["cpu"]
                print(f"{head}{found['seconds']:>10.3f}{found['cpu']:>10.3f}"
                      f"{found['cpu'] / base:>9.1f}{found['mib']:>8.0f}", flush=True)  # fmt: skip
    print("\n× floor is of CPU seconds. Goal: ours at most 3. Who took too long, and R where it is")
    print("not installed, is left out at larger sizes.\n")


def profiles(folder: Path) -> None:
    """Print what a wave's profiles need."""
    print("Profiles\n")
    for size in SIZES[1:]:
        measured("wave", size, folder)
        head = f"{size[0]:,} rows × {size[1]:,} villages"
        found = measured("table", size, folder) or {}
        print(
            f"{head}: complete table {found['seconds']:.1f} s ({found['cpu']:.1f} of CPU),"
            f" peak {found['mib'] / 1024:.2f} GiB"
        )
        print(f"{head}: one village read off it {found['read'] * 1000:.1f} ms")
        alone = measured("village", size, folder) or {}
        print(
            f"{head}: one village from its own answers {alone['seconds'] * 1000:.0f} ms"
            f" ({alone['cpu'] * 1000:.0f} of CPU)",
            flush=True,
        )
    print("\nGoals: 10 s and 2 GiB at 1,000,000 × 10,000; 50 ms for one village.")


def main() -> None:
    """Measure everything in turn, or one part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.estimates")
    parser.add_argument("--limit", type=float, default=120, help="seconds for svy and R")
    parser.add_argument("--only", choices=("means", "profiles"))
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--villages", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--missing", type=float, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.part:
        found = part(chosen.part, chosen.rows, chosen.villages, chosen.missing, chosen.folder)
        print(json.dumps(found))
        return
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        if chosen.only != "profiles":
            means(Path(folder), chosen.limit)
        if chosen.only != "means":
            profiles(Path(folder))


if __name__ == "__main__":
    main()
