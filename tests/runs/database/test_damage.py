"""doit's DB is damaged, or gone: the table in faults.md, with plain doit for comparison."""

from __future__ import annotations

import dbm
import random
import shutil
from pathlib import Path

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make

DB = ".doit.db"
DODO = """
import glob, os
def make(task, targets):
    if task.name == "make:b" and os.path.exists("kill"):
        open(targets[0], "w").close()
        os.kill(os.getpid(), 9)
    with open(targets[0], "w") as stream:
        stream.write(open("in.txt").read())
    if task.name == "make:b" and os.path.exists("wipe"):
        for path in glob.glob(".doit.db*"):
            if not path.endswith(".lock"):
                os.remove(path)
def task_make():
    for name in "abc":
        yield {"name": name, "actions": [make], "file_dep": ["in.txt"], "targets": [name]}
"""
ALL = ("make:a", "make:b", "make:c")


@pytest.fixture
def flavour(backend: str, tmp_path: Path) -> str:
    """Each of doit's backends; dbm as the flavour that this Python has."""
    if backend != "dbm":
        return backend
    with dbm.open(str(tmp_path / "which"), "c"):
        pass
    name = dbm.whichdb(str(tmp_path / "which"))
    if name not in ("dbm.dumb", "dbm.sqlite3"):
        pytest.skip(f"what damage does there depends on the system: {name}")
    return name


def damaged(path: Path, how: str) -> None:
    """Damage a file, or what stands in its place."""
    data = path.read_bytes()
    if how in ("vanished", "a directory"):
        path.unlink()
    if how == "a directory":
        path.mkdir()
    elif how != "vanished":
        half = len(data) // 2
        while data[half - 1 : half] in (b")", b"\n"):  # the end of a line: nothing looks damaged
            half -= 1
        contents = {
            "truncated": data[:half],
            "garbage": random.Random(1).randbytes(3000),
            "empty": b"",
        }
        path.write_bytes(contents[how])


def files(project: Project) -> dict[str, bytes | None]:
    """Return the files of the DB, without the lock."""
    paths = sorted(project.path.glob(f"{DB}*"))
    return {
        path.name: path.read_bytes() if path.is_file() else None
        for path in paths
        if not path.name.endswith(".lock")
    }


def damage(project: Project, how: str) -> None:
    """Damage all files of the DB."""
    for name in files(project):
        damaged(project.path / name, how)


def make_project(make: Make, backend: str, *, loader: bool = True) -> Project:
    """Return a project that has run."""
    name = "ours" if loader else "plain"
    project = make({"dodo.py": DODO, "in.txt": "1"}, backend=backend, loader=loader, name=name)
    project.run().assert_executed(*ALL)
    return project


def said(outcome: Outcome, text: str) -> None:
    """Assert that one line contains a string, and that there is no traceback."""
    lines = (outcome.stdout + outcome.stderr).splitlines()
    assert len([line for line in lines if text in line]) == 1, repr(outcome)
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)


#: Damage with which plain doit can still open its DB.
HARMLESS = {("empty", "sqlite3"), ("empty", "dbm.dumb")}


@pytest.mark.parametrize("how", ["truncated", "garbage", "empty"])
def test_damaged_db(doit_project: Make, backend: str, flavour: str, how: str) -> None:
    """Plain doit ends with a traceback, each time; the loader moves it aside and starts again."""
    plain = make_project(doit_project, backend, loader=False)
    damage(plain, how)
    outcome = plain.run()
    assert outcome.returncode == (0 if (how, flavour) in HARMLESS else 3), repr(outcome)
    assert ("Traceback" in outcome.stderr) is (outcome.returncode == 3), repr(outcome)

    project = make_project(doit_project, backend)
    damage(project, how)
    before = files(project)
    for look in (["list", "-s"], ["info", "make:a"], ["invariants", "why"]):
        outcome = project.run(*look)
        if (how, flavour) not in HARMLESS:
            said(outcome, f"{DB}: can't be read (")
            assert files(project) == before, "a look has written"
        assert outcome.returncode in (0, 1), repr(outcome)  # `info` says 1 of what is to run
    outcome = project.run().assert_executed(*ALL)
    kept = [name for name in files(project) if "damaged" in name]
    if (how, flavour) in HARMLESS:
        assert outcome.stderr == ""
        assert kept == []
    else:
        said(outcome, f"{DB}: can't be read (")
        assert f"it was moved to {DB}.damaged-1" in outcome.stderr
        named = {name.replace(".damaged-1", ""): files(project)[name] for name in kept}
        assert named.items() <= before.items()
    project.run().assert_up_to_date(*ALL)


@pytest.mark.parametrize("name", ["json", "sqlite3"])
def test_second_damage_gets_another_number(doit_project: Make, name: str) -> None:
    """An earlier DB that was moved aside is not overwritten."""
    project = make_project(doit_project, name)
    for number in (1, 2):
        project.write({DB: f"garbage {number}"})
        said(project.run().assert_executed(*ALL), f"{DB}.damaged-{number}")
        assert project.read(f"{DB}.damaged-{number}") == f"garbage {number}"
    assert project.read(f"{DB}.damaged-1") == "garbage 1"


def test_db_that_vanished(doit_project: Make, backend: str, flavour: str) -> None:
    """Everything runs once, as in plain doit."""
    for loader in (False, True):
        project = make_project(doit_project, backend, loader=loader)
        damage(project, "vanished")
        assert project.run().assert_executed(*ALL).stderr == ""
        project.run().assert_up_to_date(*ALL)


def test_directory_in_the_place_of_the_db(doit_project: Make, backend: str, flavour: str) -> None:
    """No command can continue; one line says so, where plain doit prints a traceback."""
    plain = make_project(doit_project, backend, loader=False)
    damage(plain, "a directory")
    assert plain.run().returncode == 3
    assert "Traceback" in plain.run().stderr
    project = make_project(doit_project, backend)
    damage(project, "a directory")
    for arguments in ([], ["list", "-s"], ["invariants", "why"]):
        project.run(*arguments).assert_error(f"doit's DB '{DB}' can't be opened: ", 3)


#: Exit code of plain doit, and that of its next run.
WIPED = {"json": (0, 0), "sqlite3": (3, 0), "dbm.dumb": (3, 3), "dbm.sqlite3": (0, 0)}


def test_db_that_vanishes_in_the_middle_of_a_run(
    doit_project: Make, backend: str, flavour: str
) -> None:
    """An action removes it, and the journal too; nothing that remains is wrong."""
    plain = make_project(doit_project, backend, loader=False)
    plain.write({"in.txt": "2", "wipe": ""})
    codes = [plain.run(process=True).returncode]
    plain.remove("wipe")
    codes.append(plain.run(process=True).returncode)
    assert tuple(codes) == WIPED[flavour]

    project = make_project(doit_project, backend)
    project.write({"in.txt": "2", "wipe": ""})
    outcome = project.run().assert_executed(*ALL)
    assert "Traceback" not in outcome.stderr, repr(outcome)
    project.remove("wipe")
    outcome = project.run().assert_success()
    assert "Traceback" not in outcome.stderr, repr(outcome)
    project.run().assert_up_to_date(*ALL)
    assert {project.read(name) for name in "abc"} == {"2"}


# ---------------------------------------------------------------------- the journal

JOURNAL = f"{DB}.journal"


@pytest.fixture
def killed(doit_project: Make) -> Project:
    """A project with a journal, of a run that was killed in the task `make:b`."""
    project = make_project(doit_project, "json")
    project.write({"in.txt": "2", "kill": ""})
    assert project.run(process="fork").returncode == -9
    project.remove("kill")
    assert (project.path / JOURNAL).exists()
    return project


@pytest.mark.parametrize("how", ["truncated", "garbage", "empty", "vanished", "a directory"])
def test_damaged_journal(killed: Project, how: str) -> None:
    """Its entries are lost, with one line if there were any; doit's DB stays as it was."""
    damaged(killed.path / JOURNAL, how)
    outcome = killed.run().assert_success()
    text = {"truncated": "damaged", "garbage": "damaged", "a directory": "can't be read"}.get(how)
    if text is not None:
        said(outcome, text)
    assert "Traceback" not in outcome.stderr, repr(outcome)
    assert {"make:b", "make:c"} <= set(outcome.executed)
    assert {killed.read(name) for name in "abc"} == {"2"}
    if how == "a directory":
        shutil.rmtree(killed.path / JOURNAL)
    killed.run().assert_up_to_date(*ALL)


def test_plain_doit_loses_the_whole_run_that_was_killed(doit_project: Make) -> None:
    """And what was half done is up-to-date, once the input is what it was: that is the fault."""
    project = make_project(doit_project, "json", loader=False)
    project.write({"in.txt": "2", "kill": ""})
    assert project.run(process="fork").returncode == -9
    project.remove("kill")
    project.write({"in.txt": "1"})
    project.run().assert_up_to_date(*ALL)
    assert [project.read(name) for name in "abc"] == ["2", "", "1"]
