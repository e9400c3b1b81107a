"""Reasons of tasks without a success: failed, interrupted, running, never ran."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.testing import Outcome
from tests.support import Make
from tests.support.processes import start_doit, wait_for_file
from tests.support.runners import EACH_RUNNER

DODO = """
import sys
from doit.tools import run_once
def raises():
    print("as far as this")
    raise ValueError("no such column")
def task_command():
    return {"actions": ["echo out; echo err >&2; exit 3"], "file_dep": ["in.txt"],
            "targets": ["command.out"]}
def task_python():
    return {"actions": [raises], "file_dep": ["in.txt"]}
def task_false():
    return {"actions": [lambda: False], "uptodate": [run_once]}
def task_always():
    return {"actions": ["echo always; false"]}
def task_long():
    return {"actions": [f"{sys.executable} -c 'print(chr(120) * 100000)'; false"],
            "file_dep": ["in.txt"]}
def task_explicit():
    return {"actions": ["echo explicit; false"], "cache": True}
def task_after():
    return {"actions": ["true"], "file_dep": ["in.txt"], "task_dep": ["command"]}
def task_missing():
    return {"actions": ["true"], "file_dep": ["nowhere.txt"]}
def task_fresh():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""
NAMES = ["command", "python", "false", "always", "long", "explicit", "after", "missing"]
NOW = 1_700_000_000


def last_reasons(outcome: Outcome) -> dict[str, Any]:
    """Return the last reason of each task, by its name."""
    return {one["task"]: (one["reasons"] or [None])[-1] for one in outcome.json()}


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_what_failed_says_so(doit_project: Make, backend: str, runner: list[str]) -> None:
    """Each failure is printed with its time and the end of its output, with any runner."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"}, backend=backend)
    project.run("--continue", *runner, *NAMES).assert_failed(*NAMES)
    said = last_reasons(project.run("invariants", "why", "--json"))
    codes = {name: reason["code"] for name, reason in said.items()}
    assert codes == {
        **dict.fromkeys(["command", "python", "false", "always", "long", "explicit"], "failed"),
        "after": "not_run",
        "missing": "not_run",
        "fresh": "never_ran",
    }
    assert said["command"]["detail"][:2] == ["out", "err"]
    assert "Command failed" in said["command"]["detail"][2]
    assert said["python"]["detail"][0] == "as far as this"
    assert said["python"]["detail"][-1] == "ValueError: no such column"
    assert said["always"]["detail"][0] == "always"
    assert sum(map(len, said["long"]["detail"])) <= 1000
    assert said["after"]["text"].endswith("because tasks before it failed or did not run: command")
    assert "nowhere.txt" in said["missing"]["text"]
    text = project.run("invariants", "why", "command").stdout
    assert "never ran" not in text
    assert "; the end of its output:\n      out\n      err\n" in text
    assert "no record: failed on 2" in project.run("invariants", "show", "command").stdout


def test_a_success_ends_it(doit_project: Make) -> None:
    """A failure is forgotten with the next success, and with `doit forget`."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"})
    project.run("--continue", "command", "after", "always", now=NOW)
    assert "failed on 2023-11-1" in project.run("invariants", "why", "command").stdout
    project.run("forget", "after").assert_success()
    assert last_reasons(project.run("invariants", "why", "after", "--json"))["after"]["code"] == (
        "never_ran"
    )
    project.edit("dodo.py", "exit 3", "touch command.out")
    assert "failed on " in project.run("invariants", "why", "command").stdout
    project.run("after").assert_executed("command", "after")
    assert "failed" not in project.run("invariants", "why", "after").assert_success().stdout
    project.run("always")
    project.edit("dodo.py", "echo always; false", "true")
    project.run("always").assert_success()
    assert "failed" not in project.run("invariants", "why", "always").stdout


def test_it_does_not_grow(doit_project: Make) -> None:
    """Few outputs of many failures are kept, and none of tasks that no longer exist."""
    dodo = """
N = 150
def task_t():
    for n in range(N):
        yield {"name": str(n), "actions": [lambda: print("x" * 5000) or False]}
"""
    project = doit_project({"dodo.py": dodo}, backend="json")
    project.run("--continue")
    assert (project.path / ".doit.db").stat().st_size < 250_000
    said = last_reasons(project.run("invariants", "why", "--json"))
    assert {reason["code"] for reason in said.values()} == {"failed"}
    assert sum("detail" in reason for reason in said.values()) == 100
    project.edit("dodo.py", "N = 150", "N = 1")
    project.run("--continue")
    assert (project.path / ".doit.db").stat().st_size < 5_000


def test_plain_doit_sees_nothing_of_it(doit_project: Make, backend: str) -> None:
    """To plain doit a task that failed is one that it has forgotten."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1"}, backend=backend)
    project.run("--continue", "command", "false", "after")
    project.write({"pyproject.toml": f'[tool.doit]\nbackend = "{backend}"\n'})
    project.edit("dodo.py", "exit 3", "touch command.out")
    project.edit("dodo.py", ', "cache": True}', "}")
    project.run("after").assert_executed("command", "after")


SLOW = """
def task_first():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_slow():
    return {"actions": ["touch begun; sleep 600"], "file_dep": ["in.txt"], "task_dep": ["first"]}
def task_last():
    return {"actions": ["true"], "file_dep": ["in.txt"], "task_dep": ["slow"]}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
@pytest.mark.parametrize("runner", [[], ["-n", "2"]])
def test_what_runs_now_and_what_was_killed(
    doit_project: Make, backend: str, runner: list[str]
) -> None:
    """A task that another doit runs is neither interrupted nor new, until that doit is killed."""
    project = doit_project({"dodo.py": SLOW, "in.txt": "1"}, backend=backend)
    process = start_doit(project, *runner)
    wait_for_file(project.path / "begun", process)
    try:
        said = last_reasons(project.run("invariants", "why", "--json"))
        assert said["first"] is None
        assert said["slow"]["code"] == "running"
        assert f"running now in process {process.pid} since " in said["slow"]["text"]
        assert said["last"]["code"] == "never_ran"
        shown = project.run("invariants", "show", "slow").stdout
        assert f"no record: running now in process {process.pid}" in shown
        assert "R slow" in project.run("list", "-s").stdout
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    said = last_reasons(project.run("invariants", "why", "--json"))
    assert said["slow"]["code"] == "interrupted"
    assert said["first"] is None
    assert "never ran" not in project.run("invariants", "why", "slow").stdout
    lock = project.path / ".doit.db.lock"
    assert str(process.pid) in Path(lock).read_text(encoding="utf-8")
