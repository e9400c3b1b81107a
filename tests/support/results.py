"""Helpers for tests of stores and of restored results."""

from __future__ import annotations

import re
from pathlib import Path

from doit_invariants.testing import Outcome, Project

STORE = {"store": "../store"}


def restored(outcome: Outcome, source: str = "") -> list[str]:
    """Return the names of the tasks that a successful run restored.

    :param source: how the name of the source begins, for example "the store"
    """
    outcome.assert_success()
    line = rf"^-- (\S+)  \(restored from {re.escape(source)}"
    return sorted(re.findall(line, outcome.stdout, re.MULTILINE))


def store_of(project: Project) -> Path:
    """Return the directory of the store beside a project."""
    return project.path.parent / "store"


def entries_of(project: Project) -> list[Path]:
    """Return the files of the entries in the store beside a project."""
    return sorted((store_of(project) / "entries").rglob("*.json"))


def wipe(project: Project, *targets: str) -> None:
    """Remove targets and doit's DB, so that results can only come out of the store."""
    for path in [*project.path.glob(".doit*"), *(project.path / name for name in targets)]:
        path.unlink(missing_ok=True)


def only_file(directory: Path, pattern: str = "*") -> Path:
    """Return the one file below a directory."""
    (found,) = (path for path in directory.rglob(pattern) if path.is_file())
    return found
