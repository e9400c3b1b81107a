"""Ctrl-C ends a run with three lines, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.processes import start_doit, wait_until
from tests.support.runners import EACH_RUNNER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")

DODO = """
import time
def wait(name):
    open(name, "w").close()
    time.sleep(600)
def task_first():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
def task_group():
    yield {"name": "second", "actions": ["true"], "file_dep": ["in.txt"], "task_dep": ["first"]}
def task_slow():
    return {"actions": SLOW, "file_dep": ["in.txt"], "task_dep": ["group"]}
def task_last():
    return {"actions": ["true"], "file_dep": ["in.txt"], "task_dep": ["slow"]}
"""
ACTIONS = {"command": '["touch begun; exec sleep 600"]', "function": '[(wait, ["begun"])]'}
SAID = """interrupted while slow ran
2 of 4 tasks are done
finished tasks are saved: the next run does the rest and repeats what was interrupted
"""


def interrupt(project: Project, *arguments: str) -> tuple[int, str, str]:
    """Start doit, press Ctrl-C once its task has begun; return exit code and output."""
    process = start_doit(project, *arguments)
    try:
        wait_until(lambda: (project.path / "begun").exists() or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, stdout, stderr


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_three_lines(doit_project: Make, runner: list[str], action: str) -> None:
    """The output: running tasks, progress, and that nothing is lost; no traceback."""
    project = doit_project({"dodo.py": DODO.replace("SLOW", ACTIONS[action]), "in.txt": "1"})
    code, stdout, stderr = interrupt(project, *runner)
    assert "Traceback" not in stdout + stderr
    assert stderr == SAID
    assert code == -signal.SIGINT  # as of plain doit: a shell sees 130
    why = project.run("invariants", "why").stdout
    assert "first: up-to-date\ngroup:second: up-to-date\n" in why
    assert "slow: not up-to-date\n  task: its last execution did not end\n" in why
    project.edit("dodo.py", ACTIONS[action], '["true"]')
    project.run().assert_executed("slow", "last").assert_up_to_date("first", "group:second")


def test_reporters_and_selections(doit_project: Make) -> None:
    """Counted is what was asked for; a reporter that captures the output does not swallow it."""
    project = doit_project({"dodo.py": DODO.replace("SLOW", ACTIONS["command"]), "in.txt": "1"})
    project.run("first").assert_success()
    code, stdout, stderr = interrupt(project, "-r", "json", "slow")
    assert (code, "Traceback" in stdout + stderr) == (-signal.SIGINT, False)
    assert stderr == SAID.replace("of 4", "of 3")
    (project.path / "begun").unlink()
    other = DODO.replace("SLOW", ACTIONS["command"])
    project.write(
        {
            "dodo.py": other.replace(
                '"actions": ["true"], "file_dep": ["in.txt"]}',
                '"actions": ["false"], "file_dep": ["in.txt"]}',
                1,
            ).replace('["group"]', "[]")
        }
    )
    project.write({"in.txt": "22"})
    _, _, stderr = interrupt(project, "--continue")
    assert "0 of 4 tasks are done, 2 failed or could not run\n" in stderr
