"""The page on privacy names every column of every table, or says that its table is about nobody."""

import re
from pathlib import Path

from surveys.form.own_words import ERASED, WORDS
from surveys.store.schema import Base

PAGE = (Path(__file__).parent.parent / "docs" / "privacy.md").read_text("utf-8")
IMPERSONAL = {
    "administrator": {"id"}, "attachment": {
        "id", "form_version_id", "media_type", "state", "sha256", "sent_as"
    },
    "audit": {"id", "at", "action", "area_id"}, "contact": {"id"},
    "daily_count": {"day", "area_id", "kind"},
    "delivery": {"id", "key", "area_id", "wave_id", "reason", "finished", "messages", "made_at"},
    "draft": {"kind", "made_at"}, "grant": {"id"}, "guess": {"hour"},
    "inbox": {"update_id", "received_at", "tries", "error", "done_at", "parked_at"},
    "interview": {"id", "form_version_id", "version"}, "interview_event": {"id"},
    "job": {"id", "key", "kind", "due_at", "tries", "error", "taken_by", "done_at"},
    "outbox": {"id", "sender", "not_before", "tries", "error", "created_at", "done_at"},
    "report": {"id", "area_id", "wave_id", "computed_at", "submissions"},
    "schedule": {"id", "area_id", "kind", "active", "weekday", "hour", "due_at", "created_at"},
    "standing": {"wave_id", "area_id", "report_id", "later"}, "turn": {"sender", "until"},
}  # fmt: skip
"""Columns that hold nothing about a person: whoever adds one says which it is."""


def test_every_column_about_a_person_is_named_with_how_long_and_why():
    table = PAGE.split("\n## What is kept\n")[1].split("\nNothing about a person is in ")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("|")][2:]
    assert {len(row) for row in rows} == {5}
    assert all(cell.strip() for row in rows for cell in row)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_0-9]+)`", row[1])}
    nobody = PAGE.split("\nNothing about a person is in ")[1].split(";")[0]
    tables = set(re.findall(r"`(\w+)`", nobody))
    wanted = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        if table.name not in tables
        for column in table.columns
        if column.name not in IMPERSONAL.get(table.name, ())
    }
    assert named == wanted
    assert not tables & IMPERSONAL.keys()


def test_what_counts_as_own_words_is_as_the_program_has_it():
    assert all(f"`{one}`" in PAGE for one in (*WORDS, ERASED))
