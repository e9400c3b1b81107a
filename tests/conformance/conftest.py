"""Makes thousands of runs of doit in one process cheaper."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _frozen() -> Iterator[None]:
    # `doit_project` collects garbage after each run: what is there already need not be looked at.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
