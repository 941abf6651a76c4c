"""A role of the database that can do no more than it must; a role of ours that is gone."""

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, func, make_url, select, text
from sqlalchemy.exc import ProgrammingError

from surveys.conduct.forget import forget
from surveys.conduct.people import reach
from surveys.conduct.retention import expire
from surveys.publish.team import revoke
from surveys.store.database import Database, url_of
from surveys.store.grants import grants
from surveys.store.jobs import add_job
from surveys.store.messages import Outgoing, put
from surveys.store.schema import Grant, Interview, Job, Outbox
from surveys.store.vault import Vault
from tests.administrators.conftest import link, parcel
from tests.fieldwork import NOW
from tests.respondent.phones import PATIENCE, agree, at_work, finish, made, say, settle
from tests.security import sealed_things as things


@pytest.fixture
def as_role(postgres_url):
    """The URL of a PostgreSQL database as a role that was given what we say, and no more."""
    name = f'usegap "{uuid4().hex[:8]}'
    quoted = '"{}"'.format(name.replace('"', '""'))
    owner = create_engine(url_of(postgres_url), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE ROLE {quoted}"))
        for statement in grants(name):
            connection.exec_driver_sql(statement)
    escaped = name.replace(" ", "\\ ")
    url = make_url(postgres_url).update_query_dict({"options": f"-c role={escaped}"})
    yield url.render_as_string(False), postgres_url
    with owner.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {quoted}"))
        connection.execute(text(f"DROP ROLE {quoted}"))
    owner.dispose()


async def test_a_whole_survey_runs_as_a_role_without_power(as_role, tmp_path, monkeypatch):
    url, owners = as_role
    monkeypatch.setattr("bot.jobs.PAUSE", 0.05)
    made(owners)
    async with at_work(tmp_path, url) as survey:
        boss = survey.telegram.person(701, "en")
        assert "owner" in (await say(boss, link(survey, "owner", None))).text
        first = survey.telegram.person(702, "en")
        for number in (702, 703, 704):
            person = survey.telegram.person(number, "en")
            await agree(person)
            await finish(person)
        await say(boss, "/summary")
        await say(boss, "/audit")
        await say(boss, "/profile LP01")
        await parcel(boss)
        await say(boss, "/export")
        await boss.tap(boss.last, "CSV (R, Python)")
        message = await boss.wait_for(lambda seen: "own analysis" in str(seen.rows), PATIENCE)
        await boss.tap(message, "For our own analysis")
        await boss.wait_for(lambda seen: seen.file is not None and
                            seen.file.filename.endswith(".zip"), PATIENCE)  # fmt: skip
        await settle(first, "Delete the answers too", await say(first, "/forget"))
        await survey.quiet()
        assert survey.count(Interview) == [2]
        with survey.database.begin() as session:
            vault = Vault(survey.settings.secret_key.encode())
            gone = reach(session, vault.fingerprint(f"telegram:{person.id}"))
            assert forget(session, gone.contact_id, None, keep_answers=False, now=NOW) == 1
        (before,) = survey.count(Interview)
        expire(survey.database, NOW.replace(year=NOW.year + 9))
        assert before
        assert survey.count(Interview) == [0]
        await survey.quiet()
        with survey.database.begin() as session:
            ran_as = session.scalar(text("SELECT current_user"))
            assert ran_as.startswith('usegap "')
            assert not session.scalar(text("SELECT count(*) FROM job WHERE error IS NOT NULL"))
    refused(url)


def refused(url):
    database = Database(url)
    for statement in (
        "CREATE TABLE mine (a int)", "ALTER TABLE area ADD COLUMN mine int", "DROP TABLE audit",
        "TRUNCATE interview", "DELETE FROM audit", "UPDATE audit SET actor = 'me'",
        "UPDATE form_version SET xform = ''", "UPDATE alembic_version SET version_num = '1'",
        "DELETE FROM visit_key", "CREATE SCHEMA mine", "COPY area TO PROGRAM 'cat'",
    ):  # fmt: skip
        with (
            pytest.raises(ProgrammingError, match="InsufficientPrivilege"),
            database.begin() as session,
        ):
            session.connection().exec_driver_sql(statement)
    database.close()


def test_what_was_ordered_goes_with_the_role(database, vault):
    things.fill(database, vault)
    with database.begin() as session:
        lane = things.lane(vault, things.OWNER)
        owner = reach(session, lane).contact_id
        other = reach(session, things.lane(vault, things.RESIDENT)).contact_id
        for whom in (owner, other):
            add_job(session, "export", {"contact_id": whom}, NOW, key=f"export:{whom}")
        for key in ("job:7:1:0", "delivery:3:0", "ask:1:1", None):
            put(session, vault, [Outgoing("sendMessage", {"text": "x"}, 1, key=key)], lane, NOW)
        grant = session.scalar(select(Grant.id))
        assert revoke(session, grant, "test", NOW, force=True)
    with database.read() as session:
        assert session.scalars(select(Job.key)).all() == [f"export:{other}"]
        theirs = select(Outbox.key).where(Outbox.contact_id == owner)
        assert sorted(map(str, session.scalars(theirs))) == ["None", "ask:1:1"]
        assert session.scalar(select(func.count()).select_from(Grant)) == 0
