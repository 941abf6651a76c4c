"""`usegap quality`: what stands out, by village and by question."""

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from bot.cli import main
from bot.cli.quality import _villages
from surveys.store.database import Database
from surveys.store.schema import InterviewEvent
from tests.fieldwork import NOW, answered, interview, open_field

VILLAGES = """code,name,area,households,adults,target
LP01,Liuping,He/Shang,200,480,
LP02,"=Cmd Village",He/Shang,150,300,
LP03,Tiny,He/Xia,40,90,
LP04,Tinier,He/Xia,40,90,
LP05,Empty,He/Xia,40,90,
"""


@pytest.fixture
def usegap(tmp_path, monkeypatch, capsysbinary):
    """Runs the command: its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["usegap", "quality", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert b"Traceback" not in out + err
        return ended.value.code or 0, out.decode(), err

    return call


@pytest.fixture
def field(sqlite_url, monkeypatch):
    """Villages of 20, 16, 6 and 6 persons; in the first somebody too many in three homes."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    made = open_field(database, VILLAGES)
    with database.begin() as session:
        for code, homes in (("LP01", 10), ("LP02", 8), ("LP03", 3), ("LP04", 3)):
            answered(session, made, code, homes)
        for home in (1, 3, 5):
            interview(session, made, "LP01", f"LP01-{home}", entry=f"new-{home}", user="1")
        for number in range(12):
            one = interview(session, made, "LP01", f"s-{number}", status="stopped")
            lines = [("asked", "home/A6", 0), ("answered", "home/A6", 10 + number)]
            lines += [("asked", "home/A8", 0), ("stopped", "home/A8", 50)] if number < 8 else []
            log(session, one, lines)
        for _ in range(5):
            late = interview(session, made, "LP01", "late", status="open", at=datetime.now(UTC))
            log(session, late, [("asked", "home/A6", 0)])
        for number in range(11):
            one = interview(session, made, "LP02", f"f-{number}")
            lines = [("asked", "home/A6", 0), ("answered", "home/A6", 10 + number)]
            log(session, one, [*lines, ("asked", "Q1", 0), ("skipped", "Q1", 5)])
    database.close()
    return made


def log(session, one, lines):
    at = NOW
    for kind, node, after in lines:
        at += timedelta(seconds=after)
        session.add(InterviewEvent(interview_id=one.id, at=at, kind=kind, node=f"/data/{node}",
                                   value=""))  # fmt: skip
        session.flush()


def test_villages_first_then_questions_in_the_form_s_order(usegap, field):
    code, out, _ = usegap("--format", "json")
    assert code == 0
    found = json.loads(out)
    first, second = found["villages"]
    assert first == {
        "code": "LP01", "name": "Liuping", "persons": 23, "homes": 10, "flagged": 10,
        "straight_lining": 0, "speeding": 0, "contradiction": 10, "duplicate": 0,
        "rosters_differ": 0, "rosters_short": 5,
    }  # fmt: skip
    assert (second["code"], second["persons"], second["flagged"]) == ("LP02", 27, 0)
    # Two villages of six together may be shown, neither by itself.
    assert (found["smaller_villages"]["persons"], found["villages_not_shown"]) == (12, 2)
    assert "LP03" not in out
    questions = {row["question"]: row for row in found["questions"]}
    assert list(questions) == ["home-A6", "home-A8", "Q1", "use-Q2", "village", "G2"]
    asked = questions["home-A6"]
    # 12 stopped, 11 finished; those under way are nobody yet. 4 of 23 broke off here.
    assert (asked["asked"], asked["answered"], asked["broken_off"]) == (25, 25, 5)
    assert asked["broken_off_share"] == 20
    # Of the 11 who finished, 10 to 20 seconds.
    assert [asked[name] for name in ("seconds_low", "seconds", "seconds_high")] == [13, 15, 18]
    assert (questions["Q1"]["asked"], questions["Q1"]["skipped"]) == (10, 10)
    assert (questions["Q1"]["seconds"], questions["Q1"]["withheld"]) == (None, "")
    # Eight were asked this one.
    hidden = dict.fromkeys(questions["home-A8"])
    assert questions["home-A8"] == hidden | {"question": "home-A8", "withheld": "few_persons"}


def test_an_area_shows_its_own_villages_alone(usegap, field):
    found = json.loads(usegap("He/Xia", "--format", "json")[1])
    assert found["villages"] == []
    assert found["smaller_villages"]["persons"] == 12
    assert all(row["asked"] is None for row in found["questions"])
    alone = json.loads(usegap("LP03", "--format", "json")[1])
    assert (alone["smaller_villages"], alone["villages_not_shown"]) == (None, 1)
    assert json.loads(usegap("LP02", "--format", "json")[1])["questions"][0]["asked"] == 10


def test_of_homes_no_more_are_said_than_there_are():
    counts = pd.DataFrame({"persons": 30, "homes": 8, "flagged": 8, "rosters_short": 8}, ["V"])
    (row,), rest, hidden = _villages(counts, {"V": "Village", "W": "Nobody answered"})
    assert (row["flagged"], row["rosters_short"], rest, hidden) == (10, 5, None, 0)


def test_csv_and_table_hold_the_same_figures(usegap, field):
    found = json.loads(usegap("--format", "json")[1])
    lines = list(csv.DictReader(io.StringIO(usegap("--format", "csv")[1])))
    figures = {(row["about"], row["name"], row["figure"]): row["value"] for row in lines}
    for row in found["villages"]:
        for name in ("persons", "flagged", "rosters_short"):
            assert figures["village", row["code"], name] == str(row[name])
    assert figures["smaller villages", "", "persons"] == "12"
    assert figures["question", "home-A6", "seconds"] == "15"
    assert figures["question", "home-A8", "asked"] == ""
    code, out, err = usegap()
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["Liuping", "23", "10", "10", "0", "0", "10", "0", "0", "5"] in lines
    smaller = next(line for line in lines if "smaller" in line)
    assert smaller[:5] == ["2", "smaller", "villages", "12", "6"]
    assert next(line for line in lines if line[:1] == ["home-A8"])[1:] == [
        "not", "shown:", "under", "10", "persons",
    ]  # fmt: skip
    assert "rounded to 5" in err.decode()
    assert "too few answers to be listed: 1" in usegap("LP03")[1]


def test_without_a_wave_or_an_area_of_that_name_one_sentence(usegap, sqlite_url, monkeypatch):
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    with database.begin() as session:
        from surveys.publish.areas import programme

        programme(session, "Office")
    database.close()
    code, out, err = usegap()
    assert (code, out) == (1, "")
    assert "No wave was opened there yet" in err.decode()
    code, _, err = usegap("Nowhere")
    assert code == 1
    assert "No area is named Nowhere" in err.decode()
