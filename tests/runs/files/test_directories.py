"""A directory with many files: its record, and the effect of a change in it."""

from __future__ import annotations

import json
import os
import time

import pytest

from doit_invariants.testing import Project
from tests.support import Make

DODO = """
from doit_invariants import Tree

def made(targets):
    with open(targets[0], "w") as out:
        out.write("made")

def task_reads():
    return {"actions": [made], "file_dep": ["data"], "targets": ["a"]}

def task_tree():
    return {"actions": [made], "targets": ["b"], "invariants": [Tree("data")]}
"""
BOTH = {"reads", "tree"}


@pytest.fixture
def project(doit_project) -> Project:
    """Return a project that reads 1,200 files, and has settled."""
    files = {f"data/{n % 12}/{n}": str(n) for n in range(1_200)}
    project = doit_project({"dodo.py": DODO, **files}, backend="json")
    project.run().assert_executed("reads", "tree")
    time.sleep(0.03)
    project.run().assert_up_to_date("reads", "tree")
    return project


def test_one_file_of_many(project: Project) -> None:
    """
    1. Nothing changed: nothing is written.
    2. One file changed: it is named, and the others are not read.
    3. One is touched: the new record is as good.
    4. One is renamed, and one removed: both are named.
    """
    before = project.read(".doit.db")
    project.run().assert_up_to_date(*BOTH)
    assert project.read(".doit.db") == before

    project.write({"data/3/15": "other"})
    for name in BOTH:
        (found,) = project.run("invariants", "why", "--json", name).json()
        assert "1 changed (data/3/15)" in json.dumps(found)
    project.run().assert_executed(*BOTH)
    time.sleep(0.03)
    project.run().assert_up_to_date(*BOTH)

    os.utime(project.path / "data/0/0", (1, 1))
    time.sleep(0.03)
    project.run().assert_up_to_date(*BOTH)
    before = project.read(".doit.db")
    project.run().assert_up_to_date(*BOTH)
    assert project.read(".doit.db") == before

    (project.path / "data/1/13").rename(project.path / "data/1/new")
    project.remove("data/2/14")
    (found,) = project.run("invariants", "why", "--json", "reads").json()
    assert "1 added (data/1/new), 2 removed (data/1/13, data/2/14)" in json.dumps(found)
    project.run().assert_executed(*BOTH)


def test_there_and_back(project: Project) -> None:
    """A file whose content and times are as they were was written all the same: it is read."""
    path = project.path / "data/5/5"
    before = path.stat()
    path.write_text("x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    project.run().assert_executed(*BOTH)
    project.write({"data/5/5": "5"})
    project.run().assert_executed(*BOTH)


def test_what_is_recorded_is_shown_by_file(project: Project) -> None:
    """Entries that are packed in the DB are shown as a list."""
    shown = project.run("invariants", "show", "--json", "reads", "tree").json()
    for tree in (shown["reads"]["trees"]["data"], shown["tree"]["entries"]["Tree(data)"][3]):
        assert set(tree) == {"digest", "entries"}
        assert len(tree["entries"]) == 1_212
        assert tree["entries"]["7/19"][1][1] == 2
        assert tree["entries"]["7"] == ["directory", None]
    assert len(project.read(".doit.db")) < 200_000


@pytest.mark.parametrize("place", range(4))
def test_damage(project: Project, place: int) -> None:
    """A record with an altered part is not used: the tasks run, and are recorded again."""
    stored = json.loads(project.read(".doit.db"))
    stored.pop("check:invariants")
    for row in stored.values():
        record = row.get("invariants:", {"trees": {}, "entries": {}})
        for state in [*record["trees"].values(), *(one[3] for one in record["entries"].values())]:
            if "blocks" in state:
                block = state["blocks"]["directories"][3]
                block[place] = "AAAA" + block[place][4:]
    project.write({".doit.db": json.dumps(stored), "data/0/0": "other"})
    outcome = project.run()
    outcome.assert_executed(*BOTH)
    assert "Traceback" not in outcome.stderr
    time.sleep(0.03)
    project.run().assert_up_to_date(*BOTH)
    project.run().assert_up_to_date(*BOTH)


def test_database_inside_a_tracked_directory(doit_project: Make, backend: str) -> None:
    """doit's DB does not count, under any name."""
    dodo = """
from doit_invariants import Tree
DOIT_CONFIG = {"dep_file": "state.json"}
def task_a():
    return {"actions": ["true"], "invariants": [Tree(".")]}
def task_b():
    return {"actions": ["true"], "file_dep": ["."]}
"""
    project = doit_project({"dodo.py": dodo}, backend=backend)
    project.run().assert_executed("a", "b")
    project.run().assert_executed()
