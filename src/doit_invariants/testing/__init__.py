"""A pytest fixture that runs the real doit on a project in a temporary directory.

Use it to test kinds, policies, stores and hooks. pytest finds the fixture ``doit_project`` as soon
as the package is installed. A test of several runs reads like this::

    def test_report_runs_again_when_its_theme_changes(doit_project):
        project = doit_project({"dodo.py": DODO, "theme.txt": "red"})
        project.run().assert_executed("report")
        project.run().assert_up_to_date("report")
        project.write({"theme.txt": "blue"})
        assert "theme.txt: content changed" in project.run("invariants", "why").stdout
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.testing.outcome import Outcome
from doit_invariants.testing.project import Project, settings_toml
from doit_invariants.testing.store import check_store

__all__ = ["Outcome", "Project", "check_store", "doit_project", "settings_toml"]


@pytest.fixture
def doit_project(tmp_path: Path) -> Callable[..., Project]:
    """Return a function that creates a project in a temporary directory.

    The function is ``doit_project(files, *, loader=True, backend=None, settings=None,
    name="project")`` and returns a :class:`Project`. ``files`` are the contents of files by path,
    as for :meth:`Project.write`. ``loader``, ``backend`` and ``settings`` are written to a
    ``pyproject.toml``, as by :func:`settings_toml`; they are ignored if ``files`` has one. ``name``
    is the name of the directory: a test with several projects gives each its own.
    """

    def make(
        files: Mapping[str, str | bytes],
        *,
        loader: bool = True,
        backend: str | None = None,
        settings: Mapping[str, Any] | None = None,
        name: str = "project",
    ) -> Project:
        project = Project(tmp_path / name)
        project.path.mkdir()
        config = settings_toml(loader=loader, backend=backend, settings=settings)
        project.write({"pyproject.toml": config, **files})
        return project

    return make
