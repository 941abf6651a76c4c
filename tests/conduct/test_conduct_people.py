"""From a village's code to a finished interview, and who is who on one phone."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from surveys.conduct.advance import Conflict, Gone, WaveClosed, advance, form_of
from surveys.conduct.people import (
    NotYours,
    NoWave,
    count_day,
    family_link,
    know,
    latest_village,
    messages_of_interview,
    my_persons,
    number_of,
    open_wave,
    open_wave_of_area,
    open_wave_of_home,
    persons,
    reach,
    remember,
    set_blocked,
    set_language,
    turn_to,
)  # fmt: skip
from surveys.interview.state import Ask, Begin, Finished, Stale, Tapped, Typed
from surveys.store.database import do_last
from surveys.store.jobs import due_jobs
from surveys.store.schema import (
    Area,
    Contact,
    DailyCount,
    Household,
    Interview,
    InterviewEvent,
    Respondent,
    Wave,
)  # fmt: skip
from tests.conduct.conftest import NOW, agree, answer, everything

LATER = NOW + timedelta(days=1)


def test_a_whole_interview(database, vault, county):
    with database.begin() as session:
        interview_id = agree(session, vault)
        turn = answer(session, interview_id, "我自己", "四十", "1、3")
    assert turn.interview.status == "open"
    assert (turn.area_id, turn.wave_id, turn.kept) == (county.village, county.wave, True)
    with database.begin() as session:
        turn = answer(session, interview_id, "便宜的流量", now=LATER)
        assert any(isinstance(effect, Finished) for effect in turn.effects)
        row = session.execute(select(Interview)).scalar_one()
        assert (row.status, row.mode, row.finished_at, row.flags) == ("finished", "self", LATER, [])
        said = {path.rsplit("/")[-1]: value for path, value in row.submission.items()}
        assert said.pop("instanceID", row.key) == row.key
        assert said == {
            "A1": "self", "A3": "40", "young": "0", "B1": "news pay", "G2": "便宜的流量",
        }  # fmt: skip
        # 23:30 in UTC is the next morning in the village.
        assert turn.interview.started == "2026-11-25T07:30:00.000+08:00"
        log = session.execute(
            select(InterviewEvent.kind, InterviewEvent.node, InterviewEvent.value)
            .where(InterviewEvent.kind == "answered")
            .order_by(InterviewEvent.id)
        ).all()
        assert [(node.rsplit("/")[-1], value) for _, node, value in log] == [
            ("A1", "self"), ("A3", "40"), ("B1", "news pay"), ("G2", "便宜的流量"),
        ]  # fmt: skip
        version = row.version
        stale = advance(session, interview_id, Tapped(1, 0), LATER, 99)
        assert any(isinstance(effect, Stale) for effect in stale.effects)
        session.expire_all()
        assert session.execute(select(Interview.version)).scalar_one() == version


def test_the_target_orders_one_profile(database, vault, county):
    with database.begin() as session:
        session.execute(update(Area).where(Area.id == county.village).values(target=2))
        finals = []
        for person in ("alice", "bob", "chen"):
            answer(session, agree(session, vault, person=person), "1", "40", "1", "nothing")
            finals.append([job.arguments for job in due_jobs(session, NOW)])
    expected = {"area_id": county.village, "wave_id": county.wave, "reason": "target"}
    assert finals == [[], [expected], [expected]]


def test_who_is_under_16_leaves_nothing(database, vault, county):
    with database.begin() as session:
        before = everything(session)
        turn = answer(session, agree(session, vault), "1", "15", "1", "no")
        assert turn.interview.status == "finished"
        assert not turn.kept
        assert everything(session) == before
        # Of two on one phone only the young one goes.
        first = agree(session, vault)
        answer(session, first, "1", "40", "1", "no")
        answer(session, agree(session, vault), "1", "15", "1", "no")
        contact = reach(session, vault.fingerprint("alice"))
        (left,) = persons(session, contact.contact_id, county.wave)
        assert (left.number, left.interview_id, left.answered) == (1, first, 4)
        assert contact.current_interview_id is None


def test_an_interview_that_is_not_there_and_a_wave_that_is_closed(database, vault, county):
    with database.begin() as session:
        interview_id = agree(session, vault)
        with pytest.raises(Gone):
            advance(session, interview_id + 1, Begin(), NOW, None)
        session.execute(update(Wave).values(closed_at=LATER))
        advance(session, interview_id, Begin(), NOW, None)
        with pytest.raises(WaveClosed):
            advance(session, interview_id, Typed("1"), LATER, None)
        with pytest.raises(NoWave) as closed:
            open_wave(session, "lp01")
        assert closed.value.village == "清水"


def test_a_write_in_between_is_a_conflict_and_changes_nothing(database, vault, county):
    with database.begin() as session:
        interview_id = agree(session, vault)
        answer(session, interview_id)

    def interfere(form, interview):
        inner.execute(update(Interview).values(version=Interview.version + 1))
        return Typed("1")

    with database.begin() as inner:
        with pytest.raises(Conflict):
            advance(inner, interview_id, interfere, NOW, 7)
        assert inner.scalars(select(Interview.mode)).all() == [None]
        assert inner.scalars(select(InterviewEvent.update_id)).all() == [None]


def test_two_at_once_on_one_interview_lose_no_answer(database, vault, county):
    """Both tap choices of the same question: each choice must be on in the end."""
    with database.begin() as session:
        interview_id = agree(session, vault)
        turn = answer(session, interview_id, "1", "40")
        (seq,) = [one.prompt.seq for one in turn.effects if isinstance(one, Ask)]
    start = threading.Barrier(2)
    failed = []

    def tap(buttons):
        start.wait()
        try:
            for button in buttons:
                with database.begin() as session:
                    advance(session, interview_id, Tapped(seq, button), NOW, None)
        except Conflict as conflict:
            failed.append(conflict)

    # An odd number of taps on each: on in the end, if none of them is lost.
    threads = [
        threading.Thread(target=tap, args=(buttons,)) for buttons in ([0, 1] * 5, [2, 3] * 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with database.read() as session:
        version = session.scalar(select(Interview.version))
    with database.begin() as session:
        turn = advance(session, interview_id, Begin(), NOW, None)
    assert sorted(turn.interview.draft) == ["call", "news", "pay", "shop"]
    assert version >= 20


def test_one_phone_in_two_homes(database, vault, county):
    with database.begin() as session:
        first = agree(session, vault)
        link = family_link(session, first)
        assert family_link(session, first) == link
        wave, home = open_wave_of_home(session, link)
        second = agree(session, vault, home=home)
        third = agree(session, vault)
        fourth = agree(session, vault, person="bob", home=home)
        rows = {
            row.id: row
            for row in session.execute(
                select(Interview.id, Respondent.entry, Respondent.household_id, Respondent.number)
                .join(Respondent)
            )
        }  # fmt: skip
        contact = reach(session, vault.fingerprint("alice"))
        assert contact.current_interview_id == third
        assert [one.interview_id for one in persons(session, contact.contact_id, county.wave)] == [
            first, second, third,
        ]  # fmt: skip
        assert list(my_persons(session, contact.contact_id)) == [1, 2, 3]
        assert number_of(session, contact.contact_id, third) == 3
        assert number_of(session, contact.contact_id, fourth) is None
        turn_to(session, contact.contact_id, second)
        with pytest.raises(NotYours):
            turn_to(session, contact.contact_id, fourth)
        assert reach(session, vault.fingerprint("alice")).current_interview_id == second
        turn_to(session, contact.contact_id, None)
        assert reach(session, vault.fingerprint("alice")).current_interview_id is None
        with pytest.raises(NotYours):
            family_link(session, 404)
    # One phone in one home is one entry, with whoever comes by its family link.
    assert rows[first].entry == rows[second].entry == rows[fourth].entry
    assert rows[third].entry != rows[first].entry
    assert rows[first].household_id == rows[second].household_id == rows[fourth].household_id
    assert rows[third].household_id != home
    assert [rows[one].number for one in (first, second, third, fourth)] == [1, 2, 3, 1]
    assert wave.village == "清水"


def home_and_entry(session, interview_id):
    query = select(Respondent.household_id, Respondent.entry, Respondent.id).join(Interview)
    return session.execute(query.where(Interview.id == interview_id)).one()


def test_who_comes_by_a_family_link_shares_the_entry_of_the_homes_first_person(
    database, vault, county
):
    with database.begin() as session:
        later, early = (NOW + timedelta(days=days) for days in (2, 1))
        one = home_and_entry(session, agree(session, vault, now=later))
        home = one.household_id
        # Two entries in one home, as there were before links were counted to the first; the one
        # stored last has the first person.
        first = home_and_entry(session, agree(session, vault, person="bob", home=home, now=early))
        assert first.entry == one.entry
        session.execute(update(Respondent).where(Respondent.id == first.id).values(entry="first"))
        joined = agree(session, vault, person="eve", home=home, now=later)
        found = home_and_entry(session, joined)
        assert (found.household_id, found.entry) == (home, "first")
        # A phone that answers in this home already keeps its entry.
        kept = agree(session, vault, home=home, now=later)
        assert home_and_entry(session, kept).entry == one.entry


def test_a_helpers_phone_is_an_entry_in_each_home_and_of_those_who_come_by_its_link(
    database, vault, county
):
    with database.begin() as session:
        own = home_and_entry(session, agree(session, vault))
        elsewhere = home_and_entry(session, agree(session, vault))
        son = agree(session, vault, person="bob", home=elsewhere.household_id)
        sons = home_and_entry(session, son)
        assert own.entry != elsewhere.entry == sons.entry
        # The son, who has an entry in one home, comes to the other by the helper's own link.
        visit = agree(session, vault, person="bob", home=own.household_id)
        assert home_and_entry(session, visit).entry == own.entry
        # The first person of the home is forgotten: the entry stays with those who are left.
        session.execute(delete(Respondent).where(Respondent.id == elsewhere.id))
        late = agree(session, vault, person="eve", home=elsewhere.household_id)
        assert home_and_entry(session, late).entry == elsewhere.entry


def test_a_home_of_another_village_counts_as_none(database, vault, county):
    with database.begin() as session:
        _, home = open_wave_of_home(session, family_link(session, agree(session, vault)))
        for wrong in (home, "0" * 32):
            interview_id = agree(session, vault, person="bob", code="LP02", home=wrong)
            household = session.scalar(
                select(Household)
                .join(Respondent)
                .join(Interview)
                .where(Interview.id == interview_id)
            )
            assert household.area_id == county.other
            assert household.id != wrong


def test_the_wave_of_a_village(database, vault, county):
    with database.begin() as session:
        wave = open_wave(session, "lp01")
        assert wave == open_wave(session, "LP01") == open_wave_of_area(session, county.village)
        assert (wave.form_title, wave.organisation, wave.contact, wave.retention_months) == (
            "Four questions", "County office", "0931", 24,
        )  # fmt: skip
        assert wave.zone == ZoneInfo("Asia/Shanghai")
        assert open_wave(session, "nowhere") is None
        assert open_wave(session, "lp0_") is None
        assert open_wave_of_area(session, county.county) is None
        assert open_wave_of_home(session, "nowhere") is None
        # A wave of the village itself goes before the county's.
        nearer = session.execute(
            insert(Wave)
            .values(
                name="own", area_id=county.village, form_version_id=county.version,
                organisation="Village", contact="1", retention_months=1,
                opened_at=NOW - timedelta(days=9),
            )
            .returning(Wave.id)
        ).scalar_one()  # fmt: skip
        assert open_wave(session, "LP01").wave_id == nearer
        assert open_wave(session, "LP02").wave_id == county.wave


def test_the_contact(database, vault, county):
    lane = vault.fingerprint("alice")
    with database.begin() as session:
        assert reach(session, lane) is None
        contact_id = know(session, vault, lane, "alice", "zh", NOW)
        assert know(session, vault, lane, "alice", "en", NOW) == contact_id
        assert latest_village(session, contact_id) is None
        set_language(session, contact_id, "en")
        set_blocked(session, lane, NOW)
        person = reach(session, lane)
        assert (person.contact_id, person.language, person.blocked) == (contact_id, "en", True)
        set_blocked(session, lane, None)
        assert not reach(session, lane).blocked
        agree(session, vault, now=NOW)
        agree(session, vault, code="LP02", now=LATER)
        assert latest_village(session, contact_id) == county.other
        assert vault.open(session.scalar(select(Contact.address))) == b"alice"


def test_the_days_are_the_villages_own(database, county):
    shanghai = ZoneInfo("Asia/Shanghai")
    with database.begin() as session:
        for moment in (NOW, NOW, NOW - timedelta(days=1)):
            count_day(session, county.village, "declined", moment.astimezone(shanghai))
        count_day(session, county.village, "opened", NOW.astimezone(shanghai))
        do_last(session)
        rows = session.execute(
            select(DailyCount.day, DailyCount.kind, DailyCount.count).order_by(
                DailyCount.day, DailyCount.kind
            )
        ).all()
    assert [(str(day), kind, count) for day, kind, count in rows] == [
        ("2026-11-24", "declined", 1), ("2026-11-25", "declined", 2), ("2026-11-25", "opened", 1),
    ]  # fmt: skip


def test_the_messages_of_an_interview(database, vault, county):
    from surveys.conduct.settle import mark_sent, queue
    from surveys.store.messages import Outgoing

    with database.begin() as session:
        first, second = agree(session, vault), agree(session, vault)
        contact = reach(session, vault.fingerprint("alice"))
        keys = [f"ask:{first}:1", f"ask:{second}:1", f"ask:{first}{second}:1", "job:1:1:0"]
        queued = queue(
            session, vault, [Outgoing("sendMessage", {}, 1, key=key) for key in keys],
            lane=vault.fingerprint("alice"), contact_id=contact.contact_id, now=NOW,
        )  # fmt: skip
        remember(session, contact.contact_id, f"heard:{first}:77", 12, NOW)
        remember(session, contact.contact_id, f"heard:{first}:77", 12, NOW)
    mark_sent(database, [(one.outbox_id, 10 + place) for place, one in enumerate(queued)], NOW)
    with database.read() as session:
        assert messages_of_interview(session, first) == [10, 12]
        assert messages_of_interview(session, second) == [11]
        assert messages_of_interview(session, 404) == []


def test_a_form_is_compiled_once_for_a_database(database, county):
    with database.begin() as session:
        assert form_of(session, county.version) is form_of(session, county.version)
    with database.begin() as session:
        again = form_of(session, county.version)
        assert again is form_of(session, county.version)


def test_someone_who_speaks_no_language_of_the_form_reads_its_default(database, vault, county):
    with database.begin() as session:
        turn = answer(session, agree(session, vault, language="fr"))
        assert turn.interview.language == "English (en)"
        assert datetime.fromisoformat(turn.interview.started).astimezone(UTC) == NOW
