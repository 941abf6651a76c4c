"""The table of questions against plain loops, and what of it is shown."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.estimation.questions import COUNTS, by_question, shown

NAMES = ["A1", "A2", "A3", "A4"]


@st.composite
def visits(draw):
    choose = draw(st.randoms(use_true_random=False))
    rows = []
    for interview in range(draw(st.integers(0, 30))):
        broke_off = choose.random() < 0.4
        order = list(range(10 * interview, 10 * interview + 4))
        choose.shuffle(order)
        for question in choose.sample(range(4), choose.randrange(1, 5)):
            answered = choose.random() < 0.7
            rows.append({
                "interview": interview, "home": f"h{choose.randrange(8)}", "question": question,
                "broke_off": broke_off, "asked_at": order[question],
                "seconds": choose.randrange(400) / 4, "answered": answered,
                "skipped": not answered and choose.random() < 0.5,
                "returned": choose.random() < 0.2, "corrected": choose.random() < 0.1,
            })  # fmt: skip
    choose.shuffle(rows)
    return rows


COLUMNS = ["interview", "home", "question", "broke_off", "asked_at", "seconds", "answered",
           "skipped", "returned", "corrected"]  # fmt: skip


@given(visits())
def test_every_figure_is_what_a_loop_over_interviews_finds(rows):
    found = by_question(pd.DataFrame(rows, columns=COLUMNS), 4)
    last = {}
    for row in rows:
        if row["asked_at"] >= last.get(row["interview"], row)["asked_at"]:
            last[row["interview"]] = row
    for question in range(4):
        here = [row for row in rows if row["question"] == question]
        timed = [row for row in here if row["answered"] and not row["broke_off"]]
        stopped = [row for row in last.values() if row["broke_off"]]
        wanted = {
            "asked": len(here), "homes": len({row["home"] for row in here}),
            "answered": sum(row["answered"] for row in here),
            "skipped": sum(row["skipped"] for row in here),
            "returned": sum(row["returned"] for row in here),
            "corrected": sum(row["corrected"] for row in here),
            "broken_off": sum(row["question"] == question for row in stopped),
            "timed": len(timed), "timed_homes": len({row["home"] for row in timed}),
        }  # fmt: skip
        assert found.loc[question, list(wanted)].to_dict() == wanted
        quartiles = found.loc[question, ["low", "median", "high"]].to_numpy(float)
        if timed:
            seconds = [row["seconds"] for row in timed]
            assert quartiles == pytest.approx(np.percentile(seconds, [25, 50, 75]))
        else:
            assert np.isnan(quartiles).all()


@st.composite
def exact(draw):
    asked = draw(st.integers(0, 60))
    part = st.integers(0, asked)
    row = {name: draw(part) for name in (*COUNTS, "timed")}
    homes = draw(st.integers(0, 12))
    return row | {"asked": asked, "homes": homes, "timed_homes": draw(st.integers(0, homes)),
                  "low": 1.4, "median": 2.5, "high": 7.0}  # fmt: skip


@given(st.lists(exact(), min_size=1, max_size=4))
def test_nothing_is_shown_of_a_few_and_no_exact_count_of_many(rows):
    for row, one in zip(rows, shown(pd.DataFrame(rows), NAMES[: len(rows)]), strict=True):
        figures = [one.asked, *(getattr(one, name) for name in COUNTS), one.broken_off_share]
        times = [one.seconds_low, one.seconds, one.seconds_high]
        if row["asked"] < 10 or row["homes"] < 5:
            assert figures + times == [None] * 10
            assert one.withheld == ("few_persons" if row["asked"] < 10 else "few_homes")
            continue
        assert one.withheld == ""
        assert times == ([1, 3, 7] if row["timed"] >= 10 and row["timed_homes"] >= 5
                         else [None] * 3)  # fmt: skip
        for name, value in zip(("asked", *COUNTS), figures, strict=False):
            assert value % 5 == 0
            assert abs(value - row[name]) <= 2
            assert value <= one.asked
        # The share says no more than the counts beside it.
        assert one.broken_off_share == int(100 * one.broken_off / one.asked + 0.5)
