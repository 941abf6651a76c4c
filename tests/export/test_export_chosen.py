"""What is exported is what was asked for; weights are those of the profiles; Kobo's columns."""

import random
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from surveys.export import Filters, NothingToExport, Wanted
from surveys.export.own import OF_VILLAGES
from surveys.form.xlsform import convert
from surveys.interview.collected import collected
from surveys.interview.engine import submission
from surveys.profiles import village_profiles
from surveys.publish import close_wave, ensure_ready, import_villages, open_wave, publish
from surveys.publish.margins import import_margins
from surveys.store.forms import compiled
from surveys.store.schema import Area, FormVersion, Interview
from tests.export.reading import files_of, made_of, rows, submissions
from tests.export.test_export_release import open_known, populate
from tests.fieldwork import NOW, VILLAGES, Field, answered, interview, open_field, small_form


def at(day, hour):
    """A time in UTC; there it is eight hours later."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def field(database):
    made = open_field(database)
    with database.begin() as session:
        answered(session, made, "LP01", 6)
        answered(session, made, "TOWN", 6)
        for number in range(10):
            # The last second of 4 March there, and the first of 5 March.
            when = at(4, 15) if number < 5 else at(4, 16)
            interview(session, made, "LP02", f"d{number}", at=when, Q1="yes", user="1")
    return made


def villages_of(found):
    return sorted({row["usegap-village"] for row in found})


def test_an_export_holds_what_was_asked_for(database, field):
    with database.begin() as session:
        shang = session.query(Area).filter_by(name="Shang").one().id
        town = field.villages["TOWN"]
        keys = [row.key for row in session.query(Interview).order_by(Interview.id)]
        review = dict(zip(("approved", "hasIssues", "rejected"), keys, strict=False))
        for state, key in review.items():
            session.query(Interview).filter_by(key=key).one().review = state
        more = small_form("2", "\n| | integer | A9 | More? | 还有？ | | |")
        version = publish(session, more, "test", NOW).form_version_id
        for number in range(10):
            interview(session, field, "LP01", f"v{number}", version=version, user="1", A9="1")

    def found(**filters):
        return submissions(database, field, **filters)

    assert villages_of(found(area_ids=(shang,))) == ["LP01", "LP02"]
    assert villages_of(found(area_ids=(shang, town))) == ["LP01", "LP02", "TOWN"]
    # Days are the area's: 16:00 UTC is the next day there.
    days = found(since=date(2026, 3, 4), until=date(2026, 3, 4), area_ids=(shang,))
    assert days == []  # 5 persons are too few for a village
    until = found(until=date(2026, 3, 4), area_ids=(shang,))
    assert villages_of(until) == ["LP01"]
    assert villages_of(found(since=date(2026, 3, 4))) == ["LP02"]
    assert found(since=date(2026, 3, 6)) == []
    assert len(found(form_versions=("2",))) == 10
    everybody = found()
    assert len(everybody) == 12 + 12 + 10 + 10 - 1
    states = {row["KEY"]: row["ReviewState"] for row in everybody}
    assert (states[review["approved"]], states[review["hasIssues"]]) == ("approved", "hasIssues")
    # What was rejected comes when it is asked for by name, and only then.
    assert review["rejected"] not in states
    every = found(reviews=("received", "approved", "hasIssues", "rejected"))
    assert review["rejected"] in {row["KEY"] for row in every}
    with pytest.raises(NothingToExport, match="no version 7"):
        found(form_versions=("7",))


def test_an_earlier_wave_is_exported_by_its_name(database, field):
    later = datetime(2026, 9, 1, tzinfo=UTC)
    with database.begin() as session:
        close_wave(session, now=at(9, 1))
        open_wave(session, name="Autumn", organisation="O", contact="C", retention_months=24,
                  now=later)  # fmt: skip
    assert submissions(database, field, now=later) == []
    assert submissions(database, field, now=later, wave="autumn") == []
    assert len(submissions(database, field, now=later, wave="2026-03")) == 34
    with pytest.raises(NothingToExport, match="Spring"):
        submissions(database, field, now=later, wave="Spring")


def test_what_was_asked_for_travels_in_a_job():
    asked = Filters((3, 4), "Spring", date(2026, 1, 2), None, ("1", "2"), ("approved",))
    assert Filters.from_json(asked.to_json()) == asked
    wanted = Wanted(("csv", "sav"), "zh", bom=True)
    assert Wanted.from_json(wanted.to_json()) == wanted


def test_the_columns_give_the_numbers_of_the_profile(database):
    field = open_known(database)
    counts = "area,variable,category,count\nLP01,schooling,primary,50\n"
    counts += "LP01,schooling,junior,200\nLP01,schooling,above,150\n"
    with database.begin() as session:
        populate(session, field, random.Random(4), {"LP01": 150, "LP02": 40})
        import_margins(session, counts.encode(), NOW)
    profiles = village_profiles(database, field.wave, field.villages.values(), NOW)
    with database.begin() as session:
        # Whoever answers after an edition waits for the next one.
        interview(session, field, "LP01", "new", sex="f", age="30", user="1", A6="9", A8="1")
    files = files_of(made_of(database, field))
    table = pd.read_csv(pd.io.common.BytesIO(files["submissions.csv"]))
    places = pd.read_csv(pd.io.common.BytesIO(files["villages.csv"])).set_index("village")
    assert list(places.reset_index()) == list(OF_VILLAGES)
    waiting = table[table["household"] == "new"].iloc[0]
    assert (waiting["in_profile"], waiting["base_weight"]) == (0, 1)
    assert pd.isna(waiting["weight"])
    for code in ("LP01", "LP02"):
        of = table[(table["village"] == code) & (table["in_profile"] == 1)]
        users = of[of["user"] == 1]
        reached = users[users["roster_x"].notna()]
        g = 1 - places.loc[code, "adults_offline"] / places.loc[code, "adults"]
        assert places.loc[code, "online_homes"] == pytest.approx(g)
        pi = g * reached["weight"].sum() / (reached["weight"] * reached["roster_x"]).sum()
        mean = (users["weight"] * users["s_use"]).sum() / users["weight"].sum()
        profile = profiles[code]
        assert profile.online.value == pytest.approx(100 * pi, abs=0.51)
        assert profile.use.value == pytest.approx(pi * mean, abs=0.51)
        assert places.loc[code, "persons"] == len(of) == profile.persons
    raked = table[(table["village"] == "LP01") & (table["weight"].notna()) & (table["user"] == 1)]
    share = raked.groupby("raking_schooling")["weight"].sum() / raked[
        raked["raking_schooling"].notna()
    ]["weight"].sum()  # fmt: skip
    assert share.to_numpy() == pytest.approx([50 / 400, 200 / 400, 150 / 400], abs=1e-6)
    assert (raked["base_weight"] == 1).all()
    assert places.loc["LP01", "raking_place"] == "LP01"
    assert pd.isna(places.loc["LP02", "raking_pool"])


NESTED = """
| survey | | | | |
| | type | name | label | relevant |
| | begin group | home | Home | |
| | begin group | in-side | Inside | |
| | select_multiple what | things | What is there? | |
| | select_one what | best | The best? | |
| | end group | | | |
| | decimal | size | How large? | |
| | end group | | | |
| | date | day | Which day? | |
| | text | word | A word? | ${day} != '' |
| choices | | |
| | list_name | name | label |
| | what | tv | A television |
| | what | 2 | Two -- or more |
| settings | | |
| | form_title | form_id | version |
| | Nested | nested | 7 |
"""


def nested(database):
    """Ten persons who answered a form with groups in groups, by its rules."""
    with database.begin() as session:
        form = convert(NESTED.strip().encode(), "nested.md")
        version = publish(session, form, "test", NOW)
        wave = ensure_ready(session, organisation="O", contact="C", retention_months=24,
                            now=NOW, time_zone="Asia/Shanghai")  # fmt: skip
        import_villages(session, VILLAGES.encode(), NOW)
        field = Field(wave, [version.form_version_id])
        field.villages = {a.code: a.id for a in session.query(Area).where(Area.kind == "village")}
        loaded = compiled(session.get_one(FormVersion, version.form_version_id).xform)
        for number in range(10):
            given = {
                "/data/home/in-side/things": "2 tv" if number else "",
                "/data/home/in-side/best": "2", "/data/home/size": "4.50",
                "/data/day": "2026-03-01", "/data/word": "=SUM(1)" if number else "one; two",
            }  # fmt: skip
            one, misfits = collected(loaded, given, number, "", NOW, NOW)
            assert misfits == ()
            answers = {
                path.removeprefix("/data/").replace("/", "__"): value
                for path, value in submission(loaded, one).items()
            }
            interview(session, field, "LP01", f"h{number}", language="", **answers)
        first = session.query(Interview).order_by(Interview.id).first()
        first.review = "approved"
    return field


def test_groups_in_groups_as_central_and_as_kobo_name_them(database):
    field = nested(database)
    made = made_of(database, field)
    central = rows(files_of(made)["submissions.csv"])
    assert list(central[0])[:9] == [
        "SubmissionDate", "home-in-side-things", "home-in-side-things/tv", "home-in-side-things/2",
        "home-in-side-best", "home-size", "day", "word", "meta-instanceID",
    ]  # fmt: skip
    content = files_of(made, kobo=True)["submissions.csv"]
    assert content.split(b"\r\n")[0].startswith(b'"home/in-side/things";"home/in-side/things/tv"')
    kobo = rows(content, ";")
    assert list(kobo[0])[:17] == [
        "home/in-side/things", "home/in-side/things/tv", "home/in-side/things/2",
        "home/in-side/best", "home/size", "day", "word", "_id", "_uuid", "_submission_time",
        "_validation_status", "_notes", "_status", "_submitted_by", "__version__", "_tags",
        "_index",
    ]  # fmt: skip
    first, second = kobo[:2]
    assert [first[f"home/in-side/things{one}"] for one in ("", "/tv", "/2")] == ["", "", ""]
    assert [second[f"home/in-side/things{one}"] for one in ("", "/tv", "/2")] == ["tv 2", "1", "1"]
    assert (first["_uuid"], first["_index"], second["_id"]) == ("00000001", "1", "2")
    assert (first["_submission_time"], first["__version__"]) == ("2026-03-02T09:02:30", "7")
    assert first["_validation_status"] == "validation_status_approved"
    assert second["_validation_status"] == ""
    assert (first["home/size"], first["day"], second["word"]) == ("4.5", "2026-03-01", "'=SUM(1)")
    assert [row["word"] for row in central[:2]] == ["one; two", "'=SUM(1)"]
    named = rows(files_of(made, kobo=True, labels=True)["submissions.csv"], ";")
    assert list(named[0])[:4] == [
        "What is there?", "What is there?/A television", "What is there?/Two -- or more",
        "The best?",
    ]  # fmt: skip
    assert named[1]["What is there?"] == "A television Two -- or more"
    assert named[1]["The best?"] == "Two -- or more"
    released = made_of(database, field, released=True)
    assert "word" not in rows(files_of(released, kobo=True)["submissions.csv"], ";")[0]
