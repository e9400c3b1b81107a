"""Stories about what fingerprints keep beside the records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doit_invariants.testing import Project
from tests.support import Make

DODO = """
import helpers
def work(targets):
    open(targets[0], "w").write(str(helpers.clean()))
def task_t():
    for n in range(%d):
        yield {"name": str(n), "actions": [work], "targets": [f"{n}.txt"], "uptodate": [True]}
"""


def stored(project: Project) -> dict[str, Any]:
    """Return what doit's DB has, by name, with the backend json."""
    found: dict[str, Any] = json.loads(project.read(".doit.db"))
    return found


def test_many_tasks_share_what_explains_their_function(doit_project: Make) -> None:
    """A function's parts and sources are in the DB once, and not in the records."""
    project = doit_project(
        {"dodo.py": DODO % 20, "helpers.py": "def clean():\n    return 1\n"}, backend="json"
    )
    project.run().assert_success()
    rows = stored(project)
    kept = [rows[name]["details:"] for name in rows if name.startswith("invariants:")]
    assert [set(one) for one in kept if "units" in one] == [{"units", "sources"}]
    project.run().assert_executed()
    project.edit("helpers.py", "1", "2")
    why = project.run("invariants", "why", "t:7").stdout
    assert "helpers.py:1 clean() constant 1 -> 2 (used by work())" in why
    assert "+    return 2" in why


def test_what_many_tasks_are_tracked_by_is_recorded_once(doit_project: Make) -> None:
    """The first of them has it in its record, the others a key; where that is gone they run."""
    names = [f"t:{number}" for number in range(20)]
    project = doit_project(
        {"dodo.py": DODO % 20, "helpers.py": "def clean():\n    return 1\n"}, backend="json"
    )
    project.run().assert_success()
    rows = stored(project)
    (key,) = {rows[name]["invariants:"]["sources"] for name in names[1:]}
    kept = rows[f"invariants:{key}"]["details:"]
    record = rows["t:0"]["invariants:"]
    assert kept == {"entries": record["entries"], "sources": record["sources"]}
    shown = json.loads(project.run("invariants", "show", "t:7", "--json").stdout)["t:7"]
    assert shown["entries"] == record["entries"]
    assert shown["sources"] == record["sources"]
    project.run().assert_up_to_date(*names)
    data = json.loads(project.read(".doit.db"))
    del data["check:invariants"], data[f"invariants:{key}"]
    project.write({".doit.db": json.dumps(data)})
    why = project.run("invariants", "why", "t:7").stdout
    assert "the DB no longer holds what was tracked for it; treated as never run" in why
    assert "t:1" in project.run().executed  # which puts it back for the others
    project.run().assert_up_to_date(*names)


def test_what_many_tasks_are_tracked_by_is_mended(doit_project: Make) -> None:
    """A run rewrites damaged details: otherwise a task would run in each of the next runs."""
    names = [f"t:{number}" for number in range(4)]
    project = doit_project(
        {"dodo.py": DODO % 4, "helpers.py": "def clean():\n    return 1\n"}, backend="json"
    )
    project.run().assert_success()
    key = stored(project)["t:1"]["invariants:"]["sources"]
    data = json.loads(project.read(".doit.db"))
    del data["check:invariants"]
    data[f"invariants:{key}"]["details:"]["sources"][0] = "track-c0de"
    project.write({".doit.db": json.dumps(data)})
    assert "t:1" in project.run().executed
    project.run().assert_up_to_date(*names)


def test_details_that_are_gone_or_damaged(doit_project: Make) -> None:
    """Without them a change is still seen, and code that is the same is still the same."""
    project = doit_project(
        {"dodo.py": DODO % 1, "helpers.py": "def clean():\n    return 1\n"}, backend="json"
    )
    for damage in (None, {}, {"details:": 3}, {"details:": {"units": [[]], "sources": "x"}}):
        project.write({".doit.db": "{}"})
        project.run("-a").assert_success()
        data = json.loads(project.read(".doit.db"))
        (key,) = (name for name in data if name.startswith("invariants:xxh3"))
        data[key] = damage
        if damage is None:
            del data[key]
        project.write({".doit.db": json.dumps(data)})
        project.run("invariants", "show", "t:0").assert_success()
        project.run().assert_up_to_date("t:0")
        project.edit("helpers.py", "return", "# a comment\n    return")
        project.run().assert_up_to_date("t:0")
        project.edit("helpers.py", "return 1", "return 1 + 1")
        assert "bytecode changed" in project.run("invariants", "why", "t:0").stdout
        project.run().assert_executed("t:0")
        project.run().assert_up_to_date("t:0")
        project.write({"helpers.py": "def clean():\n    return 1\n"})


MANY = """
LIMIT = 0
def make(n):
    def work(targets):
        open(targets[0], "w").write(str(n + LIMIT))
    return work
def task_t():
    for n in range(110):
        yield {"name": str(n), "actions": [make(n)], "targets": [f"{n}.txt"], "uptodate": [True]}
"""


@pytest.mark.matrix
def test_what_nothing_refers_to_is_removed_whatever_is_damaged(doit_project: Make) -> None:
    project = doit_project({"dodo.py": MANY}, backend="json")
    project.run().assert_success()
    data = json.loads(project.read(".doit.db"))
    del data["check:invariants"]
    data["gone"] = {"invariants:": {"entries": 3}}
    project.write({".doit.db": json.dumps(data)})
    for number in range(4):
        project.edit("dodo.py", f"LIMIT = {number}", f"LIMIT = {number + 1}")
        project.run().assert_success()
    assert len(stored(project)) < 110 + 3 * 110


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["json", "dbm", "sqlite3"])
def test_what_nothing_refers_to_is_removed(doit_project: Make, backend: str) -> None:
    """After many edits the DB holds a bounded number of them, the ones in use among them."""
    project = doit_project({"dodo.py": MANY}, backend=backend)
    for number in range(5):
        project.edit("dodo.py", f"LIMIT = {number}", f"LIMIT = {number + 1}")
        assert len(project.run().assert_success().executed) == 110
    shown = project.run("invariants", "show", "t:0").stdout
    assert "global LIMIT = 5, closure n = 0" in shown
    project.edit("dodo.py", "LIMIT = 5", "LIMIT = 0")
    assert "global LIMIT: 5 -> 0" in project.run("invariants", "why", "t:7").stdout
    if backend == "json":
        assert len(stored(project)) < 110 + 3 * 110  # five runs left as many each
