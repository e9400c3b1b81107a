"""Nothing but what every test needs; the fixture ``doit_project`` comes with the package."""

from __future__ import annotations

import pytest
from hypothesis import settings

# No deadline: what takes 20 ms may take a second on a busy machine. No database: a failure is
# printed with what reproduces it, and not tried first in each later run of this checkout.
settings.register_profile("suite", deadline=None, database=None, print_blob=True)
settings.load_profile("suite")

BACKENDS = ("dbm", "json", "sqlite3")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each of doit's DB backends."""
    return str(request.param)
