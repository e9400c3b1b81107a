"""Fixtures for tests of exports and stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from doit_invariants.stores.local.store import DirectoryStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the directory of a project inside the directory of the test."""
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return a store whose directory does not exist yet."""
    return DirectoryStore(str(tmp_path / "store"))
