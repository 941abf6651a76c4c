"""Every type of question in every format, and the same columns for all versions of a form."""

import io
import json
import shutil
import subprocess
from datetime import datetime, time
from math import nan

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from pyarrow import parquet

from surveys.store.database import Database
from tests.export.reading import files_of, made_of, rows
from tests.export.workbooks import open_form, put

TYPES = """
| survey | | | |
| | type | name | label::English (en) | label::中文 (zh) | parameters |
| | acknowledge | ok | Agreed? | 同意吗？ | |
| | time | at | When do you rise? | 几点起床？ | |
| | dateTime | moment | When was it? | 什么时候？ | |
| | range | steps | How many steps? | 几步？ | start=0 end=10 step=2 |
| | range | part | Which part? | 几成？ | start=0 end=1 step=0.25 |
| | rank thing | order | What first? | 先要什么？ | |
| | geopoint | place | Where? | 在哪里？ | |
| | geotrace | line | Which way? | 怎么走？ | |
| | geoshape | field | Which field? | 哪块地？ | |
| | image | photo | A photo? | 照片？ | |
| | barcode | code | The code? | 条码？ | |
| | start | start | | | |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | thing | road | A road | 路 |
| | thing | tower | A tower | 信号塔 |
| | thing | bus | A bus | 公交 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Types | types | 1 | English (en) |
"""
TRACE = "-1.5 36.8 0 0; -1.6 36.9 0 0"
ANSWERS = {
    "ok": "OK", "at": "06:30:00.000+08:00", "moment": "2026-03-01T23:15:00.000+08:00", "steps": "4",
    "part": "0.25", "order": "tower bus road", "place": "-1.5 36.8 1790.5 12", "line": TRACE,
    "field": f"{TRACE}; -1.7 36.8 0 0; -1.5 36.8 0 0", "photo": "ab12.jpg", "code": "-0012",
    "start": "2026-03-02T01:00:00.123Z",
}  # fmt: skip


RSCRIPT = shutil.which("Rscript")
IN_R = r"""
sav <- haven::read_sav("submissions.sav")
dta <- haven::read_dta("submissions.dta")
cat(class(sav$at), "\n")
cat(format(sav$at[1]), "\n")
cat(format(dta$moment[1], "%Y-%m-%d %H:%M:%S", tz = "UTC"), "\n")
cat(unclass(sav$order_road[1]), sav$order_tower[1], sav$order_bus[1], "\n")
cat(dta$place_Latitude[c(1:3, 11)], "\n")
"""


@pytest.fixture
def database(sqlite_url):
    made = Database(sqlite_url)
    yield made
    made.close()


@pytest.fixture
def typed(database):
    field = open_form(database, TYPES)
    full = {f"/data/{name}": value for name, value in ANSWERS.items()}
    short = {"/data/place": "30.25 120.5", "/data/order": "bus"}
    with database.begin() as session:
        equator = {"/data/place": "5e-05 -1e-07 0.0 0.0"}
        put(session, field, [full, short, *[{}] * 8, equator])
    return field


def test_csv_has_each_type_as_odk_central_has_it(database, typed):
    first, second, third = rows(files_of(made_of(database, typed))["submissions.csv"])[:3]
    assert list(first)[1:21] == [
        "ok", "at", "moment", "steps", "part", "order", "order/road", "order/tower", "order/bus",
        "place-Latitude", "place-Longitude", "place-Altitude", "place-Accuracy", "line", "field",
        "photo", "code", "start", "meta-instanceID", "KEY",
    ]  # fmt: skip
    for name, value in ANSWERS.items():
        if name not in ("place", "code"):
            assert first[name] == value
    # A barcode is whatever somebody printed; a place is made of digits alone.
    assert first["code"] == "'-0012"
    assert [first[f"order/{one}"] for one in ("road", "tower", "bus")] == ["3", "1", "2"]
    assert [second[f"order/{one}"] for one in ("road", "tower", "bus")] == ["", "", "1"]
    places = [f"place-{one}" for one in ("Latitude", "Longitude", "Altitude", "Accuracy")]
    assert [first[one] for one in places] == ["-1.5", "36.8", "1790.5", "12"]
    assert [second[one] for one in places] == ["30.25", "120.5", "", ""]
    assert {third[name] for name in list(first)[1:19]} == {""}


def test_kobo_keeps_the_place_as_it_was_answered_beside_its_numbers(database, typed):
    first = rows(files_of(made_of(database, typed), kobo=True)["submissions.csv"], ";")[0]
    names = [name for name in first if "place" in name]
    assert names == [
        "place", "_place_latitude", "_place_longitude", "_place_altitude", "_place_precision"
    ]  # fmt: skip
    assert [first[name] for name in names] == [ANSWERS["place"], *ANSWERS["place"].split()]
    assert (first["moment"], first["order/bus"]) == (ANSWERS["moment"], "2")
    named = files_of(made_of(database, typed), kobo=True, labels=True)["submissions.csv"]
    assert "_Where?_latitude" in rows(named, ";")[0]
    assert rows(named, ";")[0]["What first?"] == "A tower A bus A road"


def test_statistics_programs_have_types_labels_and_measures(database, typed, tmp_path):
    for name, content in files_of(
        made_of(database, typed), formats=("sav", "dta", "parquet", "xlsx"), language="zh"
    ).items():
        (tmp_path / name).write_bytes(content)
    sav, meta = pyreadstat.read_sav(tmp_path / "submissions.sav")
    assert meta.variable_value_labels["ok"] == {1: "已确认"}
    assert sav["at"][0] == time(6, 30)
    # What people say of time is by their own clock; when it was sent, UTC.
    assert sav["moment"][0] == datetime(2026, 3, 1, 23, 15)
    assert sav["start"][0].round("ms") == datetime(2026, 3, 2, 1, 0, 0, 123_000)
    assert (sav["steps"][0], sav["part"][0]) == (4, 0.25)
    assert sav[["order_road", "order_tower", "order_bus"]].iloc[0].tolist() == [3, 1, 2]
    assert sav["place_Latitude"][:3].tolist() == pytest.approx([-1.5, 30.25, nan], nan_ok=True)
    assert (sav["line"][0], sav["code"][0]) == (TRACE, "-0012")
    measures = meta.variable_measure
    assert {measures[name] for name in ("at", "moment", "steps", "place_Latitude")} == {"scale"}
    assert (measures["order_road"], measures["code"], measures["ok"]) == (
        "ordinal", "nominal", "nominal"
    )  # fmt: skip
    assert meta.column_names_to_labels["place_Altitude"] == "在哪里？（海拔，米）"
    assert meta.original_variable_types["at"] == "TIME8"
    dta = pd.read_stata(tmp_path / "submissions.dta")
    when = pd.Timestamp(2026, 3, 1, 23, 15)
    assert (dta["at"][0].time(), dta["moment"][0]) == (time(6, 30), when)
    assert dta["order_bus"][:3].tolist() == pytest.approx([2, 1, nan], nan_ok=True)
    table = parquet.read_table(tmp_path / "submissions.parquet")
    kinds = {one.name: str(one.type) for one in table.schema}
    assert (kinds["at"], kinds["moment"]) == ("time32[ms]", "timestamp[ms]")
    assert kinds["finished"] == "timestamp[ms, tz=UTC]"
    frame = table.to_pandas()
    assert (frame["at"][0], frame["moment"][0]) == (time(6, 30), when)
    book = openpyxl.load_workbook(tmp_path / "submissions.xlsx")
    cells = {cell.value: book["values"].cell(2, cell.column).value for cell in book["values"][1]}
    assert (cells["at"], cells["moment"]) == (time(6, 30), datetime(2026, 3, 1, 23, 15))
    assert (cells["place-Longitude"], cells["order/tower"]) == (36.8, 1)


@pytest.mark.skipif(RSCRIPT is None, reason="R is not installed")
def test_haven_reads_times_ranks_and_places(database, typed, tmp_path):
    for name, content in files_of(made_of(database, typed), formats=("sav", "dta")).items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [RSCRIPT, "--vanilla", "-e", IN_R], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "hms difftime", "06:30:00", "2026-03-01 23:15:00", "3 1 2", "-1.5 30.25 NA 5e-05"
    ]  # fmt: skip


def test_the_codebook_tells_of_rankings_and_not_of_places(database, typed):
    files = files_of(made_of(database, typed))
    book = {row["field"]: row for row in rows(files["codebook.csv"])}
    assert book["order/bus"]["type"] == "its place in the ranking, from 1; empty unanswered"
    assert book["place-Latitude"]["question_en"] == "Where? (latitude)"
    assert book["place-Latitude"]["frequencies"] == book["place-Latitude"]["answered"] == ""
    assert book["at"]["kind"] == "time"
    assert "a ranking" in files["codebook.html"].decode()


def test_a_release_has_what_was_chosen_and_nothing_else(database, typed):
    made = made_of(database, typed, released=True)
    header = list(rows(files_of(made)["submissions.csv"])[0])
    assert [name for name in header if name.partition("/")[0] in ANSWERS] == [
        "ok", "order", "order/road", "order/tower", "order/bus"
    ]  # fmt: skip
    assert not [name for name in header if name.startswith("place")]


# Versions ---------------------------------------------------------------------------------------

HEAD = """
| survey | | | | |
| | type | name | label | relevant |
"""
TAIL = """
| choices | | |
| | list_name | name | label |
{choices}
| settings | | | |
| | form_title | form_id | version |
| | Three | three | {version} |
"""
CHOICES = "| | list | a | A{0} |\n| | list | b | B{0} |"
FIRST = (
    HEAD
    + """
| | text | gone | Asked once? | |
| | integer | age | How old? | |
| | select_one list | pick | Which? | |
| | text | free | Anything? | |
| | text | name | Who? | |
| | select_one list | one | One? | |
| | integer | same | In both? | |
"""
    + TAIL.format(version=1, choices=CHOICES.format(" of old") + "\n| | list | old | Old |")
)
SECOND = (
    HEAD
    + """
| | integer | age | How old, really? | |
| | begin group | grp | A group | |
| | select_one list | pick | Which? | |
| | integer | same | In the group? | |
| | end group | | | |
| | integer | same | And outside? | |
| | text | free | Anything? | |
| | text | name | Who? | |
| | select_one list | one | One? | |
"""
    + TAIL.format(version=2, choices=CHOICES.format(" of 2"))
)
THIRD = (
    HEAD
    + """
| | begin group | outer | Outside | |
| | begin group | grp | A group | |
| | select_multiple list | pick | Which ones? | |
| | end group | | | |
| | decimal | age | How old exactly? | |
| | end group | | | |
| | begin repeat | member | A member | |
| | text | name | Who? | |
| | end repeat | | | |
| | select_one list | free | Which? | |
| | text | fresh | And now? | |
| | select_one list | one | One? | |
"""
    + TAIL.format(version=3, choices=CHOICES.format("") + "\n| | list | new | New |")
)
OLD = {"/data/gone": "yes", "/data/age": "40", "/data/pick": "old", "/data/free": "=not a choice",
       "/data/name": "Wang", "/data/one": "old", "/data/same": "1"}  # fmt: skip
MIDDLE = {"/data/age": "41", "/data/grp/pick": "b", "/data/grp/same": "2", "/data/same": "3",
          "/data/free": "a", "/data/name": "Li", "/data/one": "a"}  # fmt: skip
NEW = {"/data/outer/grp/pick": "new a", "/data/outer/age": "42.5", "/data/member[1]": "",
       "/data/member[1]/name": "Zhao", "/data/member[2]": "", "/data/member[2]/name": "Qian",
       "/data/free": "b", "/data/fresh": "hello", "/data/one": "new"}  # fmt: skip


@pytest.fixture
def versions(database):
    field = open_form(database, FIRST, SECOND, THIRD)
    with database.begin() as session:
        for version, one in enumerate((OLD, MIDDLE, NEW)):
            put(session, field, [one] * 5, version=version)
    return field


def test_three_versions_share_one_header_and_no_answer_is_shifted(database, versions):
    made = made_of(database, versions)
    files = files_of(made)
    found = rows(files["submissions.csv"])
    names = [
        "outer-grp-pick", "outer-grp-pick/a", "outer-grp-pick/b", "outer-grp-pick/new",
        "outer-grp-pick/old", "outer-age", "free", "fresh", "one", "grp-same", "same", "name",
        "gone",
    ]  # fmt: skip
    # The newest's order, then what was asked before.
    assert list(found[0])[1:14] == names
    told = {row["FormVersion"]: [row[name] for name in names] for row in found}
    assert told == {
        "1": ["old", "0", "0", "0", "1", "40", "'=not a choice", "", "old", "", "1", "Wang", "yes"],
        "2": ["b", "0", "1", "0", "0", "41", "a", "", "a", "2", "3", "Li", ""],
        "3": ["new a", "1", "0", "1", "0", "42.5", "b", "hello", "new", "", "", "", ""],
    }
    # A question turned into one of a repeat is in the repeat's table from then on.
    members = rows(files["submissions-member.csv"])
    assert [row["name"] for row in members] == ["Zhao", "Qian"] * 5
    newest = {row["KEY"] for row in found if row["FormVersion"] == "3"}
    assert {row["PARENT_KEY"] for row in members} == newest
    book = {row["field"]: row for row in rows(files["codebook.csv"])}
    assert book["outer-grp-pick"]["choices_en"] == "a = A | b = B | new = New | old = Old"
    assert book["outer-age"]["kind"] == "decimal"
    # Text of old among choices of now is no choice, and makes no columns.
    assert (book["free"]["kind"], book["free"]["choices_en"]) == ("text", "")
    only = files_of(made_of(database, versions, form_versions=("2", "1")))
    assert rows(only["submissions-member.csv"]) == []
    meaning = json.loads(parquet.read_schema(_kept(made)).metadata[b"usegap"])
    assert [one["value"] for one in meaning["one"]["values"]] == ["a", "b", "new", "old"]


def _kept(made):
    return io.BytesIO(files_of(made, formats=("parquet",))["submissions.parquet"])


def test_what_was_a_text_in_one_version_is_not_handed_out(database, versions):
    header = rows(files_of(made_of(database, versions, released=True))["submissions.csv"])[0]
    assert "one" in header
    assert "outer-grp-pick/new" in header
    assert not {"free", "name", "gone", "fresh", "outer-age"} & set(header)
