"""An update is handled once or not at all; what is said goes out after, and leaves no body."""

import os
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from surveys.conduct.settle import (
    lane_for,
    mark_failed,
    mark_sent,
    message_ids_of,
    note_failure,
    queue,
    queue_for,
    settle_together,
    take_in,
    unsent,
    waiting,
)  # fmt: skip
from surveys.store import messages
from surveys.store.messages import Outgoing, next_id
from surveys.store.schema import Inbox, Outbox
from surveys.store.updates import prune_inbox
from surveys.store.vault import Vault, WrongKey
from tests.conduct.updates import (
    NOW,
    SECRET,
    ask,
    edit,
    fresh,
    handled,
    keys,
    says,
    settle,
    update,
)  # fmt: skip


def test_an_update_is_handled_once_however_often_it_comes(database, vault):
    first = take_in(database, vault, [update(1), update(2), update(1)], NOW)
    assert [one.update_id for one in first] == [1, 2]
    assert [one.update_id for one in take_in(database, vault, [update(2), update(3)], NOW)] == [3]
    queued = settle(database, vault, first[0], says(ask(1), edit(0)), NOW)
    assert [one.outgoing for one in queued] == [ask(1), edit(0)]
    assert {one.lane for one in queued} == {vault.fingerprint("telegram:77")}
    assert settle(database, vault, first[0], says(ask(9)), NOW) == []
    assert settle(database, vault, 1, says(ask(9)), NOW) == []
    assert settle(database, vault, 0, says(ask(9)), NOW) == []
    assert take_in(database, vault, [update(1)], NOW) == []
    assert handled(database) == 1
    assert [one.update_id for one in waiting(database, vault)] == [2, 3]


def test_an_update_that_comes_alone_is_taken_in_and_handled_in_one_commit(database, vault):
    def answers(session, taken):
        assert taken.lane == vault.fingerprint("telegram:77")
        return says(ask(taken.update_id))(session)

    one = fresh(vault, update(1))
    assert keys(settle_together(database, vault, one, answers, NOW)) == {1: ["ask:1:1"]}
    again = settle_together(database, vault, one, answers, NOW)
    assert (again.queued, again.waits) == ((), frozenset())
    assert take_in(database, vault, [update(1)], NOW) == []
    assert handled(database) == 1
    assert waiting(database, vault) == []


def test_an_error_leaves_all_as_it_was_and_the_fifth_parks(database, vault):
    (taken,) = take_in(database, vault, [update(1)], NOW)

    def breaks(session):
        says()(session)
        raise ValueError(SECRET)

    for attempt in range(1, 6):
        with pytest.raises(ValueError):
            settle(database, vault, taken, breaks, NOW)
        assert handled(database) == 0
        assert waiting(database, vault) == [taken]
        assert note_failure(database, 1, "ValueError", NOW) is (attempt == 5)
    assert waiting(database, vault) == []
    assert settle(database, vault, taken, says(ask(1)), NOW) == []
    assert not note_failure(database, 1, "ValueError", NOW)
    assert handled(database) == 0
    with database.read() as session:
        row = session.execute(select(Inbox.tries, Inbox.error, Inbox.parked_at)).one()
    assert tuple(row) == (5, "ValueError", NOW)


def test_an_error_while_the_messages_are_written_undoes_the_answer_too(database, vault):
    (taken,) = take_in(database, vault, [update(1)], NOW)
    unspeakable = Outgoing("sendMessage", {"text": object()}, 77)
    with pytest.raises(TypeError):
        settle(database, vault, taken, says(ask(1), unspeakable), NOW)
    assert handled(database) == 0
    assert waiting(database, vault) == [taken]
    assert unsent(database, vault) == []


def test_two_who_settle_the_same_update_at_once_handle_it_once(database, vault):
    taken = take_in(database, vault, [update(n) for n in range(1, 9)], NOW)
    results = []
    start = threading.Barrier(4)

    def work():
        start.wait()
        for one in taken:
            results.append(len(settle(database, vault, one, says(edit(0)), NOW)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 8
    assert handled(database) == 8
    assert len(unsent(database, vault)) == 8


def test_a_crash_loses_neither_what_came_nor_what_is_to_be_said(database, vault, database_url):
    from surveys.store.database import Database

    taken = take_in(database, vault, [update(n) for n in (3, 4, 5)], NOW)
    picture = Outgoing(
        "sendPhoto", {"chat_id": 77}, 77, field="photo", filename="p.png", attachment=b"\x89PNG"
    )
    queued = settle(database, vault, taken[0], says(ask(1), edit(0), picture), NOW)
    another = Database(database_url)
    assert [one.update_id for one in waiting(another, vault)] == [4, 5]
    assert sorted((one.update_id, str(one.update)) for one in waiting(another, vault)) == sorted(
        (one.update_id, str(one.update)) for one in taken[1:]
    )
    assert unsent(another, vault) == queued
    assert unsent(another, vault, [queued[1].outbox_id]) == queued[1:2]
    another.close()


def test_what_is_sent_leaves_no_body_and_only_a_key_leaves_a_row(database, vault):
    (taken,) = take_in(database, vault, [update(1)], NOW)
    question, change, other = settle(database, vault, taken, says(ask(1), edit(0), ask(2)), NOW)
    assert message_ids_of(database, ["ask:1:1"]) == {}
    mark_sent(database, [(question.outbox_id, 500), (change.outbox_id, None)], NOW)
    assert message_ids_of(database, ["ask:1:1"]) == {"ask:1:1": 500}
    with database.read() as session:
        assert message_ids_of(session, ["ask:1:1"]) == {"ask:1:1": 500}
        row = session.execute(select(Outbox).where(Outbox.key == "ask:1:1")).scalar_one()
        assert (row.body, row.attachment, row.lane, row.done_at) == (None, None, None, NOW)
        inbox = session.execute(select(Inbox)).scalar_one()
        assert (inbox.body, inbox.lane, inbox.done_at) == (None, None, NOW)
    assert unsent(database, vault) == [other]
    mark_sent(database, [(question.outbox_id, 500), (404, 1)], NOW)
    mark_sent(database, [], NOW)
    assert unsent(database, vault) == [other]


def test_what_cannot_be_sent_is_tried_later_or_given_up(database, vault):
    (taken,) = take_in(database, vault, [update(1)], NOW)
    later, never = settle(database, vault, taken, says(ask(1), edit(0)), NOW)
    at = NOW + timedelta(seconds=30)
    mark_failed(database, later.outbox_id, "TimedOut", at, NOW)
    mark_failed(database, never.outbox_id, "BadRequest", None, NOW)
    (left,) = unsent(database, vault)
    assert (left.outbox_id, left.tries, left.not_before) == (later.outbox_id, 1, at)
    with database.read() as session:
        row = session.execute(select(Outbox).where(Outbox.id == never.outbox_id)).scalar_one()
    assert (row.error, row.body, row.lane) == ("BadRequest", None, None)


def test_a_question_asked_again_takes_over_its_key(database, vault):
    one, two = take_in(database, vault, [update(1), update(2)], NOW)
    (first,) = settle(database, vault, one, says(ask(1)), NOW)
    mark_sent(database, [(first.outbox_id, 500)], NOW)
    before, again = settle(database, vault, two, says(edit(0), ask(1)), NOW)
    assert unsent(database, vault) == [before, again]
    assert message_ids_of(database, ["ask:1:1"]) == {}
    mark_sent(database, [(again.outbox_id, 501)], NOW)
    assert message_ids_of(database, ["ask:1:1"]) == {"ask:1:1": 501}
    with database.read() as session:
        old = session.execute(select(Outbox.key, Outbox.message_id).order_by(Outbox.id)).first()
    assert old.key.startswith("ask:1:1~")
    assert old.message_id == 500


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_edited_is_what_stood_under_the_key_before(database, vault):
    """Another program may have sent it: its number is looked up with what is said."""
    one, two, three = take_in(database, vault, [update(1), update(2), update(3)], NOW)
    (first,) = settle(database, vault, one, says(ask(1)), NOW)
    (early,) = settle(database, vault, two, says(edit(1)), NOW)
    assert early.outgoing == edit(1)
    mark_sent(database, [(first.outbox_id, 500)], NOW)
    change, again, other = settle(database, vault, three, says(edit(1), ask(1), edit(0)), NOW)
    assert change.outgoing.payload == {"text": SECRET, "message_id": 500}
    assert (again.outgoing, other.outgoing) == (ask(1), edit(0))


def test_a_job_that_is_repeated_queues_its_messages_once(database, vault):
    report = Outgoing("sendMessage", {"chat_id": 9, "text": "profile"}, 9, key="job:1:9:1")

    class Official:
        contact_id = None
        lane = vault.fingerprint("telegram:9")

    for expected in ([report], []):
        with database.begin() as session:
            queued = queue_for(session, vault, Official(), [report], NOW)
            assert [one.outgoing for one in queued] == expected
    with database.begin() as session:
        more = queue(
            session, vault, [report, edit(1)], lane=Official.lane, contact_id=None, now=NOW
        )
    assert [one.outgoing for one in more] == [edit(1)]
    assert [one.outgoing for one in unsent(database, vault)] == [report, edit(1)]


SENDERS = {
    "message": {"message": {"from": {"id": 5}, "chat": {"id": 6}}},
    "callback_query": {"callback_query": {"from": {"id": 5}, "message": {"from": {"id": 1}}}},
    "my_chat_member": {"my_chat_member": {"from": {"id": 5}, "chat": {"id": 6}}},
    "edited_message": {"edited_message": {"from": {"id": 5}}},
}


@pytest.mark.parametrize("kind", SENDERS)
def test_a_lane_is_whoever_sent_the_update(kind, vault):
    assert lane_for(vault, SENDERS[kind]) == vault.fingerprint("telegram:5")


@pytest.mark.parametrize("odd", [{}, {"poll": {"id": "1"}}, {"message": {"chat": {"id": 6}}}])
def test_an_update_of_nobody_has_a_lane_too(odd, vault):
    assert lane_for(vault, odd) == vault.fingerprint("telegram:0")


def test_nothing_is_readable_in_the_file(sqlite_url, vault):
    from surveys.store.database import Database, file_of

    database = Database(sqlite_url)
    take_in(database, vault, [update(1, person=6150123456), update(2, person=6150123456)], NOW)
    settle(database, vault, 1, says(ask(1, 6150123456)), NOW)
    file = file_of(sqlite_url)
    kept = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    database.close()
    assert len(kept) > 4096
    for trace in (SECRET, "我家没有网", "6150123456", "sendMessage"):
        assert trace.encode() not in kept


def test_another_key_is_told_in_one_sentence(sqlite_url, vault):
    from surveys.store.database import Database

    database = Database(sqlite_url)
    take_in(database, vault, [update(1)], NOW)
    with pytest.raises(WrongKey, match="does not fit this database"):
        waiting(database, Vault(b"another key, another key"))
    database.close()


def test_the_inbox_does_not_grow_for_ever(database, vault):
    take_in(database, vault, [update(1), update(2), update(3)], NOW)
    settle(database, vault, 1, says(), NOW)
    for _ in range(5):
        note_failure(database, 2, "ValueError", NOW)
    with database.begin() as session:
        assert prune_inbox(session, NOW) == 0
        assert prune_inbox(session, NOW + timedelta(seconds=1)) == 2
    assert [one.update_id for one in waiting(database, vault)] == [3]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("take"), st.lists(st.integers(1, 6), max_size=4)),
            st.tuples(st.just("settle"), st.integers(1, 6)),
            st.tuples(st.just("break"), st.integers(1, 6)),
            st.tuples(st.just("send"), st.integers(0, 3)),
        ),
        max_size=25,
    )
)
def test_whatever_happens_every_update_is_handled_exactly_once(sqlite_url, vault, events):
    """Against a model: a set of ids waiting, a count of handlings, a list of what is unsent."""
    from surveys.store.database import Database

    database = Database(sqlite_url)
    with database.begin() as session:
        for table in ("inbox", "outbox", "audit"):
            session.execute(text(f"DELETE FROM {table}"))
    seen, open_, tries, done, outbox = set(), [], {}, 0, []
    for kind, what in events:
        if kind == "take":
            fresh = [n for n in dict.fromkeys(what) if n not in seen]
            got = take_in(database, vault, [update(n) for n in what], NOW)
            assert [one.update_id for one in got] == fresh
            seen.update(fresh)
            open_ = sorted([*open_, *fresh])
        elif kind == "settle":
            queued = settle(database, vault, what, says(edit(what)), NOW)
            # What its person sent before it goes first.
            due = [n for n in open_ if n <= what]
            assert len(queued) == len(due)
            open_ = open_[len(due) :]
            done += len(due)
            outbox += queued
        elif kind == "break":
            parked = note_failure(database, what, "KeyError", NOW)
            if what in open_:
                tries[what] = tries.get(what, 0) + 1
                assert parked is (tries[what] == 5)
                if parked:
                    open_.remove(what)
            else:
                assert not parked
        else:
            mark_sent(database, [(one.outbox_id, None) for one in outbox[:what]], NOW)
            outbox = outbox[what:]
        assert [one.update_id for one in waiting(database, vault)] == open_
        assert [one.outbox_id for one in unsent(database, vault)] == [
            one.outbox_id for one in outbox
        ]
    assert handled(database) == done
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_programs_may_draw_the_same_number(database, vault, monkeypatch):
    """Neither takes the other's message away."""
    (taken,) = take_in(database, vault, [update(1)], NOW)
    settle(database, vault, taken, says(ask(1)), NOW)
    (there,) = unsent(database, vault)
    drawn = iter([there.outbox_id, there.outbox_id + 1])
    with monkeypatch.context() as patch:
        patch.setattr(messages, "next_id", lambda after=0: next(drawn, None) or next_id(after))
        (second,) = take_in(database, vault, [update(2, person=8)], NOW)
        settle(database, vault, second, says(ask(2), ask(3)), NOW)
    assert there in unsent(database, vault)
    assert len(unsent(database, vault)) == 3


def test_each_process_has_numbers_of_its_own():
    """Though it was forked from one that has drawn its own."""
    reading, writing = os.pipe()
    seen = {messages._PROCESS}
    for _ in range(4):
        child = os.fork()
        if not child:
            os.write(writing, bytes([messages._PROCESS]))
            os._exit(0)
        os.waitpid(child, 0)
        seen |= set(os.read(reading, 1))
    assert len(seen) > 1
