"""`usegap decompose`: what somebody types, what comes out."""

import csv
import io
import json
import sys

import numpy as np
import pytest

from bot.cli import main

KEYS = ["part", "covariate", "category", "group", "estimate", "se", "ci_low", "ci_high", "level",
        "n", "df", "suppressed"]  # fmt: skip


@pytest.fixture
def usegap(tmp_path, monkeypatch, capsysbinary):
    """Runs a command in a folder with people.csv: its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(4)
    lines = ["place,home,w,U,online,age,school,sex,three"]
    for row in range(200):
        place = "village" if row // 100 else "town"
        age = "" if row % 25 == 3 else str(20 + (row * 7) % 60)
        school, three = ("low", "mid", "high")[row % 3], row // 7 % 3
        use = f"{chance.normal(60 - 10 * (row // 100), 10):.3f}"
        lines.append(
            f"{place},h{row // 2},{'' if row == 7 else 0 if row == 9 else 1 + row % 3},{use},"
            f"{int(row % 3 > 0)},{age},{school},{'fm'[row % 2]},{three}"
        )
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def call(*words):
        arguments = [part for word in words for part in word.split(" ")]
        monkeypatch.setattr(sys, "argv", ["usegap", "decompose", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out.decode(), err.decode()

    return call


PLAIN = "people.csv --outcome U --group place --covariate age --categorical school"


def rows_of(answer):
    code, out, err = answer
    assert code == 0, err
    return json.loads(out)


def whole(rows):
    return {row["part"]: row["estimate"] for row in rows if row["covariate"] is None}


def test_three_fold_is_that_of_two_plain_regressions(usegap, tmp_path):
    found = rows_of(usegap(f"{PLAIN} --weight w --cluster home --format json"))
    assert all(list(row) == KEYS for row in found)
    means, coefficients = [], []
    people = [one for one in csv.DictReader((tmp_path / "people.csv").open())
              if one["age"] and one["w"] not in ("", "0")]  # fmt: skip
    for place in ("town", "village"):
        mine = [one for one in people if one["place"] == place]
        w = np.array([float(one["w"]) for one in mine])
        y = np.array([float(one["U"]) for one in mine])
        # The first value in order, high, is the one left out.
        x = np.array([[1, float(one["age"]), one["school"] == "low", one["school"] == "mid"]
                      for one in mine], float)  # fmt: skip
        means.append(w @ x / w.sum())
        coefficients.append(np.linalg.solve(x.T @ (w[:, None] * x), x.T @ (w * y)))
    (xa, xb), (ba, bb) = means, coefficients
    parts = whole(found)
    assert parts["difference"] == pytest.approx(xa @ ba - xb @ bb)
    assert parts["endowments"] == pytest.approx((xa - xb) @ bb)
    assert parts["coefficients"] == pytest.approx(xb @ (ba - bb))
    assert parts["interaction"] == pytest.approx((xa - xb) @ (ba - bb))
    of = {(row["part"], row["covariate"], row["category"]): row for row in found}
    assert of["endowments", "age", None]["estimate"] == pytest.approx(((xa - xb) * bb)[1])
    assert of["coefficients", "school", "mid"]["estimate"] == pytest.approx((xb * (ba - bb))[3])
    assert [row["group"] for row in found[:3]] == ["town", "village", None]
    assert (found[0]["n"] + found[1]["n"], found[2]["df"]) == (len(people), 99)
    assert found[2]["ci_low"] < found[2]["estimate"] < found[2]["ci_high"]


def test_every_way_to_take_it_apart_adds_up(usegap):
    ways = (
        "--method threefold --viewpoint reference", "--method threefold --normalise",
        "--method twofold", "--method twofold --coefficients 1",
        "--method twofold --coefficients 0.5", "--method twofold --coefficients neumark",
        "--method twofold --coefficients pooled --normalise --errors separate",
        "--errors fixed",
    )  # fmt: skip
    several = []
    for way in ways:
        rows = rows_of(usegap(f"{PLAIN} {way} --format json"))
        parts = whole(rows)
        difference = parts.pop("difference")
        assert parts.pop("reference") - parts.pop("other") == pytest.approx(difference)
        assert sum(parts.values()) == pytest.approx(difference)
        several.append(tuple(round(value, 6) for value in parts.values()))
    assert len(set(several)) == len(several) - 1
    # Standard errors differ where the parts do not.
    fixed, joint = (rows_of(usegap(f"{PLAIN} --errors {one} --format json"))[3]
                    for one in ("fixed", "joint"))  # fmt: skip
    assert fixed["estimate"] == joint["estimate"]
    assert fixed["se"] < joint["se"]


def test_kitagawa_is_that_of_a_table(usegap, tmp_path):
    _, out, err = usegap("people.csv --outcome online --group place --reference village"
                         " --categorical school sex --method kitagawa --format json")  # fmt: skip
    parts = whole(json.loads(out))
    assert "under 10 rows" not in err
    people = list(csv.DictReader((tmp_path / "people.csv").open()))
    rates = []
    for place in ("village", "town"):
        mine = [one for one in people if one["place"] == place]
        cells = {}
        for one in mine:
            cells.setdefault((one["school"], one["sex"]), []).append(int(one["online"]))
        rates.append({at: (len(y) / len(mine), sum(y) / len(y)) for at, y in cells.items()})
    a, b = rates
    assert len(a) == 6
    composition = sum((a[k][0] - b[k][0]) * (a[k][1] + b[k][1]) / 2 for k in a)
    assert parts["composition"] == pytest.approx(composition)
    assert parts["composition"] + parts["rate"] == pytest.approx(parts["difference"])
    assert list(parts) == ["reference", "other", "difference", "composition", "rate"]
    small = usegap("people.csv --outcome U --group place --categorical three school age --method"
                   " kitagawa --no-suppress")  # fmt: skip
    assert small[0] == 1
    assert "A category of three × school × age has nobody in one of the groups" in small[2]


def test_all_ways_to_write_give_the_same(usegap):
    found = rows_of(usegap(f"{PLAIN} --format json"))
    _, sheet, _ = usegap(f"{PLAIN} --format csv")
    read = list(csv.DictReader(io.StringIO(sheet)))
    assert [float(row["estimate"]) for row in read] == [row["estimate"] for row in found]
    code, shown, err = usegap(f"{PLAIN}")
    assert code == 0
    assert all(f"{row['estimate']:.4g}" in shown for row in found)
    assert "8 rows without a value of age are left out." in err
    assert "= mid" in shown
    _, _, err = usegap(f"{PLAIN} --weight w")
    assert "1 rows without a value of w are left out." in err


def test_of_several_places_one_is_the_reference_and_the_others_the_other(usegap):
    found = rows_of(usegap("people.csv --outcome sex=f --group three --reference 2 --covariate age"
                           " school=low --format json"))  # fmt: skip
    assert [row["group"] for row in found[:2]] == ["2", "others"]
    code, _, err = usegap("people.csv --outcome U --group three --covariate age")
    assert code == 1
    assert "the column three has 3 values: name one by --reference" in err


def test_what_is_small_is_not_shown(usegap, tmp_path):
    lines = ["g,home,y,few,x,yes,rare"]
    for row in range(80):
        home = row % 4 if row < 40 else row
        rare = "b" if row in {1, 2, 41, 42} else "a"
        lines.append(f"{row // 40},{home},{row * 37 % 11},{int(row < 9 or row > 60)},{row % 7},"
                     f"{int(row in {5, 70})},{rare}")  # fmt: skip
    (tmp_path / "s.csv").write_text("\n".join(lines) + "\n")

    def why(options):
        rows = rows_of(usegap(f"s.csv --group {options} --format json"))
        hidden = [row for row in rows if row["suppressed"]]
        assert all(row[key] is None for row in hidden for key in KEYS[4:8])
        return [row["suppressed"] for row in rows], rows

    assert set(why("few --outcome y --covariate x")[0]) == {None}
    assert set(why("g --outcome y --covariate x --cluster home")[0]) == {"few_clusters"}
    (tmp_path / "t.csv").write_text("\n".join([lines[0], *lines[33:]]) + "\n")
    rows = rows_of(usegap("t.csv --group g --outcome y --covariate x --format json"))
    assert {(row["suppressed"], row["n"], row["df"]) for row in rows} == {
        ("few_persons", None, None)
    }
    assert set(why("g --outcome yes --covariate x")[0]) == {"few_on_a_side"}
    # Four persons of a category: the parts as wholes, no covariate by itself.
    _, rows = why("g --outcome y --covariate x --categorical rare")
    assert [row["suppressed"] for row in rows if row["covariate"] is None] == [None] * 6
    assert {row["suppressed"] for row in rows if row["covariate"]} == {"few_in_category"}
    assert rows[-1]["n"] == 80
    _, shown, err = usegap("s.csv --group g --outcome y --covariate x --categorical rare")
    assert "rare" not in shown
    assert "No covariate is shown by itself" in err
    _, shown, _ = usegap("t.csv --group g --outcome y --covariate x")
    assert "not shown: under 10 persons" in shown
    open_data = rows_of(usegap("t.csv --group g --outcome y --covariate x --format json"
                               " --no-suppress"))  # fmt: skip
    assert [row["n"] for row in open_data[:2]] == [8, 40]
    assert {row["suppressed"] for row in open_data} == {None}
    # A category may be in few homes, too.
    lines = ["g,home,y,c"] + [f"{row // 60},{row if row % 3 else row // 60},{row % 5},"
                              f"{'ab'[row % 3 > 0]}" for row in range(120)]  # fmt: skip
    (tmp_path / "u.csv").write_text("\n".join(lines) + "\n")
    rows = rows_of(
        usegap("u.csv --group g --outcome y --categorical c --cluster home --format json")
    )
    assert rows[-1]["suppressed"] == "few_in_category"
    _, _, err = usegap("s.csv --group g --outcome y --categorical rare --method kitagawa")
    assert "1 of 2 cells have under 10 rows in a group" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("people.csv --group place --covariate age", "Missing option '--outcome'"),
        ("people.csv --outcome U --group place", "name at least one --covariate or --categorical."),
        (f"{PLAIN} --method kitagawa", "kitagawa takes --categorical only: its cells."),
        (f"{PLAIN} --coefficients 1", "--coefficients belongs to --method twofold."),
        (
            f"{PLAIN} --method twofold --viewpoint other",
            "--viewpoint belongs to --method threefold",
        ),
        (f"{PLAIN} --reference city", "no row of the column place has the value of --reference."),
        ("people.csv --outcome V --group place --covariate age", "people.csv has no column V."),
        ("people.csv --outcome sex --group place --covariate age", "holds something that is no"),
        ("people.csv --outcome U --group place --covariate age --cluster age", "has no value in 8"),
        (f"{PLAIN} --weight minus", "people.csv has no column minus."),
        ("g.csv --outcome y --group one --covariate x", "the column one has one value only"),
        ("g.csv --outcome y --group g --covariate x --weight minus", "a weight is negative."),
        ("g.csv --outcome none --group g --covariate x", "no row has a value in all these"),
        ("g.csv --outcome y --group g --covariate x z", "z does not vary in one of the groups"),
        ("g.csv --outcome y --group g --covariate x --categorical c", "more rows with all values"),
    ],
)
def test_what_is_wrong_is_one_sentence_without_answers(usegap, tmp_path, options, sentence):
    rows = [f"{row % 2},{row},{row * row},{2 * row},a,{row - 3},,{'ab'[row // 2 % 2]}"
            for row in range(8)]  # fmt: skip
    (tmp_path / "g.csv").write_text("\n".join(["g,y,x,z,one,minus,none,c", *rows]) + "\n")
    if "z" in options.split():
        options = options.replace("x z", "y z")
    if "categorical c" in options:
        (tmp_path / "g.csv").write_text("g,y,x,c\n" + "".join(
            f"{row % 2},{row},{row * row},{'ab'[row // 2 % 2]}\n" for row in range(6)))  # fmt: skip
    code, out, err = usegap(options)
    assert (code in {1, 2}, out) == (True, "")
    told = err.strip().split("\n")[-1]
    assert sentence in told
    assert told.startswith("usegap: ")
