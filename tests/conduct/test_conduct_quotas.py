"""Quotas by sex and age: who is told that there are enough, and that nothing of them is kept."""

import random
from collections import Counter

import pytest
from sqlalchemy import update

from surveys.conduct.advance import advance
from surveys.conduct.people import enrol, open_wave
from surveys.estimation.margins import AGES as MARGIN_AGES
from surveys.estimation.margins import VARIABLES
from surveys.interview.state import Ask, Begin, Finished, Tapped, Typed
from surveys.publish import ensure_ready, import_villages, publish
from surveys.publish.quotas import NoQuota, QuotasRefused, change_quota, import_quotas, quotas
from surveys.store.database import do_last
from surveys.store.quotas import AGES, FROM, Cell, age_band
from surveys.store.schema import Area, Audit, Interview, InterviewEvent, Respondent
from tests.conduct.conftest import everything
from tests.quota_form import NOW, VILLAGES, quota_form


@pytest.fixture
def places(database):
    """The form is asked in two villages of one township and in another; ids by name or code."""
    with database.begin() as session:
        publish(session, quota_form(), "test", NOW)
        ensure_ready(
            session, organisation="O", contact="C", retention_months=24, now=NOW,
            time_zone="Asia/Shanghai",
        )  # fmt: skip
        import_villages(session, VILLAGES.encode(), NOW)
        return {area.code or area.name: area.id for area in session.query(Area)}


def begin(session, vault, name, code="LP01", home=None):
    return enrol(
        session, vault, lane=vault.fingerprint(name), address=name, language="en",
        wave=open_wave(session, code), household_id=home, consent_version="1", now=NOW,
    )  # fmt: skip


def tell(session, interview, *answers):
    """Answer in words from where the interview is; the last turn."""
    turn = advance(session, interview, Begin(), NOW, None)
    for answer in answers:
        turn = advance(session, interview, Typed(answer), NOW, None)
        if not turn.kept:
            break
    return turn


def whole(session, vault, name, sex, age, code="LP01"):
    return tell(session, begin(session, vault, name, code), "I myself", sex, str(age), "words")


def test_the_ages_are_those_of_the_margins():
    assert FROM == MARGIN_AGES
    assert {f"{sex} {age}" for sex in "fm" for age in AGES} == set(VARIABLES[0].categories)
    assert [age_band(str(n)) for n in (15, 16, 34, 35, 54, 55, 64, 65, 99)] == [
        "", "16-34", "16-34", "35-54", "35-54", "55-64", "55-64", "65+", "65+",
    ]  # fmt: skip


def test_when_a_cell_is_full_nothing_is_kept_of_who_comes(database, vault, places):
    with database.begin() as session:
        change_quota(session, places["LP01"], Cell("f", "55-64"), 2, NOW, "administrator 1")
        for name in ("a", "b"):
            assert whole(session, vault, name, "Woman", 58).kept
        before = everything(session)
        interview = begin(session, vault, "carla")
        turn = tell(session, interview, "I myself", "Woman", "61")
        assert (turn.kept, turn.full) == (False, Cell("f", "55-64"))
        assert isinstance(turn.effects[-1], Finished)
        assert not any(isinstance(effect, Ask) for effect in turn.effects)
        # What is left is that somebody came on this day.
        do_last(session)
        after = everything(session).replace("area.id", "")
        new = set(after.splitlines()) - set(before.splitlines())
        assert {line.split(":")[0] for line in new if "daily_count" in line} == {
            "daily_count.day", "daily_count.area_id", "daily_count.kind", "daily_count.count",
        }  # fmt: skip
        assert not any("61" in line or "carla" in line for line in new)
        assert not any(line.startswith(("contact", "respondent", "interview")) for line in new)
        assert session.query(Interview).count() == 2
        assert quotas(session, places["LP01"]).turned_away == 1
        # Others of every other cell, and of every other village, go on.
        for name, sex, age, code in (
            ("d", "Man", 58, "LP01"), ("e", "Woman", 54, "LP01"), ("f", "Woman", 58, "LP02"),
            ("g", "Rather not say", 58, "LP01"),
        ):  # fmt: skip
            assert whole(session, vault, name, sex, age, code).kept
        # Someone too young is told that, as without quotas.
        change_quota(session, places["LP01"], Cell(), 0, NOW, "administrator 1")
        young = tell(session, begin(session, vault, "kid"), "I myself", "Woman", "9", "words")
        assert (young.kept, young.full) == (False, None)


def test_whoever_had_begun_before_may_finish_and_corrections_count_for_nothing(
    database, vault, places
):
    with database.begin() as session:
        change_quota(session, places["LP01"], Cell("m", ""), 1, NOW, "administrator 1")
        early = begin(session, vault, "early")
        tell(session, early, "I myself", "Man", "40")
        assert whole(session, vault, "first", "Man", 30).kept
        assert advance(session, early, Typed("words"), NOW, None).kept
        assert quotas(session, places["LP01"]).fillings[0].finished == 2
        # A woman who tapped wrong goes back and corrects it: that takes nothing from her.
        woman = begin(session, vault, "woman")
        turn = tell(session, woman, "I myself", "Woman", "40")
        for _ in range(2):
            seq = next(e.prompt.seq for e in turn.effects if isinstance(e, Ask))
            turn = advance(session, woman, Tapped(seq, "back"), NOW, None)
        turn = advance(session, woman, Typed("Man"), NOW, None)
        assert turn.kept
        # Who comes now is too late, alone, with help or through someone.
        for how in ("I myself", "Someone helps me", "Someone for me"):
            late = tell(session, begin(session, vault, how), how, "Man", "20")
            assert (late.kept, late.full) == (False, Cell("m", ""))


def test_what_counts(database, vault, places):
    """All villages of an area; nothing rejected, no visited home; the widest is said."""
    with database.begin() as session:
        for cell, most in ((Cell("f", "65+"), 2), (Cell("", "65+"), 3)):
            change_quota(session, places["Shang"], cell, most, NOW, "administrator 1")
        for name, sex, code in (("a", "Woman", "LP01"), ("b", "Woman", "LP02")):
            assert whole(session, vault, name, sex, 70, code).kept
        assert whole(session, vault, "c", "Woman", 70, "LP01").full == Cell("f", "65+")
        assert whole(session, vault, "d", "Man", 70, "LP02").kept
        assert whole(session, vault, "e", "Woman", 70, "LP01").full == Cell("", "65+")
        assert whole(session, vault, "f", "Woman", 70, "XJ01").kept
        shown = quotas(session, places["LP01"])
        assert [(name, one.finished) for _, name, one in shown.above] == [
            ("Shang", 3),
            ("Shang", 2),
        ]
        ids = [row.id for row in session.query(Interview).order_by(Interview.id)]
        session.execute(update(Interview).where(Interview.id == ids[0]).values(review="rejected"))
        session.execute(update(Interview).where(Interview.id == ids[2]).values(mode="visited"))
        assert [one.finished for one in quotas(session, places["Shang"]).fillings] == [1, 1]
        assert whole(session, vault, "g", "Woman", 70, "LP01").kept
        # Taken away, it holds no longer.
        change_quota(session, places["Shang"], Cell("f", "65+"), None, NOW, "administrator 1")
        change_quota(session, places["Shang"], Cell("", "65+"), None, NOW, "administrator 1")
        assert all(whole(session, vault, f"h{n}", "Woman", 70).kept for n in range(3))
        said = [(a.action, a.object) for a in session.query(Audit) if "quota" in a.action]
        assert said[0] == ("set quota", "wave 1, f 65+: 2")
        assert said[-1] == ("clear quota", "wave 1, 65+")


@pytest.mark.parametrize("seed", range(3))
def test_no_cell_has_more_than_its_quota_and_those_who_were_in_parallel(
    database, vault, places, seed
):
    """Many answer at the same time, each a step when their turn comes."""
    dice = random.Random(seed)
    limits = {
        (place, cell): dice.randint(0, 4)
        for place in ("LP01", "LP02", "Shang")
        for cell in (Cell("f", "16-34"), Cell("m", ""), Cell("", "65+"))
    }
    at_once = 4
    people = [
        [f"p{n}", dice.choice(["LP01", "LP02"]), dice.choice(["Woman", "Man"]),
         dice.choice([20, 40, 70])] for n in range(36)
    ]  # fmt: skip
    kept, away = [], []
    with database.begin() as session:
        for (place, cell), most in limits.items():
            change_quota(session, places[place], cell, most, NOW, "test")
        here, waiting = [], list(people)
        while here or waiting:
            while waiting and len(here) < at_once:
                name, code, sex, age = waiting.pop()
                interview = begin(session, vault, name, code)
                advance(session, interview, Begin(), NOW, None)
                here.append((interview, ["I myself", sex, str(age), "w"], (code, sex, age)))
            one = dice.choice(here)
            interview, left, who = one
            turn = advance(session, interview, Typed(left.pop(0)), NOW, None)
            if turn.full is not None:
                away.append(who)
            if not left and turn.kept:
                kept.append(who)
            if not left or not turn.kept:
                here.remove(one)
        assert session.query(Interview).count() == len(kept)
        assert session.query(Respondent).count() == len(kept)
        lost = session.query(InterviewEvent).filter(
            InterviewEvent.interview_id.not_in([i.id for i in session.query(Interview)])
        )
        assert lost.count() == 0
    cells = Counter(
        (place, cell)
        for code, sex, age in kept
        for place, cell in limits
        if place in (code, "Shang")
        and cell.holds(Cell({"Woman": "f", "Man": "m"}[sex], age_band(str(age))))
    )
    assert away
    assert all(cells[key] <= most + at_once - 1 for key, most in limits.items())


def test_where_there_can_be_no_quota(database, vault, places):
    with database.begin() as session:
        with pytest.raises(ValueError, match="16-34"):
            change_quota(session, places["LP01"], Cell("f", "17-20"), 1, NOW, "test")
        with pytest.raises(QuotasRefused) as refused:
            import_quotas(session, b"area,sex,age,most\nLP01,x,16-34,3\nLP9,f,,2\n,f,12,-1\n", NOW)
        assert [problem.line for problem in refused.value.problems] == [2, 3, 4, 4, 4]
        lines = "area;sex;age;most\nLP01;女;16–34;3\nHe/Shang;;65+;40\nLP01;;;\n"
        assert import_quotas(session, lines.encode(), NOW) == 3
        assert [one.most for one in quotas(session, places["LP01"]).fillings] == [3]
        publish(session, quota_form("2", roles=False), "test", NOW)
        from surveys.publish import close_wave
        from surveys.publish import open_wave as begin_wave

        close_wave(session, NOW)
        with pytest.raises(NoQuota):
            quotas(session, places["LP01"])
        begin_wave(session, organisation="O", contact="C", retention_months=1, now=NOW)
        with pytest.raises(NoQuota, match="does not ask"):
            change_quota(session, places["LP01"], Cell("f", ""), 1, NOW, "test")
        assert whole(session, vault, "x", "Woman", 20).kept
