"""Own words go after their days, contacts with their waves: from every table, and from the file."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from bot.desk import Desk
from bot.jobs import work
from bot.settings import Settings
from surveys.conduct import retention
from surveys.conduct.forget import my_data
from surveys.conduct.forms import loaded_form
from surveys.conduct.panel import agree as agree_to_panel
from surveys.conduct.panel import decline
from surveys.conduct.people import enrol, family_link, open_wave, reach, remember
from surveys.conduct.retention import Erased, due, expire, steps, without_words
from surveys.conduct.settle import note_failure, queue, take_in
from surveys.form.own_words import ERASED, own_words
from surveys.form.xform import load
from surveys.store.database import Database, file_of
from surveys.store.expiring import erase_interviews
from surveys.store.jobs import add_job
from surveys.store.messages import Outgoing
from surveys.store.people import contact_by_lane
from surveys.store.replicas import alone_erasing
from surveys.store.schema import (
    Attachment,
    Audit,
    Contact,
    FormVersion,
    Household,
    Inbox,
    Interview,
    InterviewEvent,
    Outbox,
    Respondent,
    Turn,
    Wave,
)  # fmt: skip
from surveys.store.stepped import load as load_interview
from tests.conduct.conftest import NOW, answer, everything

WORDS = "ask Wang Lan, 13800138000"
LATER = NOW + timedelta(days=91)
FORM = """
| survey | | | | |
| | type | name | label | calculation |
| | select_one who | A1 | Who? | |
| | text | G2 | What would help? | |
| | calculate | long | | string-length(${G2}) |
| | calculate | copy | | concat('said: ', ${G2}) |
| | calculate | twice | | concat(${copy}, '!') |
| | begin repeat | person | Person | |
| | text | name | Name | |
| | integer | age | Age | |
| | end repeat | | | |
| | select_one ${name} | oldest | Who is oldest? | |
| | barcode | card | Card | |
| | image | photo | Photo | |
| choices | | | |
| | list_name | name | label |
| | who | self | I |
| settings | | | |
| | form_title | form_id | version |
| | Words | words | 1 |
"""


def here(session, vault, person, now=NOW, version="4"):
    return enrol(
        session, vault, lane=vault.fingerprint(person), address=person, language="en",
        wave=open_wave(session, "LP01"), household_id=None, consent_version=version,
        abroad_at=now, now=now,
    )  # fmt: skip


def with_words(session, vault, person, now=NOW, words=WORDS):
    interview_id = here(session, vault, person, now)
    answer(session, interview_id, "1", "40", "1 2", words, now=now)
    session.execute(
        insert(Attachment).values(
            interview_id=interview_id, node="/data/photo", name="a.jpg", media_type="image/jpeg",
            size=3, state="fetched", content=b"face", taken_at=now,
        )
    )  # fmt: skip
    return interview_id


def test_which_answers_are_words_and_which_computed_ones_repeat_them():
    from pyxform.xls2xform import convert

    words = own_words(load(convert(FORM, file_type=".md").xform))
    assert words.said == {"/data/G2", "/data/person/name", "/data/oldest", "/data/card"}
    assert words.made == {"/data/long", "/data/copy", "/data/twice"}
    said = {
        "/data/A1": "self", "/data/G2": "13800138000", "/data/long": "11",
        "/data/copy": "said: 13800138000", "/data/twice": "13800138000",
        "/data/person[1]": "", "/data/person[2]/name": "Lan", "/data/person[2]/age": "7",
        "/data/oldest": "Lan", "/data/card": "", "/data/photo": "a.jpg",
    }  # fmt: skip
    gone = dict.fromkeys(
        ("/data/G2", "/data/copy", "/data/twice", "/data/person[2]/name", "/data/oldest"), ERASED
    )
    assert words.erased(said) == gone
    assert words.erased(said | gone) == {}
    state = {"answers": said, "search": "La", "current": "/data/oldest", "draft": ["Lan"]}
    left, changed = without_words(state | {"relevance": "x", "seed": 1}, words)
    assert changed
    assert left == {"answers": said | gone, "current": "/data/oldest", "seed": 1}
    assert without_words(left, words) == (left, False)


def test_own_words_go_and_what_was_measured_stays(database, vault, county, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    with database.begin() as session:
        old = [with_words(session, vault, f"person {n}") for n in range(5)]
        broken = here(session, vault, "bob")
        answer(session, broken, "1", "40", "1")
        session.execute(
            update(Interview).where(Interview.id == broken).values(
                state=json.dumps({**json.loads(session.get(Interview, broken).state),
                                  "search": WORDS})
            )
        )  # fmt: skip
        young = with_words(session, vault, "young", NOW + timedelta(days=3))
        before = dict(session.execute(select(Interview.id, Interview.submission)).all())
    with database.read() as session:
        assert due(session, NOW + timedelta(days=90)) == Erased()
        assert due(session, LATER) == Erased(texts=6)
        assert due(session, LATER, 87) == Erased(texts=7)
    # Cut off after the first batch: the next time goes on.
    run = steps(database, LATER)
    assert next(run) == Erased(texts=2)
    run.close()
    assert sum(step.texts for step in steps(database, LATER)) == 4
    assert list(steps(database, LATER)) == []
    with database.begin() as session:
        assert everything(session).count(WORDS) == 3, "in state, submission and log of the young"
        for one in old:
            row = session.get(Interview, one)
            assert row.texts_erased_at == LATER
            assert row.submission == before[one] | {"/data/G2": ERASED}
            assert row.submission["/data/young"] == "0"
            assert json.loads(row.state)["answers"]["/data/A3"] == "40"
        assert session.get(Interview, young).submission == before[young]
        files = session.scalars(select(Attachment.interview_id)).all()
        assert files == [young]
        logged = session.execute(
            select(InterviewEvent.value).where(
                InterviewEvent.interview_id == old[0], InterviewEvent.node == "/data/G2",
                InterviewEvent.kind == "answered",
            )
        ).scalar_one()  # fmt: skip
        assert logged == ERASED
        lines = session.scalars(select(Audit.object).where(Audit.action == "erase")).all()
        assert lines == [
            "own words of 2 interviews, 2 photos, recordings and files",
            "own words of 2 interviews, 2 photos, recordings and files",
            "own words of 2 interviews, 1 photos, recordings and files",
        ]
        # Who comes back after that long goes on, and what they say then goes in its own time.
        turn = answer(session, broken, now=LATER)
        assert turn.interview.current == "/data/G2"
        answer(session, broken, WORDS, now=LATER)
        contact = reach(session, vault.fingerprint("person 0")).contact_id
        (person,) = my_data(session, vault, contact)["persons"]
        (record,) = person["interviews"]
        assert record["answers"][-1]["answer"] == ERASED
        assert (record["erased"], record["abroad"]) == ("2027-02-23", "2026-11-24")
        assert loaded_form(session, county.version).words.said == {"/data/G2"}
    with database.read() as session:
        assert due(session, LATER + timedelta(days=91)).texts == 2


@pytest.mark.parametrize("what", ["words", "contact"])
def test_nothing_of_it_is_in_the_file_nor_in_its_log(sqlite_url, vault, county_in, what):
    def found():
        file = file_of(sqlite_url)
        kept = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        return [trace for trace in traces if trace.encode() in kept]

    database = Database(sqlite_url)
    county_in(database)
    lane = vault.fingerprint("telegram:6150123456")
    with database.begin() as session:
        interview_id = with_words(session, vault, "telegram:6150123456")
        with_words(session, vault, "bob", words="bob's words")
        link = family_link(session, interview_id)
        remember(session, reach(session, lane).contact_id, f"heard:{interview_id}:1", 77, NOW)
        session.execute(update(Wave).values(closed_at=NOW + timedelta(hours=1)))
        session.execute(insert(Turn).values(lane=lane, sender="r1", until=NOW))
        bob = reach(session, vault.fingerprint("bob")).contact_id
        agree_to_panel(session, bob, NOW)
    traces = [WORDS] if what == "words" else [lane, link]
    assert found() == traces
    expire(database, LATER if what == "words" else NOW + timedelta(hours=2))
    # Not closed: the bot goes on running.
    assert found() == []
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        assert session.scalar(select(func.count()).select_from(Interview)) == 2
    database.close()


def test_a_contact_goes_with_its_waves_and_nothing_leads_back(database, vault, county):
    number = 6150123456
    person = f"telegram:{number}"
    lane = vault.fingerprint(person)
    sender = {"update_id": 9, "message": {"from": {"id": number}, "text": WORDS}}
    with database.begin() as session:
        here(session, vault, "open elsewhere")
        mine = with_words(session, vault, person)
        contact = reach(session, lane).contact_id
        queue(
            session, vault, [Outgoing("sendMessage", {"text": WORDS}, number)], lane=lane,
            contact_id=contact, now=NOW,
        )  # fmt: skip
        remember(session, contact, f"heard:{mine}:1", 77, NOW)
        add_job(session, "export", {"contact_id": contact}, NOW)
        before = session.execute(
            select(Interview.key, Interview.submission, Respondent.household_id, Respondent.entry)
            .join(Respondent)
            .where(Interview.id == mine)
        ).one()
        for name, version in (("yes", "4"), ("old", "3"), ("old no", "3"), ("no", "4")):
            here(session, vault, name, version=version)
        agree_to_panel(session, reach(session, vault.fingerprint("yes")).contact_id, NOW)
        for name in ("old no", "no"):
            assert not decline(session, reach(session, vault.fingerprint(name)).contact_id, NOW)
        # Another wave, elsewhere, that goes on.
        going_on = session.execute(
            insert(Wave)
            .values(
                name="other", area_id=county.other, form_version_id=county.version,
                organisation="O", contact="C", retention_months=24, opened_at=NOW,
            )
            .returning(Wave.id)
        ).scalar_one()  # fmt: skip
        enrol(
            session, vault, lane=vault.fingerprint("open elsewhere"), address="x", language="en",
            wave=open_wave(session, "LP02"), household_id=None, consent_version="4", now=NOW,
        )  # fmt: skip
        end = NOW + timedelta(days=1)
        session.execute(update(Wave).where(Wave.id == county.wave).values(closed_at=end))
    take_in(database, vault, [sender], NOW)
    hour = timedelta(hours=1)
    assert list(steps(database, end - hour)) == []
    # Something they said waits to be handled: they are left until it is.
    assert sum(step.contacts for step in steps(database, end)) == 2
    with database.begin() as session:
        assert reach(session, lane) is not None
        assert due(session, end).contacts == 1
    for _ in range(5):
        note_failure(database, 9, "ValueError", NOW)
    assert sum(step.contacts for step in steps(database, end + hour)) == 1
    with database.begin() as session:
        left = everything(session)
        for trace in (str(number), lane, f"contact_id: {contact}\n"):
            assert trace not in left
        assert session.scalar(select(func.count()).select_from(Inbox)) == 0
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        now = session.execute(
            select(Interview.key, Interview.submission, Respondent.household_id, Respondent.entry)
            .join(Respondent)
            .where(Interview.id == mine, Respondent.contact_id.is_(None))
        ).one()
        assert now == before
        known = [
            name for name in ("yes", "old", "old no", "no", "open elsewhere")
            if reach(session, vault.fingerprint(name)) is not None
        ]  # fmt: skip
        assert known == ["yes", "old", "open elsewhere"]
        assert session.scalar(select(Wave.contacts_erased_at).where(Wave.id == county.wave))
        # Looked through once: there is nothing to do until another wave ends.
        session.execute(update(Wave).where(Wave.id == going_on).values(closed_at=end + 2 * hour))
    assert list(steps(database, end + hour)) == []
    assert sum(step.contacts for step in steps(database, end + 3 * hour)) == 1
    with database.begin() as session:
        # Whoever said yes, and thinks better of it when all is over, goes at once.
        assert decline(session, reach(session, vault.fingerprint("yes")).contact_id, end + 4 * hour)
        assert reach(session, vault.fingerprint("yes")) is None
        assert session.scalar(select(func.count()).select_from(Household)) == 7


def test_where_nothing_is_due_indexes_are_looked_at_and_nothing_else(database, vault, county):
    from surveys.store.database import kind_of

    with database.begin() as session:
        for n in range(3):
            with_words(session, vault, f"person {n}")
        if kind_of(session) != "sqlite":
            return
        asked = []
        connection = session.connection().connection
        connection.set_trace_callback(asked.append)
    list(steps(database, NOW + timedelta(days=1)))
    with database.begin() as session:
        session.connection().connection.set_trace_callback(None)
        looks = [one for one in asked if one.startswith("SELECT") and "interview" in one]
        plans = [
            row[3]
            for one in looks
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")
        ]
        assert any("ix_interview_wave_id_started_at" in plan for plan in plans)
        assert any("ix_interview_texts" in plan for plan in plans)
        assert not [plan for plan in plans if plan.startswith("SCAN interview") and
                    "USING INDEX ix_interview_texts" not in plan]  # fmt: skip
        assert session.scalar(select(func.count()).select_from(FormVersion)) == 1


@pytest.mark.parametrize("other", ["who writes", "another program"])
def test_a_home_is_erased_while_someone_holds_a_part_of_it(
    database, database_url, vault, county, other
):
    end = NOW + timedelta(days=800)
    with database.begin() as session:
        mine = here(session, vault, "alice")
        theirs = select(Respondent).join(Interview).where(Interview.id == mine)
        me = session.scalars(theirs).one()
        enrol(
            session, vault, lane=vault.fingerprint("bob"), address="x", language="en",
            wave=open_wave(session, "LP01"), household_id=me.household_id, consent_version="4",
            now=NOW,
        )  # fmt: skip
        here(session, vault, "chen")
    program = Database(database_url)
    with ThreadPoolExecutor(1) as thread:
        with database.begin() as session:
            if other == "another program":
                alone_erasing(session)
                erase_interviews(session, [mine], [me.id])
            else:
                contact_by_lane(session, vault.fingerprint("alice"))
            erasing = thread.submit(expire, program, end)
            wait([erasing], timeout=0.7)
            if other == "who writes":
                # A person's contact is locked first, then an interview of theirs.
                load_interview(session, mine)
        erased = erasing.result()
    program.close()
    # Who is just writing is left for the next time.
    assert erased + expire(database, end) == (2 if other == "another program" else 3)
    with database.begin() as session:
        for table in (Interview, Respondent, Household, Contact):
            assert session.scalar(select(func.count()).select_from(table)) == 0


async def test_the_running_program_does_it_each_hour_with_the_operator_s_days(
    database, vault, county, monkeypatch
):
    monkeypatch.setattr(retention, "BATCH", 1)
    with database.begin() as session:
        old = [with_words(session, vault, person) for person in ("alice", "bob")]
        with_words(session, vault, "young", NOW + timedelta(hours=1, days=1))
    time = [NOW + timedelta(days=7)]
    desk = Desk(Settings.read({"USEGAP_FREE_TEXT_DAYS": "7"}), vault, "bot", lambda: time[0])
    stop = asyncio.Event()
    working = asyncio.ensure_future(work(database, desk, list, stop))

    async def erased(count):
        gone = select(Interview.id).where(Interview.texts_erased_at.is_not(None))
        async with asyncio.timeout(20):
            while not working.done():
                with database.read() as session:
                    found = session.scalars(gone).all()
                if len(found) == count:
                    return found
                await asyncio.sleep(0.02)
        return await working

    # Nothing is seven whole days old yet; an hour later two are, and the third is not.
    await asyncio.sleep(0.3)
    assert await erased(0) == []
    time[0] += timedelta(hours=1)
    assert sorted(await erased(2)) == old
    stop.set()
    await working
