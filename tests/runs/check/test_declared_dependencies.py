"""Dependencies that are added to a task or removed, and defaults of the project."""

from __future__ import annotations

from tests.support import Make


def test_task_without_dependencies_for_a_while(doit_project: Make, backend: str) -> None:
    """A run with nothing to compare makes the record of an earlier run obsolete."""
    dodo = """
from doit_invariants import Value
V = {v}
def task_a():
    return {{"actions": ["echo {v} > server"] {more}}}
"""
    listed = ', "invariants": [Value(V)]'
    project = doit_project({"dodo.py": dodo.format(v=1, more=listed)}, backend=backend)
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo.format(v=2, more="")})
    project.run().assert_executed("a")
    project.write({"dodo.py": dodo.format(v=1, more=listed)})
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")


def test_all_inputs_taken_away_and_given_back(doit_project: Make, backend: str) -> None:
    """A file_dep that comes back is an added one, though doit's DB still has its old state."""
    dodo = """
def join(dependencies, targets):
    open(targets[0], "w").write(repr(dependencies))
def task_a():
    return {"actions": [join], "file_dep": ["in.txt"], "targets": ["out.txt"], "cache": True}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""}, backend=backend)
    project.run().assert_executed("a")
    project.edit("dodo.py", '["in.txt"]', "[]")
    project.run().assert_executed("a")
    project.edit("dodo.py", '"file_dep": []', '"file_dep": ["in.txt"]')
    assert "in.txt: file_dep added" in project.run("invariants", "why").stdout
    project.run().assert_executed("a")
    assert project.read("out.txt") == "['in.txt']"


def test_own_invariants_beat_the_defaults_of_the_project(doit_project: Make) -> None:
    """A default of the project does not clash with the task's own option or `uptodate` item."""
    dodo = """
from doit_invariants import Env, TTL, invariants
DOIT_CONFIG = {"invariants": {"invariants": [Env("A")], "ttl": "1d"}}
def task_a():
    return {"actions": ["true"], "uptodate": [invariants(Env("B"))]}
def task_b():
    return {"actions": ["true"], "invariants": [TTL("1h")]}
"""
    project = doit_project({"dodo.py": dodo})
    project.run(now=1_700_000_000).assert_executed("a", "b")
    project.run(now=1_700_000_000 + 7200).assert_executed("b")
