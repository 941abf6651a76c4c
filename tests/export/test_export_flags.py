"""What deserves a second look, in the export."""

from datetime import timedelta

import pytest

from surveys.publish import publish
from surveys.store.quality import checked
from surveys.store.schema import FormVersion, InterviewEvent
from surveys.store.timings import active
from tests.export.reading import files_of, made_of, submissions
from tests.fieldwork import NOW, answered, interview, open_field, small_form

NUMBERS = [f"N{number}" for number in range(14)]
MORE = "".join(f"\n| | integer | {name} | {name}? | {name}？ | | |" for name in NUMBERS)


def by_key(database, field):
    return {row["KEY"]: row for row in submissions(database, field)}


def took(session, one, *seconds):
    """The log of an interview whose questions took so long."""
    at = NOW
    for number, lasted in enumerate(seconds):
        for kind, after in (("asked", 0), ("answered", lasted)):
            at += timedelta(seconds=after)
            session.add(InterviewEvent(interview_id=one.id, at=at, kind=kind,
                                       node=f"/data/N{number}", value=""))  # fmt: skip
            session.flush()
    session.add(InterviewEvent(interview_id=one.id, at=at, kind="finished", node="", value=""))
    session.flush()


@pytest.fixture
def field(database):
    made = open_field(database)
    with database.begin() as session:
        version = publish(session, small_form("2", MORE), "test", NOW).form_version_id
        roles = [{"name": name, "label": {}, "role": "agreement"} for name in ("N0", "N1", "N2")]
        row = session.get_one(FormVersion, version)
        row.indicators = [*row.indicators, *roles]
        made.versions = [version]
        answered(session, made, "LP01", 10)
        answered(session, made, "LP03", 2)
    return made


def test_every_submission_says_what_stands_out_and_how_long_it_took(database, field):
    same = {"home__A6": "3", "home__A8": "2"} | dict.fromkeys(NUMBERS, "4")
    with database.begin() as session:
        for number in range(9):
            one = interview(session, field, "LP01", f"calm-{number}", N0=str(number))
            took(session, one, 100.4, 86_400)
        slow = interview(session, field, "LP01", "slow")
        took(session, slow, 150, 10)
        fast = interview(session, field, "LP01", "fast")
        fast.flags = ["seen_before", "speeding"]
        took(session, fast, 100, 33)
        odd = interview(
            session, field, "LP01", "odd", **same | dict.fromkeys(("N0", "N1", "N2"), "3")
        )
        first, second = (
            interview(session, field, "LP01", f"copy-{number}", **same) for number in range(2)
        )
        far = interview(session, field, "LP03", "copy-3", **same)
        keys = {name: one.key for name, one in
                {"slow": slow, "fast": fast, "odd": odd, "first": first, "second": second,
                 "far": far}.items()}  # fmt: skip
        far_id, fast_id = far.id, fast.id
        expected = {
            fast_id: ("speeding", "seen_before"),
            first.id: ("straight_lining", "duplicate"),
            second.id: ("straight_lining", "duplicate"),
        }
    found = by_key(database, field)
    flags = {name: found[key]["flags"] for name, key in keys.items() if key in found}
    assert flags == {
        "slow": "", "fast": "speeding seen_before", "odd": "",
        "first": "straight_lining duplicate", "second": "straight_lining duplicate",
    }  # fmt: skip
    # A pause of a day counts 300; who left no log has no seconds.
    seconds = [found[key]["active_seconds"] for key in found]
    assert (seconds.count("400"), seconds.count("")) == (9, len(found) - 11)
    assert (found[keys["slow"]]["active_seconds"], found[keys["fast"]]["active_seconds"]) == (
        "160", "133",
    )  # fmt: skip
    # A small village's answers are compared with, and handed out to nobody.
    assert keys["far"] not in found
    with database.read() as session:
        assert checked(session, field.wave).flags_of(far_id) == ("straight_lining",)
        alone = checked(session, field.wave, [field.villages["LP01"]])
        assert {one: alone.flags_of(one) for one in alone.flagged()} == expected
        assert alone.batch([far_id, fast_id]) == [
            ((), None), (("speeding", "seen_before"), 133.0)
        ]  # fmt: skip
        counts = checked(session, field.wave).counts
        assert counts.loc["LP01", ["flagged", "speeding", "duplicate"]].tolist() == [3, 1, 2]
        assert checked(session, field.wave, []).counts.empty


def test_a_path_is_what_was_asked_in_whatever_order(database, field):
    with database.begin() as session:
        people = [interview(session, field, "LP02", f"p-{number}") for number in range(4)]
        for one, nodes in zip(people, ("AB", "BA", "AABA", "A"), strict=True):
            for node in nodes:
                for kind in ("asked", "answered"):
                    session.add(InterviewEvent(interview_id=one.id, at=NOW, kind=kind,
                                               node=f"/data/{node}", value=""))  # fmt: skip
                    session.flush()
        ids = [one.id for one in people]
    with database.read() as session:
        found = active(session, ids)
    paths = [found[one][1] for one in ids]
    assert paths[0] == paths[1] == paths[2] != paths[3]


def test_a_home_that_contradicts_itself_is_flagged_whole(database, field):
    with database.begin() as session:
        interview(session, field, "LP01", "LP01-1", entry="third", Q1="yes", user="1")
    found = by_key(database, field)
    assert {row["household"] for row in found.values() if row["flags"] == "contradiction"} == {
        "LP01-1"
    }
    assert sum(row["flags"] == "contradiction" for row in found.values()) == 3


def test_the_codebook_names_every_flag(database, field):
    book = files_of(made_of(database, field))["codebook.csv"].decode()
    line = next(line for line in book.splitlines() if line.startswith("flags,"))
    assert all(name in line for name in ("straight_lining", "speeding", "duplicate"))
