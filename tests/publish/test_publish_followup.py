"""Follow-ups: which homes are drawn, and visited homes from a file to the estimates."""

import csv
import io
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import func, select

from surveys.conduct.retention import expire
from surveys.estimation.estimates import Groups
from surveys.estimation.followup import hansen_hurwitz, two_phase
from surveys.estimation.frame import answers, measures
from surveys.estimation.weights import weights
from surveys.form.indicators import from_json
from surveys.profiles import frame, latest_wave, summary, village_profiles
from surveys.publish import ensure_ready, import_villages
from surveys.publish.followup import VisitsRefused, draw_homes, import_visits, shuffled
from surveys.store.jobs import due_jobs
from surveys.store.schema import (
    Area,
    Audit,
    FormVersion,
    Household,
    Interview,
    Respondent,
    Wave,
)  # fmt: skip
from tests.export.reading import files_of, made_of, rows
from tests.fieldwork import NOW, Field, answered, interview, open_field

LATER = NOW + timedelta(days=20)


def take_in(database, vault, field, content, village="LP01", now=LATER):
    if isinstance(content, str):
        content = content.encode()
    with database.begin() as session:
        return import_visits(session, vault, field.villages[village], field.wave, content, now)


def visits(database):
    """What is stored of visited homes: home, entry, the submission by name."""
    with database.read() as session:
        rows = session.execute(
            select(Respondent.household_id, Respondent.entry, Interview)
            .join(Respondent, Respondent.id == Interview.respondent_id)
            .where(Interview.mode == "visited")
            .order_by(Interview.id)
        ).all()
        return [
            (home, entry, {path.rpartition("/")[2]: one for path, one in row.submission.items()})
            for home, entry, row in rows
        ]


def every_id(database):
    with database.read() as session:
        return [
            sorted(session.scalars(select(column)))
            for column in (Household.id, Respondent.id, Respondent.entry, Interview.key)
        ]


SMALL = """home,A6,A8,Q1,Q2,G2
1,3,2,yes,news call,
1,3,2,no,,the road
7,2,0,no,,
"""


def test_a_list_of_homes_is_a_shuffle_that_a_seed_gives_again(database):
    field = open_field(database)
    area = field.villages["LP01"]
    with database.begin() as session:
        first = draw_homes(session, area, 200, 5, NOW, by="test")
        assert session.scalar(select(Audit.object).where(Audit.action == "draw follow-up")) == (
            "200 homes, seed 5"
        )
    assert sorted(first) == list(range(1, 201))
    assert shuffled(200, 5) == first
    assert shuffled(200, 6) != first


def test_every_home_is_as_likely_as_any_other_to_be_among_the_first():
    counts = Counter(home for seed in range(6000) for home in shuffled(6, seed)[:2])
    # Chi-squared of 5 degrees of freedom passes 20.5 once in a thousand; the seeds are fixed.
    assert sum((counts[home] - 2000) ** 2 / 2000 for home in range(1, 7)) < 20.5


def test_visited_homes_are_finished_interviews_without_a_contact(database, vault):
    field = open_field(database)
    with database.begin() as session:
        answered(session, field, "LP01", 6)
    done = take_in(database, vault, field, SMALL + "9,,,,,\n")
    assert (done.homes, done.persons, done.replaced, done.silent) == (2, 3, 0, 1)
    assert (done.too_young, done.in_all, done.unknown) == (0, 2, ())
    found = visits(database)
    homes = [home for home, _, _ in found]
    assert homes[0] == homes[1] != homes[2]
    # Each person is a sampling unit.
    assert len({entry for _, entry, _ in found}) == 3
    assert found[0][2].pop("instanceID").startswith("uuid:")
    assert found[0][2] == {"A6": "3", "A8": "2", "Q1": "yes", "Q2": "news call", "user": "1",
                           "s_use": "100"}  # fmt: skip
    assert (found[2][2]["user"], found[2][2]["s_use"]) == ("0", "0")
    with database.read() as session:
        one = session.query(Interview).filter_by(mode="visited").first()
        person = session.get_one(Respondent, one.respondent_id)
        assert person.contact_id is None
        assert (one.status, one.consent_version, one.flags) == ("finished", "visited", [])
        assert one.started_at == one.finished_at == LATER
        assert one.form_version_id == field.versions[0]
        # The number of a home is kept nowhere, the audit says what was done.
        assert len(person.household_id) == len(person.id) == 32
        assert session.scalars(select(Audit.object).order_by(Audit.id.desc())).first() == (
            f"wave {field.wave}: 3 persons of 2 homes, 1 silent"
        )
        # What counts submissions counts them, and what needs enough of them takes them.
        row = summary(session, [field.villages["LP01"]], now=LATER)[0]
        assert (row.started, row.finished) == (15, 15)
        # The target of 12 was passed: a profile is ordered, once.
        assert [job.arguments["reason"] for job in due_jobs(session, LATER)] == ["target"]
    table = files_of(made_of(database, field))["submissions.csv"]
    exported = [row for row in rows(table) if row["mode"] == "visited"]
    assert [row["base_weight"] for row in exported] == ["1", "1", "1"]
    assert "the road" not in table.decode()
    profile = village_profiles(database, field.wave, [field.villages["LP01"]], LATER)["LP01"]
    # Those who are not online are fewer than ten: they wait for others.
    assert (profile.persons, profile.waiting) == (10, 5)
    # And what forgets forgets them.
    expire(database, LATER + timedelta(days=800))
    assert every_id(database) == [[], [], [], []]


def test_the_same_file_again_replaces_and_another_home_is_added(database, vault):
    field = open_field(database)
    with database.begin() as session:
        interview(session, field, "LP01", "chat", Q1="yes")
    take_in(database, vault, field, SMALL)
    before = every_id(database)
    done = take_in(database, vault, field, SMALL)
    assert (done.homes, done.replaced, done.in_all) == (2, 2, 2)
    assert every_id(database) == before
    # Spelled in another way it is the same home; one person less is one less.
    done = take_in(database, vault, field, "home,Q1\n007.0,yes\nB 2,no\n")
    assert (done.homes, done.persons, done.replaced, done.in_all) == (2, 2, 1, 3)
    assert [one["Q1"] for _, _, one in visits(database)] == ["yes", "no", "yes", "no"]
    done = take_in(database, vault, field, "home;Q1\n1;\n")
    assert (done.homes, done.replaced, done.silent, done.in_all) == (0, 1, 1, 2)
    # The same number in another village, or with another key, is another home.
    take_in(database, vault, field, "home,Q1\n7,yes\n", village="LP02")
    assert len({home for home, _, _ in visits(database)}) == 3
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Interview)) == 4


def test_columns_as_odk_and_kobotoolbox_head_them(database, vault):
    field = open_field(database)
    files = [
        "\ufeffhome,start,home-A6,home-A8,Q1,use-Q2,KEY\n1,,3,2,yes,news,x\n".encode(),
        b"Home;home/A6;home/A8;q1;use/Q2;_id\n1;3.0;2.0;yes;news;7\n",
        "home\tdata/home/A6\t/data/home/A8\tdata/Q1\tuse/Q2/news\tuse/Q2/call\n1\t3\t2\tyes\t1\t0\n",
        'home,A6,A8,Q1,"use-Q2/news",use-Q2/call,user,bye\n1,3,2,yes,1.0,,0,ok\n',
        "home,A6,A8,Q1,use-Q2,use-Q2/news,use-Q2/call\n1,3,2,yes,news,1,1\n".encode("utf-16"),
        "home,A6,A8,Q1,Q2,门牌\n1,三,2,yes,news,东\n".encode("gb18030"),
    ]
    for content in files:
        done = take_in(database, vault, field, content)
        assert (done.homes, done.persons) == (1, 1)
        ((_, _, found),) = visits(database)
        found.pop("instanceID")
        assert found == {"A6": "3", "A8": "2", "Q1": "yes", "Q2": "news", "user": "1",
                         "s_use": "50"}  # fmt: skip
    assert done.unknown == ("门牌",)


def test_times_of_the_interview_are_those_of_the_file(database, vault):
    field = open_field(database)
    head = "home,start,end,Q1\n"
    times = (
        "1,2026-03-10T09:00:00.000+08:00,2026-03-10T09:20:00.000+08:00,yes\n"
        "2,2026-03-10T09:00:00,2026-03-10T08:00:00,yes\n"
        "3,10 March,2036-03-10T09:00:00Z,yes\n"
    )
    take_in(database, vault, field, head + times)
    with database.read() as session:
        rows = session.execute(
            select(Interview.started_at, Interview.finished_at).order_by(Interview.id)
        ).all()
    nine = NOW.replace(day=10, hour=1)
    assert rows[0] == (nine, nine + timedelta(minutes=20))
    # Without a zone they are the village's; what ends before it begins lasted no time.
    assert rows[1] == (nine - timedelta(hours=1),) * 2
    assert rows[2] == (LATER, LATER)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04", "line 1: this is an Excel workbook"),
        (b"home,Q1\n", "line 2: there is no home here"),
        (b"", "line 1: there is no home here"),
        (b"Q1\nyes\n", "line 1: there is no column home: it says to which home a line belongs"),
        (b"home,number\n1,2\n", "line 1: no column is a question of small: head each by its name, "
         "such as A6, A8."),
        (b"home,A6,home-A6\n1,2,3\n", "line 1: the columns A6 and home-A6 are the same: leave one"),
        (b"home,home,Q1\n1,2,yes\n", "line 1: the columns home and home are the same"),
        (b"home,Q1,Q2/news,use/Q2/news\n1,yes,1,1\n", "the columns Q2/news and use/Q2/news are"),
        (b"home,Q1\n,yes\n", "line 2: home is empty: write the number of the home on the list."),
        (b"home,Q1\n\n1,maybe\n", "line 3: Q1 has no such choice: write one of yes, no."),
        (b"home,Q1,Q2\n1,yes,news tv\n", "write one of news, call with spaces between."),
        (b"home,A6,A8\n1,many,2.5\n", "line 2: A6 must be a number.; line 2: A8 must be a whole "),
        (b"home,Q1,use-Q2\n1,no,news\n", "line 2: use-Q2 is answered where the form does not ask "
         "it: leave it empty, or correct Q1."),
        (b"home,Q1,Q2/news\n1,yes,perhaps\n", "line 2: Q2/news must be 1 or 0."),
        (b"home,A6\n1,skip\n", "line 2: A6 cannot be read: correct it."),
        (b'home,Q1\n1,"yes' + b"x" * 140_000, "cannot be read as CSV"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_nothing_is_written(
    database, vault, content, said
):
    field = open_field(database)
    take_in(database, vault, field, SMALL)
    before = every_id(database)
    with pytest.raises(VisitsRefused) as refused:
        take_in(database, vault, field, content)
    assert said in str(refused.value)
    assert every_id(database) == before


# With the instrument that we ship -----------------------------------------------------------------

EVERYBODY = {
    "you/A1": "helped", "you/A2": "f", "you/A3": "35", "home/A4": "2", "home/A5": "ret",
    "access/B1": "smart", "access/B2": "fixed", "access/B3": "3", "use/C6": "0",
    "resource/R1": "none", "resource/R4": "none", "resource/R5": "none", "outcome/F3": "3",
}  # fmt: skip
USER = {
    "access/B4": "day", "access/B5": "2", "use/C1": "news", "use/C2": "none", "use/C3": "none",
    "use/C4": "none", "use/C5": "none", "resource/R2": "none", "outcome/F1": "0",
    "outcome/F2": "none", "knowledge/K1": "a", "knowledge/K2": "a", "knowledge/K3": "a",
    "knowledge/K4": "a", "knowledge/K5": "a", "knowledge/K6": "a", "skills/S1": "3",
    "skills/S2": "3", "skills/S3": "3",
}  # fmt: skip
OTHER = {"access/B4": "never", "access/B7": "train fee"}
MORE = {
    10: {},
    30: {"use/C2": "call social", "use/C1": "news"},
    50: {"use/C1": "news goods", "use/C2": "call", "use/C4": "pay", "use/C5": "secure"},
}
"""U -> choices: each area 0, 50 or 100, and U their mean."""


def asked(home, use=None, adults="", online="", **more):
    """A line: a user with this U, or a non-user."""
    roster = {"home/A6": adults, "home/A7": "0" if adults else "", "home/A8": online}
    person = EVERYBODY | (OTHER if use is None else USER | MORE[use]) | roster
    return {"home": home} | person | more


def written(lines):
    names = list(dict.fromkeys(name for one in lines for name in one))
    text = io.StringIO()
    rows = csv.DictWriter(text, names, restval="", delimiter=";")
    rows.writeheader()
    rows.writerows(lines)
    return text.getvalue()


@pytest.fixture
def instrument(database):
    """The shipped instrument in a village of 60 homes; three of them answered unasked."""
    with database.begin() as session:
        wave = ensure_ready(
            session, organisation="O", contact="C", retention_months=24, now=NOW,
            time_zone="Asia/Shanghai",
        )  # fmt: skip
        village = b"code,name,area,households,adults,target\nLP01,Liuping,He/Shang,60,150,\n"
        import_villages(session, village, NOW)
        version = session.scalar(select(FormVersion.id))
        field = Field(
            wave, [version], {"LP01": session.query(Area).filter_by(code="LP01").one().id}
        )
        for home, adults, online, scores in (
            ("a", "3", "2", (80, 60)), ("b", "2", "1", (90,)), ("c", "4", "3", (100,)),
        ):  # fmt: skip
            for number, score in enumerate(scores):
                interview(
                    session, field, "LP01", home, entry=f"{home}{number}", home__A6=adults,
                    home__A7="0", home__A8=online, access__user="1", s_use=str(score),
                )  # fmt: skip
    return field


VISITED = [
    # adults, online as the roster says (none: it is not given), and who was asked.
    ("2", "1", (30, None)), ("1", "0", (None,)), ("3", "1", (10, None, None)), ("2", "0", (None,)),
    ("4", "2", (50, 30)), ("", "", (None, None)), ("1", "1", (50,)), ("2", "2", (10, 10)),
    ("3", "", (30,)), ("2", "0", (None, None)), ("1", "0", (None,)), ("5", "1", (30, None, None)),
    ("2", "1", (10, None)), ("1", "1", (30,)),
]  # fmt: skip


def test_from_a_file_of_visits_to_the_estimates(database, vault, instrument):
    lines = [
        asked(number, use, adults, online)
        for number, (adults, online, people) in enumerate(VISITED, 1)
        for use in people
    ]
    lines += [{"home": 21}, {"home": 22, "you/A1": "helped", "you/A2": "m", "you/A3": "0"}]
    done = take_in(database, vault, instrument, written(lines))
    assert (done.homes, done.persons, done.silent, done.too_young) == (14, 24, 2, 1)
    with database.read() as session:
        version = session.get_one(FormVersion, instrument.versions[0])
        indicators = from_json(version.indicators)
        data, villages = frame(
            session, instrument.wave, instrument.villages.values(), [one.name for one in indicators]
        )
        assert latest_wave(session, instrument.villages["LP01"]) == instrument.wave
    assert Counter(data["mode"]) == {"visited": 24, "self": 4}
    sample = answers(data, ["LP01"], measures(indicators, {}))
    phases = two_phase(sample, weights(sample), villages["households"].to_numpy())
    y = sample.scores["s_use"]
    one = np.ones(len(y))
    groups = Groups(sample.village, 1)
    online = hansen_hurwitz(groups, sample, phases, one, of="adults")
    mean = hansen_hurwitz(groups, sample, phases, y, of="users")
    use = hansen_hurwitz(groups, sample, phases, y, of="adults")

    # By hand: three homes stand for themselves, 14 for the other 57.
    w = 57 / 14
    homes = [SimpleNamespace(adults=3, users=2, y=140), SimpleNamespace(adults=2, users=1, y=90),
             SimpleNamespace(adults=4, users=3, y=300)]  # fmt: skip
    for adults, _, people in VISITED:
        scores = [one for one in people if one is not None]
        size = int(adults or len(people))
        each = w * size / len(people)
        homes.append(SimpleNamespace(adults=w * size, users=each * len(scores),
                                     y=each * sum(scores)))  # fmt: skip
    total, users, top = (sum(getattr(home, name) for home in homes)
                         for name in ("adults", "users", "y"))  # fmt: skip
    for found, value, upper, lower in (
        (online, users / total, "users", "adults"),
        (mean, top / users, "y", "users"),
        (use, top / total, "y", "adults"),
    ):
        assert found.value[0] == pytest.approx(value)
        bottom = sum(getattr(home, lower) for home in homes)
        e = [(getattr(home, upper) - value * getattr(home, lower)) / bottom for home in homes[3:]]
        v = (1 - 14 / 57) * 14 / 13 * sum((one - sum(e) / 14) ** 2 for one in e)
        assert found.v[0] == pytest.approx(v)
        assert found.df[0] == 13
    assert use.n[0] == 4 + 24


def test_all_that_the_instrument_does_not_take_is_told_at_once(database, vault, instrument):
    lines = [
        asked(1, 10, "2", "3"),  # more online than there are
        asked(1, 10, "x", "1") | {"access/B4": ""},
        asked(2, None) | {"use/C1": "news", "village/G1": "net cost basic sell"},
        asked(3, 10) | {"knowledge/K1": "", "home/A5": "farm", "access/B1": "smart none"},
        asked(4, 30) | {"you/A1": "proxy"},
    ]
    with pytest.raises(VisitsRefused) as refused:
        take_in(database, vault, instrument, written(lines))
    said = [str(one) for one in refused.value.problems]
    assert said == [
        "line 1: there is no column R3, and line 5 needs it.",
        "line 2: home/A8 is not what the form accepts: Please give a number from 0 to the number of"
        " people at home.",
        "line 3: home/A6 must be a number.",
        "line 3: access/B4 is empty, and the form asks this person for it.",
        "line 4: use/C1 is answered where the form does not ask it: leave it empty, or correct"
        " you/A3 or access/B4.",
        "line 4: village/G1 is not what the form accepts: Please choose at most 3.",
        "line 5: access/B1 is not what the form accepts: \"None of these\" cannot go with another"
        " answer.",
        "line 5: knowledge/K1 is empty, and the form asks this person for it.",
        *(f"line 6: {name} is answered where the form does not ask it: leave it empty, or correct"
          " you/A1 or you/A3 or access/B4." for name in ("skills/S1", "skills/S2", "skills/S3")),
        *(f"line 6: knowledge/K{k} is answered where the form does not ask it: leave it empty, or"
          " correct you/A1 or you/A3 or access/B4." for k in range(1, 7)),
        "line 6: outcome/F3 is answered where the form does not ask it: leave it empty, or correct"
        " you/A1 or you/A3.",
    ]  # fmt: skip
    assert visits(database) == []


def test_in_another_wave_it_is_the_same_home_and_other_persons(database, vault):
    field = open_field(database)
    take_in(database, vault, field, SMALL)
    with database.begin() as session:
        first = session.get_one(Wave, field.wave)
        first.closed_at = LATER
        second = Wave(
            name="2", area_id=first.area_id, form_version_id=first.form_version_id,
            organisation="O", contact="C", retention_months=24, opened_at=LATER,
        )  # fmt: skip
        session.add(second)
        session.flush()
        again = Field(second.id, field.versions, field.villages)
    take_in(database, vault, again, SMALL)
    found = visits(database)
    assert len(found) == 6
    assert [home for home, _, _ in found[:3]] == [home for home, _, _ in found[3:]]
    assert len({entry for _, entry, _ in found}) == 6
    # The first wave's are not touched by an import into the second.
    take_in(database, vault, again, "home,Q1\n1,\n7,\n")
    assert len(visits(database)) == 3


def test_the_example_of_the_page_is_taken_in(database, vault, instrument):
    page = (Path(__file__).parents[2] / "docs" / "followup.md").read_text("utf-8")
    (example,) = re.findall(r"```\n(home,.*?)```", page, re.DOTALL)
    done = take_in(database, vault, instrument, example)
    assert (done.homes, done.persons, done.silent, done.unknown) == (1, 2, 1, ())
