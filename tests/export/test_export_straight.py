"""The short way from the database to CSV says what the long way says, byte for byte."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_wave import NOW, simulate
from sqlalchemy import func, select

from surveys.export import own_texts, runs, straight
from surveys.export.central import central_csv
from surveys.export.design import VILLAGES, design
from surveys.export.drawn import AS_IT_STANDS, Drawn, drawn
from surveys.export.frequencies import Counting, frequencies
from surveys.export.kinds import Kinds
from surveys.export.own_cells import ROWS
from surveys.export.pieces import Odd, pieces, taken_apart
from surveys.export.questions import of_versions
from surveys.store.forms import versions_of_wave
from surveys.store.quality import checked
from surveys.store.schema import Interview, InterviewEvent, Margin
from tests.export.reading import made_of
from tests.export.workbooks import open_form, put

FORM = """
| survey | | | |
| | type | name | label::English (en) | label::中文 (zh) |
| | text | words | Say it | 说吧 |
| | integer | age | How old? | 多大？ |
| | decimal | part | Which part? | 几成？ |
| | select_multiple thing | several | Which? | 哪些？ |
| | rank thing | order | What first? | 先要什么？ |
| | select_one thing | one | Which one? | 哪个？ |
| | geopoint | place | Where? | 在哪里？ |
| | dateTime | moment | When was it? | 什么时候？ |
| | integer | lot1 | A lot | 签 |
| | integer | lot2 | A lot | 签 |
| | integer | lot3 | A lot | 签 |
| | integer | lot4 | A lot | 签 |
| | text | entry | A word of ours | 我们的词 |
| choices | | | | |
| | list_name | name | label::English (en) | label::中文 (zh) |
| | thing | road | A road | 路 |
| | thing | tower | A tower | 信号塔 |
| | thing | bus | A bus | 公交 |
| settings | | | | |
| | form_title | form_id | version | default_language |
| | Any | any | 1 | English (en) |
"""
LATER = FORM.replace("| any | 1 |", "| any | 2 |").replace(
    "| | text | words | Say it | 说吧 |\n", "| | text | never | Never | 没有 |\n"
)
LOTS = ("/data/lot1", "/data/lot2", "/data/lot3", "/data/lot4")
WORDS = ("=1+1", 'she said "so", ', "two\nlines", "路不好走", "\\", '", "', 'x", ', "a\r,b", "-5")
"""What people write, and what the text of a submission cannot be cut at."""

MOMENTS = (".000+08:00", ".250Z", ".5Z", "+00:00", ".000-00:00", ".123456-09:30", "Z", ".000+00:00")


@pytest.fixture
def field(database):
    made = open_form(database, FORM, LATER)
    found = []
    for at in range(60):
        things = ["road", "tower", "bus"][: at % 4]
        answers = {
            "age": str(at % 7), "part": f"{at * 7919 % 100}.5",
            "several": " ".join(things), "order": " ".join(reversed(things)), "one": "ferry",
            "place": f"{at}.25 -{at} 0 5",
            "moment": f"2026-03-01T0{at % 10}:15:00{MOMENTS[at % len(MOMENTS)]}",
            **{f"lot{n}": f"{(-1) ** n * at * 7919 * n}" for n in range(1, 5)},
            # Behind numbers: what was taken from a text that turns out to be odd is taken back.
            "words": WORDS[at % len(WORDS)], "entry": "@x", "nowhere": str(at),
        }  # fmt: skip
        if at % 4 == 1:
            # It comes again, and is remembered before the others are taken out.
            answers["lot1"] = "7"
        if at % 9 == 5:
            # Written otherwise than it was read; not asked.
            answers |= {"lot3": "-0"} if at % 2 else {"lot3": "1２", "lot2": ""}
        found.append({f"/data/{name}": value for name, value in answers.items() if at % 11 != 3})
    with database.begin() as session:
        # Of a later version, where they stand in another order.
        turned = [dict(reversed(one.items())) for one in found[::3]]
        put(session, made, turned, version=1)
        put(session, made, found)
        put(session, made, [{}, {"/data/age": "40"}], village="LP02")
    return made


@pytest.mark.parametrize("most", [1000, 3])
def test_the_short_way_is_the_long_way(database, field, monkeypatch, most):
    taken = []

    def seen(*given):
        taken.append(drawn(*given))
        return taken[-1]

    monkeypatch.setattr(straight, "MOST", most)
    monkeypatch.setattr(own_texts, "MOST", most)
    monkeypatch.setattr(straight, "drawn", seen)
    monkeypatch.setattr("surveys.export.plan.BATCH", 7)
    table = made_of(database, field).submissions
    counting = Counting(table)
    short = b"".join(central_csv(table, bom=True, counting=counting))
    assert short == b"".join(central_csv(replace(table, lines=None), bom=True))
    assert short.count(b"\r\n") > 60
    told = counting.told()
    assert told == frequencies(table)
    # What is told is rounded; what was counted is the same, too.
    slow = Counting(table)
    for row in (row for some in table.rows() for row in some):
        slow.add(row)
    for place, one in slow.counts.items():
        counting.counts[place].settle()
        assert +counting.counts[place].persons == one.persons, one.variable.name
    assert told["age"].quantiles
    assert told["one"].shares[-1].value == "ferry"
    assert told["several/road"].answered == 55
    # Few are remembered: these are taken out of the text, in the order that most have.
    assert (LOTS in {one.paths for one in taken if one}) == (most == 3)


TEXTS = st.text(max_size=8) | st.sampled_from(WORDS)


@given(
    st.dictionaries(st.sampled_from(["/data/a", "/data/b[1]", "/data/g/c"]), TEXTS), st.booleans()
)
def test_a_text_falls_into_its_answers_or_is_called_odd(answers, plain):
    text = json.dumps(answers, ensure_ascii=plain)
    try:
        assert dict(map(taken_apart, pieces(text))) == answers
    except Odd:
        assert not answers or '\\"' in text or "\\\\" in text


NUMBERS = st.integers(-99, 10**16).map(str) | st.sampled_from(["-0", "01", "1２", ""]) | TEXTS


@given(st.permutations("abcd"), st.lists(NUMBERS, min_size=4, max_size=4), st.booleans())
def test_numbers_are_taken_out_where_they_stand_together(names, values, plain):
    answers = {f"/data/{name}": value for name, value in zip(names, values, strict=True)}
    text = json.dumps(answers, ensure_ascii=plain)
    paths = ["/data/b", "/data/c"]
    numbers, rest = Drawn(paths, 1).out_of(text)
    together = "".join(names) in ("abcd", "dbca") and all(
        re.fullmatch(AS_IT_STANDS, answers[path]) for path in paths
    )
    assert bool(numbers) == together
    assert json.loads(rest) | dict(zip(paths, numbers, strict=False)) == answers
    assert len(json.loads(rest)) == 4 - len(numbers)


@pytest.mark.parametrize(
    "text", ['{"a":"1"}', '{"/data/a": 1, "/data/b": "2"}', "{}", '{"a": "b", "c": 1}']
)
def test_what_is_written_otherwise_is_odd(text):
    with pytest.raises(Odd):
        [taken_apart(one) for one in pieces(text)]


def test_kinds_are_the_same_from_texts(database, field):
    with database.read() as session:
        questions, _ = of_versions(versions_of_wave(session, field.wave))
        submissions = session.scalars(select(Interview.submission).order_by(Interview.id)).all()
    short, long = Kinds(questions), Kinds(questions)
    for one in submissions:
        short.see_text(json.dumps(one))
        long.see(one)
    found = [(one.asked.path, one.kind, one.values) for one in short.seen]
    assert found == [(one.asked.path, one.kind, one.values) for one in long.seen]
    kinds = {path.rpartition("/")[2]: kind for path, kind, _ in found}
    assert (kinds["age"], kinds["part"], kinds["one"]) == ("integer", "decimal", "category")


# Weights and flags -------------------------------------------------------------------------------


@pytest.mark.parametrize("sums", [False, True])
def test_some_villages_at_a_time_weigh_what_all_weigh_together(database, monkeypatch, sums):
    made = simulate(database)
    with database.begin() as session:
        if sums:
            # Without the township's own margins its two villages are raked to their sum.
            both = select(Margin.area_id, Margin.category).where(
                Margin.variable == "schooling", Margin.area_id.not_in(made.areas.values())
            )
            for area_id, category in session.execute(both).all():
                row = session.get_one(Margin, (area_id, "schooling", category))
                for code in ("V3", "V4"):
                    session.add(Margin(area_id=made.areas[code], variable="schooling",
                                       category=category, count=row.count / 2))  # fmt: skip
                session.delete(row)
        _log(session)
    kept = []
    for most in (1, 10**9):
        monkeypatch.setattr(runs, "AT_ONCE", most)
        with database.read() as session:
            ids = session.scalars(select(Interview.id)).all()
            found, everybody = design(session, made.wave)
            flags = everybody.flags.checked()
            whole = checked(session, made.wave)
        computed = everybody.keep(ids).batch(0, ids)
        cells = [list(one) for one in computed.weights]
        kept.append((cells, found.villages, found.raked))
        assert np.array_equal(flags.ids, whole.ids)
        assert np.array_equal(flags.marks, whole.marks)
        assert np.array_equal(flags.seconds, whole.seconds, equal_nan=True)
    assert kept[0] == kept[1]
    cells, villages, _ = kept[0]
    pools = cells[ROWS.index("raking_pool")]
    assert set(pools) == {None, 0, 1}
    assert villages["V4"][VILLAGES.index("raking_pool")] == 1
    assert {"answered", "visited"} < set(cells[ROWS.index("phase")])
    assert (flags.marks & 2).any()


def test_the_versions_of_a_wave_are_looked_for_once(database, monkeypatch):
    made = simulate(database, seed=3)
    monkeypatch.setattr(runs, "AT_ONCE", 1)

    def again(session, wave_id):
        raise AssertionError("all interviews are gone through for it")

    monkeypatch.setattr("surveys.store.measured.versions_of_wave", again)
    monkeypatch.setattr("surveys.store.quality.versions_of_wave", again)
    with database.read() as session:
        _, everybody = design(session, made.wave)
    assert everybody.weighed.used.any()


def _log(session):
    """Everybody but some took their time; one of two questions was on the screen."""
    latest = session.scalar(select(func.max(Interview.id)))
    for one in session.query(Interview):
        if one.id == latest:
            continue
        lasted = 3 if one.id % 9 == 0 else 30 + one.id % 10
        # Half were asked something else, which takes long: beside them the others seem fast.
        node, lasted = ("/data/A2", 6 * lasted) if one.id % 2 else ("/data/A1", lasted)
        for kind, seconds in (("asked", 0), ("answered", lasted)):
            at = NOW.timestamp() + seconds
            session.add(InterviewEvent(interview_id=one.id, at=NOW.fromtimestamp(at, NOW.tzinfo),
                                       kind=kind, node=node, value=""))  # fmt: skip
        session.flush()
