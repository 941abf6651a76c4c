"""The same people in several waves: who answers again stays who they are, and can be forgotten."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text, update

from surveys.conduct.forget import forget, my_data
from surveys.conduct.people import (
    anew,
    enrol,
    family_link,
    home_link,
    latest_village,
    my_persons,
    open_wave,
    open_wave_of_home,
    persons,
    reach,
    remember,
    returning,
    several_waves,
)  # fmt: skip
from surveys.conduct.retention import expire
from surveys.store.database import Database
from surveys.store.schema import (
    Contact,
    Household,
    Interview,
    InterviewEvent,
    Outbox,
    Respondent,
    Wave,
)  # fmt: skip
from tests.conduct.conftest import NOW, agree, answer, everything

YEAR = timedelta(days=365)
SAID = ("1", "40", "1", "words")


def next_wave(session, county, now=NOW + YEAR, months=24):
    """The wave that is open is closed, and the next is opened."""
    session.execute(update(Wave).where(Wave.closed_at.is_(None)).values(closed_at=now))
    return session.execute(
        insert(Wave)
        .values(
            name="next", area_id=county.county, form_version_id=county.version,
            organisation="County office", contact="0931", retention_months=months, opened_at=now,
        )
        .returning(Wave.id)
    ).scalar_one()  # fmt: skip


def again(session, vault, respondent_id, *, person="alice", code="LP01", home=None, now=NOW + YEAR):
    """Someone agrees to answer once more."""
    return enrol(
        session, vault, lane=vault.fingerprint(person), address=person, language="zh",
        wave=open_wave(session, code), household_id=home, consent_version="2", now=now,
        respondent_id=respondent_id,
    )  # fmt: skip


def person_of(session, interview_id):
    return session.execute(
        select(Respondent.id, Respondent.household_id, Respondent.entry, Respondent.number)
        .join(Interview)
        .where(Interview.id == interview_id)
    ).one()


def test_who_answers_again_is_the_same_person_in_the_same_home_and_entry(database, vault, county):
    with database.begin() as session:
        first = agree(session, vault)
        answer(session, first, *SAID)
        home = open_wave_of_home(session, family_link(session, first))[1]
        second = agree(session, vault, home=home)
        neighbour = agree(session, vault)
        before = {one: person_of(session, one) for one in (first, second, neighbour)}
        contact = reach(session, vault.fingerprint("alice")).contact_id
        known = persons(session, contact, county.wave)
        assert returning(known, open_wave(session, "LP01")) == []
        assert not anew(session, vault.fingerprint("nobody"))
        assert not several_waves(session, [one.respondent_id for one in known])
    with database.begin() as session:
        session.execute(update(Wave).values(closed_at=NOW))
        assert not anew(session, vault.fingerprint("alice"))
        wave_id = next_wave(session, county)
        assert anew(session, vault.fingerprint("alice"))
        known = persons(session, contact, wave_id)
        assert [(one.number, one.interview_id, one.before) for one in known] == [
            (1, None, NOW), (2, None, NOW), (3, None, NOW),
        ]  # fmt: skip
        assert returning(known, open_wave(session, "LP01")) == known
        assert returning(known, open_wave(session, "LP02")) == []
        once_more = again(session, vault, before[second].id)
        assert person_of(session, once_more) == before[second]
        assert reach(session, vault.fingerprint("alice")).current_interview_id == once_more
        # Agreed to twice: one person has one interview in a wave.
        agree(session, vault, home=home)
        assert again(session, vault, before[second].id) == once_more
        assert reach(session, vault.fingerprint("alice")).current_interview_id == once_more
        known = persons(session, contact, wave_id)
        assert [one.number for one in returning(known, open_wave(session, "LP01"))] == [1, 3]
        added = known[-1]
        # Someone new at home, in the wave after: the home and the entry are the old ones.
        assert (added.number, added.household_id) == (4, home)
        assert person_of(session, added.interview_id).entry == before[first].entry
        row = session.get(Interview, once_more)
        assert (row.consent_version, row.consented_at) == ("2", NOW + YEAR)
        assert several_waves(session, [before[second].id])
        assert latest_village(session, contact) == county.village
        assert home_link(session, home) == family_link(session, once_more)


@pytest.mark.parametrize("who", ["another's", "of another village", "forgotten"])
def test_whoever_cannot_be_the_same_is_somebody_new(database, vault, county, who):
    with database.begin() as session:
        mine, other = agree(session, vault), agree(session, vault, person="bob")
        agree(session, vault)
        same = person_of(session, other if who == "another's" else mine)
        if who == "forgotten":
            contact = reach(session, vault.fingerprint("alice")).contact_id
            forget(session, contact, same.id, keep_answers=True, now=NOW)
        next_wave(session, county)
        code = "LP02" if who == "of another village" else "LP01"
        fresh = person_of(session, again(session, vault, same.id, code=code))
    assert fresh.id != same.id
    assert fresh.household_id != same.household_id
    assert fresh.entry != same.entry
    assert fresh.number == 3


def test_who_is_too_young_in_a_later_wave_keeps_what_was_answered_before(database, vault, county):
    with database.begin() as session:
        first = agree(session, vault)
        answer(session, first, *SAID)
        contact = reach(session, vault.fingerprint("alice")).contact_id
        remember(session, contact, f"heard:{first}:1", 5, NOW)
        next_wave(session, county)
        before = everything(session)
        second = again(session, vault, person_of(session, first).id)
        remember(session, contact, f"heard:{second}:1", 6, NOW)
        assert not answer(session, second, "1", "15", "1", "no").kept
        assert reach(session, vault.fingerprint("alice")).current_interview_id is None
        session.execute(update(Contact).values(current_interview_id=first))
        assert everything(session) == before


@pytest.mark.parametrize("keep", [True, False])
def test_forgetting_is_of_all_waves(database, vault, county, keep):
    with database.begin() as session:
        first = agree(session, vault)
        answer(session, first, *SAID)
        housemate = agree(session, vault, home=person_of(session, first).household_id)
        same = person_of(session, first)
        next_wave(session, county)
        second = again(session, vault, same.id)
        answer(session, second, "1", "41", "1", "other words", now=NOW + YEAR)
        next_wave(session, county, NOW + 2 * YEAR)
        third = again(session, vault, same.id, now=NOW + 2 * YEAR)
        answer(session, third, "1")
        contact = reach(session, vault.fingerprint("alice")).contact_id
        for interview_id in (first, second, third):
            remember(session, contact, f"heard:{interview_id}:1", 5 + interview_id, NOW)
        (person, _) = my_data(session, vault, contact)["persons"]
        assert [one["started"] for one in person["interviews"]] == [
            "2026-11-24", "2027-11-24", "2028-11-23",
        ]  # fmt: skip
        assert forget(session, contact, same.id, keep_answers=keep, now=NOW) == 1
    with database.read() as session:
        left = set(session.scalars(select(Interview.id)))
        assert left == ({housemate, first, second} if keep else {housemate})
        assert my_persons(session, contact) == {2: person_of(session, housemate).id}
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        assert set(session.scalars(select(InterviewEvent.interview_id))) <= {housemate}
        if keep:
            # The panel stays a panel: nobody can tell whose it is, but it is one person's.
            assert person_of(session, first)[:3] == person_of(session, second)[:3] == same[:3]
            assert session.get(Respondent, same.id).contact_id is None
        else:
            assert same.id not in everything(session)


def test_each_wave_goes_when_its_own_time_is_over(database, vault, county):
    with database.begin() as session:
        first = agree(session, vault)
        answer(session, first, *SAID)
        same = person_of(session, first)
        broken = agree(session, vault, person="bob")
        next_wave(session, county)
        second = again(session, vault, same.id)
        answer(session, second, *SAID, now=NOW + YEAR)
    end = NOW + timedelta(days=732)
    assert expire(database, NOW + 2 * YEAR) == 0
    assert expire(database, end) == 2
    with database.begin() as session:
        assert set(session.scalars(select(Interview.id))) == {second}
        assert broken not in session.scalars(select(Interview.id)).all()
        assert reach(session, vault.fingerprint("bob")) is None
        next_wave(session, county, end)
        third = again(session, vault, same.id, now=end)
        assert person_of(session, third) == same
    assert expire(database, end + YEAR) == 1
    with database.begin() as session:
        assert person_of(session, third) == same
    assert expire(database, NOW + 5 * YEAR) == 1
    with database.read() as session:
        for table in (Contact, Household, Respondent, Interview):
            assert session.scalar(select(func.count()).select_from(table)) == 0


STEP = st.tuples(
    st.sampled_from(["agree", "join", "again", "again", "finish", "forget", "keep", "all", "wave",
                     "expire"]),
    st.integers(0, 1),
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, max_size=18))
def test_the_rows_say_who_answered_in_which_wave(sqlite_url, vault, county_in, steps):
    """Against a model: of every phone its persons, each with their home and their interviews
    (wave -> finished), and of those who kept their answers the same. A wave is 200 days long, and
    answers are kept for 12 months: what is two waves old goes."""
    database = Database(sqlite_url)
    with database.begin() as session:
        for table in (
            "contact", "interview_event", "interview", "respondent", "household", "wave",
            "form_version", "form", "area", "audit", "outbox", "job",
        ):  # fmt: skip
            session.execute(text(f"DELETE FROM {table}"))
    county = county_in(database)
    phones: list[dict[str, dict]] = [{}, {}]
    nameless: list[dict] = []
    waves = [county.wave]
    with database.begin() as session:
        session.execute(update(Wave).values(retention_months=12))
    for what, phone in steps:
        mine, name = phones[phone], f"phone {phone}"
        now = NOW + timedelta(days=200 * (len(waves) - 1))
        here = len(waves) - 1
        with database.begin() as session:
            contact = reach(session, vault.fingerprint(name))
            if what == "wave":
                waves.append(next_wave(session, county, now + timedelta(days=200), months=12))
            elif what in ("agree", "join"):
                home = next((one["home"] for one in mine.values()), None)
                home = home if what == "join" else None
                fresh = agree(session, vault, person=name, home=home, now=now)
                row = person_of(session, fresh)
                assert home in (None, row.household_id)
                mine[row.id] = {"home": row.household_id, "entry": row.entry, "in": {here: False}}
                entries = {(one["home"], one["entry"]) for one in mine.values()}
                assert len(entries) == len({one["home"] for one in mine.values()})
            elif what == "again" and mine:
                known = persons(session, contact.contact_id, waves[-1])
                able = returning(known, open_wave(session, "LP01"))
                assert {one.respondent_id for one in able} == {
                    one for one, kept in mine.items() if here not in kept["in"]
                }
                if able:
                    again(session, vault, able[-1].respondent_id, person=name, now=now)
                    mine[able[-1].respondent_id]["in"][here] = False
            elif what == "finish" and mine:
                for one in persons(session, contact.contact_id, waves[-1]):
                    if one.status == "open":
                        answer(session, one.interview_id, *SAID, now=now)
                        mine[one.respondent_id]["in"][here] = True
            elif what in ("forget", "keep", "all") and mine:
                gone = list(mine) if what == "all" else [min(mine)]
                only = None if what == "all" else gone[0]
                forget(session, contact.contact_id, only, keep_answers=what == "keep", now=now)
                for one in gone:
                    lost = mine.pop(one)
                    lost["in"] = {wave: True for wave, done in lost["in"].items() if done}
                    if what == "keep" and lost["in"]:
                        nameless.append(lost)
        if what == "expire":
            expire(database, now)
            for group in ([*phones[0].values()], [*phones[1].values()], nameless):
                for kept in group:
                    kept["in"] = {w: done for w, done in kept["in"].items() if here - w < 2}
            for theirs in phones:
                for one in [one for one, kept in theirs.items() if not kept["in"]]:
                    del theirs[one]
            nameless = [kept for kept in nameless if kept["in"]]
        with database.read() as session:
            expected = sorted(
                (kept["home"], kept["entry"], waves[wave], "finished" if done else "open")
                for group in (phones[0].values(), phones[1].values(), nameless)
                for kept in group
                for wave, done in kept["in"].items()
            )
            rows = session.execute(
                select(Respondent.household_id, Respondent.entry, Interview.wave_id,
                       Interview.status).join(Interview)
            ).all()  # fmt: skip
            assert sorted(tuple(row) for row in rows) == expected
            for number, theirs in enumerate(phones):
                found = reach(session, vault.fingerprint(f"phone {number}"))
                assert (found is not None) is bool(theirs)
                ids = my_persons(session, found.contact_id).values() if found else []
                assert set(ids) == set(theirs)
            homes = set(session.scalars(select(Household.id)))
            assert homes == {home for home, *_ in expected}
    database.close()
