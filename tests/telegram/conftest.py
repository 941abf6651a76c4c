"""A database that several programs share."""

import pytest

from tests.databases import _empty as empty


@pytest.fixture
def shared(request):
    """A database of PostgreSQL, migrated and empty."""
    url = request.getfixturevalue("_migrated_postgres")
    empty(url)
    return url
