"""Only villages of which something has changed are computed: with the numbers that all would have.

The same wave is computed twice after each change: some villages beside those that stand, and whole.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from surveys.conduct.forget import forget_nameless
from surveys.estimation.area_profiles import areas_at
from surveys.estimation.profile import to_json
from surveys.profiles import area_profile, stands, village_profiles
from surveys.profiles.villages import computed_round as whole_round
from surveys.publish import close_wave, import_villages
from surveys.publish.margins import import_margins
from surveys.publish.reviews import find, review
from surveys.store.schema import Area, Basis, Interview, Report, Respondent, Standing
from tests.fieldwork import NOW, interview, open_field

LATER = NOW + timedelta(days=2)
PLACES = 24
AREAS = ("T1", "T4", "He")
HEAD = "code,name,area,households,adults,target,adults_offline,reference\n"
LISTED = HEAD + "".join(
    f"V{n},Village {n},He/T{n // 4},200,{400 + n},12,{30 + n},{'yes' if n < 2 else 'no'}\n"
    for n in range(PLACES)
)


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """As if the wave were a large one, of which a quarter may change before all is computed."""
    monkeypatch.setattr(stands, "STANDS_FROM", 1)
    monkeypatch.setattr(stands, "ANEW", 4)


@pytest.fixture
def field(database):
    where = open_field(database, LISTED)
    dice = random.Random(7)
    with database.begin() as session:
        for n in range(PLACES):
            # Some are too small to be shown, some too small for a number of their own.
            people(session, where, f"V{n}", (30, 9, 16, 45)[n % 4], dice)
    return where


def people(session, where, village, count, dice):
    """Persons who answer by chance, two of three in a home of their own."""
    for number in range(count):
        home = f"{village}-{where.made - number % 3 // 2}"
        user = dice.random() < 0.8
        interview(
            session, where, village, home, entry=f"e{where.made}", home__A6="3", home__A8="2",
            **({"Q1": "yes", "user": "1", "use__Q2": "news",
                "s_use": str(dice.choice((0, 50, 50, 100)))} if user
               else {"Q1": "no", "user": "0", "s_use": "0"}),
        )  # fmt: skip


def every(database, where, now=LATER):
    """All profiles, read to their end."""
    found = village_profiles(database, where.wave, list(where.villages.values()), now)
    return {code: to_json(profile) for code, profile in found.items()}


def some(database, where, monkeypatch, now=LATER):
    """The same, and which villages were computed."""
    computed = []

    def noted(*arguments, **named):
        one = whole_round(*arguments, **named)
        computed.append(frozenset(one.computed.codes))
        return one

    with monkeypatch.context() as patch:
        for module in ("surveys.profiles.villages", "surveys.profiles.arounds"):
            patch.setattr(f"{module}.computed_round", noted)
        found = every(database, where, now)
    return found, computed


def last_report(database):
    with database.read() as session:
        return session.scalar(select(func.max(Report.id))) or 0


def whole(database, where, since, now=LATER):
    """As if all had been computed in the place of some: what was kept `since` is undone."""
    with database.begin() as session:
        for table in (Standing, Basis):
            session.execute(delete(table))
        session.execute(delete(Report).where(Report.id > since))
    return every(database, where, now)


def numbers(profile):
    """Without when it was made."""
    return {**profile, "computed_at": ""}


def test_where_nothing_has_changed_nothing_is_computed(database, field, monkeypatch):
    first = every(database, field, NOW)
    again, computed = some(database, field, monkeypatch)
    assert computed == []
    assert again == first


def test_where_one_answer_is_another_its_village_is_computed(database, field, monkeypatch):
    every(database, field, NOW)
    with database.begin() as session:
        for one in of_village(session, field, "V7"):
            if "\t50" in one.measured:
                one.measured = one.measured.replace("\t50", "\t100")
                break
    _, computed = some(database, field, monkeypatch)
    assert computed[0] == {"V7", "V0", "V1"}


def test_what_is_computed_of_some_villages_is_what_all_of_them_give(database, field, monkeypatch):
    before = every(database, field, NOW)
    since = last_report(database)
    dice = random.Random(11)
    with database.begin() as session:
        # One is shown already, one was too small, one is not asked twice: four more wait there.
        for code, more in (("V7", 20), ("V13", 14), ("V18", 4)):
            people(session, field, code, more, dice)
    found, computed = some(database, field, monkeypatch)
    assert computed
    assert all(len(codes) < PLACES for codes in computed)
    assert {"V7", "V13", "V18", "V0", "V1"} <= computed[0]
    assert computed[0] <= {"V7", "V13", "V18", "V0", "V1"}
    complete = whole(database, field, since)
    for code in ("V7", "V13", "V18"):
        assert numbers(found[code]) == numbers(complete[code]), code
    assert found["V7"]["persons"] > before["V7"]["persons"]
    assert (before["V13"]["level"], found["V13"]["level"]) == ("withheld", "small")
    assert found["V18"]["waiting"] == before["V18"]["waiting"] + 4
    # What stands says what it said; the area that it is in may be a new one.
    for code in before.keys() - {"V7", "V13", "V18"}:
        kept = {**found[code], "around": None}
        assert kept == {**before[code], "around": None}, code
        if found[code]["around"] != before[code]["around"]:
            assert found[code]["around"] == complete[code]["around"], code


def come(session, field, village, dice):
    people(session, field, village, dice.choice((1, 12, 25)), dice)


def of_village(session, field, village):
    return session.scalars(
        select(Interview).where(
            Interview.area_id == field.villages[village], Interview.review != "rejected"
        )
    ).all()


def rejected(session, field, village, dice):
    there = of_village(session, field, village)
    for one in dice.sample(there, min(len(there), dice.choice((1, 14)))):
        review(session, find(session, one.key), "rejected", NOW, "administrator 1")


def forgotten(session, field, village, dice):
    there = of_village(session, field, village)
    person = dice.choice(there).respondent_id if there else ""
    forget_nameless(session, person, keep_answers=dice.random() < 0.5, now=LATER, by="test")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_some_villages(database, field, monkeypatch, seed):
    monkeypatch.setattr(stands, "ANEW", 2)
    before, dice = every(database, field, NOW), random.Random(seed)
    for day in range(4):
        now, since = LATER + timedelta(days=day), last_report(database)
        # Not to the reference area, after which all are computed: see below.
        changed = {f"V{n}" for n in dice.sample(range(2, PLACES), 2)}
        with database.begin() as session:
            for village in sorted(changed):
                dice.choice((come, come, rejected, forgotten))(session, field, village, dice)
        found, computed = some(database, field, monkeypatch, now)
        # After that the areas around, of which all villages may be needed.
        assert computed[0] <= changed | {"V0", "V1"}
        complete = whole(database, field, since, now)
        for code in changed & found.keys():
            assert numbers(found[code]) == numbers(complete[code]), (day, code)
        for code in before.keys() - changed:
            assert {**found[code], "around": None} == {**before[code], "around": None}, (day, code)
        before = complete


def test_after_many_changes_all_are_computed_once_more(database, field, monkeypatch):
    every(database, field, NOW)
    dice = random.Random(12)
    for n in range(2, PLACES):
        with database.begin() as session:
            people(session, field, f"V{n}", 12, dice)
        _, computed = some(database, field, monkeypatch)
        if any(len(codes) == PLACES for codes in computed):
            break
    # A quarter of 24 are six: with the seventh all are computed.
    assert n == 8
    with database.read() as session:
        assert not session.scalar(select(func.count()).select_from(Standing).where(Standing.later))


@pytest.mark.parametrize("what", ["census", "reference", "closed"])
def test_what_all_villages_rest_on_has_changed(database, field, monkeypatch, what):
    every(database, field, NOW)
    since = last_report(database)
    with database.begin() as session:
        if what == "census":
            import_villages(session, LISTED.replace(",200,400,", ",200,900,").encode(), LATER)
        elif what == "reference":
            people(session, field, "V0", 20, random.Random(13))
        else:
            people(session, field, "V5", 3, random.Random(13))
            close_wave(session, LATER, by="test")
    found, computed = some(database, field, monkeypatch)
    assert any(len(codes) == PLACES for codes in computed)
    assert found == whole(database, field, since)


def test_what_is_known_of_one_village_is_its_own(database, field, monkeypatch):
    every(database, field, NOW)
    since = last_report(database)
    with database.begin() as session:
        import_villages(session, LISTED.replace(",200,411,", ",200,900,").encode(), LATER)
    found, computed = some(database, field, monkeypatch)
    assert all(len(codes) < PLACES for codes in computed)
    assert "V11" in computed[0]
    complete = whole(database, field, since)
    assert found["V11"]["adults"] == 900
    assert numbers(found["V11"]) == numbers(complete["V11"])


def test_a_few_answers_in_the_reference_area_change_nothing_elsewhere(database, field, monkeypatch):
    before = every(database, field, NOW)
    with database.begin() as session:
        people(session, field, "V0", 3, random.Random(14))
    found, computed = some(database, field, monkeypatch)
    assert computed
    assert all(len(codes) < PLACES for codes in computed)
    assert found["V0"]["waiting"] == before["V0"]["waiting"] + 3


def test_who_is_forgotten_leaves_no_number_behind(database, field, monkeypatch):
    before = every(database, field, NOW)
    with database.begin() as session:
        person = session.scalar(
            select(Interview.respondent_id).where(Interview.area_id == field.villages["V11"])
        )
        forget_nameless(session, person, keep_answers=False, now=LATER, by="test")
        kept = set(session.scalars(select(Standing.area_id)))
        assert session.get(Respondent, person) is None
    assert kept == set(field.villages.values()) - {field.villages["V11"]}
    # What was published stands, made of nobody, until ten others have come.
    for there in (True, False):
        found, computed = some(database, field, monkeypatch)
        assert any("V11" in codes for codes in computed) == there
        assert {**found["V11"], "around": None} == {**before["V11"], "around": None}


@pytest.mark.parametrize("of", ["T5", "He"])
def test_who_is_weighed_together_is_computed_together(database, field, monkeypatch, of):
    with database.begin() as session:
        area = "He" if of == "He" else f"He/{of}"
        lines = (f"{area},schooling,{one},100" for one in ("primary", "junior", "above"))
        listed = "\n".join(("area,variable,category,count", *lines))
        import_margins(session, listed.encode(), NOW)
    every(database, field, NOW)
    since = last_report(database)
    with database.begin() as session:
        people(session, field, "V23", 20, random.Random(17))
    found, computed = some(database, field, monkeypatch)
    together = {f"V{n}" for n in range(20, 24)} | {"V0", "V1"}
    assert computed[0] == (together if of == "T5" else set(field.villages))
    complete = whole(database, field, since)
    for code in ("V20", "V21", "V22", "V23"):
        assert numbers(found[code]) == numbers(complete[code]), code


@pytest.mark.parametrize("large", [True, False])
def test_a_village_may_be_gone_between_two_looks(database, field, monkeypatch, large):
    """Everybody of it asks to be forgotten while the others are computed."""
    monkeypatch.setattr(stands, "STANDS_FROM", 1 if large else 10**6)
    every(database, field, NOW)
    with database.begin() as session:
        people(session, field, "V9", 1, random.Random(19))

    def meanwhile(session, *arguments, **named):
        with database.begin() as other:
            for one in of_village(other, field, "V9"):
                forget_nameless(other, one.respondent_id, keep_answers=False, now=LATER, by="test")
        return whole_round(session, *arguments, **named)

    with monkeypatch.context() as patch:
        for module in ("surveys.profiles.villages", "surveys.profiles.arounds"):
            patch.setattr(f"{module}.computed_round", meanwhile)
        found = village_profiles(database, field.wave, list(field.villages.values()), LATER)
    # Where a look is one moment of the database it may still be there.
    assert set(found) | {"V9"} == field.villages.keys()


def test_areas_made_by_a_copy_of_the_process_are_the_same(database, field, monkeypatch):
    alone = every(database, field)
    here = []
    with monkeypatch.context() as patch:
        patch.setattr("surveys.profiles.meanwhile._able", lambda: True)
        patch.setattr(
            "surveys.estimation.computed.areas_at",
            lambda *given, **named: here.append(given) or areas_at(*given, **named),
        )
        beside = whole(database, field, 0)
    assert not here
    assert beside == alone
    assert any(one["around"] for one in beside.values())


def test_an_area_holds_what_its_villages_say(database, field, monkeypatch):
    every(database, field, NOW)
    with database.begin() as session:
        people(session, field, "V7", 20, random.Random(15))
        town = session.scalar(select(Area.id).where(Area.name == "T1"))
    found, _ = some(database, field, monkeypatch)
    area = area_profile(database, field.wave, town, LATER)
    assert area is not None
    assert area.within is not None
    of = {one.code: one for one in area.within.villages}
    assert of["V7"].persons == found["V7"]["persons"]
    assert to_json(area)["online"] == found["V7"]["around"]["online"]


def test_an_area_is_computed_of_its_own_villages(database, field, monkeypatch):
    every(database, field, NOW)
    since = last_report(database)
    with database.begin() as session:
        people(session, field, "V7", 20, random.Random(18))
        ids = {name: session.scalar(select(Area.id).where(Area.name == name)) for name in AREAS}
    rounds = []

    def noted(*arguments, **named):
        rounds.append(whole_round(*arguments, **named))
        return rounds[-1]

    with monkeypatch.context() as patch:
        patch.setattr("surveys.profiles.arounds.computed_round", noted)
        some_of = {name: area_profile(database, field.wave, one, LATER, ranks=True)
                   for name, one in ids.items()}  # fmt: skip
    assert [len(one.computed.codes) for one in rounds] == [3, 6, 6, 24]
    whole(database, field, since)
    with monkeypatch.context() as patch:
        patch.setattr(stands, "STANDS_FROM", 10**6)
        for name, one in ids.items():
            complete = area_profile(database, field.wave, one, LATER, ranks=True)
            assert to_json(some_of[name]) == to_json(complete), name


def test_one_villages_profile_is_computed_beside_those_that_stand(database, field, monkeypatch):
    every(database, field, NOW)
    with database.begin() as session:
        for code in ("V6", "V20"):
            people(session, field, code, 15, random.Random(16))
    _, computed = some(database, replace_villages(field, ["V6"]), monkeypatch)
    # Both have changed; of V20 nothing was wanted, but its edition is a new one.
    assert {"V6", "V20"} <= computed[0]
    found, computed = some(database, field, monkeypatch)
    assert all("V20" not in codes or len(codes) < PLACES for codes in computed)
    assert found["V20"]["persons"] > 30


def replace_villages(field, codes):
    one = type(field)(field.wave, field.versions, made=field.made)
    one.villages = {code: field.villages[code] for code in codes}
    return one
