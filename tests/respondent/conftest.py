"""A survey of the small form, and one of the shipped instrument, each with the bot at work."""

import pytest

from tests.respondent import phones


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A SQLite file in which the small form is asked in three villages."""
    return phones.made_once(tmp_path_factory.mktemp("small"))


@pytest.fixture
def small_url(small, tmp_path):
    """A copy of it."""
    return phones.copied(small, tmp_path)


@pytest.fixture
def instrument_url(tmp_path):
    """The shipped instrument is asked."""
    phones.made_once(tmp_path, form=None)
    return f"sqlite:///{tmp_path / 'usegap.db'}"


@pytest.fixture(autouse=True)
def _marks_at_once(monkeypatch):
    """What is sent is noted at once: tests wait for it more often than people do."""
    monkeypatch.setattr("bot.outbox.SOON", 0.005)
