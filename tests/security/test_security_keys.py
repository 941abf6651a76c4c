"""The secret key changes: everything opens with the new one, and nothing with the old."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import LargeBinary, func, insert, select, text

from bot.application import run
from bot.demo.server import Telegram
from bot.settings import Settings
from surveys.conduct.keys import AlreadyRotated, rotate
from surveys.conduct.people import know, reach
from surveys.conduct.settle import unsent, waiting
from surveys.publish import accept_invite, invite
from surveys.publish.followup import import_visits
from surveys.store.database import Database
from surveys.store.drafts import draft_of
from surveys.store.keys import SEALED, opens
from surveys.store.schema import Audit, Base, Contact, Inbox, Interview, Outbox, Replica
from surveys.store.standstill import AtWork
from surveys.store.vault import Vault, WrongKey
from tests.fieldwork import NOW
from tests.forked import Forked, ran
from tests.respondent.phones import agree, made
from tests.security import sealed_things as things

OLD, NEW = "the old key, which somebody knew who left", "the new key, which nobody knows who left"
PLAIN_TOO = {("attachment", "content")}
"""Columns in which sealed values stand beside plain ones."""
NUMBERS = {("standing", "numbers")}
"""Bytes that are numbers: of villages, and nobody's."""


@pytest.fixture
def old():
    return Vault(OLD.encode())


@pytest.fixture
def new():
    return Vault(NEW.encode())


def columns():
    """Every column that can hold something sealed, found in the schema itself."""
    return [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and (table.name, column.name) not in NUMBERS
    ]


def values(database):
    with database.read() as session:
        return {
            (column.table.name, column.name): [
                value for value in session.scalars(select(column)) if value is not None
            ]
            for column in columns()
        }


def opened(vault, sealed):
    return sorted(vault.open(one) if vault.fits(one) else one for one in sealed)


def test_every_sealed_column_of_the_schema_is_known():
    assert {(one.table, one.column) for one in SEALED} == {
        (column.table.name, column.name) for column in columns()
    }


def test_after_a_rotation_only_the_new_key_opens_anything(database, old, new):
    where, pending = things.fill(database, old)
    before = values(database)
    # What the test stands on: something is in every one of them (a visit key comes by rotating).
    assert {place for place, found in before.items() if not found} == {("visit_key", "sealed")}
    with database.read() as session:
        known = {value for column in (Contact.address_hash, Inbox.lane)
                 for value in session.scalars(select(column))}  # fmt: skip
    done = rotate(database, old, new, NOW, by="test")
    assert done.invites == 1
    after = values(database)
    for place, sealed in after.items():
        assert sealed, place
        assert sum(map(old.fits, sealed)) == 0, place
        assert place in PLAIN_TOO or all(map(new.fits, sealed)), place
        if place != ("visit_key", "sealed"):
            assert opened(new, sealed) == opened(old, before[place]), place
    with database.begin() as session:
        left = "\n".join(str(row) for table in Base.metadata.sorted_tables
                         for row in session.execute(table.select()))  # fmt: skip
        assert not [one for one in known if one in left]
        assert opens(session, new) is True
        assert opens(session, old) is False
        # Everybody is known, and goes on where they were.
        alice = reach(session, things.lane(new, things.RESIDENT))
        assert session.get(Interview, alice.current_interview_id).status == "open"
        owner = reach(session, things.lane(new, things.OWNER))
        assert draft_of(session, new, owner.contact_id).body == b"a list"
        ids = list(session.scalars(select(Outbox.id).order_by(Outbox.id)))
        lines = [(one.lane, one.outgoing.chat_id) for one in unsent(database, new, ids)]
        alice_lane, stranger = (things.lane(new, one) for one in (things.RESIDENT, things.STRANGER))
        assert lines[:2] == [(alice_lane, things.RESIDENT), (stranger, things.STRANGER)]
        assert lines[2][0] not in (things.lane(old, things.STRANGER), None)
        (waits,) = waiting(database, new)
        assert (waits.lane, waits.update["message"]["text"]) == (alice_lane, things.WORDS)
        parked = session.scalar(select(Inbox.lane).where(Inbox.parked_at.is_not(None)))
        assert parked == stranger
        (noted,) = session.scalars(select(Audit.object).where(Audit.action == "rotate key"))
        sealed = sum(len(found) for place, found in before.items())
        assert noted == f"{sealed - 1} values, 1 invites ended"  # One file of a form is plain.
    with database.begin() as session:
        assert accept_invite(session, new, pending, owner.contact_id, NOW) is None
        code = invite(session, new, "viewer", None, NOW)
        assert accept_invite(session, new, code, owner.contact_id, NOW)
        # Homes visited before are found again by the key that is kept.
        again = import_visits(
            session, new, where.villages["LP01"], where.wave, things.VISITED, NOW
        )  # fmt: skip
        assert (again.homes, again.replaced) == (2, 2)


def test_a_second_rotation_keeps_what_homes_are_known_by(database, old, new):
    where, _ = things.fill(database, old)
    third = Vault(b"the third key, for the year after")
    rotate(database, old, new, NOW, by="test")
    rotate(database, new, third, NOW, by="test")
    with database.begin() as session:
        place, wave = where.villages["LP01"], where.wave
        assert import_visits(session, third, place, wave, things.VISITED, NOW).replaced == 2
        homes = select(func.count()).select_from(Interview).where(Interview.mode == "visited")
        assert session.scalar(homes) == 2


def test_what_is_refused_changes_nothing(database, old, new):
    things.fill(database, old)
    before = values(database)
    wrong = Vault(b"somebody else's key, of another survey")
    with pytest.raises(WrongKey, match="The old key does not open"):
        rotate(database, wrong, new, NOW, by="test")
    with database.begin() as session:
        clock = text("SELECT now()") if session.bind.dialect.name == "postgresql" else None
        seen = session.scalar(clock) if clock is not None else datetime.now(UTC)
        session.execute(insert(Replica).values(id="r", started_at=NOW, seen_at=seen))
    with pytest.raises(AtWork, match="stop every"):
        rotate(database, old, new, NOW, by="test")
    with database.begin() as session:
        session.execute(Base.metadata.tables["replica"].update().values(seen_at=NOW))
        # One value of a thousand that another key sealed: all of it stays as it was.
        session.execute(
            Base.metadata.tables["attachment"].update()
            .where(Base.metadata.tables["attachment"].c.name == "voice")
            .values(content=wrong.seal(b"x"))
        )  # fmt: skip
    mixed = values(database)
    with pytest.raises(WrongKey):
        rotate(database, old, new, NOW, by="test")
    assert values(database) == mixed
    with database.begin() as session:
        session.execute(
            Base.metadata.tables["attachment"].update()
            .where(Base.metadata.tables["attachment"].c.name == "voice")
            .values(content=next(v for v in before["attachment", "content"] if old.fits(v)))
        )  # fmt: skip
    rotate(database, old, new, NOW, by="test")
    with pytest.raises(AlreadyRotated):
        rotate(database, old, new, NOW, by="test")


# On the command line ---------------------------------------------------------------------------


@pytest.fixture
def folder(sqlite_url, tmp_path):
    """A survey with the key in its file beside the database."""
    key = tmp_path / "usegap.key"
    key.touch(0o600)
    key.write_text(OLD + "\n")
    database = Database(sqlite_url)
    things.fill(database, Vault(OLD.encode()), datetime.now(UTC))
    database.close()
    return tmp_path


def usegap(folder, *words, **settings):
    given = {"USEGAP_DATABASE_URL": f"sqlite:///{folder / 'usegap.db'}"} | settings
    done = ran("bot.cli", *words, folder=folder, environment=os.environ | given)
    assert "Traceback" not in done.stderr
    for secret in (OLD, NEW):
        assert secret not in done.stdout + done.stderr
    return done


def which(folder):
    """Which key files open the database."""
    database = Database(f"sqlite:///{folder / 'usegap.db'}")
    with database.read() as session:
        found = {
            file.name for file in folder.glob("usegap.key*")
            if opens(session, Vault(file.read_text().strip().encode()))
        }  # fmt: skip
    database.close()
    return found


def test_a_key_file_is_replaced_and_the_old_one_kept(folder):
    said = usegap(folder, "key", "check").stdout
    assert said == f"The key in {folder}/usegap.key opens this database.\n"
    done = usegap(folder, "key", "rotate", USEGAP_WEBHOOK_URL="https://bot.example.org/t")
    assert done.returncode == 0, done.stderr
    assert "sealed anew; only the key in" in done.stdout
    for line in ("1 invites that", "usegap webhook set", "usegap.key.old"):
        assert line in done.stderr
    assert which(folder) == {"usegap.key"}
    assert (folder / "usegap.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "usegap.key.old").read_text() == OLD + "\n"
    assert not (folder / "usegap.key.new").exists()
    # The key of old backups is not written over.
    again = usegap(folder, "key", "rotate")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "usegap.key.old is there from the last time" in again.stderr
    # To a key in a setting; then from one setting to the next.
    (folder / "usegap.key.old").unlink()
    done = usegap(folder, "key", "rotate", USEGAP_SECRET_KEY=NEW)
    assert done.returncode == 0, done.stderr
    assert (which(folder), (folder / "usegap.key").exists()) == (set(), False)
    both = {"USEGAP_OLD_SECRET_KEY": NEW, "USEGAP_SECRET_KEY": "x" * 40}
    assert usegap(folder, "key", "rotate", **both).returncode == 0
    again = usegap(folder, "key", "rotate", **both)
    assert (again.returncode, again.stderr) == (
        1, "usegap: This database opens with the new key already: nothing to do.\n"
    )  # fmt: skip
    wrong = usegap(folder, "key", "rotate", USEGAP_OLD_SECRET_KEY=OLD, USEGAP_SECRET_KEY=NEW)
    assert (wrong.returncode, wrong.stderr) == (
        1, "usegap: The old key does not open this database: nothing was changed.\n"
    )  # fmt: skip
    # A bot with a key that does not fit does not begin to seal with it.
    run = usegap(
        folder, "run", USEGAP_SECRET_KEY=NEW, USEGAP_TELEGRAM_TOKEN="1:" + "A" * 35,
        USEGAP_ORGANISATION="O", USEGAP_CONTACT="C",
    )  # fmt: skip
    assert run.returncode == 1
    assert "does not open this database" in run.stderr


def test_killed_between_the_database_and_the_file_it_is_ended_next_time(folder):
    # The database is on the new key, the file not yet: what a kill after the commit leaves.
    coming = folder / "usegap.key.new"
    coming.touch(0o600)
    coming.write_text(NEW)
    database = Database(f"sqlite:///{folder / 'usegap.db'}")
    rotate(database, Vault(OLD.encode()), Vault(NEW.encode()), NOW, by="test")
    database.close()
    said = usegap(folder, "key", "check")
    assert f"{coming} opens this database" in said.stdout
    assert "run `usegap key rotate` again" in said.stderr
    done = usegap(folder, "key", "rotate")
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stderr
    assert which(folder) == {"usegap.key"}
    assert (folder / "usegap.key.old").read_text() == OLD + "\n"


def test_killed_at_any_moment_one_key_opens_everything(folder):
    """SIGKILL at moments all over the rotation: until one of them comes too late."""
    database = Database(f"sqlite:///{folder / 'usegap.db'}")
    with database.begin() as session:
        vault = Vault(OLD.encode())
        now = {"channel": "telegram", "language": "en", "created_at": NOW}
        session.execute(insert(Contact), [
            now | {"address": vault.seal(f"{n}".encode()), "address_hash": things.lane(vault, n)}
            for n in range(10_000, 13_000)
        ])  # fmt: skip
    database.close()
    environment = os.environ | {"USEGAP_DATABASE_URL": f"sqlite:///{folder / 'usegap.db'}"}
    ends = []
    # The log of a transaction under way grows: the first kills come while it does.
    for pause in (0.0, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.2, 60.0):
        process = Forked("bot.cli", "key", "rotate", folder=folder, environment=environment)
        coming = folder / "usegap.key.new"
        while process.returncode is None and not coming.exists():
            time.sleep(0.001)
        try:
            ends.append(process.join(pause))
        except subprocess.TimeoutExpired:
            process.kill()
            # It may have come to its end in between.
            ends.append(process.join())
        assert len(which(folder)) == 1, "exactly one key opens everything"
        if ends[-1] == 0:
            break
    *killed, ended = ends
    assert ended == 0
    assert set(killed) == {-signal.SIGKILL}
    assert len(killed) >= 3
    assert which(folder) == {"usegap.key"}
    assert "The key in" in usegap(folder, "key", "check").stdout
    with sqlite3.connect(folder / "usegap.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM contact").fetchone()
    assert count == 3_002


# Beside a bot ----------------------------------------------------------------------------------


async def test_a_bot_that_starts_while_the_key_changes_does_not_go_on(database_url, tmp_path, new):
    """It has looked at the key already, and is not at work yet."""
    made(database_url)

    def rotated(desk):
        other = Database(database_url)
        with other.begin() as session:
            know(session, desk.vault, "0" * 64, "1", "en", NOW)
        rotate(other, desk.vault, new, NOW, by="test")
        other.close()

    async with Telegram(limits=False) as telegram:
        settings = Settings.read({
            "USEGAP_TELEGRAM_API": telegram.url, "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_DATABASE_URL": database_url, "USEGAP_SECRET_KEY": OLD,
        })  # fmt: skip
        with pytest.raises(WrongKey, match="usegap key check"):
            await run(settings, limits=False, started=rotated)
    assert opens_alone(database_url, new)


async def test_a_bot_that_stood_still_while_the_key_changed_does_not_go_on(
    database_url, tmp_path, new, monkeypatch
):
    monkeypatch.setattr("bot.replicas.BEAT", 0.05)
    monkeypatch.setattr("surveys.store.keys.SEEN_WITHIN", timedelta(0))
    made(database_url)
    telegram = Telegram(limits=False)
    async with telegram:
        settings = Settings.read({
            "USEGAP_TELEGRAM_API": telegram.url, "USEGAP_TELEGRAM_TOKEN": telegram.token,
            "USEGAP_DATABASE_URL": database_url, "USEGAP_SECRET_KEY": OLD,
        })  # fmt: skip
        bot = asyncio.create_task(run(settings, limits=False))
        await agree(telegram.person(701, "en"))
        other = Database(database_url)
        await asyncio.to_thread(rotate, other, Vault(OLD.encode()), new, NOW, by="test")
        other.close()
        with pytest.raises(WrongKey, match="usegap key check"):
            await asyncio.wait_for(bot, 30)
    assert opens_alone(database_url, new)


def opens_alone(url, vault):
    database = Database(url)
    with database.read() as session:
        found = opens(session, vault)
    database.close()
    return found
