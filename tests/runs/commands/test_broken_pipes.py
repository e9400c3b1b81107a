"""Output into a pipe whose reader has gone: no traceback, and the command continues."""

from __future__ import annotations

import subprocess
import sys

import pytest

from doit_invariants.testing import Project
from tests.support import Make
from tests.support.choices import rest_in_matrix

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")

DODO = """
def talk():
    print("x" * 300_000)
def task_t():
    for n in range(400):
        yield {"name": f"{n:0200}", "actions": ["true"], "file_dep": ["in.txt"]}
def task_talk():
    return {"actions": [talk, "head -c 300000 /dev/zero"], "file_dep": ["in.txt"], "verbosity": 2}
def task_last():
    return {"actions": ["touch last"], "targets": ["last"], "task_dep": ["talk"]}
"""


def into_head(project: Project, command: str) -> tuple[int, str, str]:
    """Run doit into `head -1`; return its own exit code, what came through, and its errors."""
    script = f"{{ {sys.executable} -m doit {command}; echo $? >&3; }} 3>code | head -c 10"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=project.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return int(project.read("code")), done.stdout, done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("list --all", 0),
        ("list --all -s 2>&1", 0),
        ("info talk", 1),
        ("invariants why --all", 1),
        ("invariants show 't:*'", 0),
        ("invariants kinds", 0),
        ("clean -n --clean-all", 0),
    ],
)
def test_commands_that_look(doit_project: Make, command: str, code: int) -> None:
    """Output that nobody reads is dropped; the exit code is that of the answer."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    found, _, stderr = into_head(project, command)
    assert (found, stderr) == (code, "")


@pytest.mark.parametrize("runner", rest_in_matrix(["", "-n 2", "-n 2 -P thread", "-r json"], 2))
def test_a_run_goes_on(doit_project: Make, runner: str) -> None:
    """A run whose pager was left does what is left to do."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    found, _, stderr = into_head(project, f"run {runner}")
    assert (found, stderr) == (0, "")
    assert (project.path / "last").exists()
    project.run("t", "talk").assert_executed()
