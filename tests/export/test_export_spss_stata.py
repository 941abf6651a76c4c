"""Files for SPSS and Stata, opened by pyreadstat, pandas and R's haven."""

import csv
import shutil
import subprocess
from datetime import date, datetime
from math import nan

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import EMPTY, LONG, ROWS, VARIABLES, table

from surveys.export.naming import spss_names, stata_names
from surveys.export.spss import write_spss
from surveys.export.stata import write_stata

RSCRIPT = shutil.which("Rscript")
NAMES = [
    "KEY", "household", "home_A6", "access_B2", "access_B3", "use_C1", "use_C1_news",
    "use_C1_none", "use_c1_news_2", "day", "finished",
]  # fmt: skip


def test_spss_has_labels_measures_missing_values_and_days(tmp_path):
    paths = write_spss([table(), EMPTY], tmp_path, "zh")
    assert [path.name for path in paths] == ["submissions.sav", "submissions-members.sav"]
    frame, meta = pyreadstat.read_sav(paths[0], user_missing=True)
    assert list(frame.columns[:11]) == NAMES
    labels = meta.column_names_to_labels
    assert labels["home_A6"] == "几口大人？"
    assert labels["access_B2"] == LONG[: (255 - 3) // 3] + "…"
    values = meta.variable_value_labels
    assert values["access_B2"] == {1: "宽带", 2: "流量" * 19 + "流…", 3: "不想说", 4: "withdrawn"}
    assert values["access_B3"] == {0: "很少", 3: "一直", 98: "不答", 99: "不知道"}
    assert values["use_C1_news"] == {1: "是", 0: "否"}
    assert meta.missing_ranges["access_B3"] == [{"lo": 98, "hi": 98}, {"lo": 99, "hi": 99}]
    assert meta.missing_ranges["access_B2"] == [{"lo": 3, "hi": 3}]
    assert meta.variable_measure["access_B3"] == "ordinal"
    assert meta.variable_measure["home_A6"] == "scale"
    assert meta.variable_measure["use_C1_none"] == "nominal"
    assert frame["access_B2"].tolist() == [1, 3, 2, 4]
    assert frame["KEY"].tolist() == [row[0].replace("\x00", "") for row in ROWS]
    assert frame["use_c1_news_2"].tolist() == pytest.approx([12.5, nan, 0.1, 1 / 3], nan_ok=True)
    assert frame["day"].dropna().tolist() == [date(2026, 3, 2), date(1950, 1, 31)]
    assert frame["finished"][0] == datetime(2026, 3, 2, 17, 0, 30, 500_000)
    assert frame[frame.columns[11]].isna().all()
    assert pd.isna(frame["home_A6"][1])
    # As SPSS itself reads it: what is no answer in substance is missing.
    substance, _ = pyreadstat.read_sav(paths[0])
    assert substance["access_B3"].tolist() == pytest.approx([3, nan, nan, 0], nan_ok=True)
    assert pyreadstat.read_sav(paths[1])[0].shape == (0, len(VARIABLES))


def test_stata_has_labels_and_its_own_missing_values(tmp_path):
    paths = write_stata([table(), EMPTY], tmp_path, "en")
    frame, meta = pyreadstat.read_dta(paths[0], user_missing=True)
    assert list(frame.columns[:11]) == NAMES
    assert frame.columns[11] == "another_group_field"
    assert meta.column_names_to_labels["access_B2"] == "How do you get online?"
    assert meta.variable_value_labels["access_B3"] == {
        0: "Hardly ever", 3: "Always", "a": "Refused", "b": "Do not know"
    }  # fmt: skip
    assert frame["access_B3"].tolist() == [3, "b", "a", 0]
    assert frame["access_B2"].tolist() == [1, "a", 2, 4]
    # pandas reads .a and . alike, and what Stata shows.
    seen = pd.read_stata(paths[0])
    assert seen["access_B2"].astype(object).fillna("").tolist() == [
        "Broadband", "", "Phone data only", "withdrawn"
    ]  # fmt: skip
    assert seen["day"].tolist() == [pd.Timestamp(2026, 3, 2), pd.NaT, pd.Timestamp(1950, 1, 31),
                                    pd.NaT]  # fmt: skip
    assert seen["finished"][0] == pd.Timestamp(2026, 3, 2, 17, 0, 30, 500_000)
    assert seen["KEY"][2] == ROWS[2][0].replace("\x00", "")
    assert seen["use_c1_news_2"].tolist() == pytest.approx([12.5, nan, 0.1, 1 / 3], nan_ok=True)
    with pd.io.stata.StataReader(paths[1]) as empty:
        assert len(empty.variable_labels()) == len(VARIABLES)


IN_R = r"""
sav <- haven::read_sav("submissions.sav", user_na = TRUE)
dta <- haven::read_dta("submissions.dta")
label <- function(x) attr(x, "label", exact = TRUE)
tell <- function(...) cat(paste0(paste(..., sep = ","), "\n"))
tell("sav label", label(sav$home_A6))
tell("sav values", paste(names(attr(sav$access_B3, "labels")), collapse = " "))
tell("sav user missing", paste(attr(sav$access_B3, "na_values"), collapse = " "))
tell("sav missing", paste(is.na(sav$access_B3), collapse = " "))
tell("sav codes", paste(unclass(sav$access_B2), collapse = " "))
tell("sav day", paste(sav$day, collapse = " "))
tell("sav time", format(sav$finished[1], "%Y-%m-%d %H:%M:%OS1", tz = "UTC"))
tell("dta label", label(dta$home_A6))
tell("dta values", paste(names(attr(dta$access_B3, "labels")), collapse = " "))
tell("dta tags", paste(haven::na_tag(dta$access_B3), collapse = " "))
tell("dta day", paste(dta$day, collapse = " "))
tell("dta time", format(dta$finished[1], "%Y-%m-%d %H:%M:%OS1", tz = "UTC"))
tell("factor", paste(haven::as_factor(dta$use_C1_news), collapse = " "))
tell("mean", sprintf("%.15g", mean(dta$use_c1_news_2, na.rm = TRUE)))
"""


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")
def test_haven_reads_both(tmp_path):
    write_spss([table()], tmp_path, "zh")
    write_stata([table()], tmp_path, "en")
    done = subprocess.run(
        [RSCRIPT, "--vanilla", "-e", IN_R], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert dict(csv.reader(done.stdout.splitlines())) == {
        "sav label": "几口大人？",
        "sav values": "很少 一直 不答 不知道",
        "sav user missing": "98 99",
        "sav missing": "FALSE TRUE TRUE FALSE",
        "sav codes": "1 3 2 4",
        "sav day": "2026-03-02 NA 1950-01-31 NA",
        "sav time": "2026-03-02 17:00:30.5",
        "dta label": "How many adults?",
        "dta values": "Hardly ever Always Refused Do not know",
        "dta tags": "NA b a NA",
        "dta day": "2026-03-02 NA 1950-01-31 NA",
        "dta time": "2026-03-02 17:00:30.5",
        "factor": "Yes No NA Yes",
        "mean": f"{(12.5 + 0.1 + 1 / 3) / 3:.15g}",
    }


NAME = st.text("aA_-/9.组ß with", min_size=1, max_size=90)


@given(st.lists(NAME, max_size=12))
def test_names_are_valid_and_no_two_alike(names):
    for valid, longest in (
        (spss_names(names), lambda name: len(name.encode()) <= 64),
        (stata_names(names), lambda name: len(name) <= 28),
    ):
        assert len({name.lower() for name in valid}) == len(names)
        for name in valid:
            assert name.isidentifier()
            assert name[0].isalpha()
            assert longest(name)
            assert name.lower() not in ("with", "a.", "")
