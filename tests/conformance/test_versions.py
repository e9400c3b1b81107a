"""One DB that is handed from each version of Python to each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project

from .lands import COUNTS, DOES_NOT_COUNT, hits, make_landscape, run_with

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tasks use a POSIX shell")


def _run(project: Project, python: str) -> Outcome:
    path = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH", "")])
    return run_with(project, env={"PATH": path, "PYTHONHASHSEED": "random"}, python=python)


def test_database_is_handed_around(pythons: dict[int, str], tmp_path: Path) -> None:
    """Nothing runs whichever version comes after whichever, if nothing was edited."""
    versions = sorted(pythons)
    project = make_landscape(tmp_path / "project")
    assert len(_run(project, pythons[versions[0]]).executed) >= 40
    for version in (*versions[1:], *reversed(versions), versions[-1]):
        _run(project, pythons[version]).assert_executed()


def test_what_does_not_count_and_another_version(pythons: dict[int, str], tmp_path: Path) -> None:
    """Comments, docstrings and layout run nothing, even on another version of Python."""
    for first, second in _pairs(pythons):
        project = make_landscape(tmp_path / f"{first}{second}")
        _run(project, pythons[first])
        for edit in DOES_NOT_COUNT.values():
            edit.apply(project)
        _run(project, pythons[second]).assert_executed()
        _run(project, pythons[first]).assert_executed()


def test_edit_and_another_version_at_once(pythons: dict[int, str], tmp_path: Path) -> None:
    """Only edited tasks run, even though the version of Python changed too."""
    for first, second in _pairs(pythons):
        project = make_landscape(tmp_path / f"{first}{second}")
        _run(project, pythons[first])
        for edit in COUNTS.values():
            edit.apply(project)
        _run(project, pythons[second]).assert_executed(*hits(*COUNTS.values()))
        _run(project, pythons[first]).assert_executed()
        COUNTS["closure"].undo(project)
        _run(project, pythons[first]).assert_executed(*COUNTS["closure"].hits)


def test_edit_back_in_another_version(pythons: dict[int, str], tmp_path: Path) -> None:
    """A slot that an older edit left behind is not taken for the present code."""
    for first, second in _pairs(pythons):
        project = make_landscape(tmp_path / f"{first}{second}")
        _run(project, pythons[first])
        _run(project, pythons[second]).assert_executed()
        COUNTS["constant"].apply(project)
        _run(project, pythons[first]).assert_executed(*COUNTS["constant"].hits)
        COUNTS["constant"].undo(project)
        _run(project, pythons[second]).assert_executed(*COUNTS["constant"].hits)


def _pairs(pythons: dict[int, str]) -> list[tuple[int, int]]:
    """Return the oldest and the newest version, in both orders."""
    oldest, newest = min(pythons), max(pythons)
    return [(oldest, newest), (newest, oldest)]
