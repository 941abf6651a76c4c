"""analysis.R and analysis.py, run on the files of an export, print what the profiles rest on."""

import csv
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pytest
from simulated_wave import NOW, simulate

from surveys.estimation.decomposition import online_limits
from surveys.estimation.intervals import effective_size, wilson
from surveys.estimation.suppression import score_limits
from surveys.estimation.villages import compute
from surveys.export import Filters, tables
from surveys.export.central import write_central
from surveys.export.scripts import write_scripts
from surveys.form.indicators import from_json
from surveys.store.database import Database
from surveys.store.forms import compiled
from surveys.store.margins import margins_for
from surveys.store.reports import held_by, newest
from surveys.store.schema import FormVersion, Wave
from surveys.store.submissions import census, finished_in, frame, labels_of
from surveys.store.upgrade import upgrade

RSCRIPT = shutil.which("Rscript")


def computed(database, wave_id):
    """What the profiles are made from, before anything is rounded or hidden."""
    with database.read() as session:
        version = session.get(FormVersion, session.get(Wave, wave_id).form_version_id)
        indicators = from_json(version.indicators)
        everywhere = finished_in(session, wave_id)
        _, margins = margins_for(session, everywhere)
        rows, villages = frame(session, wave_id, everywhere, [one.name for one in indicators])
        choices = labels_of(compiled(version.xform))
        held = held_by(newest(session, wave_id), census(session, everywhere))
    return compute(rows, villages, indicators, choices, (), margins=margins, held=held)


def expected(database, wave_id):
    """(village, measure) -> estimate, error, limits, n, df."""
    whole = computed(database, wave_id)
    sample, g = whole.own, whole.own.g
    found = {}

    def put(measure, estimate, scale, limits):
        for at, code in enumerate(whole.codes):
            found[code, measure] = [
                scale * estimate.value[at], scale * np.sqrt(estimate.v[at]), *(
                    scale * one[at] for one in limits), estimate.n[at], estimate.df[at],
            ]  # fmt: skip

    use = sample.answers.scores["s_use"]
    put("pi", sample.online, 100, online_limits(sample.online, g))
    put("u", sample.of_users(use), 1, score_limits(sample.of_users(use)))
    put("U", sample.of_all(use), 1, score_limits(sample.of_all(use), 100 * g))
    for one in whole.wave.parts.indices:
        _, estimate = sample.by_base(one.base, sample.answers.scores[one.name])
        if one.kind == "score":
            top = 100 * g if one.base == "zero" else 100.0
            put(one.name, estimate, 1, score_limits(estimate, top))
        else:
            share = np.clip(estimate.value, 0, 1)
            n = effective_size(share, estimate.v, estimate.n, estimate.df)
            put(one.name, estimate, 100, wilson(share, n))
    return whole, found


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """The files of an export, and what is expected of them."""
    folder = tmp_path_factory.mktemp("export")
    database = Database(migrated(f"sqlite:///{folder / 'field.db'}"))
    made = simulate(database)
    found = tables(database, Filters((made.programme,)), NOW)
    write_central(found.all, folder)
    write_scripts(found.submissions, found.villages, folder, found.indicators, found.roles, {})
    return folder, *expected(database, made.wave), database, made


def migrated(url):
    upgrade(url)
    return url


def printed(command, folder):
    """What a script writes, by village and measure."""
    out = folder / f"{command[-1].rpartition('.')[2]}.csv"
    done = subprocess.run(
        [*command, ".", out.name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "s_access" in done.stdout
    return read(out)


def read(out):
    """By village and measure."""
    with out.open(encoding="utf-8") as file:
        return {(row["village"], row["measure"].rpartition("-")[2]): row
                for row in csv.DictReader(file)}  # fmt: skip


def agree(found, want):
    assert found.keys() == want.keys()
    for key, row in found.items():
        mine = [float(row[name]) for name in ("estimate", "se", "low", "high", "n", "df")]
        assert mine == pytest.approx(want[key], rel=1e-9, abs=1e-9, nan_ok=True), key


def test_the_wave_has_every_kind_of_weight(export):
    _, whole, *_ = export
    sample = whole.own
    at = {code: number for number, code in enumerate(whole.codes)}
    pool = whole.source.raking.of_village
    assert pool[at["V3"]] == pool[at["V4"]] != pool[at["V2"]]
    assert -1 not in (pool[at["V2"]], pool[at["V3"]])
    assert pool[at["V1"]] == -1
    assert sample.visited[at["V5"]] > 11
    assert not sample.known[at["V6"]]
    assert 0 < sample.online.n[at["V6"]] < sample.of_users(sample.answers.scores["s_use"]).n[
        at["V6"]
    ]  # fmt: skip


def test_python_prints_the_estimates_of_the_profiles(export):
    folder, _, want, *_ = export
    agree(printed([sys.executable, "analysis.py"], folder), want)


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")
def test_r_prints_the_estimates_of_the_profiles(export):
    folder, _, want, *_ = export
    agree(printed([RSCRIPT, "--vanilla", "analysis.R"], folder), want)


def test_one_village_of_several_raked_together_has_the_same_numbers(export, tmp_path):
    _, _, want, database, made = export
    found = tables(database, Filters((made.areas["V3"],)), NOW)
    write_central(found.all, tmp_path)
    write_scripts(found.submissions, found.villages, tmp_path, found.indicators, found.roles, {})
    alone = {key: numbers for key, numbers in want.items() if key[0] == "V3"}
    # In this process, which has pandas already.
    runpy.run_path(str(tmp_path / "analysis.py"))["main"](str(tmp_path), tmp_path / "py.csv")
    agree(read(tmp_path / "py.csv"), alone)


def test_where_a_column_is_missing_there_are_no_scripts(export, tmp_path):
    *_, database, made = export
    found = tables(database, Filters((made.programme,)), NOW, released=True)
    args = (found.submissions, found.villages, tmp_path, found.indicators, found.roles, {})
    assert write_scripts(*args) == list(tmp_path.iterdir()) == []
