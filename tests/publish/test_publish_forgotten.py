"""Somebody asks to be forgotten: it is done at once, and nothing published after tells of them."""

from datetime import timedelta

from sqlalchemy import select

from surveys.profiles import area_profile, village_profiles
from surveys.publish import close_wave, open_wave
from surveys.store.reports import newest
from surveys.store.schema import Area, Interview
from tests.fieldwork import NOW, answered, interview, open_field

LATER = NOW + timedelta(days=2)


def user(session, field, village, name, score="100"):
    return interview(session, field, village, name, Q1="yes", user="1", s_use=score,
                     home__A6="2", home__A8="1", at=LATER)  # fmt: skip


def forget_one(database, wave, village, user="1"):
    """The first user of a village, or who is none, in one wave; the key that they had."""
    with database.begin() as session:
        rows = session.scalars(
            select(Interview).filter_by(wave_id=wave, area_id=village).order_by(Interview.id)
        )
        one = next(row for row in rows if row.submission["/data/user"] == user)
        session.delete(one)
        return one.key


def test_nine_others_are_no_company_and_ten_are(database):
    field = open_field(database)
    one = field.villages["LP01"]

    def profile():
        return village_profiles(database, field.wave, [one], LATER)["LP01"]

    with database.begin() as session:
        answered(session, field, "LP01", 24)
    first = profile()
    key = forget_one(database, field.wave, one, user="0")
    with database.begin() as session:
        for number in range(9):
            user(session, field, "LP01", f"new{number}")
    again = profile()
    assert (again.persons, again.waiting) == (48, 9)
    assert again.use_of_users == first.use_of_users
    with database.begin() as session:
        user(session, field, "LP01", "tenth")
    second = profile()
    assert second.use_of_users != first.use_of_users
    # The non-users, of whom there may be one fewer now, are out until ten have come.
    assert (second.persons, second.waiting) == (36 + 10, 11)
    with database.read() as session:
        held = newest(session, field.wave)[one].members
    # Of whoever is gone a random number waits with them, and what it waits for.
    assert held[key].split()[1:] == ["gone", "others"]
    with database.begin() as session:
        for number in range(10):
            interview(session, field, "LP01", f"no{number}", Q1="no", user="0", s_use="0",
                      home__A6="2", home__A8="1", at=LATER)  # fmt: skip
    third = profile()
    assert (third.persons, third.waiting) == (46 + 21, 0)
    with database.read() as session:
        assert key not in newest(session, field.wave)[one].members


def test_an_area_goes_on_without_the_village_and_lists_it_as_published(database):
    field = open_field(database)
    with database.begin() as session:
        for village in ("LP01", "LP02", "LP03", "TOWN"):
            answered(session, field, village, 12 if village == "LP02" else 30)
        programme = session.scalar(select(Area.id).where(Area.kind == "programme"))

    def area():
        return area_profile(database, field.wave, programme, LATER)

    first = area()
    published = village_profiles(database, field.wave, [field.villages["LP02"]], LATER)["LP02"]
    forget_one(database, field.wave, field.villages["LP02"])
    assert area() == first
    with database.begin() as session:
        for number in range(12):
            user(session, field, "LP01", f"new{number}")
    second = area()
    assert second.persons == 3 * 60 + 12
    rows = {row.code: row for row in second.within.villages}
    assert (rows["LP02"].persons, rows["LP02"].use) == (published.persons, published.use)
    assert list(rows) == [row.code for row in first.within.villages]
    # Where so many would be left out that it were another area, what was published stands.
    forget_one(database, field.wave, field.villages["LP01"])
    with database.begin() as session:
        for number in range(12):
            user(session, field, "LP03", f"new{number}")
    assert area().persons == second.persons


def test_what_has_changed_is_not_computed_again_without_them(database):
    field = open_field(database)
    one = [field.villages["LP01"]]
    with database.begin() as session:
        answered(session, field, "LP01", 40)
    village_profiles(database, field.wave, one, NOW)
    with database.begin() as session:
        close_wave(session, NOW + timedelta(hours=5))
        second = open_wave(
            session, organisation="O", contact="C", retention_months=1, now=LATER, name="Again"
        )
    field.wave, earlier = second, field.wave
    with database.begin() as session:
        for number in range(40):
            user(session, field, "LP01", f"then{number}")
    first = village_profiles(database, second, one, LATER)["LP01"]
    assert first.change.use_of_users.value is not None
    forget_one(database, earlier, one[0])
    assert village_profiles(database, second, one, LATER)["LP01"] == first
    with database.begin() as session:
        for number in range(12):
            user(session, field, "LP01", f"more{number}", "0")
    later = village_profiles(database, second, one, LATER)["LP01"]
    assert later.persons == 52
    assert later.change is None
