"""Nothing but what every test needs; the fixture ``doit_project`` comes with the package."""

from __future__ import annotations

import pytest

BACKENDS = ("dbm", "json", "sqlite3")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each of doit's DB backends."""
    return str(request.param)
