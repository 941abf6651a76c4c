"""Tables of repeats, against a walk through what was answered that knows of nothing else."""

import io
import random
import runpy
import shutil
import subprocess
import sys
from datetime import timedelta

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from surveys.conduct import retention
from surveys.form.own_words import ERASED
from surveys.form.xform import load
from surveys.interview.engine import begin, give, prompt, step, submission
from surveys.interview.state import Begin, Tapped
from surveys.store.database import Database
from surveys.store.schema import FormVersion
from tests.export.reading import files_of, made_of, rows
from tests.export.workbooks import open_form, put
from tests.fieldwork import NOW

RSCRIPT = shutil.which("Rscript")
FORM = """
| survey | | | | | |
| | type | name | label::English (en) | label::中文 (zh) | relevant |
| | text | who | Who are you? | 你是谁？ | |
| | select_one sex | sex | Woman or man? | 男女？ | |
| | begin group | home | Your home | 你家 | |
| | begin repeat | person | A person | 一个人 | |
| | text | name | Name? | 名字？ | |
| | integer | age | How old? | 多大？ | |
| | begin group | work | Work | 工作 | ${age} > 15 |
| | select_multiple job | jobs | Which work? | 做什么？ | |
| | end group | | | | |
| | begin repeat | visit | A visit | 一次去医院 | |
| | date | day | Which day? | 哪天？ | |
| | text | secret | What for? | 为什么？ | |
| | end repeat | | | | |
| | end repeat | | | | |
| | end group | | | | |
| | begin repeat | trip | A trip | 一次出门 | |
| | select_one job | why | Why? | 为什么？ | |
| | end repeat | | | | |
| | calculate | oldest | | | | {max} |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | sex | f | Woman | 女 |
| | sex | m | Man | 男 |
| | job | farm | Farm | 种地 |
| | job | shop | Shop | 开店 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Roster | roster | 1 | English (en) |
| indicators | | | | | | | |
| | name | label::English (en) | label::中文 (zh) | role | dimension | kind | base |
| | sex | Sex | 性别 | sex | | | |
| | age | Age | 年龄 | age | | | |
| | secret | What for | 为什么 | private | | | |
| | oldest | The oldest | 最大的 | | use | score | all |
"""
FORM = FORM.replace("| relevant |\n", "| relevant | calculation |\n").replace(
    "{max}", "max(${age})"
)  # fmt: skip
TABLES = ["submissions-person", "submissions-visit", "submissions-trip"]


def home(dice, number):
    """What one person told, as a tree."""
    return {
        "who": f"w{number}",
        "sex": dice.choice("fm"),
        "persons": [
            {
                "name": f"=n{number}-{at}" if dice.random() < 0.2 else f"n{number}-{at}",
                "age": str(dice.randrange(90)),
                "jobs": dice.choice(("", "farm", "shop farm")),
                "visits": [f"2026-0{dice.randrange(1, 9)}-1{day}"
                           for day in range(dice.choice((0, 0, 1, 2)))],
            }
            for at in range(dice.choice((0, 1, 2, 11)))
        ],
        "trips": [dice.choice(("farm", "shop")) for _ in range(dice.choice((0, 1, 3)))],
    }  # fmt: skip


def submitted(tree, dice):
    """The tree as a submission keeps it, in an order that means nothing."""
    found = {"/data/who": tree["who"], "/data/sex": tree["sex"], "/data/oldest": "50"}
    for at, one in enumerate(tree["persons"], 1):
        person = f"/data/home/person[{at}]"
        found |= {person: "", f"{person}/name": one["name"], f"{person}/age": one["age"]}
        if one["jobs"]:
            found[f"{person}/work/jobs"] = one["jobs"]
        for number, day in enumerate(one["visits"], 1):
            visit = f"{person}/visit[{number}]"
            found |= {visit: "", f"{visit}/day": day, f"{visit}/secret": "hidden"}
    for at, why in enumerate(tree["trips"], 1):
        found |= {f"/data/trip[{at}]": "", f"/data/trip[{at}]/why": why}
    items = list(found.items())
    dice.shuffle(items)
    return dict(items)


def telling(database):
    """Thirty persons' answers: the field, and what each of them told by the submission's key."""
    dice = random.Random(3)
    field = open_form(database, FORM)
    trees = [home(dice, number) for number in range(30)]
    with database.begin() as session:
        made = put(session, field, [submitted(one, dice) for one in trees])
        trees = {one.key: tree for one, tree in zip(made, trees, strict=True)}
    return field, trees


@pytest.fixture
def told(database):
    return telling(database)


@pytest.fixture
def kept(sqlite_url):
    """The same, on SQLite alone."""
    database = Database(sqlite_url)
    yield database, *telling(database)
    database.close()


def expected(trees):
    """Table -> its rows, as ODK Central has them."""
    persons, visits, trips = [], [], []
    for key, tree in trees.items():
        for at, one in enumerate(tree["persons"], 1):
            person = f"{key}/home/person[{at}]"
            jobs = one["jobs"].split()
            name = f"'{one['name']}" if one["name"].startswith("=") else one["name"]
            chosen = ["" if not jobs else str(int(job in jobs)) for job in ("farm", "shop")]
            persons.append({
                "name": name, "age": one["age"], "work-jobs": one["jobs"],
                "work-jobs/farm": chosen[0], "work-jobs/shop": chosen[1],
                "PARENT_KEY": key, "KEY": person,
            })  # fmt: skip
            for number, day in enumerate(one["visits"], 1):
                visit = f"{person}/visit[{number}]"
                visits.append({"day": day, "PARENT_KEY": person, "KEY": visit})
        for at, why in enumerate(tree["trips"], 1):
            trips.append({"why": why, "PARENT_KEY": key, "KEY": f"{key}/trip[{at}]"})
    return dict(zip(TABLES, (persons, visits, trips), strict=True))


def test_repeats_are_tables_as_odk_central_lays_them_out(database, told):
    field, trees = told
    made = made_of(database, field)
    files = files_of(made)
    assert [name for name in files if name.startswith("submissions")] == [
        "submissions.csv", *(f"{name}.csv" for name in TABLES)
    ]  # fmt: skip
    for name, want in expected(trees).items():
        found = rows(files[f"{name}.csv"])
        assert list(found[0]) == list(want[0])
        assert found == want
    assert [one.table.count for one in made.repeats] == list(map(len, expected(trees).values()))
    # Weights, areas, answers in repeats: each in its own table only.
    header = list(rows(files["submissions.csv"])[0])
    assert header[1:4] == ["who", "sex", "oldest"]
    assert not {"age", "home-person", "SET-OF-person"} & set(header)
    assert b"hidden" not in b"".join(files.values())
    book = {(r["table"], r["field"]): r for r in rows(files["codebook.csv"])}
    jobs = book["submissions-person", "work-jobs"]
    assert jobs["asked_if_en"] == "“How old?” is more than 15"
    assert jobs["asked_if_zh"] == "“多大？”大于15"
    assert ("submissions-visit", "PARENT_KEY") in book
    assert "一个人" in files_of(made, language="zh")["codebook.html"].decode()


def test_filters_hold_for_repeats(database, told):
    field, trees = told
    with database.begin() as session:
        put(session, field, [submitted(home(random.Random(9), 99), random.Random(9))] * 12,
            village="LP02")  # fmt: skip
    everything = made_of(database, field)
    first = made_of(database, field, area_ids=(field.villages["LP01"],))
    assert rows(files_of(first)[f"{TABLES[0]}.csv"]) == expected(trees)[TABLES[0]]
    assert everything.repeats[0].table.count > first.repeats[0].table.count
    none = made_of(database, field, area_ids=(field.villages["LP03"],))
    assert rows(files_of(none)[f"{TABLES[0]}.csv"]) == []


def test_kobos_numbers_join_the_same_rows(kept):
    database, field, trees = kept
    files = files_of(made_of(database, field), kobo=True)
    homes, persons, visits = (
        {row["_index"]: row for row in rows(files[f"{name}.csv"], ";")}
        for name in ("submissions", *TABLES[:2])
    )
    assert list(persons["1"]) == [
        "home/person/name", "home/person/age", "home/person/work/jobs",
        "home/person/work/jobs/farm", "home/person/work/jobs/shop", "_index",
        "_parent_table_name", "_parent_index", "_submission__id", "_submission__uuid",
        "_submission__submission_time", "_submission__validation_status", "_submission__notes",
        "_submission__status", "_submission__submitted_by", "_submission___version__",
        "_submission__tags",
    ]  # fmt: skip
    want = [
        (key.removeprefix("uuid:"), tree["who"], one["name"].lstrip("="), day)
        for key, tree in trees.items()
        for one in tree["persons"]
        for day in one["visits"]
    ]
    found = []
    for visit in visits.values():
        assert visit["_parent_table_name"] == "submissions-person"
        person = persons[visit["_parent_index"]]
        assert person["_parent_table_name"] == "submissions"
        assert person["_parent_index"] == person["_submission__id"] == visit["_submission__id"]
        whole = homes[person["_parent_index"]]
        assert visit["_submission__uuid"] == whole["_uuid"]
        assert visit["_submission__submission_time"] == whole["_submission_time"]
        name = person["home/person/name"].lstrip("'=")
        found.append((whole["_uuid"], whole["who"], name, visit["home/person/visit/day"]))
    assert found == want
    named = rows(
        files_of(made_of(database, field), kobo=True, labels=True)[f"{TABLES[0]}.csv"], ";"
    )
    assert list(named[0])[:4] == ["Name?", "How old?", "Which work?", "Which work?/Farm"]


def test_every_format_has_the_repeats(kept, tmp_path):
    database, field, trees = kept
    want = expected(trees)[TABLES[1]]
    made = made_of(database, field)
    files = files_of(made, formats=("sav", "dta", "parquet", "xlsx"), language="zh")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    sav, meta = pyreadstat.read_sav(tmp_path / f"{TABLES[0]}.sav")
    assert meta.column_names_to_labels["age"] == "多大？"
    assert meta.column_names_to_labels["work_jobs_farm"] == "种地"
    assert sav["age"].astype(int).astype(str).tolist() == [
        row["age"] for row in expected(trees)[TABLES[0]]
    ]
    dta = pd.read_stata(tmp_path / f"{TABLES[1]}.dta")
    assert dta["day"].dt.strftime("%Y-%m-%d").tolist() == [row["day"] for row in want]
    # Joined, up to the submissions and their weights.
    visits, persons, whole = (
        pd.read_parquet(tmp_path / f"{name}.parquet")
        for name in (TABLES[1], TABLES[0], "submissions")
    )
    joined = visits.merge(persons, left_on="PARENT_KEY", right_on="KEY", suffixes=("", "_person"))
    joined = joined.merge(whole, left_on="PARENT_KEY_person", right_on="KEY")
    assert joined["who"].tolist() == [
        tree["who"] for tree in trees.values() for one in tree["persons"] for _ in one["visits"]
    ]
    book = openpyxl.load_workbook(tmp_path / "submissions.xlsx")
    assert book.sheetnames[:6] == [
        "values", "labels", "values person", "labels person", "values visit", "labels visit",
    ]  # fmt: skip
    assert book["labels trip"]["A1"].value == "为什么？"
    assert {cell.value for cell in book["labels trip"]["A"][1:]} == {"种地", "开店"}


def test_own_words_that_were_erased_are_said_to_be_so_and_all_else_stays(database, told, tmp_path):
    field, trees = told
    before = files_of(made_of(database, field), formats=("csv",))
    retention.expire(database, NOW + timedelta(days=92))
    files = files_of(made_of(database, field), formats=("csv", "xlsx", "sav"))
    for name, word in (("submissions", "who"), (TABLES[0], "name")):
        was, now = (rows(one[f"{name}.csv"]) for one in (before, files))
        assert [row | {word: ERASED} for row in was] == now
        content = files[f"{name}.sav"]
        (tmp_path / "one.sav").write_bytes(content)
        frame, _ = pyreadstat.read_sav(tmp_path / "one.sav")
        assert frame[word].tolist() == [ERASED] * len(was)
    for name in TABLES[1:]:
        assert files[f"{name}.csv"] == before[f"{name}.csv"]
    book = pd.read_excel(io.BytesIO(files["submissions.xlsx"]), sheet_name=None, dtype=str)
    names, persons = book["values"], book["values person"]
    assert names["who"].tolist() == [ERASED] * len(trees)
    assert persons["name"].tolist() == [ERASED] * len(expected(trees)[TABLES[0]])
    assert persons["age"].tolist() == [r["age"] for r in expected(trees)[TABLES[0]]]


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "analysis.py"],
     pytest.param([RSCRIPT, "--vanilla", "analysis.R"],
                  marks=pytest.mark.skipif(RSCRIPT is None, reason="R is not installed"))],
)  # fmt: skip
def test_the_scripts_load_and_join_repeats(kept, tmp_path, command):
    database, field, trees = kept
    for name, content in files_of(made_of(database, field)).items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    visits = expected(trees)[TABLES[1]]
    homes = len({row["KEY"].partition("/")[0] for row in visits})
    said = f"{TABLES[1]}: {len(visits)} rows of {homes} submissions"
    assert said in done.stdout
    if command[0] == sys.executable:
        tables = runpy.run_path(str(tmp_path / "analysis.py"))["repeats"](tmp_path)
        assert tables[TABLES[1]]["SUBMISSION_KEY"].tolist() == [
            row["KEY"].partition("/")[0] for row in visits
        ]


def test_a_release_has_no_repeats_and_nothing_made_of_a_roster(kept):
    database, field, _ = kept
    made = made_of(database, field, released=True)
    files = files_of(made)
    assert not [name for name in files if "person" in name or "visit" in name]
    assert "submissions-person, submissions-visit" in files["README.txt"].decode()
    # The oldest of the home is computed from ages, though of others.
    header = rows(files["submissions.csv"])[0]
    assert "oldest" not in header
    assert {header["AttachmentsPresent"], header["AttachmentsExpected"]} == {"0"}
    assert set(made.released.unchecked) == {"age", "schooling"}


def interviewed(xform, told, wanted):
    """The submission of an interview; told: by path; wanted: how often each repeat is answered."""
    form = load(xform)
    one, _ = step(form, begin(form, 1, "English (en)"), Begin(), NOW)
    while (asked := prompt(form, one, NOW)) is not None:
        if asked.type == "repeat":
            more = asked.instances < wanted.get(asked.path, 0)
            one, _ = step(form, one, Tapped(asked.seq, "add" if more else "enough"), NOW)
        else:
            one, _ = give(form, one, told.get(asked.path, ""), NOW)
    assert one.status == "finished"
    return submission(form, one)


def test_what_an_interview_gives_is_what_the_tables_take(sqlite_url):
    database = Database(sqlite_url)
    field = open_form(database, FORM)
    told = {
        "/data/who": "Wang", "/data/sex": "f", "/data/home/person[1]/name": "Li",
        "/data/home/person[1]/age": "40", "/data/home/person[1]/work/jobs": "farm",
        "/data/home/person[2]/name": "Zhao", "/data/home/person[2]/age": "9",
        "/data/home/person[2]/visit[1]/day": "2026-03-01",
    }  # fmt: skip
    wanted = {"/data/home/person": 2, "/data/home/person[2]/visit": 1}
    with database.begin() as session:
        xform = session.get(FormVersion, field.versions[0]).xform
        (one, *_) = put(session, field, [interviewed(xform, told, wanted), *[{}] * 9])
        key = one.key
    files = files_of(made_of(database, field))
    database.close()
    persons = [list(row.values()) for row in rows(files[f"{TABLES[0]}.csv"])]
    assert persons == [
        ["Li", "40", "farm", "1", "0", key, f"{key}/home/person[1]"],
        ["Zhao", "9", "", "", "", key, f"{key}/home/person[2]"],
    ]
    visits = [list(row.values()) for row in rows(files[f"{TABLES[1]}.csv"])]
    first, second = (f"{key}/home/person[{number}]" for number in (1, 2))
    # The form's first instance of all has one of each repeat in it from the beginning.
    assert visits == [
        ["", first, f"{first}/visit[1]"], ["2026-03-01", second, f"{second}/visit[1]"]
    ]  # fmt: skip
    assert rows(files["submissions.csv"])[0]["oldest"] == "40"
