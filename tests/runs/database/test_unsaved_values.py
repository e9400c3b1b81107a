"""Values of actions that can't be saved as JSON fail their task alone."""

from __future__ import annotations

import sys

import pytest

from doit_invariants.testing import Project
from tests.support import Make

from .killing import (
    journal,
    one_line,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


VALUES = """
def loop():
    found = {}
    found["itself"] = found
    return found

def deep():
    found = {}
    for _ in range(100_000):
        found = {"x": found}
    return found

BAD = {
    "object": lambda: {"x": object()},
    "set": lambda: {"x": [{1, 2}]},
    "bytes": lambda: {"x": b"x"},
    "key": lambda: {(1, 2): 3},
    "loop": loop,
    "deep": deep,
    "code": lambda: {"x": lambda: 1},
}

def task_bad():
    for name in NAMES:
        yield {"name": name, "actions": [BAD[name]], "file_dep": ["in.txt"]}

def task_good():
    return {"actions": [lambda: {"x": [1, None, "2"]}], "file_dep": ["in.txt"]}
"""


NAMES = ["object", "set", "bytes", "key", "loop", "deep", "code"]


def values_project(make: Make, backend: str, names: list[str]) -> Project:
    """Return a project with tasks that return such values, and a good one."""
    return make({"dodo.py": f"NAMES = {names}\n{VALUES}", "in.txt": "one"}, backend=backend)


def test_values_that_json_cannot_hold(doit_project: Make, backend: str) -> None:
    """Each is one failed task with one line; the state of the others stays."""
    project = values_project(doit_project, backend, NAMES)
    for _ in range(2):
        outcome = project.run("-c").assert_failed("bad", *(f"bad:{name}" for name in NAMES))
        said = "an action returned a value that can't be saved as JSON"
        output = outcome.stdout + outcome.stderr
        assert output.count(said) == len(NAMES), repr(outcome)
        assert "Traceback" not in output, repr(outcome)
    assert outcome.up_to_date == ["good"]
    assert not journal(project).exists()


@pytest.mark.parametrize("name", ["set", "loop", "code"])
def test_values_that_json_cannot_hold_of_workers(doit_project: Make, name: str) -> None:
    """With ``-n`` they must also get from the worker to doit, which otherwise hangs."""
    project = values_project(doit_project, "json", [name])
    outcome = project.run("-n", "2", "-c", process=True, timeout=300)
    outcome.assert_failed("bad", f"bad:{name}")
    one_line(outcome, "an action returned a value that can't be saved as JSON")
    project.run("good").assert_up_to_date("good")


def test_a_value_saver_whose_value_json_cannot_hold(doit_project: Make, backend: str) -> None:
    """It is called after the actions; what the other tasks recorded is not lost by it."""
    dodo = """
def saver(task, values):
    task.value_savers.append(lambda: {"x": object()})

def task_a():
    return {"actions": ["true"], "file_dep": ["in.txt"], "uptodate": [saver]}

def task_b():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, backend=backend)
    outcome = project.run("-c")
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    project.run("b").assert_up_to_date("b")
