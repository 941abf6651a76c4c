"""Migrations: from nothing to the schema, on both databases; copies; newer databases."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from alembic import command
from surveys.store import upgrade as upgrading
from surveys.store.database import Database, UnknownDatabase, connect, file_of, url_of
from surveys.store.margins import replace_margins
from surveys.store.schema import Area, Base, Margin
from surveys.store.upgrade import (
    HEAD,
    NewerDatabase,
    head,
    keep_copy,
    migrations,
    revision_of,
    upgrade,
)


def test_the_migrations_lead_from_nothing_to_the_schema(empty_url):
    assert revision_of(empty_url) is None
    assert upgrade(empty_url)
    assert revision_of(empty_url) == head()
    assert not upgrade(empty_url)
    engine = connect(url_of(empty_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                # What only one kind of database has.
                "include_object": lambda one, *_: (
                    one.info.get("only", engine.dialect.name) == engine.dialect.name
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_there_is_one_head_and_the_program_knows_it():
    config = Config()
    config.set_main_option("script_location", str(migrations()))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_migration_is_all_or_nothing(empty_url, monkeypatch):
    """A migration that breaks in the middle leaves no half of its tables."""
    from alembic import op

    create, seen = op.create_table, []

    def break_at_wave(name, *columns, **options):
        seen.append(name)
        if name == "wave":
            raise RuntimeError("power cut")
        return create(name, *columns, **options)

    monkeypatch.setattr(op, "create_table", break_at_wave)
    with pytest.raises(RuntimeError):
        upgrade(empty_url)
    assert len(seen) > 3
    assert revision_of(empty_url) is None
    monkeypatch.undo()
    assert upgrade(empty_url)


def _set_revision(url, revision):
    database = Database(url)
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    database.close()


def test_a_newer_database_is_refused_in_one_sentence_and_left_alone(database_url):
    _set_revision(database_url, "9999")
    with pytest.raises(NewerDatabase, match="newer version of usegap"):
        upgrade(database_url)
    assert revision_of(database_url) == "9999"
    _set_revision(database_url, HEAD)


def test_a_file_is_copied_before_its_migration_journal_included(sqlite_url, monkeypatch):
    database = Database(sqlite_url)
    with database.begin() as session:
        session.execute(text("INSERT INTO form (form_id, title) VALUES ('f', 'kept')"))
    # Not closed: the row is still in the write-ahead log, not in the file.
    monkeypatch.setattr(upgrading, "HEAD", "the next")
    upgrade(sqlite_url)
    database.close()
    copy = file_of(sqlite_url).with_name("usegap.db.before-the next")
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT title FROM form").fetchall() == [("kept",)]


def test_what_is_there_stays_when_margins_come(empty_url):
    """From the first tables, with an area in them, to those with margins, and back."""
    engine = connect(url_of(empty_url), foreign_keys=False)

    def to(way, revision):
        with engine.connect() as connection:
            config = Config()
            config.set_main_option("script_location", str(migrations()))
            config.attributes["connection"] = connection
            way(config, revision)

    to(command.upgrade, "0001")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO area (id, path, kind, name) VALUES (1, '/1/', 'programme', 'Office')")
        )
    assert upgrade(empty_url)
    database = Database(empty_url)
    with database.begin() as session:
        assert session.get_one(Area, 1).name == "Office"
        replace_margins(session, 1, "schooling", {"primary": 40.5})
    with database.read() as session:
        assert session.get_one(Margin, (1, "schooling", "primary")).count == 40.5
    database.close()
    to(command.downgrade, "0001")
    assert revision_of(empty_url) == "0001"
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT name FROM area")) == "Office"
    engine.dispose()


def test_an_older_copy_is_replaced(tmp_path):
    old, new, copy = (tmp_path / name for name in ("old.db", "new.db", "copy.db"))
    for file, title in ((old, "old"), (new, "new")):
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE t (title)")
            connection.execute("INSERT INTO t VALUES (?)", (title,))
        keep_copy(file, copy)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT title FROM t").fetchall() == [("new",)]


def test_alembic_is_not_imported_when_nothing_is_to_be_done(sqlite_url):
    code = (
        "import sys; from surveys.store.upgrade import upgrade;"
        f"assert not upgrade({sqlite_url!r}); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    "url", ["", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "usegap.db", "no url"]
)
def test_an_unusable_url_is_refused_without_repeating_it(url):
    with pytest.raises(UnknownDatabase) as refused:
        Database(url)
    assert "sqlite:///usegap.db or postgresql://host/name" in str(refused.value)


def test_a_password_is_not_repeated():
    with pytest.raises(UnknownDatabase) as refused:
        Database("postgresql://alice:secret@host:port/name")
    assert "secret" not in str(refused.value)
