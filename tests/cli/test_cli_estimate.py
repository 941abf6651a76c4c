"""`usegap estimate`: what somebody types, what comes out."""

import csv
import io
import json
import math
import sys

import numpy as np
import pytest

from bot.cli import main

KEYS = ["domain", "measure", "estimate", "se", "ci_low", "ci_high", "level", "n", "n_eff", "deff",
        "df", "suppressed", "missing", "against"]  # fmt: skip


@pytest.fixture
def usegap(tmp_path, monkeypatch, capsysbinary):
    """Runs a command in a folder with people.csv: its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(7)
    lines = ["village,home,w,U,online,device,sex,size"]
    for row in range(120):
        use = "" if row % 20 == 3 else f"{random.normal(50, 10):.3f}"
        lines.append(
            f"{'AB'[row // 60]},h{row // 2},{random.uniform(1, 3):.3f},{use},{int(row % 3 > 0)},"
            f"{'smart' if row % 5 else 'none'},{'fm'[row % 2]},90"
        )
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def call(*words):
        arguments = [part for word in words for part in word.split(" ")]
        monkeypatch.setattr(sys, "argv", ["usegap", "estimate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out.decode(), err.decode()

    return call


def rows_of(answer):
    code, out, err = answer
    assert code == 0, err
    return json.loads(out)


def test_json_has_the_numbers_of_a_plain_computation(usegap, tmp_path):
    found = rows_of(usegap("people.csv --measure U --by village --weight w --cluster home --strata"
                           " village --fpc size --format json"))  # fmt: skip
    assert [list(row) for row in found] == [KEYS, KEYS]
    people = list(csv.DictReader((tmp_path / "people.csv").open()))
    for row in found:
        mine = [one for one in people if one["village"] == row["domain"] and one["U"]]
        w, y = (np.array([float(one[name]) for one in mine]) for name in ("w", "U"))
        mean = w @ y / w.sum()
        z = {}
        for one, add in zip(mine, w * (y - mean) / w.sum(), strict=True):
            z[one["home"]] = z.get(one["home"], 0) + add
        # All 30 homes count, those without a value, too; 30 of 90 were drawn.
        v = (1 - 30 / 90) * 30 / 29 * (sum(one**2 for one in z.values()))
        assert (row["estimate"], row["se"]) == pytest.approx((mean, v**0.5), rel=1e-9)
        assert (row["n"], row["missing"], row["df"]) == (57, 3, 58)


def test_all_ways_to_name_columns_and_to_write_give_the_same(usegap):
    several = usegap("people.csv --measure U w --proportion online device=smart --format json")
    one_by_one = usegap("--measure U --measure w --proportion online --proportion device=smart"
                        " people.csv --format json")  # fmt: skip
    assert several == one_by_one
    found = rows_of(several)
    assert [row["measure"] for row in found] == ["U", "w", "online", "device=smart"]
    _, sheet, _ = usegap("people.csv --measure U w --proportion online device=smart --format csv")
    read = list(csv.DictReader(io.StringIO(sheet)))
    assert [float(row["estimate"]) for row in read] == [row["estimate"] for row in found]
    code, shown, err = usegap("people.csv --measure U w --proportion online device=smart")
    assert code == 0
    assert all(f"{row['estimate']:.4g}" in shown for row in found)
    assert "6 rows without a value of U are left out of it." in err


def test_names_may_stand_before_the_file(usegap):
    before = usegap("--weight w --measure U size --proportion online people.csv --format json")
    assert before == usegap("people.csv --measure U size --proportion online --weight w"
                            " --format json")  # fmt: skip
    assert before[0] == 0
    assert usegap("--measure U people.csv")[0] == 0
    # Where the file cannot be told by its being there, it is the last name.
    assert "nowhere.csv cannot be read" in usegap("--measure U size nowhere.csv")[2]


def test_totals_ratios_and_quantiles_have_the_numbers_of_a_plain_computation(usegap, tmp_path):
    people = list(csv.DictReader((tmp_path / "people.csv").open()))
    found = rows_of(usegap("people.csv --weight w --total U device=smart --ratio U/size --quantile"
                           " U w=0.9 --at 0.5 0.25 --format json"))  # fmt: skip
    names = ["total(U)", "total(device=smart)", "U/size", "quantile(U, 0.5)", "quantile(U, 0.25)",
             "quantile(w, 0.9)"]  # fmt: skip
    assert [row["measure"] for row in found] == names
    known = [one for one in people if one["U"]]
    w, y = (np.array([float(one[name]) for one in known]) for name in ("w", "U"))
    smart = sum(float(one["w"]) for one in people if one["device"] == "smart")
    order = np.argsort(y)
    median = y[order][np.searchsorted(np.cumsum(w[order]), w.sum() / 2)]
    mine = [row["estimate"] for row in found]
    assert mine[:4] == pytest.approx([w @ y, smart, w @ y / (90 * w.sum()), median], rel=1e-12)
    assert [row["missing"] for row in found] == [6, 0, 6, 6, 6, 0]


def test_domains_are_crossed_and_compared(usegap):
    crossed = rows_of(usegap("people.csv --by village sex --measure U --no-suppress --format json"))
    assert [row["domain"] for row in crossed] == ["A × f", "A × m", "B × f", "B × m"]
    assert crossed == rows_of(usegap("people.csv --by village --by sex --measure U --no-suppress"
                                     " --format json"))  # fmt: skip
    plain = rows_of(usegap("people.csv --by village --measure U --format json"))
    for against, name in (("first", "A"), ("A", "A"), ("others", "others")):
        rows = rows_of(usegap(f"people.csv --by village --measure U --compare {against}"
                              " --format json"))  # fmt: skip
        assert rows[:2] == plain
        last = rows[-1]
        assert (last["domain"], last["against"], last["measure"]) == ("B", name, "difference(U)")
        assert last["estimate"] == pytest.approx(plain[1]["estimate"] - plain[0]["estimate"])
    assert "B − A" in usegap("people.csv --by village --measure U --compare first")[1]


def test_raking_meets_the_margins(usegap, tmp_path):
    (tmp_path / "m.csv").write_text("variable,category,count\nsex,f,30\nsex,m,70\ndevice,smart,80"
                                    "\ndevice,none,20\n")  # fmt: skip
    plain = "people.csv --proportion sex=f device=smart online --weight w --cluster home --margins"
    for residuals in ("rake", "calibrate"):
        found = rows_of(
            usegap(f"{plain} m.csv --format json --no-suppress --residuals {residuals}")
        )
        assert [row["estimate"] for row in found[:2]] == pytest.approx([0.3, 0.8], abs=1e-9)
        # A margin is known: what is left of its error is rounding.
        assert found[0]["se"] < 1e-9 < found[2]["se"]


def test_small_domains_are_hidden_and_with_them_what_would_give_them_away(usegap, tmp_path):
    lines = ["place,y,yes"]
    for place, size in (("a", 4), ("b", 40), ("c", 60), ("d", 45)):
        lines += [f"{place},{at},{int(at > 0 if place == 'c' else at % 2)}" for at in range(size)]
    (tmp_path / "small.csv").write_text("\n".join(lines) + "\n")
    found = rows_of(usegap("small.csv --by place --measure y --proportion yes --format json"))
    assert [row["suppressed"] for row in found] == [
        "few_persons", "complementary", None, None,
        "few_persons", "complementary", "few_on_a_side", "imprecise",
    ]  # fmt: skip
    hidden = [row for row in found if row["suppressed"] in ("few_persons", "complementary")]
    assert all(row[key] is None for row in hidden for key in KEYS[2:6] + KEYS[7:11])
    assert found[-1]["estimate"] is None
    assert "not shown: under 10 persons" in usegap("small.csv --by place --measure y")[1]
    open_data = rows_of(usegap("small.csv --by place --proportion yes --no-suppress --format json"))
    assert [row["n"] for row in open_data] == [4, 40, 60, 45]
    for key, whole in (("ci_low", math.floor), ("ci_high", math.ceil)):
        assert found[-1][key] == whole(open_data[-1][key] * 20) / 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("people.csv", "name at least one --measure, --proportion, --total,"),
        ("none.csv --measure U", "none.csv"),
        ("empty.csv --measure U", "empty.csv is empty."),
        ("header.csv --measure U", "header.csv has no rows below its header."),
        ("book.csv --measure U", "book.csv is an Excel workbook: save it as CSV UTF-8."),
        ("bytes.csv --measure U", "bytes.csv is neither UTF-8 nor GB18030 text"),
        ("twice.csv --measure U", "twice.csv has the column U twice."),
        ("quote.csv --measure U", "quote.csv cannot be read as CSV."),
        ("people.csv --measure V", "people.csv has no column V."),
        ("people.csv --measure villag", "Did you mean village?"),
        ("people.csv --measure sex", "the column sex holds something that is no number, first in"),
        ("people.csv --proportion w", "the column w is not of 0 and 1, first in row 1 below"),
        ("people.csv --proportion V=1", "people.csv has no column V."),
        ("people.csv --measure U --cluster U", "U has no value in 6 rows, first in row 4 below"),
        ("people.csv --measure U --strata home", "The stratum h0 has"),
        ("people.csv --measure U --by void", "people.csv has no column void."),
        ("gaps.csv --measure y --by none", "gaps.csv: the column none is empty."),
        ("gaps.csv --measure y --weight none", "gaps.csv: the column none is empty."),
        ("gaps.csv --measure y --weight minus", "A weight is negative, or no number."),
        ("gaps.csv --measure y --weight zero", "No row has a weight above 0."),
        ("gaps.csv --measure y --fpc zero", "A population size (fpc) is not above 0."),
        ("gaps.csv --measure y --fpc y", "The population size (fpc) differs inside the stratum"),
        ("people.csv --measure w --quantile w=2", "--quantile takes a share between 0 and 1, as"),
        ("people.csv --quantile w=some", "--quantile takes a share between 0 and 1, as COL=0.25."),
        ("people.csv --quantile w --at 25", "--at takes shares between 0 and 1, as 0.25."),
        ("people.csv --measure w --at 0.5", "--at needs --quantile."),
        ("people.csv --measure w --compare first", "--compare needs --by."),
        ("people.csv --measure w --by sex --compare x", "is first, others or a domain's name."),
        ("people.csv --ratio w", "--ratio takes two columns, as COL/COL."),
        ("people.csv --ratio w/V", "people.csv has no column V."),
        ("kobo.csv --ratio x/y/z", "kobo.csv has no two columns that make x/y/z."),
        ("kobo.csv --ratio a/b/c", "a/b/c can be split into two columns in more than one way."),
        ("kobo.csv --measure net", "kobo.csv has no column net. Did you mean use/net?"),
        ("kobo.csv --measure y --by use/net ring", "no row has a value of each of use/net, ring."),
        ("comma.csv --measure y", "y has a number with a comma, which has to be written with a"
         " point, first in row 2 below the header."),
        ("long.csv --measure y", "more cells than columns, first in row 2 below the header: is"),
        ("people.csv --measure U --margins gaps.csv", "gaps.csv has no column variable."),
        ("people.csv --measure U --margins zero.csv", "sex f has a count that is not above 0."),
        ("people.csv --measure U --margins double.csv", "sex f stands twice."),
        ("people.csv --measure U --margins part.csv", "The category m of sex is not in part.csv."),
        ("people.csv --measure U --margins more.csv", "category x of sex is not in people.csv."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_without_answers(usegap, tmp_path, options, sentence):
    head = "variable,category,count\nsex,f,"
    for name, content in {
        "empty": "", "header": "U,V\n", "twice": "U,U\n1,2\n", "quote": 'U,V\n"1,2\n3,4',
        "gaps": "y,none,minus,zero\n1,,-1,0\n2,,1,0\n3,NA,1,0\n",
        "zero": f"{head}0\n", "double": f"{head}1\nsex,f,2\n", "part": f"{head}9\n",
        "more": f"{head}9\nsex,m,9\nsex,x,9\n", "comma": "y;z\n1;2\n1,5;3\n",
        "kobo": "a,a/b,b/c,c,y,use/net,ring\n1,1,1,1,1,,3\n1,1,1,1,1,2,\n",
        "long": "x,y\n1,2\n1,5,2\n",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(content)
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04")
    (tmp_path / "bytes.csv").write_bytes(b"U\n\xff\xff\xff\n")
    if "--strata home" in options:
        options += " --cluster home"
    code, out, err = usegap(options)
    assert (code in {1, 2}, out) == (True, "")
    told = err.strip().split("\n")[-1]
    assert sentence in told
    assert told.startswith("usegap: ")


def test_what_is_left_out_is_counted(usegap, tmp_path):
    lines = ["place,w,y,yes"] + [f"{'a' if row % 4 else ''},{'' if row < 5 else 1},{row},1"
                                 for row in range(60)]  # fmt: skip
    (tmp_path / "gaps.csv").write_text("\n".join(lines) + "\n")
    code, out, err = usegap("gaps.csv --by place --weight w --measure y --proportion yes=1.0 yes"
                            " yes=2 --no-suppress --format json")  # fmt: skip
    assert code == 0
    assert "5 rows without a weight are left out." in err
    assert "13 rows have no value of place: they are in no domain." in err
    assert "No row has yes=2: is that how it is written?" in err
    found = json.loads(out)
    assert [(row["domain"], row["n"]) for row in found] == [("a", 42)] * 4
    assert [row["estimate"] for row in found[1:]] == [1, 1, 0]
    # All or none of 42: n is what is known, and the upper or lower limit stays on the scale.
    assert found[3]["ci_low"] == 0 < found[3]["ci_high"] < 0.1


def test_files_that_people_have(usegap, tmp_path):
    """What Excel, Kobo, R and Stata write."""
    cells = [[str(row % 5), ("TRUE", "FALSE", "n/a")[row % 3], ("a", " a ", "b", "NA")[row % 4]]
             for row in range(48)]  # fmt: skip
    header = ['"use, in points"', "group/online", "place"]
    for separator, end, first in ((",", "\n", ""), (";", "\r\n", "sep=;\r\n"), ("\t", "\r", "\n")):
        lines = [separator.join(row) for row in [header, *cells]]
        # Empty rows at the end, and cells without a heading that are empty.
        text = first + end.join(lines) + end + separator * 4 + end + separator + end
        (tmp_path / "odd.csv").write_text(text, "utf-8-sig", newline="")
        found = rows_of(usegap("odd.csv --by place --proportion group/online --measure group/online"
                               " --format json --no-suppress"))  # fmt: skip
        assert [(row["domain"], row["n"], row["missing"]) for row in found] == [
            ("a", 16, 8), ("b", 8, 4),
        ] * 2  # fmt: skip
        assert [row["estimate"] for row in found] == [0.5, 0.5, 0.5, 0.5]
        assert rows_of(usegap("odd.csv --proportion place=a --format json"))[0]["missing"] == 12


def test_nobody_s_answer_is_no_estimate(usegap, tmp_path):
    (tmp_path / "void.csv").write_text("y,w,p\n" + ",1,\n" * 12)
    found = rows_of(usegap("void.csv --measure y --total y --ratio y/w --quantile y --proportion p"
                           " --no-suppress --format json"))  # fmt: skip
    assert [(row["estimate"], row["se"], row["n"], row["missing"]) for row in found] == [
        (None, None, 0, 12)
    ] * 5
    hidden = rows_of(usegap("void.csv --measure y --quantile y --format json"))
    assert [row["suppressed"] for row in hidden] == ["few_persons"] * 2


def test_other_encodings_and_separators(usegap, tmp_path):
    text = "村;y\n" + "".join(f"{'南北'[row % 2]};{row}\n" for row in range(40))
    for encoding in ("utf-8-sig", "utf-16", "gb18030"):
        (tmp_path / "cn.csv").write_text(text, encoding)
        found = rows_of(usegap("cn.csv --by 村 --measure y --format json"))
        assert [(row["domain"], row["estimate"]) for row in found] == [("北", 20), ("南", 19)]
