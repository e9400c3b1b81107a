"""Nothing but what every test needs; the fixture ``doit_project`` comes with the package."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.choices import rest_in_matrix
from tests.support.pythons import VARIABLE, pythons_by_version

# No deadline: what takes 20 ms may take a second on a busy machine. No database: a failure is
# printed with what reproduces it, and not tried first in each later run of this checkout.
# The number of examples is a percentage for tests.support.choices.examples.
settings.register_profile("suite", deadline=None, database=None, print_blob=True, max_examples=10)
settings.register_profile("all", settings.get_profile("suite"), max_examples=100)
settings.load_profile("suite")

BACKENDS = ("dbm", "json", "sqlite3")


@pytest.fixture(scope="session")
def pythons() -> dict[int, str]:
    """Interpreters that have the package under test, by their minor version."""
    found = pythons_by_version()
    if len(found) < 2:
        pytest.skip(f"no other Python has this package; name some in {VARIABLE}")
    return found


@pytest.fixture(params=rest_in_matrix(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """One of doit's DB backends by default, each in the matrix."""
    return str(request.param)
