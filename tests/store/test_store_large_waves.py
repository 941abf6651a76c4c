"""What a wave of a million is asked is found where it is kept for that."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from surveys.store.forms import versions_of_wave
from surveys.store.reviews import rejected_in
from surveys.store.standing import stamps
from tests.fieldwork import interview, open_field


@pytest.fixture
def plans(database):
    """A wave in which three have answered, one of whom a review rejected; gives what SQLite does to
    find something of it."""
    where = open_field(database)
    with database.begin() as session:
        for n in range(3):
            one = interview(session, where, next(iter(where.villages)), f"home {n}", Q1="no")
        one.review = "rejected"

    def looked(function):
        with database.begin() as session:
            asked, connection = [], session.connection().connection
            connection.set_trace_callback(asked.append)
            found = function(session, where.wave)
            connection.set_trace_callback(None)
            return found, [
                row[3]
                for one in asked
                if "FROM interview" in one
                for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")
            ]

    return looked


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("function", "index"),
    [
        (versions_of_wave, "ix_interview_wave_id_form_version_id"),
        (rejected_in, "ix_interview_rejected"),
        (stamps, "ix_interview_rejected"),
        (stamps, "ix_interview_read"),
    ],
)
def test_sqlite_takes_the_index_that_was_made_for_it(plans, function, index):
    found, done = plans(function)
    assert len(found) == 1
    assert any(f"USING COVERING INDEX {index}" in one for one in done), done
    assert not any(one.startswith("SCAN interview") for one in done)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_compresses_long_texts_quickly_where_it_can(database):
    with database.read() as session:
        able = session.scalar(
            text(
                "SELECT 'lz4' = ANY(enumvals) FROM pg_settings"
                " WHERE name = 'default_toast_compression'"
            )
        )
        found = session.execute(
            text(
                "SELECT attrelid::regclass::text || '.' || attname, attcompression::text"
                " FROM pg_attribute WHERE attcompression <> ''"
            )
        ).all()
    long = ("interview.state", "interview.submission", "report.members", "report.profile")
    assert sorted(found) == [(one, "l") for one in long if able]
