"""What estimates read of a submission, beside it: the same as from the submission itself."""

import random

import pandas as pd
import pytest
from sqlalchemy import select, update

from surveys.profiles.measuring import measure_all
from surveys.store.interviews import strip_finished
from surveys.store.measured import read, unmeasured
from surveys.store.quality import checked
from surveys.store.schema import FormVersion, Interview, InterviewEvent, Wave
from tests.fieldwork import NOW, answered, interview, open_field

TEXTS = (
    "",
    "1",
    "3.0",
    "3",
    "0007",
    "a b",
    "tab\there",
    'quo"te',
    "new\nline",
    "文字",
    "-1",
    "nan",
)


def of_wave(database, wave):
    with database.read() as session:
        found = read(session, wave)
        quality = checked(session, wave)
    return pd.concat([found.own, found.values.astype(str)], axis=1), quality


def rewritten(database, line=None):
    with database.begin() as session:
        session.execute(update(Interview).values(measured=line))


def same(one, other):
    pd.testing.assert_frame_equal(one[0], other[0])
    assert one[1].marks.tolist() == other[1].marks.tolist()
    pd.testing.assert_frame_equal(one[1].counts, other[1].counts)


@pytest.fixture
def field(database):
    found = open_field(database)
    dice = random.Random(5)
    with database.begin() as session:
        for village in ("LP01", "LP02"):
            answered(session, found, village, 8)
        for number in range(40):
            one = interview(
                session, found, "LP03", f"h{number % 25}", entry=f"e{number}",
                home__A6=dice.choice(TEXTS), home__A8=dice.choice(TEXTS), user=dice.choice("01"),
                use__Q2=dice.choice(TEXTS), s_use=dice.choice(TEXTS), G2="my words",
                mode=dice.choice((None, "helped", "visited")),
            )  # fmt: skip
            one.flags = dice.choice((None, [], ["seen_before", "文"]))
            one.review = dice.choice(("received", "rejected"))
            if dice.random() < 0.7:
                for node in dice.choice(("AB", "A")):
                    session.add(InterviewEvent(interview_id=one.id, at=NOW, kind="asked",
                                               node=f"/data/{node}", value=""))  # fmt: skip
    return found


def test_lines_say_what_submissions_say_and_only_what_is_missing_is_written(database, field):
    from_submissions = of_wave(database, field.wave)
    values = from_submissions[0]
    # A tab or a line's end is a space; what looks like a number stays the text that it was.
    assert set(values["s_use"]) >= {"3.0", "3", "0007", "tab here", "new line", 'quo"te', "文字"}
    assert measure_all(database, field.wave) == len(values) == 40 + 32
    same(of_wave(database, field.wave), from_submissions)
    assert measure_all(database, field.wave) == 0
    with database.read() as session:
        lines = session.scalars(select(Interview.measured)).all()
    assert not any("my words" in line for line in lines)
    with database.begin() as session:
        session.execute(update(Interview).where(Interview.id <= 3).values(measured=None))
        session.execute(update(Interview).where(Interview.id == 7).values(measured="other\tline"))
    # Some from lines, some from submissions: no difference.
    same(of_wave(database, field.wave), from_submissions)
    assert measure_all(database, field.wave) == 4
    # What is read is read from the lines.
    rewritten(database, lines[0])
    assert not of_wave(database, field.wave)[0]["s_use"].equals(values["s_use"])


def test_each_row_is_read_by_its_own_form_version(database, field):
    measure_all(database, field.wave)
    with database.begin() as session:
        old = session.get_one(FormVersion, field.versions[0])
        # A newer version measures one node more, that the older one has, too, and one less.
        said = [*(one for one in old.indicators if one["name"] != "s_use"),
                {"name": "Q1", "label": {}, "kind": "category", "dimension": "use"}]  # fmt: skip
        newer = FormVersion(
            form_id=old.form_id, version="2", xform=old.xform, indicators=said,
            published_at=NOW, published_by="t",
        )  # fmt: skip
        session.add(newer)
        session.flush()
        version = newer.id
        interview(session, field, "LP01", "new", version=version, Q1="yes", s_use="7", user="1")
        session.get_one(Wave, field.wave).form_version_id = version
    with database.read() as session:
        # Of the older version too: their lines do not have the node that is measured now.
        assert len(unmeasured(session, field.wave)) == 73
    with_stale_ones = of_wave(database, field.wave)
    rewritten(database)
    from_submissions = of_wave(database, field.wave)
    same(with_stale_ones, from_submissions)
    assert (from_submissions[0]["Q1"] == "yes").sum() > 10
    assert measure_all(database, field.wave) == 73
    same(of_wave(database, field.wave), from_submissions)


def test_nothing_of_the_log_is_kept_of_who_was_forgotten(database, field):
    measure_all(database, field.wave)
    with database.begin() as session:
        timed = session.scalar(select(InterviewEvent.interview_id).limit(1))
        strip_finished(session, [session.get_one(Interview, timed).respondent_id])
    measure_all(database, field.wave)
    rows = of_wave(database, field.wave)[0].set_index("id")
    assert pd.isna(rows.loc[timed, "seconds"])
    assert rows.loc[timed, "path"] == -1
    assert rows["seconds"].notna().sum() > 10


def test_no_submission_is_an_empty_table(database):
    found = open_field(database)
    rows, quality = of_wave(database, found.wave)
    assert (len(rows), len(quality.ids)) == (0, 0)
