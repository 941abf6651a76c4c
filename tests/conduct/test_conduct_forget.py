"""Forgotten means gone: no column of any table knows the person any more."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from surveys.conduct.forget import forget, my_data, sweep
from surveys.conduct.people import family_link, open_wave_of_home, persons, reach, remember
from surveys.conduct.settle import note_failure, settle, take_in
from surveys.store.database import Database, file_of
from surveys.store.jobs import add_job
from surveys.store.messages import Outgoing
from surveys.store.schema import (
    Administrator,
    Area,
    Contact,
    Grant,
    Household,
    Inbox,
    Interview,
    InterviewEvent,
    Outbox,
    Respondent,
)  # fmt: skip
from tests.conduct.conftest import NOW, agree, answer, everything

ADDRESS = "6150123456"
WORDS = "便宜的流量"


def traces(session, vault, person=ADDRESS):
    """What could lead to a person: the sealed address opened, the keyed hash, ids, words."""
    rows = session.execute(
        select(Respondent.id, Respondent.entry, Respondent.household_id, Interview.key)
        .join(Interview)
        .join(Contact, Contact.id == Respondent.contact_id)
        .where(Contact.address_hash == vault.fingerprint(person))
    ).all()
    return {value for row in rows for value in row} | {person, vault.fingerprint(person), WORDS}


def update(number):
    sender = {"id": int(ADDRESS)}
    return {"update_id": number, "message": {"from": sender, "text": WORDS}}


@pytest.fixture
def lived(database, vault, county):
    """Someone with two persons on the phone: answers, messages sent and waiting, a parked update,
    an export ordered."""
    lane = vault.fingerprint(f"telegram:{ADDRESS}")

    def handle(session):
        one = agree_here(session)
        answer(session, one, "1", "40", "1 2", WORDS)
        two = agree_here(session)
        answer(session, two, "2", "70")
        contact_id = reach(session, lane).contact_id
        remember(session, contact_id, f"heard:{one}:1", 5, NOW)
        add_job(session, "export", {"contact_id": contact_id}, NOW)
        return [
            Outgoing("sendMessage", {"text": WORDS}, int(ADDRESS), key=f"ask:{one}:1"),
            Outgoing("sendMessage", {"text": WORDS}, int(ADDRESS), key=f"ask:{two}:1"),
            Outgoing("sendMessage", {"text": WORDS}, int(ADDRESS)),
        ]

    def agree_here(session):
        from surveys.conduct.people import enrol, open_wave

        return enrol(
            session, vault, lane=lane, address=ADDRESS, language="zh",
            wave=open_wave(session, "LP01"), household_id=None, consent_version="1", now=NOW,
        )  # fmt: skip

    first, _ = take_in(database, vault, [update(1), update(2)], NOW)
    settle(database, vault, first, lambda session, taken: handle(session), NOW)
    for _ in range(5):
        note_failure(database, 2, "ValueError", NOW)
    with database.begin() as session:
        # Someone else, whom nothing of this may touch.
        answer(session, agree(session, vault, person="bob"), "1", "30", "1", "bob's own words")
        return reach(session, lane).contact_id


def test_everything_of_a_contact_goes(database, vault, lived):
    person = f"telegram:{ADDRESS}"
    with database.begin() as session:
        known = traces(session, vault, person)
        assert len(known) == 3 + 8
        assert forget(session, lived, None, keep_answers=False, now=NOW) == 2
    with database.read() as session:
        left = everything(session)
        assert [trace for trace in known if trace in left] == []
        assert f"contact_id: {lived}" not in left
        assert "bob's own words" in left
        for table, count in {
            Contact: 1, Respondent: 1, Household: 1, Interview: 1, Outbox: 0,
        }.items():  # fmt: skip
            assert session.scalar(select(func.count()).select_from(table)) == count, table
        assert session.scalars(select(Inbox.body)).all() == [None]
        assert "'2 persons, answers deleted'" in left


def test_answers_may_stay_without_any_tie(database, vault, lived):
    person = f"telegram:{ADDRESS}"
    with database.begin() as session:
        known = traces(session, vault, person)
        finished = session.execute(
            select(Interview.key, Interview.id, Respondent.entry)
            .join(Respondent)
            .where(Interview.status == "finished", Respondent.contact_id == lived)
        ).one()
        assert forget(session, lived, None, keep_answers=True, now=NOW) == 2
    with database.read() as session:
        row = session.execute(
            select(Interview, Respondent).join(Respondent).where(Interview.key == finished.key)
        ).one()
        assert row.Interview.submission["/data/G2"] == WORDS
        assert row.Interview.state == "{}"
        assert (row.Respondent.contact_id, row.Respondent.entry) == (None, finished.entry)
        of_it = InterviewEvent.interview_id == finished.id
        assert session.scalar(select(func.count()).where(of_it)) == 0
        left = everything(session)
        for gone in (ADDRESS, vault.fingerprint(person)):
            assert gone in known | {ADDRESS}
            assert gone not in left
        # The unfinished one of the other person is gone altogether.
        assert session.scalar(select(func.count()).select_from(Interview)) == 2
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0


@pytest.mark.parametrize("keep", [True, False])
def test_one_person_of_a_phone_goes_and_the_other_stays(database, vault, county, lived, keep):
    with database.begin() as session:
        one, two = persons(session, lived, county.wave)
        session.execute(text("UPDATE contact SET current_interview_id = :to WHERE id = :id"),
                        {"to": one.interview_id, "id": lived})  # fmt: skip
        gone = forget(session, lived, one.respondent_id, keep_answers=keep, now=NOW)
        assert gone == 1
        assert forget(session, lived, one.respondent_id, keep_answers=keep, now=NOW) == 0
    with database.begin() as session:
        (left,) = persons(session, lived, county.wave)
        assert left == two
        contact = reach(session, vault.fingerprint(f"telegram:{ADDRESS}"))
        assert contact.current_interview_id is None
        keys = session.scalars(select(Outbox.key).where(Outbox.key.is_not(None))).all()
        assert keys == [f"ask:{two.interview_id}:1"]
        kept = session.scalar(select(func.count()).where(Interview.id == one.interview_id))
        assert kept == (1 if keep else 0)
        # The last person takes the contact along.
        assert forget(session, lived, two.respondent_id, keep_answers=keep, now=NOW) == 1
        assert reach(session, vault.fingerprint(f"telegram:{ADDRESS}")) is None


def test_nobody_forgets_someone_elses_person(database, vault, county, lived):
    with database.begin() as session:
        bob = reach(session, vault.fingerprint("bob"))
        (other,) = persons(session, bob.contact_id, county.wave)
        before = everything(session)
        assert forget(session, lived, other.respondent_id, keep_answers=False, now=NOW) == 0
        assert everything(session) == before


def test_an_administrator_who_answered_stays_one_until_all_is_forgotten(database, vault, county):
    with database.begin() as session:
        agree(session, vault)
        contact = reach(session, vault.fingerprint("alice")).contact_id
        area = session.scalar(select(Area.id).where(Area.kind == "county"))
        administrator = session.execute(
            insert(Administrator).values(contact_id=contact, created_at=NOW)
            .returning(Administrator.id)
        ).scalar_one()  # fmt: skip
        session.execute(
            insert(Grant).values(administrator_id=administrator, area_id=area, role="area")
        )
        (person,) = persons(session, contact, county.wave)
        forget(session, contact, person.respondent_id, keep_answers=False, now=NOW)
        sweep(session)
        assert reach(session, vault.fingerprint("alice")) is not None
        forget(session, contact, None, keep_answers=False, now=NOW)
        assert reach(session, vault.fingerprint("alice")) is None
        assert session.scalar(select(func.count()).select_from(Grant)) == 0


def test_a_home_stays_while_someone_is_left_in_it(database, vault, county):
    with database.begin() as session:
        link = family_link(session, agree(session, vault))
        _, home = open_wave_of_home(session, link)
        agree(session, vault, person="bob", home=home)
        alice = reach(session, vault.fingerprint("alice")).contact_id
        forget(session, alice, None, keep_answers=False, now=NOW)
        assert open_wave_of_home(session, link)[1] == home
        bob = reach(session, vault.fingerprint("bob")).contact_id
        forget(session, bob, None, keep_answers=False, now=NOW)
        assert open_wave_of_home(session, link) is None


def test_what_is_kept_is_shown_in_plain_words(database, vault, county, lived):
    with database.read() as session:
        record = my_data(session, vault, lived)
        assert my_data(session, vault, 404) == {}
    assert record["contact"] == {
        "channel": "telegram", "address": ADDRESS, "language": "zh", "since": "2026-11-24",
        "unreminded": "",
    }  # fmt: skip
    one, two = record["persons"]
    assert (one["person"], one["village"]) == (1, "清水")
    (interview,) = one["interviews"]
    assert interview["answers"] == [
        {"question": "谁答题？", "answer": "我自己"},
        {"question": "你多大？", "answer": "40"},
        {"question": "你上网做什么？", "answer": "新闻, 打电话"},
        {"question": "什么能帮到你？", "answer": WORDS},
    ]
    assert (interview["status"], interview["finished"]) == ("finished", "2026-11-24")
    assert interview["computed"]["young"] == "0"
    assert interview["events"] >= 8
    (unfinished,) = two["interviews"]
    assert (unfinished["status"], unfinished["finished"]) == ("open", "")
    assert len(unfinished["answers"]) == 2


def test_what_is_forgotten_is_in_no_byte_of_the_file_nor_its_log(sqlite_url, vault, county_in):
    def kept():
        file = file_of(sqlite_url)
        found = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        return [trace for trace in traces if trace.encode() in found]

    traces = {vault.fingerprint(ADDRESS), WORDS}
    database = Database(sqlite_url)
    county_in(database)
    with database.begin() as session:
        answer(session, agree(session, vault, person=ADDRESS), "1", "40", "1", WORDS)
        contact = reach(session, vault.fingerprint(ADDRESS)).contact_id
    assert len(kept()) == 2
    with database.begin() as session:
        forget(session, contact, None, keep_answers=False, now=NOW)
    # Not closed: the bot goes on running.
    assert kept() == []
    database.close()
    assert kept() == []


STEP = st.tuples(
    st.sampled_from(["agree", "join", "answer", "finish", "forget", "keep", "all"]),
    st.integers(0, 2),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, max_size=14))
def test_people_come_and_go_and_the_rows_say_who_is_left(sqlite_url, vault, county_in, steps):
    """Against a model: for every phone its persons (finished or not), and what was left behind."""
    database = Database(sqlite_url)
    with database.begin() as session:
        for table in (
            "contact", "interview_event", "interview", "respondent", "household", "wave",
            "form_version", "form", "area", "audit", "outbox",
        ):  # fmt: skip
            session.execute(text(f"DELETE FROM {table}"))
    county = county_in(database)
    phones = {0: {}, 1: {}, 2: {}}
    homes = {}
    kept = 0
    for what, phone in steps:
        mine = phones[phone]
        name = f"phone {phone}"
        with database.begin() as session:
            contact = reach(session, vault.fingerprint(name))
            assert (contact is not None) is bool(mine)
            if what in ("agree", "join"):
                home = next(iter(homes.get(phone - 1, [])), None) if what == "join" else None
                interview = agree(session, vault, person=name, home=home)
                mine[interview] = False
                link = family_link(session, interview)
                homes.setdefault(phone, []).append(open_wave_of_home(session, link)[1])
            elif mine and what in ("answer", "finish"):
                interview = max(mine)
                if not mine[interview]:
                    mine[interview] = what == "finish"
                    said = ("1", "40", "1", WORDS) if what == "finish" else ()
                    answer(session, interview, *said)
            elif mine:
                interview = None if what == "all" else min(mine)
                numbers = {one.interview_id: one for one in
                           persons(session, contact.contact_id, county.wave)}  # fmt: skip
                who = None if interview is None else numbers[interview].respondent_id
                gone = list(mine) if interview is None else [interview]
                keep = what == "keep"
                assert forget(session, contact.contact_id, who, keep_answers=keep, now=NOW) == len(
                    gone
                )
                kept += sum(mine[one] for one in gone) if keep else 0
                for one in gone:
                    del mine[one]
                homes.pop(phone, None)
        with database.read() as session:
            for other, theirs in phones.items():
                found = reach(session, vault.fingerprint(f"phone {other}"))
                assert (found is not None) is bool(theirs)
                if found:
                    rows = persons(session, found.contact_id, county.wave)
                    assert {one.interview_id: one.status == "finished" for one in rows} == theirs
            total = sum(map(len, phones.values())) + kept
            assert session.scalar(select(func.count()).select_from(Interview)) == total
            assert session.scalar(select(func.count()).select_from(Respondent)) == total
            lived_in = session.scalars(select(Respondent.household_id)).all()
            assert set(session.scalars(select(Household.id))) == set(lived_in)
    database.close()
