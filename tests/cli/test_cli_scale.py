"""`usegap scale`: what somebody types, what comes out."""

import csv
import io
import json
import sys

import numpy as np
import pytest

from bot.cli import main

ITEMS = "--item a b c d"


@pytest.fixture
def usegap(tmp_path, monkeypatch, capsysbinary):
    """Runs a command in a folder with skills.csv: its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(5)
    trait = chance.normal(size=(600, 1))
    x = (trait + chance.logistic(size=(600, 5)) * 0.7 > [-0.6, -0.2, 0.3, 0.6, 0]).astype(int)
    lines = ["a,b,c,d,against,mood,sex,w"]
    for row, (a, b, c, d, e) in enumerate(x):
        mood = ("bad", "so-so", "good")[b + c]
        lines.append(f"{a},{'' if row % 50 == 1 else b},{c},{d},{1 - e},{mood},{'fm'[row % 2]},1.5")
    lines += [",,,,,,f,1", "1,0,1,1,0,good,,"]
    (tmp_path / "skills.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def call(*words):
        arguments = [part for word in words for part in word.split(" ")]
        monkeypatch.setattr(sys, "argv", ["usegap", "scale", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out.decode(), err.decode()

    return call


def test_json_is_the_table_of_the_items_named(usegap, tmp_path):
    from surveys.estimation.scale_table import Grouping, ScaleConventions, scale_table

    code, out, err = usegap("skills.csv", ITEMS, "--group sex --format json --match rest --purify"
                            " --equal-slopes --points 15 --missing listwise")  # fmt: skip
    assert code == 0
    assert "1 rows without any of the items are left out." in err
    assert "1 rows have no value of sex: they are in none of its groups." in err
    rows = list(csv.DictReader(io.StringIO((tmp_path / "skills.csv").read_text())))
    x = np.array([[float(row[name] or "nan") for name in "abcd"] for row in rows])
    sex = np.array(["fm".find(row["sex"]) if row["sex"] else -1 for row in rows])
    how = ScaleConventions(missing="listwise", equal_slopes=True, points=15, match="rest",
                           purify=True)  # fmt: skip
    expected = scale_table(list("abcd"), x, None, [Grouping("sex", sex, ("f", "m"))], how)
    assert json.loads(out) == json.loads(json.dumps(expected))
    assert set(expected["model"]["items"][0]) >= {"slope", "difficulties", "s_x2", "at_limit"}


def test_tables_say_it_to_people(usegap):
    code, out, err = usegap("skills.csv", ITEMS, "--group sex")
    assert code == 0, err
    assert "601 persons, 589 with all items." in out
    for words in ("alpha 0.", "omega 0.", "item-rest r", "Two-parameter logistic model", "M2 ",
                  "S-X2", "Differential item functioning by sex", "m less f"):  # fmt: skip
        assert words in out
    code, out, _ = usegap("skills.csv", ITEMS, "--weight w --model grm --group sex")
    assert code == 0
    assert "Graded response model" in out
    assert "no tests of fit for weighted answers" in out
    code, out, _ = usegap("skills.csv --item a b a=1 --no-suppress")
    assert "omega: the items' covariances are not positive definite: one repeats others" in out
    assert "at its limit" in out
    assert usegap("skills.csv", ITEMS, "--model none")[1].count("logistic") == 0


def test_items_asked_the_other_way_round_are_pointed_at(usegap):
    code, out, err = usegap("skills.csv --item a b c against mood=good --model none --format json")
    assert code == 0
    assert "against runs against the other items: is it asked the other way round?" in err
    assert json.loads(out)["items"][4] == "mood=good"


def test_csv_is_one_number_a_row(usegap):
    code, out, _ = usegap("skills.csv", ITEMS, "--group sex --format csv")
    assert code == 0
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["part", "group", "item", "value", "quantity", "number"]
    found = {tuple(row[:5]): row[5] for row in rows[1:]}
    assert len(found) == len(rows) - 1
    tree = json.loads(usegap("skills.csv", ITEMS, "--group sex --format json")[1])
    b = tree["model"]["items"][1]
    assert float(found["model", "", "b", "", "difficulties.1"]) == b["difficulties"][0]
    assert found["model", "", "b", "", "at_limit"] == "false"
    both = tree["differential"][0]["items"][2]["both"]
    assert float(found["differential", "sex", "c", "", "both.p_adjusted"]) == both["p_adjusted"]
    assert found["differential", "sex", "c", "", "both.zumbo_thomas"] == "A"
    effect = tree["differential"][0]["items"][2]["effects"][0]
    assert float(found["differential", "sex", "c", "m", "log_odds"]) == effect["log_odds"]
    assert found["differential", "sex", "", "f", "n"] == "300"
    assert found["reliability", "", "", "", "suppressed"] == ""


def test_too_few_are_not_shown_unless_asked_for(usegap, tmp_path):
    lines = (tmp_path / "skills.csv").read_text().split("\n")
    (tmp_path / "few.csv").write_text("\n".join(lines[:150]) + "\n")
    code, out, _ = usegap("few.csv", ITEMS, "--group sex")
    assert code == 0
    for why in ("under 200 persons", "under 500 persons", "fewer than two groups of 200 persons"):
        assert f"not shown: {why}" in out
    assert "alpha" not in out
    assert "alpha 0." in usegap("few.csv", ITEMS, "--group sex --no-suppress")[1]
    (tmp_path / "tiny.csv").write_text("\n".join(lines[:9]) + "\n")
    code, out, _ = usegap("tiny.csv", ITEMS)
    assert (code, "persons, " in out) == (0, False)
    tiny = json.loads(usegap("tiny.csv", ITEMS, "--format json")[1])
    assert tiny["persons"] is tiny["complete"] is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("skills.csv", "Missing option '--item'"),
        ("skills.csv --item a", "a scale needs at least two --item."),
        ("skills.csv --item a b a", "the item a is named twice."),
        ("skills.csv --item a bb", "skills.csv has no column bb."),
        ("skills.csv --item a b --group sexx", "has no column sexx. Did you mean sex?"),
        ("skills.csv --item a mood", "the column mood holds something that is no number"),
        ("gaps.csv --item a flat", "gaps.csv: flat has the same answer from everybody."),
        ("gaps.csv --item a b --weight none", "gaps.csv: the column none is empty."),
        ("gaps.csv --item a b --weight minus", "weights are numbers of at least 0"),
        ("gaps.csv --item a wide b --model 2pl", "gaps.csv: wide has more than two values: 2pl"),
        ("skills.csv --item a b --points 3", "--points"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_without_answers(usegap, tmp_path, options, sentence):
    (tmp_path / "gaps.csv").write_text(
        "a,b,flat,wide,none,minus\n1,0,1,1,,-1\n0,1,1,2,,2\n1,1,1,3,NA,1\n0,0,1,1,,1\n"
    )
    code, out, err = usegap(options)
    assert (code in {1, 2}, out) == (True, "")
    told = err.strip().split("\n")[-1]
    assert sentence in told
    assert told.startswith("usegap: ")
