"""Everything that the version before wrote is read: nothing runs again because of an upgrade."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make

#: A project with a DB of each backend, a store and exports, as version 0.1 has left them.
PIPELINE = Path(__file__).parent / "recorded" / "pipeline.tar.gz"
TASKS = (
    *("tidy", "use", "directory", "each:a", "each:b", "command", "listed", "item", "shared"),
    *("export:copy", "export:gzip"),
)
DATABASES = {"json": "db.json", "sqlite3": "db.sqlite3", "dbm": "db.dbm"}


@pytest.fixture(params=DATABASES)
def pipeline(
    request: pytest.FixtureRequest, doit_project: Make, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """The project, in a directory in which it has never been."""
    monkeypatch.setenv("UPGRADE_TEST", "1")
    project = doit_project({})
    with tarfile.open(PIPELINE) as archive:
        archive.extractall(project.path, filter="data")
    settings = project.path / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    name = DATABASES[request.param]
    more = f'[tool.doit]\nbackend = "{request.param}"\ndep_file = "{name}"\n'
    settings.write_text(text.replace("[tool.doit]\n", more), encoding="utf-8")
    return project


def test_nothing_runs_again(pipeline: Project) -> None:
    """Inputs, targets, directories, code, arguments, commands, listed invariants, values, ages."""
    assert pipeline.run("invariants", "why").returncode == 0
    for _ in range(2):
        pipeline.run().assert_success().assert_up_to_date(*TASKS)


def test_results_are_restored(pipeline: Project) -> None:
    """Results in the store and among the exports are restored."""
    for name in ("shared", "export-copy", "export-gzip"):
        shutil.rmtree(pipeline.path / name)
    (pipeline.path / "shared.txt").unlink()
    run = pipeline.run().assert_success()
    assert not run.executed
    for name in ("shared", "export:copy", "export:gzip"):
        assert f"-- {name}  (restored from" in run.stdout
    assert pipeline.read("shared/sub/part.txt") == "some text\n"
    pipeline.run().assert_up_to_date(*TASKS)


@pytest.mark.parametrize(
    ("path", "old", "new", "runs"),
    [
        ("in.txt", "some", "other", {"tidy", "directory", "each:a", "each:b", "command", "shared"}),
        ("dodo.py", '"rate": 3', '"rate": 4', {"tidy", "listed"}),
        ("dodo.py", "depth = 4", "depth = 5", {"tidy"}),
        ("dodo.py", "Value(7)", "Value(8)", {"item"}),
        ("data/one.csv", "1", "9", {"directory", "listed"}),
        ("tool.py", "[::-1]", "[::1]", {"command"}),
        ("each-a.txt", "a", "b", {"each:a"}),
    ],
)
def test_an_edit_is_seen(pipeline: Project, path: str, old: str, new: str, runs: set[str]) -> None:
    """Records of the earlier version still explain what changed."""
    pipeline.edit(path, old, new)
    run = pipeline.run().assert_success()
    assert runs <= set(run.executed)
    assert set(run.executed) <= runs | {"use", "export:copy", "export:gzip"}
