"""`usegap followup`: a list to go by, and what came back."""

import csv
import io

import pytest

from surveys.store.database import Database
from surveys.store.schema import Audit, Interview
from tests.fieldwork import open_field


@pytest.fixture
def database(sqlite_url, monkeypatch):
    """A village, a form and an open wave, named by the environment."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    open_field(database)
    yield database
    database.close()


def test_a_list_to_go_by_and_how(usegap, database, tmp_path, monkeypatch):
    code, out, err = usegap("followup", "draw", "lp01", "--seed", "5")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["order"] for row in rows] == [str(place) for place in range(1, 201)]
    assert sorted(int(row["home"]) for row in rows) == list(range(1, 201))
    assert err.startswith("1. Liuping: go down the list from the top, until 20 homes have been")
    assert err.endswith("--seed 5\n")
    # As a file, which a spreadsheet reads; the instructions are then what is printed.
    monkeypatch.setenv("USEGAP_LANGUAGE", "zh")
    code, said, err = usegap(
        "followup", "draw", "LP01", "--seed", "5", "--homes", "15", "--out", "list.csv"
    )
    assert (code, err) == (0, "")
    assert said.startswith("1. Liuping：从名单最上面开始，按顺序往下走，访满15户为止。\n")
    assert (tmp_path / "list.csv").read_text("utf-8-sig") == out
    assert "go down" in usegap("followup", "draw", "LP01", "--language", "en")[2]
    # Without a seed another list each time, whose seed is said and audited.
    _, first, err = usegap("followup", "draw", "LP01")
    assert first != usegap("followup", "draw", "LP01")[1]
    seed = err.split("--seed ")[1].strip()
    assert usegap("followup", "draw", "LP01", "--seed", seed)[1] == first
    with database.read() as session:
        drawn = session.query(Audit.object).filter_by(action="draw follow-up", actor="command line")
        assert f"seed {seed}" in [row.object.rpartition(", ")[2] for row in drawn]


def test_what_cannot_be_drawn(usegap, database):
    assert "LP02 has" not in usegap("followup", "draw", "LP02", "--homes", "150")[2]
    code, out, err = usegap("followup", "draw", "LP03", "--homes", "41")
    assert (code, out) == (1, "")
    assert err == "usegap: Tiny has 40 homes: choose fewer by --homes.\n"
    assert "is a county" in usegap("followup", "draw", "He")[2]
    assert usegap("followup", "draw", "LP01", "--homes", "11")[0] == 2
    with database.begin() as session:
        session.connection().exec_driver_sql("UPDATE area SET households = NULL")
    assert "How many homes Tiny has is not known" in usegap("followup", "draw", "LP03")[2]


def test_visits_are_taken_in_and_the_same_again_changes_nothing(usegap, database, tmp_path):
    file = tmp_path / "visits.csv"
    file.write_text("home,Q1,use-Q2,Notes\n1,yes,news,?\n1,no,,?\n2,,,\n")
    code, out, err = usegap("followup", "import", "LP01", file)
    assert code == 0
    assert out == (
        "Liuping: 2 persons of 1 home taken in; 0 homes replaced that had been in before;"
        " 1 home without an answer.\n"
    )
    assert err == (
        "Columns that are no questions of the form have no effect: Notes\n"
        "A follow-up counts from 12 homes that were visited and answered; Liuping has 1.\n"
    )
    # The key was made where `usegap run` will look for it, and is the same the next time.
    assert (tmp_path / "usegap.key").exists()
    file.write_text("home,Q1\n" + "".join(f"{home},yes\n" for home in range(1, 13)))
    code, out, err = usegap("followup", "import", "Liuping", file)
    assert (code, err) == (0, "")
    assert "12 persons of 12 homes taken in; 1 home replaced" in out
    with database.read() as session:
        assert session.query(Interview).count() == 12


def test_what_is_not_taken_in(usegap, database, tmp_path):
    file = tmp_path / "visits.csv"
    file.write_text("home,Q1\n1,perhaps\n,no\n")
    code, out, err = usegap("followup", "import", "LP01", file)
    assert (code, out) == (1, "")
    assert err == (
        "line 2: Q1 has no such choice: write one of yes, no.\n"
        "line 3: home is empty: write the number of the home on the list.\n"
        "usegap: nothing was imported: 2 problems in the list.\n"
    )
    assert "is a county" in usegap("followup", "import", "He", file)[2]
    assert "cannot be read" in usegap("followup", "import", "LP01", "none.csv")[2]
    with database.begin() as session:
        session.connection().exec_driver_sql("DELETE FROM wave")
    assert "There is no wave in Liuping" in usegap("followup", "import", "LP01", file)[2]
