"""Fixtures for what an attacker leaves behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tidy(tmp_path: Path) -> Iterator[None]:
    """Remove what is nested too deep for pytest itself to remove."""
    yield
    subprocess.run(["rm", "-rf", *map(str, tmp_path.iterdir())], check=True)
