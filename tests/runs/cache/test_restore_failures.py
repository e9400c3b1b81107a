"""Restores that can't be done as usual: forged entries, encodings, deep values, other folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doit_invariants.hashing.digest import digest_json
from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.results import STORE, restored, wipe

RUNNERS: dict[str, list[str]] = {
    "serial": [],
    "-n2": ["-n", "2"],
    "threads": ["-n", "2", "-P", "thread"],
}


def forge(path: Path, **wrong: object) -> None:
    """Write other things into an entry, with the check that belongs to them."""
    data = json.loads(path.read_text())
    assert data["check"] == digest_json(data["entry"])
    data["entry"].update(wrong)
    data["check"] = digest_json(data["entry"])
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("runner", ["serial", "-n2"])
def test_output_that_stdout_can_not_encode(doit_project: Make, runner: str) -> None:
    """A15: it is shown with a replacement for characters that can't be."""
    dodo = """
import os
def f():
    print(os.fsdecode(b"h\\xff"), "seen")
    open("out", "w").write("1")
def task_t():
    return {"actions": [f], "file_dep": ["in"], "targets": ["out"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    env = {"PYTHONIOENCODING": "utf-8:strict"}
    project.run(env=env).assert_executed("t")
    project.remove("out")
    outcome = project.run("-v2", *RUNNERS[runner], process=True, env=env)
    assert restored(outcome, "the store") == ["t"], repr(outcome)
    assert "seen" in outcome.stdout
    assert "Traceback" not in outcome.stderr
    assert project.read("out") == "1"


FORGED: list[dict[str, object]] = [
    {"result": 5},
    {"result": True},
    {"result": [1]},
    {"executed_at": 1e20},
    {"executed_at": -1e20},
    {"took": 1e300},
    {"took": -5},
]


@pytest.mark.parametrize("wrong", FORGED, ids=str)
def test_forged_entry(doit_project: Make, wrong: dict[str, object]) -> None:
    """A16: an entry that no run would write is a miss, even if its check matches."""
    dodo = """
def task_t():
    return {"actions": ["cp in out"], "file_dep": ["in"], "targets": ["out"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "in": "1"}, settings=STORE)
    project.run().assert_executed("t")
    (path,) = (project.path / "../store").rglob("*.json")
    wipe(project, "out")
    forge(path)  # this much is right
    assert restored(project.run(), "the store") == ["t"]
    forge(path, **wrong)
    wipe(project, "out")
    assert "Traceback" not in repr(project.run("list", "--status").assert_success())
    outcome = project.run().assert_executed("t")
    assert "the entry in the store can't be used" in outcome.stderr
    assert project.read("out") == "1"
    wipe(project, "out")
    assert restored(project.run(), "the store") == ["t"]  # it was stored again


def test_value_that_is_nested_too_deep(doit_project: Make) -> None:
    """A21: it can't be part of a signature, so the task runs."""
    dodo = """
def p():
    v = 1
    for _ in range(320):
        v = [v]
    return {"v": v}
def use(v):
    open("out", "w").write("deep")
def task_p():
    return {"actions": [p]}
def task_t():
    return {"actions": [use], "getargs": {"v": ("p", "v")}, "file_dep": ["in"],
            "targets": ["out"], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    for _ in range(2):
        outcome = project.run().assert_success()
        assert "Traceback" not in outcome.stderr, repr(outcome)
        assert project.read("out") == "deep"
        wipe(project, "out")


@pytest.mark.parametrize("runner", rest_in_matrix(RUNNERS, 2))
def test_action_that_leaves_the_directory(doit_project: Make, runner: str) -> None:
    """A34: targets are restored where they belong, in any current directory."""
    dodo = """
import os
HERE = os.path.dirname(os.path.abspath(__file__))
def leave():
    if os.path.exists("go"):
        os.chdir("sub")
def make():
    with open(os.path.join(HERE, "x"), "w") as stream:
        stream.write("made")
def task_0():
    return {"actions": [leave]}
def task_a():
    return {"actions": [make], "file_dep": ["in"], "targets": ["x"], "cache": "shared",
            "task_dep": ["0"]}
"""
    files = {"dodo.py": dodo, "in": "", "sub/x": "precious"}
    project = doit_project(files, settings=STORE, backend="sqlite3")
    project.run().assert_executed("0", "a")
    project.remove("x")
    project.write({"go": ""})
    outcome = project.run(*RUNNERS[runner])
    assert restored(outcome, "the store") == ["a"], repr(outcome)
    assert project.read("sub/x") == "precious"
    assert project.read("x") == "made"
