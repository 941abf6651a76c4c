"""A laptop's database is moved to the county in the middle of interviews, and people go on."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.cli.program import app
from surveys.store.database import Database, connect, file_of, url_of
from surveys.store.schema import Base, InterviewEvent
from surveys.store.standstill import AtWork, Unfit
from surveys.store.upgrade import upgrade
from tests.respondent import phones
from tests.store.test_store_migrations import filled

PASSING = {"replica", "turn", "pace", "basis", "standing"}


@pytest.fixture
def county(_new_postgres):
    url = _new_postgres()
    upgrade(url)
    return url


def rows_of(url):
    engine = connect(url_of(url), read_only=True)
    with engine.begin() as connection:
        found = {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for table in Base.metadata.sorted_tables
            if table.name not in PASSING
        }
    engine.dispose()
    return found


def copy(source, target):
    app(["db", "copy", str(file_of(source)), target], standalone_mode=False)


def test_every_table_is_copied_and_numbers_go_on(sqlite_url, county):
    engine = connect(url_of(sqlite_url), foreign_keys=False)
    filled(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE sqlite_sequence SET seq = 5000000 WHERE name = 'contact'")
        )
    engine.dispose()
    before = rows_of(sqlite_url)
    copy(sqlite_url, county)
    assert rows_of(sqlite_url) == before
    after = rows_of(county)
    assert len(after.pop("audit")) == len(before.pop("audit")) + 1
    assert after == before
    assert min(len(rows) for rows in after.values()) == 3
    database = Database(county)
    with database.begin() as session:
        number = session.scalar(sa.text("SELECT nextval('contact_id_seq')"))
        assert number == 5_000_001
        newest = session.scalar(sa.text("SELECT max(id) FROM job"))
        assert session.scalar(sa.text("SELECT nextval('job_id_seq')")) == newest + 1
    database.close()
    with pytest.raises(Unfit, match="not empty"):
        copy(sqlite_url, county)


async def test_people_go_on_at_the_question_they_were_at(sqlite_url, county, tmp_path):
    phones.made(sqlite_url)
    async with phones.at_work(tmp_path, sqlite_url) as survey:
        ann, bob = survey.telegram.person(1, "en", "Ann"), survey.telegram.person(2, "en", "Bob")
        for person in (ann, bob):
            await phones.agree(person)
            await phones.tap(person, "I myself")
        await phones.say(bob, "41")
        await survey.quiet()
        with pytest.raises(AtWork):
            copy(sqlite_url, county)
        await survey.end()
        survey.database.close()
        copy(sqlite_url, county)
        survey.settings = replace(survey.settings, database_url=county)
        survey.database = Database(county)
        await survey.start()
        await phones.say(ann, "34")
        for person in (ann, bob):
            await phones.say(person, "News")
            await phones.say(person, "1")
            await phones.say(person, "words")
            await phones.the_end(person)
        await survey.quiet()
        with survey.database.read() as session:
            answers = session.execute(
                sa.select(InterviewEvent.interview_id, InterviewEvent.node)
                .where(InterviewEvent.kind == "answered")
            ).all()  # fmt: skip
        assert len(answers) == len(set(answers)) == 10
        assert survey.people() == [2, 2, 2]
