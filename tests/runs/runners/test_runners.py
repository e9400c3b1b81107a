"""The same verdicts with every backend and every runner."""

from __future__ import annotations

import sys

import pytest

from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.runners import SET_START_METHOD, START_METHODS

DODO = (
    SET_START_METHOD
    + """
import sys
from doit_invariants import Env, Files, Function, Task, TTL, Tree, Value, invariants
from work import copy, helper

def task_copy():
    for name in "abcd":
        yield {"name": name, "actions": [copy], "file_dep": [f"in/{name}.txt"],
               "targets": [f"out/{name}.txt"],
               "invariants": [Value({"theme": "red", "sizes": [1, 2]}), Env("REGION"), TTL("1d")]}

def task_join():
    return {"actions": ["cat out/*.txt > joined.txt"], "file_dep": ["out", "in/"],
            "task_dep": ["copy"], "targets": ["joined.txt"],
            "uptodate": [invariants(Function(helper), Files("in/*.txt"))]}

def task_values():
    return {"actions": [(lambda: {"n": 3},)], "invariants": [Tree("in")]}

def task_use():
    return {"actions": ["echo %(n)s > used.txt"], "getargs": {"n": ("values", "n")},
            "targets": ["used.txt"], "invariants": [Task("values")]}
"""
)
WORK = """
import os
def copy(dependencies, targets):
    os.makedirs("out", exist_ok=True)
    open(targets[0], "w").write(open(dependencies[0]).read())
def helper():
    return 1
"""
ALL = ("copy:a", "copy:b", "copy:c", "copy:d", "join", "values", "use")


@pytest.mark.parametrize("runner", rest_in_matrix(START_METHODS, 2))
def test_the_same_story_everywhere(doit_project: Make, backend: str, runner: str) -> None:
    """Every combination sees inputs, targets, code, values and environment in the same way."""
    arguments, start = START_METHODS[runner]
    if start == "fork" and sys.platform == "win32":
        pytest.skip("no fork on this system")
    dodo = DODO if runner != "spawn" else DODO.replace('(lambda: {"n": 3},)', "work.three")
    dodo = dodo.replace("from work import", "import work\nfrom work import")
    files = {f"in/{name}.txt": name for name in "abcd"}
    project = doit_project(
        {"dodo.py": dodo, "work.py": WORK + "def three(): return {'n': 3}\n", **files},
        backend=backend,
    )
    environment = {"START": start, "REGION": "eu"}

    def run(**changed: str) -> list[str]:
        outcome = project.run(
            *arguments, process=True if start == "spawn" else "fork", env={**environment, **changed}
        )
        return sorted(outcome.assert_success().executed)

    assert run() == sorted(ALL)
    assert run() == []
    project.write({"in/a.txt": "A"})
    assert run() == ["copy:a", "join", "use", "values"]
    assert project.read("joined.txt") == "Abcd"
    project.write({"out/b.txt": "tampered"})
    assert run() == ["copy:b", "join"] or run() == []
    assert project.read("joined.txt") == "Abcd"
    project.edit("work.py", "return 1", "return 2")
    assert run() == ["join"]
    project.edit("work.py", "exist_ok=True)", "exist_ok=bool(1))")
    assert run() == ["copy:a", "copy:b", "copy:c", "copy:d"]
    project.edit("dodo.py", '"red"', '"blue"')
    assert run() == ["copy:a", "copy:b", "copy:c", "copy:d"]
    assert run(REGION="us") == ["copy:a", "copy:b", "copy:c", "copy:d"]
    assert run(REGION="us") == []
    project.run(
        "-a", *arguments, process=True if start == "spawn" else "fork", env=environment
    ).assert_executed(*ALL)
    assert run() == []


def test_always_and_single(doit_project: Make) -> None:
    """`-a` runs everything and records it; `-s` runs a task without what it depends on."""
    files = {f"in/{name}.txt": name for name in "abcd"}
    project = doit_project({"dodo.py": DODO, "work.py": WORK, **files})
    environment = {"REGION": "eu"}
    project.run(env=environment).assert_executed(*ALL)
    project.run("-a", env=environment).assert_executed(*ALL)
    project.write({"in/a.txt": "A"})
    project.run("-s", "copy:a", env=environment).assert_executed("copy:a")
    project.run("copy:a", env=environment).assert_up_to_date("copy:a")


def test_changed_files_are_handed_to_actions(doit_project: Make) -> None:
    """`changed` names the changed files; all of them where the whole must be made again."""
    dodo = """
def show(changed):
    open("changed.txt", "w").write(" ".join(sorted(changed)))
def task_a():
    return {"actions": [show], "file_dep": ["x", "y"], "targets": ["t"]}
def task_t():
    return {"actions": ["touch t0"], "targets": ["t0"], "uptodate": [True]}
"""
    project = doit_project({"dodo.py": dodo, "x": "", "y": "", "t": ""})
    project.run("a")
    assert project.read("changed.txt") == "x y"
    project.write({"x": "1"})
    project.run("a")
    assert project.read("changed.txt") == "x"
    project.edit("dodo.py", '" ".join', '"  ".join')
    project.run("a")
    assert project.read("changed.txt") == "x  y"
