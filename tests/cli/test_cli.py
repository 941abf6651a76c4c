import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from surveys.store.database import Database
from tests.fieldwork import VILLAGES, answered, interview, open_field
from tests.forked import ran

BROKEN = """
| survey | | | | |
| | type | name | label | relevant |
| | integer | A1 | How many? | |
| | integer | A2 | And? | ${A9} > 1 |
"""


@pytest.fixture
def usegap(usegap_raw):
    """Here what comes out may be a picture or a zip."""
    return usegap_raw


@pytest.fixture
def in_the_field(sqlite_url, monkeypatch):
    """A database with answers, named by the environment."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 8)
        answered(session, field, "LP03", 2)
        answered(session, field, "TOWN", 6)
    yield database, field
    database.close()


@pytest.mark.parametrize(
    "command",
    ["villages links", "admin invite --role owner --bot b", "wave close", "profile LP01",
     "export --out o", "db upgrade", "db check", "form publish f.md"],
)  # fmt: skip
def test_without_a_database_commands_say_so_and_make_none(usegap, command, tmp_path):
    code, out, err = usegap(*command.split())
    assert (code, out) == (1, b"")
    assert err.startswith("usegap: There is no database")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [("nonsense", 2), ("export", 2), ("profile LP01 --format doc", 2), ("villages import", 2),
     ("villages import nowhere.csv", 1), ("form check nowhere.xlsx", 1), ("chat nothing", 1),
     ("admin invite --role area --bot b", 2), ("demo --villages 0", 2), ("--help", 0)],
)  # fmt: skip
def test_exit_codes_tell_misuse_from_trouble(usegap, command, code):
    found, _, err = usegap(*command.split())
    assert found == code
    assert err.count("\n") == (code != 0)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("USEGAP_DATABASE_URL", "mysql://root:hunter2@x/y", "SQLite file or PostgreSQL"),
        ("USEGAP_DATABASE_URL", "postgresql://root:hunter2@127.0.0.1:1/y", "cannot be used"),
        ("USEGAP_TIME_ZONE", "Mars", "USEGAP_TIME_ZONE"),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_its_value(usegap, monkeypatch, name, value, what):
    monkeypatch.setenv(name, value)
    code, _, err = usegap("db", "check")
    assert code == 1
    assert what in err
    assert "hunter2" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("missing", ["USEGAP_TELEGRAM_TOKEN", "USEGAP_ORGANISATION",
                                     "USEGAP_CONTACT"])  # fmt: skip
def test_run_names_the_setting_it_needs_and_starts_nothing(usegap, monkeypatch, tmp_path, missing):
    given = {"USEGAP_TELEGRAM_TOKEN": "1234:" + "x" * 35, "USEGAP_ORGANISATION": "O",
             "USEGAP_CONTACT": "C"}  # fmt: skip
    for name, value in given.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    code, _, err = usegap("run")
    assert code == 1
    assert missing in err
    assert list(tmp_path.iterdir()) == []


def test_telegram_out_of_reach_is_said_without_the_token(usegap, monkeypatch, in_the_field):
    token = "1234:" + "x" * 35
    monkeypatch.setenv("USEGAP_TELEGRAM_TOKEN", token)
    monkeypatch.setenv("USEGAP_TELEGRAM_API", "http://127.0.0.1:9")
    code, out, err = usegap("admin", "invite", "--role", "owner")
    assert code == 1
    assert "Telegram cannot be reached" in err
    assert token not in err
    database, _ = in_the_field
    with database.read() as session:
        from surveys.store.schema import Invite

        assert session.query(Invite).count() == 0
    assert out == b""


def test_villages_are_imported_into_a_new_database(usegap, tmp_path):
    (tmp_path / "v.csv").write_text("code,name\nA,\n")
    code, _, err = usegap("villages", "import", "v.csv")
    assert code == 1
    assert "line 1: the header lacks area" in err
    assert not (tmp_path / "usegap.db").exists()
    (tmp_path / "v.csv").write_text(VILLAGES)
    code, out, _ = usegap("villages", "import", "v.csv")
    assert code == 0
    assert out.startswith(b"4 villages added, 0 updated, 4 counties and townships made; 1 ")
    code, out, _ = usegap("villages", "links", "--bot", "@gap_bot", "--out", "qr")
    assert code == 0
    assert b"LP01\tLiuping\thttps://t.me/gap_bot?start=LP01\n" in out
    pictures = sorted(path.name for path in (tmp_path / "qr").iterdir())
    assert pictures == ["LP01.png", "LP02.png", "LP03.png", "TOWN.png"]
    assert (tmp_path / "qr" / "LP01.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = usegap("db", "check")
    assert (code, out) == (0, b"The database is right; it has 4 villages.\n")


def test_a_form_is_checked_with_everything_that_is_wrong(usegap, tmp_path):
    (tmp_path / "broken.md").write_text(BROKEN)
    code, _, err = usegap("form", "check", "broken.md")
    assert code == 1
    assert "A9" in err
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04no zip")
    code, _, err = usegap("form", "check", "broken.xlsx")
    assert code == 1
    assert err.startswith("error: ")


def test_a_form_is_published_once(usegap, in_the_field, tmp_path):
    from surveys.instruments import shipped

    (tmp_path / "three.md").write_bytes(shipped("three_questions"))
    assert usegap("form", "check", "three.md")[0] == 0
    assert usegap("form", "publish", "three.md")[1].endswith(b"is published.\n")
    assert b"just as it is" in usegap("form", "publish", "three.md")[1]
    (tmp_path / "three.md").write_bytes(shipped("three_questions").replace(b"Use", b"Using"))
    code, _, err = usegap("form", "publish", "three.md")
    assert code == 1
    assert "give the changed form a new version" in err


def test_invites_are_links_with_a_code_that_works(usegap, in_the_field):
    code, out, _ = usegap("admin", "invite", "--role", "area", "--area", "He/Shang", "--bot", "b")
    assert code == 0
    assert out.startswith(b"https://t.me/b?start=admin-")
    assert usegap("admin", "invite", "--role", "area", "--area", "He/X", "--bot", "b")[0] == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_profile_in_every_shape(usegap, in_the_field, tmp_path, language):
    code, out, _ = usegap("profile", "lp01", "--language", language)
    assert code == 0
    assert "Liuping" in out.decode()
    assert b"<b>" not in out
    document = json.loads(usegap("profile", "Liuping", "--format", "json")[1])
    # Twelve users; four who are not online wait for others, and are said to.
    assert (document["code"], document["persons"], document["waiting"]) == ("LP01", 12, 4)
    html = usegap("profile", "LP01", "--format", "html", "--language", language)[1]
    assert f'lang="{language}' in html.decode()
    code, out, err = usegap("profile", "LP01", "--format", "png", "--out", "p.png")
    assert (code, out, err) == (0, b"", "The profile of Liuping is in p.png.\n")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("name", "kind"), [("He/Shang", "township"), ("he", "county"),
                                            ("county office", "programme")])  # fmt: skip
def test_the_profile_of_an_area_in_every_shape(usegap, in_the_field, name, kind, language):
    document = json.loads(usegap("profile", name, "--format", "json")[1])
    assert (document["kind"], document["code"]) == (kind, "")
    first = document["within"]["villages"][0]
    assert (first["code"], first["ranks"]) == ("LP01", [])
    code, out, _ = usegap("profile", name, "--language", language, "--ranks")
    assert (code, document["village"] in out.decode()) == (0, True)
    html = usegap("profile", name, "--format", "html", "--language", language, "--ranks")[1]
    assert "Liuping" in html.decode()
    code, out, _ = usegap("profile", name, "--format", "png")
    assert (code, out[:8]) == (0, b"\x89PNG\r\n\x1a\n")


def test_profiles_that_there_are_not(usegap, in_the_field):
    code, _, err = usegap("profile", "LP01", "--ranks")
    assert (code, "Liuping is a village: ranks are of" in err) == (1, True)
    assert "Nobody in =Cmd Village has finished" in usegap("profile", "LP02")[2]
    assert "No area is named LP99" in usegap("profile", "LP99")[2]


def test_an_export_is_written_whole_and_audited(usegap, in_the_field, tmp_path):
    database, field = in_the_field
    with database.begin() as session:
        interview(session, field, "LP01", "x", village="=1+1")
    code, out, err = usegap("export", "--out", "files", "--bom")
    assert code == 0
    assert out == b"29 submissions are in files.\n"
    left_out, warning = err.splitlines()[-2:]
    assert left_out == "Villages left out, with fewer than 10 persons or 5 homes: 1"
    assert warning.endswith("for your own analysis only, not to be passed on.")
    files = {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()}
    assert sorted(files) == [
        "README.txt", "analysis.R", "analysis.py", "codebook.csv", "codebook.html",
        "submissions.csv", "villages.csv",
    ]  # fmt: skip
    tables = [content for name, content in files.items() if name.endswith(".csv")]
    assert all(content.startswith(b"\xef\xbb\xbf") for content in tables)
    assert b"'=1+1" in files["submissions.csv"]
    with database.read() as session:
        from surveys.store.schema import Audit

        assert session.query(Audit).filter_by(action="export", actor="command line").count() == 1


def test_an_export_that_lacks_a_package_leaves_nothing(usegap, in_the_field, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    before = sorted(tmp_path.iterdir())
    code, out, err = usegap("export", "--out", "files", "--format", "csv", "--format", "parquet")
    assert (code, out, err.count("\n")) == (1, b"", 1)
    assert "pip install 'usegap[parquet]'" in err
    assert sorted(tmp_path.iterdir()) == before


def test_an_export_is_chosen_by_options(usegap, in_the_field, tmp_path):
    code, out, err = usegap(
        "export", "--out", "x.zip", "--area", "LP01", "--area", "TOWN", "--wave", " 2026-03 ",
        "--since", "2026-03-02", "--until", "2026-03-02", "--form-version", "1", "--kobo",
        "--labels", "--language", "zh", "--review", "received,Approved", "--release",
        "--format", "csv", "--format", "sav",
    )  # fmt: skip
    assert (code, out.split()[-1]) == (0, b"x.zip."), err
    assert "could not be checked" in err
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        assert sorted(packed.namelist()) == [
            "README.txt", "codebook.csv", "codebook.html", "submissions.csv", "submissions.sav",
            "villages.csv", "villages.sav",
        ]  # fmt: skip
        assert "你上网吗" in packed.read("submissions.csv").decode().split("\n")[0]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".export")] == []
    for wrong, says in (
        (["--wave", "Autumn"], "No wave called"), (["--form-version", "9"], "no version 9"),
        (["--review", "nice"], "takes received"), (["--labels"], "needs --kobo"),
        (["--area", "Nowhere"], "Nowhere"), (["--kobo", "--format", "sav"], "--format csv"),
    ):  # fmt: skip
        code, _, err = usegap("export", "--out", "o", *wrong)
        assert code in (1, 2)
        assert says in err, err
    assert not (tmp_path / "o").exists()


def test_waves_close_and_open(usegap, in_the_field, monkeypatch):
    code, _, err = usegap("wave", "open")
    assert code == 1
    assert "USEGAP_ORGANISATION" in err
    monkeypatch.setenv("USEGAP_ORGANISATION", "O")
    monkeypatch.setenv("USEGAP_CONTACT", "C")
    assert "close it first" in usegap("wave", "open")[2]
    assert "No wave is about to be closed" in usegap("wave", "reopen")[2]
    assert usegap("wave", "close")[1].startswith(b"Nobody begins any more.")
    assert usegap("wave", "reopen")[1] == b"The wave goes on.\n"
    assert usegap("wave", "close", "--grace", "-1")[0] == 2
    assert usegap("wave", "close", "--grace", "0.5")[0] == 0
    assert usegap("wave", "close", "--grace", "0")[1].startswith(b"The wave is closed. 3 profiles")
    assert "No wave is open" in usegap("wave", "close")[2]
    assert usegap("wave", "open", "--name", "Spring", "--form", "small")[0] == 0


def test_a_newer_database_and_no_database_at_all(usegap, in_the_field, tmp_path, monkeypatch):
    database, _ = in_the_field
    with sqlite3.connect(database.url.database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    code, _, err = usegap("db", "check")
    assert code == 1
    assert "newer version" in err
    (tmp_path / "text.db").write_text("this is no database" * 100)
    monkeypatch.setenv("USEGAP_DATABASE_URL", "sqlite:///text.db")
    code, _, err = usegap("db", "check")
    assert code == 1
    assert "not a database" in err


def test_a_form_is_tried_in_the_terminal(tmp_path):
    done = ran(
        "bot.cli", "chat", "three_questions", "--language", "zh", folder=tmp_path,
        environment=os.environ, given="1\n1 2\n三\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "最近三个月，你上过网吗？" in done.stdout
    assert "谢谢你" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_one():
    done = subprocess.run([sys.executable, "-m", "bot.cli", "--version"], capture_output=True,
                          text=True, check=True, cwd=Path(__file__).parents[2])  # fmt: skip
    from bot.cli.version import __version__

    assert done.stdout == f"usegap {__version__}\n"


def test_margins_are_imported_or_what_is_wrong_is_named(usegap, in_the_field, tmp_path):
    file = tmp_path / "margins.csv"
    head = "area,variable,category,count\n"
    file.write_text(head + "".join(f"LP01,schooling,{one},20\n" for one in
                                   ("primary", "junior", "above")))  # fmt: skip
    code, out, err = usegap("margins", "import", file)
    assert (code, err) == (0, "")
    assert out == b"1 area has margins from this file; 0 were taken away.\n"
    file.write_text(head + "Nowhere,income,rich,many\n")
    code, out, err = usegap("margins", "import", file)
    assert (code, out) == (1, b"")
    assert err.startswith("line 2: the variable must be sex_age or schooling, not income.\n")
    assert err.endswith("usegap: nothing was imported: 2 problems in the list.\n")
