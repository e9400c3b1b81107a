"""Databases and directories that can't be written: one line, and nothing old is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support import Make

from .killing import (
    DB,
    DODO,
    TASKS,
    journal,
    make_project,
    one_line,
    texts,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the modes of files differ")


def can_write(directory: Path) -> bool:
    """Return whether a read-only directory can be written all the same, as root can."""
    directory.chmod(0o555)
    try:
        (directory / "probe").touch()
    except OSError:
        return False
    else:
        (directory / "probe").unlink()
        return True
    finally:
        directory.chmod(0o755)


def test_a_json_db_that_cannot_be_written(doit_project: Make) -> None:
    """Where it leads to does not exist: one line, and the next run has everything."""
    project = doit_project({"dodo.py": DODO, "out/": "", "hold/": ""}, backend="json")
    texts(project, "one")
    (project.path / DB).symlink_to("elsewhere/db")
    outcome = project.run()
    one_line(outcome, "what this run recorded is kept in its journal")
    assert journal(project).exists()
    project.write({"elsewhere/": ""})
    project.run().assert_up_to_date(*(f"work:{number}" for number in range(TASKS)))
    assert (project.path / DB).is_symlink()
    assert not journal(project).exists()
    assert {path.name for path in (project.path / "elsewhere").iterdir()} == {"db", "db.lock"}


@pytest.mark.parametrize(("kind", "file"), [("dbm", ".dat"), ("sqlite3", ""), ("json", "")])
def test_a_db_that_cannot_be_written(doit_project: Make, kind: str, file: str) -> None:
    """There is a directory in its place now: one line, and once it is gone nothing is missing."""
    dodo = f"""
import os
def make(targets):
    open(targets[0], "w").write(open("in.txt").read())
    if os.path.exists("block"):
        os.rename("{DB}{file}", "kept")
        os.mkdir("{DB}{file}")
def task_make():
    return {{"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"]}}
def task_other():
    return {{"actions": ["touch other.txt"], "file_dep": ["dodo.py"], "targets": ["other.txt"]}}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, backend=kind)
    project.run().assert_executed("make", "other")
    db = project.path / f"{DB}{file}"
    if not db.exists():
        pytest.skip("the DB of this Python has other files")
    project.write({"in.txt": "two", "block": ""})
    outcome = project.run().assert_executed("make")
    one_line(outcome, "what this run recorded is kept in its journal")
    assert journal(project).exists()
    db.rmdir()
    (project.path / "kept").rename(db)
    project.run().assert_up_to_date("make", "other")
    assert not journal(project).exists()


def test_a_read_only_directory(doit_project: Make) -> None:
    """Neither DB nor journal can be written there: one line, which promises nothing."""
    project = doit_project({"dodo.py": DODO, "out/": "", "db/": "", "hold/": ""}, backend="json")
    texts(project, "one")
    if can_write(project.path / "db"):
        pytest.skip("this user may write everywhere")
    project.run("--db-file", "db/x").assert_success()
    texts(project, "two")
    (project.path / "db").chmod(0o555)
    try:
        # Plain doit writes into the file, and needs no right on the directory.
        outcome = project.run("--db-file", "db/x")
        again = project.run("--db-file", "db/x")
    finally:
        (project.path / "db").chmod(0o755)
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    assert "is kept in its journal" not in outcome.stdout + outcome.stderr, repr(outcome)
    again.assert_up_to_date(*(f"work:{number}" for number in range(TASKS)))


def test_the_json_file_keeps_its_mode(doit_project: Make) -> None:
    """It is replaced, and no other file is left beside it."""
    project = make_project(doit_project, "json")
    (project.path / DB).chmod(0o640)
    texts(project, "two")
    project.run().assert_success()
    assert (project.path / DB).stat().st_mode & 0o777 == 0o640
    assert {path.name for path in project.path.glob(f"{DB}*")} == {DB, f"{DB}.lock"}
