"""`usegap backup` and `restore` where something is wrong: one sentence, and nothing has changed."""

import sqlite3

import pytest
from sqlalchemy import text

from surveys.store.database import Database, file_of
from surveys.store.schema import Contact
from surveys.store.vault import Vault
from tests.fieldwork import NOW

KEY = "k" * 40


@pytest.fixture
def kept(sqlite_url, monkeypatch, usegap, tmp_path):
    """A database with someone in it, its backup, and a bot that has it open."""
    monkeypatch.setenv("USEGAP_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("USEGAP_SECRET_KEY", KEY)
    database = Database(sqlite_url)
    with database.begin() as session:
        sealed = Vault(KEY.encode()).seal(b"telegram:1")
        session.add(
            Contact(channel="telegram", address=sealed, address_hash="h", language="en",
                    created_at=NOW)
        )  # fmt: skip
    assert usegap("backup", "one.backup")[0] == 0
    yield database
    database.close()


def test_a_backup_is_whole_private_and_never_replaced_unasked(kept, usegap, tmp_path):
    file = tmp_path / "one.backup"
    assert file.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (1,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    code, _, err = usegap("backup", "one.backup")
    assert (code, err.count("\n")) == (1, 1)
    assert "--force" in err
    assert usegap("backup", "one.backup", "--force")[0] == 0
    assert "the database itself" in usegap("backup", "usegap.db", "--force")[2]
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize(
    ("what", "said"),
    [("open", "has"), ("key", "another one"), ("damaged", "damaged"), ("text", "no backup"),
     ("newer", "newer version"), ("other", "none of usegap's")],
)  # fmt: skip
def test_what_cannot_be_restored_changes_nothing(kept, usegap, tmp_path, monkeypatch, what, said):
    file = tmp_path / "one.backup"
    if what != "open":
        kept.close()
    if what == "key":
        monkeypatch.setenv("USEGAP_SECRET_KEY", "x" * 40)
    elif what == "damaged":
        content = bytearray(file.read_bytes())
        content[4096 * 3 : 4096 * 12] = bytes(range(256)) * (16 * 9)
        file.write_bytes(content)
    elif what == "text":
        file.write_text("not a database")
    elif what in ("newer", "other"):
        with sqlite3.connect(file) as connection:
            change = "UPDATE alembic_version SET version_num = '9999'"
            connection.execute(change if what == "newer" else "DROP TABLE alembic_version")
    code, _, err = usegap("restore", "one.backup")
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert said in err
    assert sorted(one.name for one in tmp_path.glob("*restore*")) == []
    again = Database(f"sqlite:///{tmp_path / 'usegap.db'}")
    with again.read() as session:
        assert session.scalar(text("SELECT count(*) FROM contact")) == 1
        assert session.scalar(text("SELECT count(*) FROM audit")) == 0
    again.close()


def test_what_was_there_is_kept_even_if_it_is_no_database_any_more(kept, usegap, tmp_path):
    target = file_of(str(kept.url))
    kept.close()
    target.write_bytes(b"power cut")
    code, out, _ = usegap("restore", "one.backup")
    assert code == 0
    assert "before-restore" in out
    assert (tmp_path / "usegap.db.before-restore").read_bytes() == b"power cut"
    assert usegap("db", "check")[0] == 0


def test_on_postgresql_one_sentence_says_what_to_do(usegap, monkeypatch):
    monkeypatch.setenv("USEGAP_DATABASE_URL", "postgresql://root:hunter2@127.0.0.1:1/y")
    for command, program in (("backup", "pg_dump"), ("restore", "pg_restore")):
        code, _, err = usegap(command, "f")
        assert (code, err.count("\n")) == (1, 1)
        assert program in err
        assert "hunter2" not in err
