"""Updates of several people in one commit: all of them or none, and each sees their own."""

import pytest
from sqlalchemy import event, select, text
from sqlalchemy import update as sql_update
from sqlalchemy.exc import OperationalError

from surveys.conduct.advance import Conflict, advance
from surveys.conduct.settle import (
    mark_sent,
    message_ids_of,
    settle_together,
    take_in,
    unsent,
    waiting,
)  # fmt: skip
from surveys.interview.state import Typed
from surveys.store.audit import audit
from surveys.store.people import contact_by_lane, set_contact
from surveys.store.schema import Administrator, Area, Interview, InterviewEvent
from surveys.store.stepped import load
from surveys.store.turns import take_turn
from tests.conduct.conftest import agree, answer
from tests.conduct.updates import (
    NOW,
    SECRET,
    ask,
    edit,
    fresh,
    handled,
    kept,
    keys,
    says,
    settle,
    update,
)  # fmt: skip


def test_several_are_handled_in_one_commit_or_none_of_them(database, vault):
    several = kept(take_in(database, vault, [update(n, person=n) for n in (1, 2)], NOW))
    several += fresh(vault, update(3, person=3))
    broken = [2]

    def handle(session, taken):
        person = taken.update_id
        session.add(Area(kind="village", code=f"V{person}", name="V", path=f"/{person}/"))
        audit(session, "test", "handled", str(person), NOW)
        if person in broken:
            raise ArithmeticError(SECRET)
        return [ask(person, chat_id=person), edit(person)]

    with pytest.raises(ArithmeticError):
        settle_together(database, vault, several, handle, NOW)
    assert handled(database) == 0
    assert [one.update_id for one in waiting(database, vault)] == [1, 2]
    broken.clear()
    settled = settle_together(database, vault, several, handle, NOW)
    assert keys(settled) == {n: [f"ask:1:{n}", None] for n in (1, 2, 3)}
    assert settled.waits == frozenset()
    with database.read() as session:
        assert session.scalars(select(Area.code).order_by(Area.code)).all() == ["V1", "V2", "V3"]
    assert waiting(database, vault) == []
    assert unsent(database, vault) == [one for _, queued in settled.queued for one in queued]
    # Those that are done are not done again, whoever comes with them.
    again = settle_together(database, vault, [*several, *fresh(vault, update(4))], handle, NOW)
    assert (list(keys(again)), again.waits) == ([4], frozenset())


def test_of_one_person_the_oldest_is_handled_and_the_others_wait(database, vault):
    several = fresh(vault, update(1), update(2), update(2), update(1), update(3, person=8))
    settled = settle_together(database, vault, several, lambda session, _: says()(session), NOW)
    assert (list(keys(settled)), settled.waits) == ([1, 3], {2})
    assert [one.update_id for one in waiting(database, vault)] == [2]
    # What comes now comes after what waits.
    settled = settle_together(
        database, vault, fresh(vault, update(4)), lambda session, _: says()(session), NOW
    )
    assert (settled.queued, settled.waits) == ((), {4})
    assert handled(database) == 2


def test_a_key_that_one_of_several_takes_over_leaves_the_others_alone(database, vault):
    first = settle_together(
        database, vault, fresh(vault, update(1)), lambda *_: [ask(1), edit(1)], NOW
    )
    mark_sent(database, [(first.queued[0][1][0].outbox_id, 500)], NOW)

    def handle(session, taken):
        return [edit(taken.update_id), ask(1 if taken.update_id == 3 else taken.update_id)]

    several = fresh(vault, *(update(n, person=n) for n in (2, 3, 4)))
    settled = settle_together(database, vault, several, handle, NOW)
    assert keys(settled) == {2: [None, "ask:1:2"], 3: [None, "ask:1:1"], 4: [None, "ask:1:4"]}
    assert {one.outbox_id for one in unsent(database, vault)} == {
        one.outbox_id
        for _, queued in [*settled.queued, (None, first.queued[0][1][1:])]
        for one in queued
    }
    assert message_ids_of(database, ["ask:1:1"]) == {}


def test_who_is_asked_what_is_read_of_several_at_once_and_each_sees_their_own(
    database, vault, county
):
    with database.begin() as session:
        at = {n: agree(session, vault, person=f"telegram:{n}") for n in (1, 2, 3)}
        of = {n: contact_by_lane(session, vault.fingerprint(f"telegram:{n}")) for n in at}
    assert {n: one.current_interview_id for n, one in of.items()} == at
    asked, seen = [], {}

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        asked.extend([1] * ("FROM contact" in statement or "FROM interview" in statement))

    def handle(session, taken):
        n = taken.update_id % 10
        who = contact_by_lane(session, taken.lane)
        row = who and load(session, who.current_interview_id)
        reads = len(asked)
        # Whoever changes what is kept of them sees that; the first changes all that are known.
        for one in at if n == 1 else [n] if n in at else []:
            set_contact(session, of[one].id, language=f"by {n}")
        again = contact_by_lane(session, taken.lane)
        before = who and (who.id, who.language, row and (row.id, row.contact_id))
        seen[n] = (before, again and again.language, reads)
        return []

    settle_together(database, vault, fresh(vault, *(update(n, n) for n in (2, 3, 4))), handle, NOW)
    # Once for all of them; of 2 again, and 3 as it was read. Of 4, a stranger, nothing is kept.
    assert seen == {
        2: ((of[2].id, "zh", (at[2], of[2].id)), "by 2", 1),
        3: ((of[3].id, "zh", (at[3], of[3].id)), "by 3", 2),
        4: (None, None, 4),
    }
    assert len(asked) == 5
    # What an administrator does may touch the others: nothing is read of them before.
    with database.begin() as session:
        session.add(Administrator(contact_id=of[1].id, created_at=NOW))
    seen.clear()
    settle_together(database, vault, fresh(vault, *(update(10 + n, n) for n in at)), handle, NOW)
    assert [(before[1], after) for before, after, _ in seen.values()] == [
        ("zh", "by 1"), ("by 1", "by 2"), ("by 1", "by 3"),
    ]  # fmt: skip
    # Also where nobody has begun to ask them anything.
    with database.begin() as session:
        set_contact(session, of[1].id, current_interview_id=None)
    seen.clear()
    settle_together(database, vault, fresh(vault, *(update(20 + n, n) for n in at)), handle, NOW)
    assert [(before[1], after) for before, after, _ in seen.values()] == [
        ("by 1", "by 1"), ("by 1", "by 2"), ("by 1", "by 3"),
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whose_turn_another_program_has_holds_up_nobody(database, vault):
    one, two, three = take_in(database, vault, [update(n, person=n) for n in (1, 2, 3)], NOW)
    for taken in (one, two, three):
        settle(database, vault, taken, says(), NOW)
    several = take_in(database, vault, [update(10 + n, person=n) for n in (1, 2)], NOW)
    came = [*kept(several), *fresh(vault, update(13, person=3), update(14, person=4))]

    def handle(session, taken):
        return says(ask(taken.update_id))(session)

    with database.begin() as session:
        for taken in (two, three):
            take_turn(session, taken.lane)
        settled = settle_together(database, vault, came, handle, NOW)
        assert list(keys(settled)) == [11, 14]
        assert settled.waits == {12, 13}
        # Nor does one that is alone wait for its turn.
        settled = settle_together(database, vault, fresh(vault, update(17, person=3)), handle, NOW)
        assert (settled.queued, settled.waits) == ((), {17})
    assert [one.update_id for one in waiting(database, vault)] == [12, 13, 17]
    # For anything else that somebody has they wait only for a moment.
    with database.begin() as session:
        session.execute(text("LOCK TABLE audit"))
        with pytest.raises(OperationalError, match="lock timeout"):
            settle_together(
                database, vault, fresh(vault, update(15, 5), update(16, 6)), handle, NOW
            )
    assert [one.update_id for one in waiting(database, vault)] == [12, 13, 17]


def test_what_turns_make_of_several_is_written_in_one_statement(database, vault, county):
    with database.begin() as session:
        at = {n: agree(session, vault, person=f"telegram:{n}") for n in (1, 2, 3, 4)}
        for interview_id in at.values():
            answer(session, interview_id, "1", "40")
        answer(session, at[4], "1")
    wrote = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        wrote.extend([statement] * ("texts_erased_at" in statement and "UPDATE" in statement))

    said = {1: ["1"], 2: ["不是选项"], 3: ["1", "cheap"], 4: ["cheap"]}

    def handle(session, taken):
        n = taken.update_id - 10
        for text_ in said[n]:
            advance(session, at[n], Typed(text_), NOW, taken.update_id)
        return []

    settle_together(database, vault, fresh(vault, *(update(10 + n, n) for n in at)), handle, NOW)
    # What 1 and 3 said first; and, at once, 3 and 4, who have come to the end.
    assert len(wrote) == 3
    with database.read() as session:
        rows = session.execute(
            select(Interview.id, Interview.status, Interview.version).order_by(Interview.id)
        ).all()
        lines = session.execute(
            select(InterviewEvent.interview_id, InterviewEvent.kind, InterviewEvent.value)
            .where(InterviewEvent.update_id > 10)
            .order_by(InterviewEvent.id)
        ).all()
    version = rows[0].version
    assert [tuple(row) for row in rows] == [
        (at[1], "open", version), (at[2], "open", version - 1),
        (at[3], "finished", version + 1), (at[4], "finished", version + 2),
    ]  # fmt: skip
    told = {n: [(kind, value) for of, kind, value in lines if of == at[n]] for n in at}
    assert told[1] == [("answered", "news"), ("asked", "")]
    assert [kind for kind, _ in told[2]] == ["refused"]
    assert [kind for kind, _ in told[3]] == ["answered", "asked", "answered", "finished"]
    assert [value for kind, value in told[3] if kind == "answered"] == ["news", "cheap"]
    assert [value for kind, value in told[4] if kind == "answered"] == ["cheap"]
    with database.begin() as session:
        assert advance(session, at[1], Typed("cheap"), NOW, 9).interview.status == "finished"


def test_of_several_nothing_is_kept_where_one_was_written_by_someone_else(database, vault, county):
    with database.begin() as session:
        at = {n: agree(session, vault, person=f"telegram:{n}") for n in (1, 2)}
        for interview_id in at.values():
            answer(session, interview_id)
    before = everything_of(database)

    def handle(session, taken):
        n = taken.update_id
        advance(session, at[n], Typed("1"), NOW, n)
        changed = sql_update(Interview).where(Interview.id == at[1])
        session.execute(changed.values(version=Interview.version + 1))
        return [ask(n, chat_id=n)]

    with pytest.raises(Conflict):
        settle_together(database, vault, fresh(vault, update(1, 1), update(2, 2)), handle, NOW)
    assert everything_of(database) == before
    assert unsent(database, vault) == []


def everything_of(database):
    """The interviews and their logs."""
    with database.read() as session:
        return [
            session.execute(select(*table.__table__.c).order_by(table.id)).all()
            for table in (Interview, InterviewEvent)
        ]
