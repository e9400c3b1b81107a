"""Leaves most parameters of a test with several of them to ``doit matrix``."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

#: A test with so many parameters runs by default with the first one, and with one of each so many.
_SEVERAL = 3
_ONE_IN = 4


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole runs of doit that repeat a test with other parameters as ``matrix``."""
    here = Path(__file__).parent
    by_test = collections.defaultdict(list)
    for item in items:
        marked = any(item.get_closest_marker(name) for name in ("matrix", "long"))
        if here in item.path.parents and not marked:
            by_test[item.nodeid.partition("[")[0]].append(item)
    for several in by_test.values():
        if len(several) >= _SEVERAL:
            for place, item in enumerate(several):
                if place % _ONE_IN:
                    item.add_marker(pytest.mark.matrix)
