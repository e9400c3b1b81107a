"""What a run with nothing to do imports of this package.

Most projects have a handful of tasks, and there the start of the process is all that a run costs.
A module costs 0.1 ms by its existence alone, most of them several times that. So a run imports what
it uses, and this counts it: a count is the same on every machine, and under any load.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from doit_invariants.testing import Project

Make = Callable[..., Project]

#: The most modules of ours, packages included.
MOST = 134

DODO = """
def make(dependencies, targets):
    with open(targets[0], "w") as file:
        file.write("made")

def task_t():
    for n in range(7):
        yield {"name": str(n), "actions": [make], "file_dep": [f"in{n}"], "targets": [f"out{n}"]}
"""


def imported(directory: Path, *command: str) -> list[str]:
    """Return the modules of this package that a command imports in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "doit", *command],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [line.rpartition("|")[2].strip() for line in found.stderr.splitlines()]
    assert "doit" in names
    return sorted(name for name in names if name.partition(".")[0] == "doit_invariants")


@pytest.fixture
def small(doit_project: Make) -> Project:
    """A project of seven tasks in one group, all of which are up-to-date."""
    files = {f"in{n}": str(n) for n in range(7)}
    project = doit_project({"dodo.py": DODO, **files}, backend="sqlite3")
    for executed in (7, 0):
        assert len(project.run().executed) == executed
    return project


@pytest.mark.parametrize("command", [(), ("list", "--all")], ids=["run", "list"])
def test_a_run_with_nothing_to_do_imports_few_modules(
    small: Project, command: tuple[str, ...]
) -> None:
    names = imported(small.path, *command)
    assert names, "the loader was not at work"
    assert len(names) <= MOST, "\n".join(names)
