"""What is rejected stays out; and by rejecting, nobody learns what someone answered."""

from datetime import timedelta

import pytest

from surveys.profiles import area_profile, summary, village_profiles
from surveys.publish import close_wave
from surveys.publish.reviews import HasLeft, NoSuchSubmission, NotFinished, find, review
from surveys.store.interviews import count_finished
from surveys.store.reviews import editions_of
from surveys.store.schema import Area, Audit, Interview, Job
from tests.estimation.told import smallest_told
from tests.fieldwork import NOW, answered, interview, open_field

LATER = NOW + timedelta(days=2)


def say(session, key, state):
    return review(session, find(session, key), state, LATER, "administrator 1")


def user(session, field, village, number, score="50", home=None):
    return interview(
        session, field, village, home or f"{village}-u{number}", Q1="yes", user="1", s_use=score,
        home__A6="2", home__A8="1",
    ).key  # fmt: skip


def test_what_is_rejected_before_it_is_in_a_profile_is_in_none(database):
    field = open_field(database)
    one = field.villages["LP01"]
    with database.begin() as session:
        answered(session, field, "LP01", 20)
        fast = [user(session, field, "LP01", number, "0") for number in range(12)]
        for key in fast:
            assert say(session, key, "rejected")
            assert not say(session, key, "rejected")
    found = village_profiles(database, field.wave, [one], NOW)["LP01"]
    assert (found.persons, found.homes, found.waiting, found.rejected) == (40, 20, 0, 10)
    with database.begin() as session:
        assert count_finished(session, field.wave, one) == 40
        assert summary(session, [one], now=LATER)[0].finished == 40
        # Taken back, they come in, as whoever answers later does.
        for key in fast:
            say(session, key, "received")
        assert [a.object for a in session.query(Audit) if a.action == "review"][::12] == [
            f"{fast[0]}: rejected", f"{fast[0]}: received",
        ]  # fmt: skip
        assert {a.area_id for a in session.query(Audit) if a.action == "review"} == {one}
    assert village_profiles(database, field.wave, [one], NOW)["LP01"].persons == 52


def test_one_rejected_leaves_the_numbers_as_they_are_and_ten_leave_for_good(database):
    field = open_field(database)
    one = field.villages["LP01"]

    def profile():
        return village_profiles(database, field.wave, [one], LATER)["LP01"]

    with database.begin() as session:
        answered(session, field, "LP01", 20)
        odd = [user(session, field, "LP01", number, "100") for number in range(10)]
    first = profile()
    assert first.persons == 50
    for count in (1, 9):
        with database.begin() as session:
            for key in odd[:count]:
                say(session, key, "rejected")
        again = profile()
        assert (again.persons, again.use_of_users) == (50, first.use_of_users)
    with database.begin() as session:
        say(session, odd[9], "rejected")
    second = profile()
    assert (second.persons, second.waiting) == (40, 0)
    assert second.use_of_users.value < first.use_of_users.value
    with database.begin() as session, pytest.raises(HasLeft):
        say(session, odd[0], "received")
    assert profile().persons == 40


def test_a_village_in_which_all_are_rejected_has_no_profile(database):
    field = open_field(database)
    ids = list(field.villages.values())
    with database.begin() as session:
        keys = [user(session, field, "LP03", number) for number in range(12)]
        answered(session, field, "LP01", 20)
    assert "LP03" in village_profiles(database, field.wave, ids, NOW)
    with database.begin() as session:
        for key in keys:
            say(session, key, "rejected")
    assert set(village_profiles(database, field.wave, ids, LATER)) == {"LP01"}
    with database.begin() as session:
        county = session.query(Area).filter_by(name="He").one().id
        close_wave(session, LATER)
        ordered = {job.arguments["area_id"] for job in session.query(Job)}
        assert field.villages["LP03"] not in ordered
    assert area_profile(database, field.wave, county, LATER).persons == 40


def test_the_attack_by_taking_reviews_back(database):
    """Two rejections of ten, with nine in common, would by their difference be two persons."""
    field = open_field(database)
    one = field.villages["LP01"]
    with database.begin() as session:
        keys = [user(session, field, "LP01", n, str(n % 3 * 50)) for n in range(40)]
    village_profiles(database, field.wave, [one], NOW)

    def reject(these):
        for key in keys:
            with database.begin() as session:
                try:
                    say(session, key, "rejected" if key in these else "received")
                except HasLeft:
                    continue
        village_profiles(database, field.wave, [one], LATER)

    for these in (keys[:10], [], keys[:11], keys[1:11], keys[10:29], keys[:39]):
        reject(these)
    with database.read() as session:
        editions = [frozenset(members) for members in editions_of(session, field.wave, one)]
    assert len(set(editions)) > 1
    assert smallest_told(editions) >= 10


def test_an_interview_is_found_by_its_id_in_one_s_own_areas(database):
    field = open_field(database)
    with database.begin() as session:
        key = user(session, field, "LP01", 1)
        interview(session, field, "LP01", "x", status="stopped")
        shang, xia = (
            session.query(Area).filter_by(name=name).one().path for name in ("Shang", "Xia")
        )
        assert find(session, key.removeprefix("uuid:").upper(), [xia, shang]).village == "Liuping"
        for wanted, paths in ((key, [xia]), (key, []), ("uuid:0000009", None), ("%_______", None),
                              ("", None)):  # fmt: skip
            with pytest.raises(NoSuchSubmission):
                find(session, wanted, paths)
        with pytest.raises(NotFinished):
            say(session, "00000002", "approved")
        assert session.query(Interview).filter_by(review="received").count() == 2
