"""A survey of the small form, and one of the shipped instrument, each with the bot at work."""

import pytest

from tests.respondent import phones


@pytest.fixture
def small_url(database_url):
    """The small form is asked in three villages: once on SQLite, once on PostgreSQL."""
    phones.made(database_url)
    return database_url


@pytest.fixture
def instrument_url(database_url):
    """The shipped instrument is asked, on either database."""
    phones.made(database_url, form=None)
    return database_url


@pytest.fixture(autouse=True)
def _marks_at_once(monkeypatch):
    """What is sent is noted at once, heavy work done here: tests wait more often than people do."""
    monkeypatch.setattr("bot.marks.SOON", 0.005)
    monkeypatch.setattr("bot.jobs.apart.ELSEWHERE", False)
