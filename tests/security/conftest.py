"""PostgreSQL alone, for what SQLite has not: roles, passwords, connections that are cut."""

import pytest

from tests.databases import _empty


@pytest.fixture
def postgres_url(_migrated_postgres):
    """The URL of a migrated PostgreSQL database in which there is nothing yet."""
    _empty(_migrated_postgres)
    return _migrated_postgres
