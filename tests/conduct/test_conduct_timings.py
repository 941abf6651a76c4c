"""How long and where: from whole interviews, driven through the engine, to their seconds."""

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from surveys.conduct.advance import advance
from surveys.form.xlsform import convert
from surveys.interview.state import Begin, Spoke, Tapped, Typed
from surveys.store.measured import read, unmeasured
from surveys.store.schema import FormVersion, Interview, InterviewEvent
from surveys.store.timings import LONGEST, active, visits
from tests.conduct.conftest import NOW, agree

DAY = 86_400
PATHS = ("/data/A1", "/data/A3", "/data/B1", "/data/G2")


class Person:
    """Someone whose clock goes on with what they do."""

    def __init__(self, session, vault, name):
        self.session, self.now = session, NOW
        self.id = agree(session, vault, person=name, now=NOW)
        self.seq = 0

    def does(self, event, after):
        self.now += timedelta(seconds=after)
        turn = advance(self.session, self.id, event, self.now, None)
        self.seq, self.done = turn.interview.asked, turn.interview.status == "finished"

    def key(self):
        return self.session.get_one(Interview, self.id).key


def table(frame, person):
    rows = frame[frame["interview"] == person.id].sort_values("question")
    flags = ("answered", "skipped", "returned", "corrected")
    return {
        row["question"]: (round(row["seconds"], 3), *(name for name in flags if row[name]))
        for row in rows.to_dict("records")
    }


def test_a_pause_of_a_day_counts_five_minutes_and_every_spell_its_own_question(
    database, vault, county
):
    with database.begin() as session:
        alice = Person(session, vault, "alice")
        alice.does(Begin(), 0)
        alice.does(Typed("1"), 4)
        alice.does(Typed("many"), 3)  # refused: the question stays on the screen
        alice.does(Typed("30"), 5)
        alice.does(Typed("1"), DAY)  # the phone lay in a drawer
        alice.does(Tapped(alice.seq, "back"), 2)
        alice.does(Typed("1 2"), 6)
        alice.does(Tapped(alice.seq, "stop"), 10)
        alice.does(Begin(), DAY)
        alice.does(Tapped(alice.seq, "skip"), 5)
        bob, carol, dora, emil, fred = (
            Person(session, vault, name) for name in ("bob", "carol", "dora", "emil", "fred")
        )
        for person in (bob, carol, dora, emil, fred):
            person.does(Begin(), 0)
            person.does(Typed("1"), 7)
        bob.does(Typed("40"), 1)
        bob.does(Typed("3"), 1)
        bob.does(Typed("more buses"), 1)
        carol.does(Tapped(carol.seq, "stop"), 20)
        emil.does(Typed("50"), 2 * DAY)
        assert alice.done
        assert bob.done
        village = county.village
    with database.read() as session:
        found = active(session, [alice.id, bob.id])
        seconds = {one: lasted for one, (lasted, _) in found.items()}
        assert seconds == pytest.approx({alice.id: 4 + 8 + 306 + 17, bob.id: 10})
        assert len({path for _, path in found.values()}) == 1
        assert active(session, []) == {}
        frame, paths = visits(session, county.wave, [village], NOW + timedelta(hours=24))
    assert paths == PATHS
    assert table(frame, alice) == {
        0: (4, "answered"), 1: (8, "answered"), 2: (306, "answered", "returned", "corrected"),
        3: (17, "skipped"),
    }  # fmt: skip
    assert table(frame, carol) == {0: (7, "answered"), 1: (20,)}
    # Silent for a day: broken off; heard of since: still under way.
    assert table(frame, dora) == {0: (7, "answered"), 1: (0,)}
    assert table(frame, emil) == {}
    broke_off = frame.drop_duplicates("interview").set_index("interview")["broke_off"]
    assert broke_off.to_dict() == {
        alice.id: False, bob.id: False, carol.id: True, dora.id: True, fred.id: True,
    }  # fmt: skip
    assert frame["home"].nunique() == 5


def test_any_walk_through_a_form_takes_what_a_loop_over_its_log_finds(database, vault, county):
    choose = random.Random(20261124)
    with database.begin() as session:
        people = [Person(session, vault, f"person {number}") for number in range(30)]
        for person in people:
            person.does(Begin(), 0)
            for _ in range(choose.randrange(4, 40)):
                person.does(
                    choose.choice([
                        Typed("20"), Typed("30"), Typed("?"), Begin(), Spoke("中文 (zh)"),
                        Tapped(0, "back"),
                        *(
                            Tapped(person.seq, what)
                            for what in (0, 1, 0, "done", "back", "skip", "stop")
                        ),
                    ]),
                    choose.choice([0, 0.125, 3, 299, 301, DAY]),
                )  # fmt: skip
        ended = [person.id for person in people if person.done]
    assert 5 < len(ended) < 25
    with database.read() as session:
        log = session.execute(select(InterviewEvent).order_by(InterviewEvent.id)).scalars().all()
        status = dict(session.execute(select(Interview.id, Interview.status)).all())
        found = active(session, ended)
        frame, _ = visits(session, county.wave, [county.village], NOW + timedelta(days=1000))

    seconds, asked, open_since, ends = defaultdict(float), defaultdict(set), {}, {}
    returned, corrected, last = set(), set(), {}
    for line in log:
        one, at = line.interview_id, (line.interview_id, line.node)
        if line.kind == "refused":
            continue
        if one in open_since:
            node, since = open_since.pop(one)
            seconds[one, node] += min((line.at - since).total_seconds(), LONGEST)
        if line.kind == "asked":
            open_since[one] = line.node, line.at
            asked[one].add(line.node)
            last[one] = line.node
            if at in ends:
                returned.add(at)
        elif line.kind in ("answered", "corrected", "skipped"):
            ends[at] = "skipped" if line.kind == "skipped" else "answered"
            if line.kind == "corrected":
                corrected.add(at)

    for one in ended:
        assert found[one][0] == pytest.approx(sum(seconds[one, node] for node in asked[one]))
    ways = {found[one][1]: frozenset(asked[one]) for one in ended}
    assert len(ways) == len(set(ways.values())) == len({path for _, path in found.values()})
    rows = {(row.interview, PATHS[row.question]): row for row in frame.itertuples()}
    assert rows.keys() == {(one, node) for one in asked for node in asked[one]}
    for at, row in rows.items():
        assert row.seconds == pytest.approx(seconds[at])
        assert (row.answered, row.skipped) == (
            ends.get(at) == "answered", ends.get(at) == "skipped",
        )  # fmt: skip
        assert (row.returned, row.corrected) == (at in returned, at in corrected)
        assert row.broke_off == (status[row.interview] != "finished")
    for one, node in last.items():
        assert max((r.asked_at, p) for (o, p), r in rows.items() if o == one)[1] == node
    assert len(returned) > 5
    assert corrected


def test_a_question_of_a_repeat_is_one_question_however_often_it_was_met(database, vault, county):
    roster = convert(
        b"""
| survey | | | |
| | type | name | label |
| | integer | n | N |
| | begin_repeat | r | R |
| | integer | a | A |
| | end_repeat | | |
| settings | | |
| | form_id | version |
| | roster | 1 |
""",
        "roster.md",
    ).xform
    with database.begin() as session:
        session.execute(update(FormVersion).values(xform=roster, indicators=[]))
        alice = Person(session, vault, "alice")
        alice.does(Begin(), 0)
        alice.does(Typed("2"), 3)
        alice.does(Typed("30"), 4)
        alice.does(Tapped(alice.seq, "add"), 9)
        alice.does(Tapped(alice.seq, "skip"), 5)
        alice.does(Tapped(alice.seq, "enough"), 2)
        assert alice.done
    with database.read() as session:
        frame, paths = visits(session, county.wave, [county.village], NOW)
    assert paths == ("/data/n", "/data/r/a")
    assert table(frame, alice) == {0: (3, "answered"), 1: (9, "skipped")}


def test_what_is_measured_is_written_when_an_interview_ends(database, vault, county):
    with database.begin() as session:
        alice = Person(session, vault, "alice")
        alice.does(Begin(), 0)
        for answer, wait in (("1", 5), ("40", 7), ("3", 9), ("more buses", 11)):
            assert session.get_one(Interview, alice.id).measured is None
            alice.does(Typed(answer), wait)
        assert alice.done
    with database.read() as session:
        assert unmeasured(session, county.wave) == []
        rows = read(session, county.wave)
        written = session.get_one(Interview, alice.id).measured
    # The last answer's time is in it, what was said in own words is not.
    assert rows.own["seconds"].tolist() == [32]
    assert rows.values["A1"].tolist() == ["self"]
    assert "buses" not in written
