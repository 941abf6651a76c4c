"""Exports to be handed out: nobody can be singled out, by loops over what was written."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.export import apart
from surveys.export.anonymity import COST, K, coarsened
from surveys.export.central import central_csv
from surveys.export.frequencies import Counting
from surveys.form.xlsform import convert
from surveys.publish import ensure_ready, import_villages, publish
from surveys.publish.margins import import_margins
from surveys.store.schema import Area, FormVersion
from tests.export.reading import files_of, made_of, rows, submissions
from tests.fieldwork import NOW, VILLAGES, Field, interview, open_field

FORM = """
| survey | | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | relevant | calculation |
| | start | start | | | | |
| | select_one sex | sex | Woman or man? | 男女？ | | |
| | integer | age | How old? | 多大？ | | |
| | select_one school | school | School? | 学历？ | | |
| | integer | A6 | Adults? | 大人？ | | |
| | integer | A8 | Online? | 上网的？ | | |
| | integer | youngest | How old is the youngest? | 最小的多大？ | | |
| | select_one yesno | Q1 | Online? | 上网吗？ | ${age} >= 16 | |
| | calculate | user | | | | if(${Q1} = 'yes', 1, 0) |
| | calculate | half | | | | ${age} div 2 |
| | calculate | s_age | | | | 2 * ${half} |
| | calculate | s_use | | | | if(${user} = 1, 50, 0) |
| | select_one yesno | pension | A pension? | 有养老金吗？ | ${age} >= 60 or ${user} = 7 | |
| | select_one yesno | again | Again? | 再来吗？ | ${user} = 1 | |
| | text | wish | A wish? | 心愿？ | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | sex | f | Woman | 女 |
| | sex | m | Man | 男 |
| | school | 0 | None | 没上过 |
| | school | 1 | Primary | 小学 |
| | school | 2 | Junior | 初中 |
| | school | 3 | Senior | 高中 |
| | school | 99 | Rather not say | 不想说 |
| | yesno | yes | Yes | 是 |
| | yesno | no | No | 否 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Known | known | 1 | English (en) |
| indicators | | | | | | | |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base |
| | sex | Sex | 性别 | sex | | | |
| | age | Age | 年龄 | age | | | |
| | school | School | 学历 | schooling | | | |
| | A6 | Adults | 大人 | adults | | | |
| | A8 | Online adults | 上网的大人 | online_adults | | | |
| | user | Online | 上网 | user | access | proportion | zero |
| | s_age | Years | 年纪 | | outcome | score | all |
| | s_use | Use | 用网 | | use | score | zero |
"""
PERSONAL = ("sex", "age", "school", "village", "village_name", "township", "county")


def open_known(database):
    """The form above in a wave, and villages."""
    with database.begin() as session:
        form = convert(FORM.strip().encode(), "known.md")
        version = publish(session, form, "test", NOW)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24,
                            now=NOW, time_zone="Asia/Shanghai")  # fmt: skip
        import_villages(session, VILLAGES.encode(), NOW)
        field = Field(wave, [version.form_version_id])
        field.villages = {a.code: a.id for a in session.query(Area).where(Area.kind == "village")}
    return field


def populate(session, field, dice, persons):
    """So many persons in each village, ages and schools as they come."""
    for village, count in persons.items():
        for number in range(count):
            home = f"{village}-{number // 2}"
            age = dice.choice((19, 23, 30, 38, 41, 52, 58, 63, 70, 81))
            online = dice.random() < 0.7
            answers = {
                "sex": dice.choice("fm"), "age": str(age), "youngest": str(dice.randrange(99)),
                "school": dice.choice(("0", "1", "2", "2", "3", "99")), "A6": "3", "A8": "2",
                "Q1": "yes" if online else "no", "user": str(int(online)), "wish": f"w{age}",
                "half": str(age / 2), "s_age": str(age), "s_use": "50" if online else "0",
                "start": "2026-03-02T17:01:00.000+08:00",
            }  # fmt: skip
            if age >= 60:
                answers["pension"] = "yes"
            if online:
                answers["again"] = dice.choice(("yes", "no"))
            interview(session, field, village, home, entry=f"{home}-{number}", **answers)


@pytest.mark.parametrize(
    ("seed", "persons"),
    [(1, {"LP01": 60, "LP02": 50, "TOWN": 300}), (2, {"LP01": 13, "LP02": 12}), (3, {"LP01": 10})],
)
def test_nobody_stands_alone_in_what_is_handed_out(database, seed, persons):
    field = open_known(database)
    with database.begin() as session:
        populate(session, field, random.Random(seed), persons)
    kept = submissions(database, field)
    made = made_of(database, field, released=True)
    files = files_of(made)
    found = rows(files["submissions.csv"])
    # Every combination at least five times, by a loop that knows nothing of how it was done.
    alike = Counter(tuple(row.get(name, "") for name in PERSONAL) for row in found)
    assert min(alike.values()) >= 5
    assert len(found) == made.submissions.count == len(kept) - made.released.withheld
    # Nothing that the full export says of one person is left: ids, times, texts, numbers.
    text = files["submissions.csv"].decode()
    header = set(found[0])
    for row in kept:
        assert row["KEY"] not in text
        assert row["household"] not in text
        assert row["entry"] not in text
        assert row["started"] not in text
    gone = {"s_age", "half", "youngest", "wish", "start", "language", "started", "duration"}
    assert not gone & header
    assert {"s_use", "user", "A6", "weight", "base_weight"} <= header
    assert ("pension" in header) == (made.released.level["age"] == 0)
    assert {"Q1", "again"} <= header
    assert set(made.released.questions_left_out) >= {"s_age", "youngest", "wish"}
    # The order of the rows is not that in which they came in.
    assert [row["s_use"] for row in found] != [row["s_use"] for row in kept] or len(found) < 20
    # Who stands out shares no home with a row that has a place.
    homes = Counter(row["household"] for row in found)
    apart = [row for row in found if row.get("sex") == ""]
    assert len(apart) == made.released.blanked
    assert all(homes[row["household"]] == 1 for row in apart)
    assert not any(row.get("SubmissionDate") or row.get("village_name") for row in apart)


def test_what_is_done_is_said_in_both_languages(database):
    field = open_known(database)
    with database.begin() as session:
        populate(session, field, random.Random(5), {"LP01": 40, "LP02": 40})
    made = made_of(database, field, released=True)
    readme = files_of(made)["README.txt"].decode()
    assert made.released.level["age"] > 0
    assert "Age is" in readme
    assert "年龄" in readme
    assert "at least 5 persons are alike" in readme
    assert "s_age" in readme.splitlines()[-1]
    again = made_of(database, field, released=True)
    # The same answers are coarsened alike; ids are new every time.
    assert again.released == made.released
    both = [{row["KEY"] for row in rows(files_of(one)["submissions.csv"])} for one in (made, again)]
    assert not both[0] & both[1]


def test_a_form_that_does_not_say_what_is_what_cannot_be_checked(database):
    field = open_field(database)
    with database.begin() as session:
        for number in range(12):
            interview(session, field, "LP01", f"h{number}", user="1", Q1="yes")
    made = made_of(database, field, released=True)
    assert made.released.unchecked == ("sex", "age", "schooling")
    assert "could not be checked" in files_of(made)["README.txt"].decode()


def test_a_question_that_had_the_role_in_one_version_counts_in_all(database):
    field = open_known(database)
    with database.begin() as session:
        populate(session, field, random.Random(7), {"LP01": 30})
        form = FORM.replace("integer | age", "integer | years").replace("${age}", "${years}")
        form = form.replace("| | age | Age", "| | years | Age").replace("known | 1", "known | 2")
        form = form.strip().encode()
        new = publish(session, convert(form, "known.md"), "test", NOW + timedelta(days=1))
        assert session.get(FormVersion, new.form_version_id).version == "2"
        for number in range(10):
            answers = {"sex": "f", "years": str(20 + 5 * number), "school": "1", "Q1": "yes"}
            interview(session, field, "LP01", f"n{number}", version=new.form_version_id,
                      user="1", **answers)  # fmt: skip
    found = submissions(database, field, released=True)
    both = ("age", "years")
    ages = Counter(tuple(row.get(name, "") for name in (*both, *PERSONAL)) for row in found)
    assert min(ages.values()) >= 5


def test_weights_that_would_tell_an_age_are_left_out(database):
    field = open_known(database)
    counts = "area,variable,category,count\n" + "".join(
        f"He/Shang,sex_age,{sex} {age},{100 + 40 * place}\n"
        for sex in "fm"
        for place, age in enumerate(("16-34", "35-54", "55-64", "65+"))
    )
    with database.begin() as session:
        populate(session, field, random.Random(8), {"LP01": 60, "LP02": 60})
        import_margins(session, counts.encode(), NOW)
    kept = submissions(database, field)
    assert len({row["weight"] for row in kept if row["user"] == "1" and row["weight"]}) > 2
    made = made_of(database, field, released=True)
    found = rows(files_of(made)["submissions.csv"])
    assert made.released.level["age"] > 1 or made.released.level["village"]
    assert made.released.weight_left_out
    assert "weight" not in found[0]
    assert {row["base_weight"] for row in found} == {"1"}


LEVELS = {
    "sex": lambda v: [v[0], ""],
    "age": lambda v: [v[1], v[1] // 3, v[1] // 6, ""],
    "schooling": lambda v: [v[2], v[2] // 2, v[2] // 4, ""],
    "village": lambda v: [v[3], v[3] // 3, v[3] // 9, ""],
}
VALUES = {
    name: [(("fm"[at] if name == "sex" else at),) * 4 for at in range(count)]
    for name, count in (("sex", 2), ("age", 12), ("schooling", 8), ("village", 9))
}
PEOPLE = st.lists(
    st.tuples(st.sampled_from("fm"), st.integers(0, 11), st.integers(0, 7), st.integers(0, 8)),
    min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=40)
@given(PEOPLE, st.integers(2, 6))
def test_coarsened_rows_are_alike_or_apart(people, k):
    levels = {
        name: list(zip(*(of(one) for one in people), strict=True)) for name, of in LEVELS.items()
    }
    found = coarsened(levels, k)
    chosen = [
        tuple(levels[name][found.level[name]][row] for name in LEVELS)
        for row in range(len(people))
    ]  # fmt: skip
    count = Counter(chosen)
    assert [count[one] < k for one in chosen] == found.apart.tolist() or len(people) < k
    assert found.apart.sum() <= 0.05 * len(people) or len(people) < k
    # Nothing cheaper would do.
    cost = sum(COST[name][level] for name, level in found.level.items())
    if len(people) >= k and cost:
        finest = Counter(people)
        assert sum(n for n in finest.values() if n < k) > 0.05 * len(people)
    again = coarsened(
        {name: [list(reversed(values)) for values in of] for name, of in levels.items()}, k
    )
    assert again.level == found.level
    # The same, where of each value only its place is given.
    places = {name: np.array([one[at] for one in people]) for at, name in ((1, "age"),
              (2, "schooling"), (3, "village"))}  # fmt: skip
    places["sex"] = np.array(["fm".index(one[0]) for one in people])
    few = {
        name: list(zip(*(of(values) for values in VALUES[name]), strict=True))
        for name, of in LEVELS.items()
    }
    same = coarsened(few, k, places)
    assert (same.level, same.apart.tolist()) == (found.level, found.apart.tolist())


def test_five_alike_is_what_is_promised():
    assert K == 5


@pytest.fixture(params=["one process", "two processes"])
def processes(request, monkeypatch):
    """Lines are made by one process, or by two though there are few."""
    monkeypatch.setattr("surveys.export.plan.BATCH", 7)
    monkeypatch.setattr("surveys.export.submissions.BATCH", 7)
    if request.param == "two processes":
        monkeypatch.setattr(apart, "FROM", 0)
        monkeypatch.setattr(apart, "cores", lambda: 2)


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    ("seed", "persons"),
    [
        (1, {"LP01": 60, "LP02": 50, "TOWN": 300}), (2, {"LP01": 13, "LP02": 12}),
        (3, {"LP01": 10}), (4, {"LP01": 120, "LP02": 120}), (5, {"TOWN": 40}),
    ],
)  # fmt: skip
def test_lines_of_a_release_are_its_rows(database, seed, persons):
    field = open_known(database)
    with database.begin() as session:
        populate(session, field, random.Random(seed), persons)
    table = made_of(database, field, released=True).submissions
    assert table.lines is not None
    long = replace(table, lines=None)
    counted = Counting(table), Counting(long)
    lines, cells = (
        b"".join(central_csv(one, counting=counting))
        for one, counting in zip((table, long), counted, strict=True)
    )
    assert lines == cells
    assert counted[0].told() == counted[1].told()


def test_a_release_is_whole_where_the_other_process_breaks_down(database, monkeypatch):
    monkeypatch.setattr(apart, "FROM", 0)
    monkeypatch.setattr(apart, "cores", lambda: 2)
    field = open_known(database)
    with database.begin() as session:
        populate(session, field, random.Random(1), {"LP01": 60, "TOWN": 60})
    made = made_of(database, field, released=True)
    whole = files_of(made)
    monkeypatch.setattr(apart, "_START", "raise SystemExit(3)")
    assert files_of(made) == whole
    assert len(rows(whole["submissions.csv"])) == made.released.rows
