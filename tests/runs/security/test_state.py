"""Attacks by somebody who can write doit's DB, the journal, inputs or the environment.

See also tests/runs/database, tests/runs/records and tests/runs/loading/test_errors.py.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.choices import rest_in_matrix

#: Seconds after which a run of these small projects hangs.
SOON = 300
PLAIN = """
def make(targets):
    with open(targets[0], "w") as out:
        out.write("one")
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""


# ---------------------------------------------------------------------- DB and journal

PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("place", PLACES)
def test_journal_that_is_no_file(doit_project: Make, place: str) -> None:
    """It is not read, a message says so, and the tasks run."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"})
    PLACES[place](project.path / ".doit.db.journal")
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 800000; exec "$0" -m doit', sys.executable],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=SOON,
    )
    assert (done.returncode, done.stdout) == (0, ".  a\n")
    assert "its journal can't be read" in done.stderr


def test_journal_that_is_a_link(doit_project: Make) -> None:
    """The destination of a link in its place is neither written nor removed."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"})
    precious = project.path.parent / "precious"
    precious.write_text("precious")
    (project.path / ".doit.db.journal").symlink_to(precious)
    project.run().assert_executed("a")
    assert precious.read_text() == "precious"


def test_db_that_is_a_link(doit_project: Make, backend: str) -> None:
    """A file that is not a DB is not overwritten, but moved aside."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"}, backend=backend)
    precious = project.path.parent / "precious"
    precious.write_text("precious")
    (project.path / ".doit.db").symlink_to(precious)
    project.run().assert_executed("a")
    assert precious.read_text() == "precious"
    assert not any(path.samefile(precious) for path in project.path.glob(".doit.db*[!0-9]"))


def test_lock_that_is_a_link(doit_project: Make) -> None:
    """The destination of a link at the path of the lock is not written."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"})
    precious = project.path.parent / "precious"
    precious.write_text("precious")
    (project.path / ".doit.db.lock").symlink_to(precious)
    project.run().assert_executed("a")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    "backend",
    ["dbm", "json", "sqlite3"],
)
def test_db_that_is_a_pipe(doit_project: Make, backend: str) -> None:
    """It is not read: doit ends with one line."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"}, backend=backend)
    os.mkfifo(project.path / ".doit.db")
    outcome = project.run(process="fork", timeout=SOON)
    outcome.assert_error("doit's DB '.doit.db' can't be opened")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["Function",2', '["Function",3'),
        ('["Function"', '["Funktion"'),
        ('"track-code"]', '"track-cod_"]'),
        ('["Function",2', '["Function",1'),
        ('"in.txt":[1', '"in.txt":[2'),
    ],
    ids=["version", "kind", "source", "older version", "time in doit's own state"],
)
def test_one_byte_of_a_record(doit_project: Make, old: str, new: str) -> None:
    """A wrong byte in the DB does not make a task up-to-date whose code changed."""
    project = doit_project({"dodo.py": PLAIN, "in.txt": "one"}, backend="sqlite3")
    project.run().assert_executed("a")
    connection = sqlite3.connect(project.path / ".doit.db")
    ((row,),) = connection.execute("select task_data from doit where task_id='a'").fetchall()
    assert old in row
    connection.execute("update doit set task_data=? where task_id='a'", (row.replace(old, new, 1),))
    connection.commit()
    connection.close()
    project.edit("dodo.py", '"one"', '"two"')
    project.run().assert_executed("a")


def test_journal_of_a_private_db(doit_project: Make, backend: str) -> None:
    """The journal, which says what the DB says, is readable by no more than that."""
    dodo = PLAIN.replace("[make]", "[make, 'stat -c %%a .doit.db.journal > mode']")
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, backend=backend)
    project.run().assert_executed("a")
    for path in project.path.glob(".doit.db*"):
        path.chmod(0o600)
    project.write({"in.txt": "two"})
    project.run().assert_executed("a")
    assert project.read("mode") == "600\n"


def test_secrets(doit_project: Make, backend: str) -> None:
    """The value of a variable in Env is nowhere in clear: journal, DB, store, exports."""
    dodo = """
from doit_invariants import Env
def task_a():
    return {
        "actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "targets": ["out.txt"],
        "invariants": [Env("MY_SECRET")], "cache": "shared",
    }
def task_b():
    return {
        "actions": ["cp .doit.db.journal seen; cp in.txt b.txt"], "file_dep": ["out.txt"],
        "targets": ["b.txt"], "invariants": [Env("MY_SECRET")],
        "cache": "export", "export_dir": "published",
    }
"""
    settings = {"store": "../store"}
    files = {"dodo.py": dodo, "in.txt": "one"}
    project = doit_project(files, backend=backend, settings=settings)
    project.run(env={"MY_SECRET": "hunter2"}).assert_executed("a", "b")
    found = [path for path in project.path.parent.rglob("*") if path.is_file()]
    assert any(b"pbkdf2_sha256" in path.read_bytes() for path in found if path.name == "seen")
    assert any("store" in path.parts for path in found)
    assert [path for path in found if b"hunter2" in path.read_bytes()] == []


# ---------------------------------------------------------------------- inputs

TREE = """
def task_a():
    return {"actions": ["cp in.txt o.txt"], "file_dep": ["in.txt", "data"], "targets": ["o.txt"]}
"""


@pytest.mark.parametrize(
    "name",
    [
        "a\udcff.txt",
        "a\x1b[2J.txt",
        "a\nb.txt",
        "a\u202eb.txt",
    ],
    ids=["bytes", "escape", "newline", "direction"],
)
def test_names_of_inputs(doit_project: Make, name: str) -> None:
    """Any name of a file is only shown, and does nothing else."""
    project = doit_project({"dodo.py": TREE, "in.txt": "one", "data/x": "1"})
    project.run().assert_executed("a")
    (project.path / "data" / name).write_text("new")
    (found,) = project.run("invariants", "why", "--json").json()
    assert found["status"] == "run"
    for command in (["invariants", "why"], ["info", "a"], []):
        text = project.run(*command).stdout
        assert all(line.isprintable() for line in text.split("\n")), ascii(text)
        assert not any(line.startswith("b.txt") for line in text.split("\n"))


#: A task that depends on ``s.py`` in one way or the other.
WAYS = {
    "script": '"actions": ["python3 s.py || true"], "file_dep": ["in.txt"]',
    "import": '"actions": ["python3 t.py || true"], "file_dep": ["in.txt"]',
    "Module": '"actions": ["true"], "invariants": [Module("s")]',
    "Files": '"actions": ["true"], "invariants": [Files("s.py")]',
    "file_dep": '"actions": ["true"], "file_dep": ["s.py"]',
    "target": '"actions": ["true"], "file_dep": ["in.txt"], "targets": ["s.py"]',
    "shared": '"actions": ["true"], "file_dep": ["in.txt"], "targets": ["s.py"], "cache": "shared"',
}


def depends(make: Make, way: str) -> Project:
    """Return a project with such a task."""
    dodo = f"from doit_invariants import Files, Module\ndef task_a():\n    return {{{WAYS[way]}}}\n"
    files = {"dodo.py": dodo, "in.txt": "one", "t.py": "import s\n"}
    return make(files, settings={"store": "../store"})


@pytest.mark.parametrize("way", WAYS)
def test_inputs_that_are_pipes(doit_project: Make, way: str) -> None:
    """No check waits for a writer."""
    project = depends(doit_project, way)
    os.mkfifo(project.path / "s.py")
    outcome = project.run("invariants", "why", process="fork", timeout=SOON)
    assert "a: not up-to-date" in outcome.stdout, repr(outcome)


#: Python that asks much of its parser.
SOURCES = {
    "open": "(" * 100_000,
    "nested": "x = " + "[" * 500 + "]" * 500,
    "minus": "x = " + "-" * 100_000 + "1",
    "zero": "x = 1\0",
    "sum": "x = " + "+".join(["1"] * 50_000),
    "dots": "x = a" + ".b" * 50_000,
    "bytes": "# -*- coding: utf-7 -*-\n+AGE",
}


@pytest.mark.parametrize("source", SOURCES)
def test_sources_that_ask_too_much(doit_project: Make, source: str) -> None:
    """A script is read, never executed, and counts by its content where it can't be understood."""
    project = depends(doit_project, "import")
    for text in (SOURCES[source], SOURCES[source] + "\n# more\ny = 1\n"):
        project.write({"s.py": text})
        outcome = project.run(process="fork", timeout=300).assert_executed("a")
        assert "Traceback" not in outcome.stdout, repr(outcome)
    project.run(process="fork", timeout=300).assert_up_to_date("a")


# ---------------------------------------------------------------------- environment

EVERYTHING = """
import os
def make(targets):
    os.makedirs("d/sub")
    open("d/sub/x", "w").close()
def task_a():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["d"], "cache": "shared"}
def task_b():
    return {
        "actions": ["stat -c %%a .doit.db.journal > mode; cp in.txt b.txt"], "file_dep": ["in.txt"],
        "targets": ["b.txt"], "cache": "export", "export_dir": "published", "export_how": HOW,
    }
"""


@pytest.mark.parametrize("how", rest_in_matrix(["copy", "gzip", "move"]))
@pytest.mark.parametrize("umask", [0o077, 0o002, 0o000])
def test_umask(doit_project: Make, umask: int, how: str) -> None:
    """All files have the permissions of the umask, so a group may use them."""
    dodo = f"HOW = {how!r}\n{EVERYTHING}"
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, settings={"store": "../store"})
    command = 'umask "$1"; "$0" -m doit && rm -rf d b.txt .doit.db* && "$0" -m doit'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, f"{umask:o}"],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 restored" in done.stdout
    made = [project.path.parent / "store", project.path / "published", project.path / "d"]
    paths = [*made, *(path for one in made for path in one.rglob("*"))]
    paths += project.path.glob(".doit.db*")
    modes = {str(path): path.stat().st_mode & 0o777 for path in paths}
    assert {name: mode for name, mode in modes.items() if mode & umask} == {}
    assert int(project.read("mode"), 8) & umask == 0
    store = project.path.parent / "store"
    usable = 0o770 & ~umask
    inside = [path for path in store.rglob("*") if path.is_dir()]
    assert all(path.stat().st_mode & usable == usable for path in inside)
