"""`usegap estimate` held to the numbers of R, by tests/estimation/design_in_r.R (survey 4.1)."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.cli import main
from tests.estimation.design_people import lonely, people, write, write_margins

FILE = Path(__file__).parents[1] / "estimation" / "design_in_r.csv"
PLAIN = "--measure y p --total y --ratio y/x"
STRATA = "--strata stratum --cluster home --weight"
DESIGNS = {
    "strata": f"{STRATA} w",
    "counted": f"{STRATA} w --fpc N",
    "shared": f"{STRATA} w --fpc f",
    "unweighed": "--strata stratum --cluster home --fpc N",
    "zeros": f"{STRATA} z",
    "homes": "--cluster home --weight w",
    "raked": f"{STRATA} w --margins margins.csv",
    "raked counted": f"{STRATA} w --fpc N --margins margins.csv",
    "calibrated": f"{STRATA} w --margins margins.csv --residuals calibrate",
}
CASES = {name: f"people.csv {PLAIN} {options}" for name, options in DESIGNS.items()}
CASES["unweighed"] += " --deff finite"
CASES["strata finite"] = f"{CASES['strata']} --deff finite"
CASES |= {
    f"lonely {rule}": f"lonely.csv {PLAIN} {STRATA} w --lonely {rule}"
    for rule in ("adjust", "average", "certainty", "remove")
}
CASES["lonely raked"] = f"{CASES['lonely adjust']} --margins margins.csv"
CASES |= {
    f"{name} {theirs}": f"people.csv --proportion p {DESIGNS[name]} --ci {kind} --df domain"
    " --n-eff svyciprop"
    for name in ("strata", "zeros", "raked")
    for theirs, kind in (("mean", "t"), ("xlogit", "logit"), ("beta", "korn-graubard"))
}
CASES |= {
    f"{name} {rule} {kind}": f"people.csv --quantile y --at 0.25 0.5 0.8 {DESIGNS[name]} --qrule"
    f" {rule} --interval {kind}"
    for name in ("strata", "zeros", "counted", "raked")
    for rule in ("math", "school", "hf6", "hf7")
    for kind in ("mean", "xlogit")
}
CASES |= {
    f"{name} {against}": f"people.csv --measure y --total y {DESIGNS[name]} --compare {against}"
    for name in ("strata", "counted", "raked", "calibrated")
    for against in ("A", "others")
}
CASES["crossed"] = f"people.csv --measure y {DESIGNS['strata']} --by half"
CASES["value"] = f"people.csv --proportion device=smart {DESIGNS['strata']} --ci t"
NUMBERS = ("estimate", "se", "ci_low", "ci_high", "deff", "df")


def recorded():
    """R's numbers by case, then by domain ("" for all) and measure."""
    found = {}
    with FILE.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            one = found.setdefault(row["case"], {})
            one[row["domain"], row["measure"].replace(";", ",")] = row
    return found


RECORDED = recorded()


@pytest.fixture
def estimate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(people(), tmp_path / "people.csv")
    write(lonely(), tmp_path / "lonely.csv")
    write_margins(tmp_path / "margins.csv")

    def call(options):
        words = f"usegap estimate {options} --no-suppress --format json".split()
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert not ended.value.code, err
        return json.loads(out)

    return call


def test_every_number_of_r_is_asked_for():
    assert set(RECORDED) == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_of_r(case, estimate):
    by = ["" if "--by" not in CASES[case] else None, "--by domain"]
    if "--compare" in CASES[case] or None in by:
        by = by[1:]
    options = CASES[case].replace("--by half", "")
    crossed = " half" if "--by half" in CASES[case] else ""
    mine = [row for one in by for row in estimate(f"{options} {one}{crossed}")]
    found = {(row["domain"] or "", row["measure"]): row for row in mine}
    for key, theirs in RECORDED[case].items():
        row = found[key]
        yours = {name: float(theirs[name] or "nan") for name in NUMBERS}
        if np.isnan(yours["deff"]):
            del yours["deff"]
        if np.isnan(yours["se"]) and "quantile" in key[1]:
            # Woodruff's limits that leave 0 to 1 are none on either side.
            assert row["ci_low"] is None or row["ci_high"] is None
        numbers = {name: np.nan if row[name] is None else row[name] for name in yours}
        assert numbers == pytest.approx(yours, rel=1e-9, abs=1e-9, nan_ok=True), key
