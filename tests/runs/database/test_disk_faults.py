"""The disk is full, read-only, or missing: the table in faults.md, compared with plain doit."""

from __future__ import annotations

import contextlib
import dbm
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")

NAMES = "abcdef"
ALL = tuple(f"make:{name}" for name in NAMES)
DODO = """
import os
DOIT_CONFIG = {"dep_file": os.environ.get("DB", "db/x")}
if "LIMIT" in os.environ:
    import resource
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ["LIMIT"]), hard))
def make(targets):
    with open(targets[0], "w") as stream:
        stream.write(open("in.txt").read())
def task_make():
    for name in "abcdef":
        yield {"name": name, "actions": [make], "file_dep": ["in.txt"], "targets": [name]}
"""
PAGE = 4096


def make_project(make: Make, backend: str, *, loader: bool = True) -> Project:
    """Return a project with its DB in a directory of its own."""
    name = "ours" if loader else "plain"
    files = {"dodo.py": DODO, "in.txt": "1", "db/": ""}
    return make(files, backend=backend, loader=loader, name=name)


@contextlib.contextmanager
def disk(project: Project) -> Iterator[Path]:
    """Mount a disk of 256 kB at the directory of the DB, if that is permitted."""
    place = project.path / "db"
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user can't mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=300)


def remount(place: Path, how: str) -> None:
    """Make a disk read-only, or not."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True, timeout=300)


def fill(place: Path, pages: int) -> None:
    """Fill a disk, except for some pages."""
    with open(place / "fill", "wb", buffering=0) as stream:
        with contextlib.suppress(OSError):
            while True:
                stream.write(b"x" * PAGE)
        stream.truncate(max(stream.seek(0, 2) - pages * PAGE, 0))


def run(project: Project, **environment: str) -> Outcome:
    """Run doit in a process of its own: it has to let go of the disk."""
    return project.run(process="fork", timeout=300, env=environment)


def contents(project: Project) -> set[str]:
    """Return what the targets have."""
    return {project.read(name) for name in NAMES}


def check_run(project: Project, outcome: Outcome) -> None:
    """Check that all tasks ran, and that the output reports at most the loss of records."""
    outcome.assert_executed(*ALL)
    assert "Traceback" not in outcome.stderr, repr(outcome)
    lines = outcome.stderr.splitlines()
    assert len(lines) <= 1, repr(outcome)
    assert all("can't be written" in line for line in lines), repr(outcome)


def check_next(project: Project, full: Outcome, text: str) -> None:
    """Check the next run: everything that was reported as kept is kept, and nothing is wrong."""
    outcome = run(project).assert_success()
    assert "Traceback" not in outcome.stderr, repr(outcome)
    assert "damaged-" not in outcome.stderr, repr(outcome)
    assert contents(project) == {text}
    if "can't be written" not in full.stderr or "; what this run recorded is kept" in full.stderr:
        assert outcome.executed == [], f"{full!r}\n{outcome!r}"
    run(project).assert_up_to_date(*ALL)


@pytest.mark.parametrize("pages", [0, 1, 2, 3, 4, 6, 9])
def test_full_disk(doit_project: Make, backend: str, pages: int) -> None:
    """Whichever write fails: the tasks run, and what could not be recorded runs again."""
    project = make_project(doit_project, backend)
    with disk(project) as place:
        run(project).assert_executed(*ALL)
        project.write({"in.txt": "2"})
        fill(place, pages)
        full = run(project)
        check_run(project, full)
        listed = project.run("list", "-s", "--all", process="fork").assert_success()
        assert "Traceback" not in listed.stderr, repr(listed)
        (place / "fill").unlink()
        check_next(project, full, "2")


@pytest.mark.parametrize("limit", [0, 100, 2000, 5000, 7000])
def test_no_file_may_grow(doit_project: Make, backend: str, limit: int) -> None:
    """A limit that any user can set has the same effect."""
    project = make_project(doit_project, backend)
    run(project).assert_executed(*ALL)
    project.write({"in.txt": ""})  # an empty target may be written in any case
    full = run(project, LIMIT=str(limit))
    check_run(project, full)
    check_next(project, full, "")


def test_full_disk_of_plain_doit(doit_project: Make, backend: str) -> None:
    """With sqlite3 and a new dbm: a traceback, and the state of the whole run is lost."""
    project = make_project(doit_project, backend, loader=False)
    with disk(project) as place:
        run(project).assert_executed(*ALL)
        project.write({"in.txt": "2"})
        fill(place, 0)
        outcome = run(project)
        (place / "fill").unlink()
        lost = backend == "sqlite3" or dbm.whichdb(str(place / "x")) == "dbm.sqlite3"
        assert outcome.returncode == (3 if lost else 0), repr(outcome)
        assert ("Traceback" in outcome.stderr) is lost
        assert run(project).executed == (list(ALL) if lost else [])


def test_read_only_disk(doit_project: Make, backend: str) -> None:
    """The tasks run, as in plain doit, which then prints a traceback."""
    for loader in (False, True):
        project = make_project(doit_project, backend, loader=loader)
        with disk(project) as place:
            run(project).assert_executed(*ALL)
            project.write({"in.txt": "2"})
            remount(place, "ro")
            listed = project.run("list", "-s", "--all", process="fork")
            outcome = run(project)
            remount(place, "rw")
            if loader:
                assert listed.assert_success().stderr == "", repr(listed)
                assert listed.stdout.count("R make:") == len(ALL)
                check_run(project, outcome)
                assert "can't be written" in outcome.stderr
                check_next(project, outcome, "2")
            else:
                assert outcome.returncode == 3, repr(outcome)
                assert "Traceback" in outcome.stderr, repr(outcome)


@pytest.mark.parametrize("where", ["missing", "read-only"])
def test_no_place_for_the_db(doit_project: Make, backend: str, where: str) -> None:
    """Where it can never be written the tasks run each time, and one line says why."""
    for loader in (False, True):
        project = make_project(doit_project, backend, loader=loader)
        with contextlib.ExitStack() as stack:
            if where == "missing":
                shutil.rmtree(project.path / "db")
            else:
                remount(stack.enter_context(disk(project)), "ro")
            for _ in range(2):
                outcome = run(project)
                if loader:
                    check_run(project, outcome)
                    assert "; what this run recorded is lost" in outcome.stderr, repr(outcome)
                else:
                    assert outcome.returncode == 3, repr(outcome)
                    assert "Traceback" in outcome.stderr, repr(outcome)
