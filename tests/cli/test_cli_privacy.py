"""Who asks by letter is forgotten, without a chat's number in the shell's history."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from surveys.conduct.advance import advance
from surveys.conduct.people import enrol, open_wave, reach
from surveys.interview.state import Begin, Typed
from surveys.store.database import Database
from surveys.store.schema import Administrator, Area, Audit, Contact, Grant, Interview, Respondent
from surveys.store.vault import Vault
from tests.forked import ran
from tests.respondent.phones import made

KEY = "a key for tests, and only for tests"
CHAT = "6150123456"
NOW = datetime.now(UTC)


@pytest.fixture
def kept(database_url, monkeypatch):
    """Two persons on one phone, one finished; and somebody else."""
    made(database_url)
    monkeypatch.setenv("USEGAP_DATABASE_URL", database_url)
    monkeypatch.setenv("USEGAP_SECRET_KEY", KEY)
    database = Database(database_url)
    vault = Vault(KEY.encode())
    with database.begin() as session:
        for number, said in ((CHAT, ("1", "40", "1", "1", "zebrafish")), (CHAT, ("1",)), ("7", ())):
            interview_id = enrol(
                session, vault, lane=vault.fingerprint(f"telegram:{number}"), address=number,
                language="en", wave=open_wave(session, "LP01"), household_id=None,
                consent_version="4", now=NOW,
            )  # fmt: skip
            advance(session, interview_id, Begin(), NOW, None)
            for text in said:
                advance(session, interview_id, Typed(text), NOW, None)
    yield database
    database.close()


def typed(*arguments, keys):
    """The command with what is typed at its prompts, away from any terminal."""
    done = ran("bot.cli", *arguments, environment=os.environ, given=keys, session=True)
    assert "Traceback" not in done.stderr
    assert CHAT not in done.stdout + done.stderr
    return done.returncode, done.stdout.lstrip(), done.stderr


def left(database):
    with database.read() as session:
        rows = (
            session.execute(select(Contact.id)).all(),
            session.execute(select(Respondent.id)).all(),
        )
        done = session.scalars(select(Interview.id).where(Interview.status == "finished")).all()
    return len(rows[0]), len(rows[1]), len(done)


def key_of(database, status):
    with database.read() as session:
        return session.scalar(select(Interview.key).where(Interview.status == status).limit(1))


def test_one_person_by_the_id_of_their_submission(usegap, kept):
    key = key_of(kept, "finished")
    code, out, err = usegap("forget", key[:13], "--keep-answers")
    assert (code, out) == (
        0,
        "1 forgotten: finished answers stay, with nothing that leads to anyone.\n",
    )
    assert err == "1 person, 1 finished and 0 unfinished interviews, in Liuping 柳坪.\n"
    assert left(kept) == (2, 3, 1)
    # They write again: the answers shall go, too. Nobody leads to them any more, the id does.
    code, out, _ = usegap("forget", key, "--delete-answers")
    assert (code, out) == (0, "1 forgotten: deleted.\n")
    assert left(kept) == (2, 2, 0)
    assert usegap("forget", key, "--delete-answers")[0] == 1
    with kept.read() as session:
        lines = session.execute(select(Audit.actor, Audit.object).where(Audit.action == "forget"))
        assert [tuple(line) for line in lines] == [
            ("command line", "1 persons, answers kept"),
            ("command line", "1 persons, answers deleted"),
        ]


def test_everyone_of_a_chat_by_its_number_at_a_prompt(kept):
    code, out, err = typed("forget", "--chat", keys=f"{CHAT}\nperhaps\n")
    assert (code, out) == (1, "")
    assert "2 persons, 1 finished and 1 unfinished interviews, in Liuping 柳坪." in err
    assert "Nothing was deleted." in err
    assert left(kept) == (2, 3, 1)
    code, out, _ = typed("forget", "--chat", keys=f"{CHAT}\ndelete\n")
    assert (code, out) == (0, "2 forgotten: deleted.\n")
    assert left(kept) == (1, 1, 0)
    code, _, err = typed("forget", "--chat", "--delete-answers", keys=f"{CHAT}\n")
    assert code == 1
    assert "Nobody is known by this number" in err
    code, _, err = typed("forget", "--chat", "--delete-answers", keys="Wang Lan\n")
    assert "digits only" in err


def test_the_last_owner_and_what_is_asked_wrongly(usegap, kept):
    with kept.begin() as session:
        contact = reach(session, Vault(KEY.encode()).fingerprint("telegram:7")).contact_id
        mine = insert(Administrator).values(contact_id=contact, created_at=NOW)
        one = session.execute(mine.returning(Administrator.id)).scalar_one()
        root = session.scalar(select(Area.id).where(Area.kind == "programme"))
        session.execute(insert(Grant).values(administrator_id=one, area_id=root, role="owner"))
    code, _, err = typed("forget", "--chat", "--delete-answers", keys="7\n")
    assert code == 1
    assert "last owner" in err
    for wrong in ((), ("--chat", "uuid:1"), ("12345678", "--keep-answers", "--delete-answers")):
        assert usegap("forget", *wrong)[0] == 1
    assert left(kept) == (2, 3, 1)


def test_what_will_be_erased_when(usegap, kept):
    code, out, err = usegap("retention")
    assert (code, err) == (0, "")
    nothing = "0 whole interviews, 0 interviews' own words, photos and recordings, 0 contacts"
    assert out.splitlines()[0] == f"now: {nothing}"
    with kept.begin() as session:
        old = NOW - timedelta(days=60)
        session.execute(
            update(Interview).values(started_at=old, updated_at=old).where(
                Interview.status == "open"
            )
        )  # fmt: skip
    last = usegap("retention")[1].splitlines()
    assert "2 interviews' own words" not in last[2]
    assert f"by {NOW + timedelta(days=90):%Y-%m-%d}: 0 whole interviews, 2 interviews'" in last[4]
    assert usegap("retention", "--now")[1] == f"Erased: {nothing}.\n"
