"""One JavaRosa for all forms."""

import pytest

from tests.conformance.driving import Driver


@pytest.fixture(scope="session")
def javarosa(tmp_path_factory):
    driver = Driver(tmp_path_factory.mktemp("javarosa"))
    yield driver
    driver.close()
