"""`usegap quota`, `usegap review` and `usegap villages posters`."""

import pytest
from sqlalchemy import update

from surveys.profiles.posters import poster_of
from surveys.publish import ensure_ready, import_villages, publish
from surveys.store.database import Database
from surveys.store.schema import Area, Audit, Interview
from tests.fieldwork import Field, interview
from tests.quota_form import NOW, VILLAGES, quota_form


@pytest.fixture
def database(sqlite_url, monkeypatch):
    """Three villages in which sex and age are asked; a woman has answered twice."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    villages = VILLAGES.replace("target\n", "target,language\n").replace(",12\n", ",12,zh\n")
    with database.begin() as session:
        version = publish(session, quota_form(), "test", NOW).form_version_id
        wave = ensure_ready(
            session, organisation="County office", contact="Li Mei", retention_months=24, now=NOW
        )
        import_villages(session, villages.encode(), NOW)
        field = Field(wave, [version])
        field.villages = {a.code: a.id for a in session.query(Area).where(Area.kind == "village")}
        for home in ("a", "b"):
            interview(session, field, "LP01", home, A2="f", A3="60")
    yield database
    database.close()


def test_quotas_are_set_listed_and_imported(usegap, database, tmp_path):
    said = usegap("quota", "set", "LP01", "20", "--sex", "f", "--age", "55-64")
    assert said == (0, "Liuping 柳坪\tf 55-64\t20\n", "")
    (tmp_path / "q.csv").write_text("area,sex,age,most\nHe/Shang,,65+,3\n", "utf-8")
    assert usegap("quota", "import", "q.csv")[1] == "1 quotas are set.\n"
    assert usegap("quota", "list")[1] == "Shang\t65+\t0\t3\nLiuping 柳坪\tf 55-64\t2\t20\n"
    assert usegap("quota", "set", "LP01", "--off", "--sex", "f", "--age", "55-64")[0] == 0
    assert usegap("quota", "list")[1] == "Shang\t65+\t0\t3\n"
    (tmp_path / "q.csv").write_text("area,sex,age,most\nLP01,x,,3\n", "utf-8")
    for wrong in (("set", "LP01"), ("set", "LP01", "-1"), ("set", "LP01", "2", "--age", "17"),
                  ("import", "q.csv")):  # fmt: skip
        code, out, err = usegap("quota", *wrong)
        assert (bool(code), out) == (True, "")
        assert err


def test_a_submission_is_reviewed_and_the_flagged_are_listed(usegap, database):
    with database.begin() as session:
        session.execute(update(Interview).where(Interview.id == 2).values(flags=["speeding"]))
    code, out, err = usegap("review", "--flagged", "--area", "He/Shang")
    assert (code, err) == (0, "1 flagged submissions.\n")
    key = out.split("\t")[0]
    assert out == f"{key}\tLP01\treceived\tspeeding\n"
    assert usegap("review", "--flagged", "--area", "XJ01")[1] == ""
    assert usegap("review", key, "--state", "rejected")[1] == f"{key}\tLP01\tfinished\trejected\n"
    assert usegap("review", key[5:])[1].endswith("\trejected\n")
    with database.read() as session:
        lines = [a.object for a in session.query(Audit) if a.action == "review"]
    assert lines == [f"{key}: rejected"]
    for wrong in ((), (key, "--flagged"), (key, "--state", "bad"), ("99999999",), ("000",)):
        assert usegap("review", *wrong)[0] == 1


def test_posters_of_all_villages_each_in_its_language(usegap, database, tmp_path):
    code, _, err = usegap(
        "villages", "posters", "--out", "out", "--bot", "some_bot", "--area", "He"
    )
    assert code == 0
    assert "3 posters are in out." in err
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        f"{code}.{kind}" for code in ("LP01", "LP02", "XJ01") for kind in ("pdf", "png")
    }
    with database.read() as session:
        areas = {area.code: area.id for area in session.query(Area)}
        tongues = [poster_of(session, areas[code], "b", "en").tongue for code in ("LP01", "LP02")]
    assert tongues == ["zh", "en"]
