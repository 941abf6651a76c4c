from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from surveys.profiles import area_profile, frame, latest_wave, summary, village_profiles
from surveys.publish import close_wave, import_villages, open_wave, publish
from surveys.store.schema import Area, DailyCount, Interview, Report
from tests.fieldwork import NOW, VILLAGES, answered, interview, open_field, small_form

LATER = NOW + timedelta(days=2)


def test_from_stored_answers_to_a_profile_beside_its_reference(database):
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 20)
        answered(session, field, "TOWN", 24, share=4)
        answered(session, field, "LP03", 1)
        interview(session, field, "LP01", "open", status="open")
    wanted = [field.villages[code] for code in ("LP01", "LP02", "LP03")]
    found = village_profiles(database, field.wave, wanted, LATER)
    assert set(found) == {"LP01", "LP03"}
    profile = found["LP01"]
    assert (profile.persons, profile.homes, profile.village) == (40, 20, "Liuping")
    assert profile.area == ("County office", "He", "Shang")
    assert (profile.households, profile.adults, profile.target) == (200, 480, 12)
    assert profile.offline_known
    assert profile.reference_area == "Town"
    assert profile.computed_at == "2026-03-04T17:00:00+08:00"
    # By hand: every roster says 2 of 3 adults online, in the 7/8 of adults whose homes are online.
    assert profile.online.value == round(100 * 2 / 3 * (480 - 60) / 480)
    # By hand: half of the homes have one user at 50; the others two entries, at 50 and at 100.
    assert profile.use_of_users.value == round((10 * 50 + 10 * 150) / 30)
    assert profile.reference_use_of_users.value == round((6 * 50 + 18 * 150) / 42)
    assert found["LP03"].level == "withheld"
    assert not found["LP03"].offline_known


def test_a_report_is_kept_once_until_something_changes(database):
    field = open_field(database)
    one = field.villages["LP01"]

    def reports():
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Report))

    with database.begin() as session:
        answered(session, field, "LP01", 20)
    first = village_profiles(database, field.wave, [one], NOW)
    assert village_profiles(database, field.wave, [one], LATER) == first
    assert reports() == 1
    # One more person is no edition: two of them would say who came between.
    with database.begin() as session:
        interview(session, field, "LP01", "new", Q1="no", user="0", s_use="0")
    second = village_profiles(database, field.wave, [one], LATER)["LP01"]
    assert (second.persons, second.waiting) == (40, 1)
    assert reports() == 1
    # What the village office corrects counts, of the same persons.
    with database.begin() as session:
        import_villages(session, VILLAGES.replace("480", "500").encode(), LATER)
    corrected = village_profiles(database, field.wave, [one], LATER)["LP01"]
    assert (corrected.adults, corrected.persons) == (500, 40)
    assert reports() == 2
    with database.begin() as session:
        for number in range(9):
            interview(session, field, "LP01", f"n{number}", Q1="no", user="0", s_use="0")
    third = village_profiles(database, field.wave, [one], LATER)["LP01"]
    assert (third.persons, third.waiting) == (50, 0)
    assert reports() == 3


def test_nobody_finished_no_profile(database):
    field = open_field(database)
    with database.begin() as session:
        interview(session, field, "LP01", "a", status="stopped")
    assert village_profiles(database, field.wave, list(field.villages.values()), NOW) == {}


def test_the_frame_holds_what_is_asked_for_and_no_more(database):
    field = open_field(database)
    with database.begin() as session:
        interview(session, field, "LP01", "h", entry="e", home__A6="3", G2="secret", mode="helped")
        interview(session, field, "LP02", "i", home__A6="1")
    with database.read() as session:
        data, villages = frame(session, field.wave, [field.villages["LP01"]], ["A6", "s_use"])
    row = data.iloc[0].to_dict()
    assert len(data) == 1
    assert (row["village"], row["home"], row["entry"], row["mode"]) == ("LP01", "h", "e", "helped")
    assert (row["A6"], row["s_use"], row["flags"]) == ("3", "", "")
    assert "secret" not in data.to_csv()
    assert list(villages.index) == ["LP01"]


def test_how_fieldwork_goes(database):
    field = open_field(database)
    one = field.villages["LP01"]
    with database.begin() as session:
        interview(session, field, "LP01", "a", Q1="yes")
        interview(session, field, "LP01", "b", status="stopped", at=NOW)
        interview(session, field, "LP01", "c", status="open", at=LATER - timedelta(hours=25))
        interview(session, field, "LP01", "d", status="open", at=LATER - timedelta(hours=23))
        for days, kind in ((-1, "declined"), (0, "declined"), (1, "declined"), (1, "opened")):
            day = (NOW + timedelta(days=days)).date()
            session.add(DailyCount(day=day, area_id=one, kind=kind, count=2))
    with database.begin() as session:
        rows = {row.code: row for row in summary(session, field.villages.values(), now=LATER)}
        row = rows["LP01"]
        assert (row.started, row.finished, row.broken_off, row.declined) == (4, 1, 2, 4)
        assert (row.name, row.target, rows["LP02"].started) == ("Liuping", 12, 0)
        # A new wave counts from nothing; the old one can still be asked for.
        close_wave(session, LATER)
        publish(session, small_form("2"), "test", LATER)
        new = open_wave(
            session, organisation="O", contact="C", retention_months=1, now=LATER
        )  # fmt: skip
        assert latest_wave(session, one) == new
        assert summary(session, [one], now=LATER)[0].started == 0
        assert summary(session, [one], field.wave, LATER)[0].started == 4


def test_an_area_s_wave_is_the_nearest_open_one(database):
    field = open_field(database)
    with database.begin() as session:
        shang = session.query(Area).filter_by(kind="township", name="Shang").one()
        own = open_wave(
            session, organisation="O", contact="C", retention_months=1, now=NOW,
            area_path="He/Shang",
        )  # fmt: skip
        assert latest_wave(session, field.villages["LP01"]) == own
        assert latest_wave(session, shang.id) == own
        assert latest_wave(session, field.villages["LP03"]) == field.wave
        close_wave(session, NOW, "He/Shang")
        assert latest_wave(session, field.villages["LP01"]) == field.wave
        assert latest_wave(session, 10_000) is None
        # Both ways of asking agree.
        interview(session, field, "LP01", "a", at=datetime(2026, 3, 2, tzinfo=UTC))
        assert summary(session, [field.villages["LP01"]])[0].started == 1
        assert session.query(Interview).count() == 1


def test_an_area_changes_when_enough_has_changed_in_it(database):
    """One more person moves neither a village nor the area above; ten do, and are told apart from
    nobody."""
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 24)
        answered(session, field, "LP02", 24)
        answered(session, field, "TOWN", 24)
        programme = session.scalar(select(Area.id).where(Area.kind == "programme"))

    def area(at=NOW):
        found = area_profile(database, field.wave, programme, at)
        return found.persons, found.use, [(one.name, one.persons) for one in found.within.villages]

    first = area()
    assert first[0] == 3 * 48
    with database.begin() as session:
        interview(session, field, "LP01", "one", Q1="yes", user="1", s_use="100", home__A6="1",
                  home__A8="1")  # fmt: skip
        # A village with four people, and later eleven, is in the area with others alone.
        for number in range(4):
            interview(session, field, "LP03", f"x{number}", Q1="yes", user="1", s_use="0",
                      home__A6="1", home__A8="1")  # fmt: skip
    assert area(LATER) == first
    with database.begin() as session:
        for number in range(4, 11):
            interview(session, field, "LP03", f"x{number}", Q1="yes", user="1", s_use="0",
                      home__A6="1", home__A8="1")  # fmt: skip
    second = area(LATER)
    assert second[0] == first[0] + 11
    assert ("Tiny", 11) in second[2]
    village = village_profiles(database, field.wave, [field.villages["LP01"]], LATER)["LP01"]
    assert (village.persons, village.waiting) == (48, 1)


def test_whoever_is_forgotten_does_not_change_an_edition_alone(database):
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 24)
    one = [field.villages["LP01"]]
    first = village_profiles(database, field.wave, one, NOW)["LP01"]
    with database.begin() as session:
        gone = session.scalars(select(Interview).order_by(Interview.id).limit(1)).one()
        session.delete(gone)
    again = village_profiles(database, field.wave, one, LATER)["LP01"]
    assert again == first


def test_what_has_changed_since_the_wave_before(database):
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 40)
        close_wave(session, NOW + timedelta(hours=5))
        second = open_wave(
            session, organisation="O", contact="C", retention_months=1, now=LATER, name="Again"
        )
    field.wave = second
    with database.begin() as session:
        for number in range(40):
            # The same homes: each now has one user more, who does more.
            interview(session, field, "LP01", f"LP01-{number}", entry=f"LP01-{number}-a",
                      Q1="yes", user="1", s_use="100", home__A6="3", home__A8="2",
                      at=LATER)  # fmt: skip
    found = village_profiles(database, second, [field.villages["LP01"]], LATER)["LP01"]
    assert found.change is not None
    assert found.change.wave == "2026-03"
    # By hand: 20 homes had one user at 50, 20 had one at 50 and one at 100.
    before = (20 * 50 + 20 * 150) / 60
    assert found.change.use_of_users.value == round(100 - before)
    assert found.change.online.value == 0


def test_a_village_stands_beside_its_township_and_says_whom_to_ask(database):
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 20)
        answered(session, field, "TOWN", 24, share=4)
    one = [field.villages["LP01"]]
    alone = village_profiles(database, field.wave, one, NOW)["LP01"]
    # The township is this village so far: nothing to stand beside.
    assert alone.around is None
    assert (alone.organisation, alone.contact) == ("County office", "Li Mei")
    with database.begin() as session:
        answered(session, field, "LP02", 12)
        township = session.scalars(select(Area.id).where(Area.name == "Shang")).one()
        close_wave(session, NOW + timedelta(days=1))
        wave = open_wave(
            session, organisation="Town hall", contact="Wang", retention_months=1, now=LATER
        )
    both = village_profiles(database, field.wave, [*one, field.villages["LP02"]], LATER)
    area = area_profile(database, field.wave, township, LATER)
    assert area is not None
    for profile in both.values():
        assert profile.around is not None
        assert profile.around.name == "Shang"
        assert profile.around.use == area.use
        assert profile.around.online == area.online
        assert profile.around.indices == {index.name: index.village for index in area.indices}
        # Of this wave, not of the next one.
        assert profile.contact == area.contact == "Li Mei"
    assert both["LP01"].use != area.use
    assert village_profiles(database, wave, one, LATER) == {}
    # What is filled in makes no edition: the first is given again, with its date.
    assert both["LP01"].computed_at == alone.computed_at
