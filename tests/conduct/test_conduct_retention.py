"""Answers go when their time is over, and whoever is left without any goes with them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from surveys.conduct.people import persons, reach
from surveys.conduct.retention import expire, months_before
from surveys.store.schema import Audit, Household, Interview, InterviewEvent, Wave
from tests.conduct.conftest import NOW, agree, answer


@pytest.mark.parametrize(
    ("now", "months", "expected"),
    [
        ("2026-11-24", 24, "2024-11-24"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2026-11-24", 0, "2026-11-24"),
    ],
)
def test_months_are_those_of_the_calendar(now, months, expected):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC, hour=5)
    assert months_before(moment, months) == datetime.fromisoformat(expected).replace(
        tzinfo=UTC, hour=5
    )


def test_what_was_promised_to_be_deleted_is(database, vault, county):
    end = datetime(2028, 11, 24, 23, 30, tzinfo=UTC)
    with database.begin() as session:
        finished = agree(session, vault, person="alice")
        answer(session, finished, "1", "40", "1", "words")
        broken = agree(session, vault, person="bob")
        answer(session, broken, "1", now=NOW + timedelta(days=1))
        old = agree(session, vault, person="chen")
        answer(session, old, "1", "40", "1", "words")
        young = agree(session, vault, person="chen", now=NOW + timedelta(days=9))
    assert expire(database, end) == 0
    assert expire(database, end + timedelta(seconds=1)) == 2
    with database.begin() as session:
        assert reach(session, vault.fingerprint("alice")) is None
        assert reach(session, vault.fingerprint("bob")) is not None
        chen = reach(session, vault.fingerprint("chen"))
        assert [one.interview_id for one in persons(session, chen.contact_id, county.wave)] == [
            young
        ]
        assert set(session.scalars(select(Interview.id))) == {broken, young}
        assert set(session.scalars(select(InterviewEvent.interview_id))) == {broken}
        assert session.scalar(select(func.count()).select_from(Household)) == 2
        expired = select(Audit.object).where(Audit.action == "expire")
        assert session.scalars(expired).all() == ["2 interviews"]
        session.execute(update(Wave).values(retention_months=1))
    assert expire(database, end) == 2
    assert expire(database, end) == 0
