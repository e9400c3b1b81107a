"""A task that gets values of another is compared with those of this run, not of the last."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from doit_invariants.testing import Project
from tests.support.runners import EACH_RUNNER

DODO = """
import time
def count(dependencies):
    text = open(dependencies[0]).read()
    time.sleep(0.3)
    return {"n": len(text)}
def task_use():
    return {"actions": ["echo %(n)s > used.txt"], "getargs": {"n": ("count", "n")},
            "targets": ["used.txt"]}
def task_count():
    return {"actions": [count], "file_dep": ["in.txt"]}
def task_both():
    return {"actions": None, "task_dep": ["count", "use"]}
"""


@pytest.mark.parametrize("arguments", EACH_RUNNER)
@pytest.mark.parametrize("selected", [(), ("use", "count"), ("both",), ("u*", "c*")])
def test_what_is_defined_first_waits(
    doit_project: Callable[..., Project], arguments: tuple[str, ...], selected: tuple[str, ...]
) -> None:
    """This holds for every selection of both; with equal values, it is up-to-date."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    project.run(*arguments, *selected, process="fork").assert_success()
    for text in ("abc", "a"):
        project.write({"in.txt": text})
        project.run(*arguments, *selected, process="fork").assert_executed("count", "use")
        assert project.read("used.txt") == f"{len(text)}\n"
    project.write({"in.txt": "b"})
    outcome = project.run(*arguments, *selected, process="fork")
    outcome.assert_executed("count")
    outcome.assert_up_to_date("use")


def test_plain_doit_takes_the_old_values(doit_project: Callable[..., Project]) -> None:
    """Plain doit does what the documentation says."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    for text in ("a", "abc"):
        project.write({"in.txt": text})
        command = [sys.executable, "-m", "doit", "-f", "dodo.py", "--db-file", "plain.db"]
        project.write({"pyproject.toml": ""})
        subprocess.run(command, cwd=project.path, check=True, capture_output=True, timeout=300)
    assert project.read("used.txt") == "1\n"


def test_alone_it_stays_a_setup_task(doit_project: Callable[..., Project]) -> None:
    """A task outside the selection does not run for an up-to-date task."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    project.run("use").assert_executed("count", "use")
    project.write({"in.txt": "abc"})
    outcome = project.run("use").assert_success()
    assert outcome.executed == []
    outcome.assert_up_to_date("use")


def test_no_circle_is_made(doit_project: Callable[..., Project]) -> None:
    """Where the other one waits for the task, and never has to run, doit's order stays."""
    project = doit_project(
        {
            "dodo.py": """
def task_use():
    return {"actions": ["echo %(n)s > used.txt"], "targets": ["used.txt"],
            "getargs": {"n": ("count", "n")}, "uptodate": [True]}
def task_count():
    return {"actions": [lambda: {"n": 1}], "file_dep": ["used.txt"]}
"""
        }
    )
    outcome = project.run(process="fork")
    assert outcome.returncode == 3
    assert "Cyclic" in outcome.stderr
    project.write({"used.txt": "here"})
    project.run("--cache", "once", process="fork").assert_executed("count")


def test_groups_and_later_tasks(doit_project: Callable[..., Project]) -> None:
    """Values of a group; of tasks that are made during the run what doit does."""
    project = doit_project(
        {
            "dodo.py": """
from doit import create_after
def task_use():
    return {"actions": ["echo '%(n)s' > used.txt"], "getargs": {"n": ("count", "n")},
            "targets": ["used.txt"]}
def count(dependencies):
    return {"n": len(open(dependencies[0]).read())}
def task_count():
    for name in "ab":
        yield {"name": name, "actions": [count], "file_dep": [name + ".txt"]}
@create_after("count")
def task_late():
    yield {"name": "one", "actions": ["echo '%(n)s' > late.txt"],
           "getargs": {"n": ("count", "n")}, "targets": ["late.txt"]}
""",
            "a.txt": "a",
            "b.txt": "b",
        },
    )
    project.run(process="fork").assert_success()
    project.write({"a.txt": "aaa"})
    project.run(process="fork").assert_executed("count:a", "use", "late:one")
    assert "3" in project.read("used.txt")
    assert "3" in project.read("late.txt")


LATE = """
from doit import create_after
def count(dependencies):
    return {"n": len(open(dependencies[0]).read())}
def task_first():
    return {"actions": ["true"]}
@create_after("first")
def task_use():
    yield {"name": "one", "actions": ["echo %(n)s > used.txt"], "getargs": {"n": ("count:a", "n")},
           "targets": ["used.txt"]}
@create_after("first")
def task_count():
    yield {"name": "a", "actions": [count], "file_dep": ["in.txt"]}
    yield {"name": "b", "actions": ["cat used.txt > b.txt"], "file_dep": ["used.txt"],
           "targets": ["b.txt"], "task_dep": ["use:one"]}
"""


@pytest.mark.parametrize("arguments", EACH_RUNNER)
def test_values_of_what_is_not_created_yet(
    doit_project: Callable[..., Project], arguments: list[str]
) -> None:
    """The creator of the source runs first, even if it is not selected or defined later."""
    project = doit_project({"dodo.py": LATE, "in.txt": "a"})
    for text in ("abc", "a"):
        project.write({"in.txt": text})
        project.run(*arguments, process="fork").assert_executed(
            "first", "count:a", "use:one", "count:b"
        )
        assert project.read("used.txt") == project.read("b.txt") == f"{len(text)}\n"
        project.run(*arguments, process="fork").assert_executed("first")
    project.write({"in.txt": "abcd"})
    selected = project.run("run", *arguments, "use:one", process="fork").assert_success()
    assert "use:one" in selected.executed, repr(selected)
    assert project.read("used.txt") == "4\n"


def test_values_of_a_task_that_does_not_exist(doit_project: Callable[..., Project]) -> None:
    """It is one line, even if it shows only after the tasks are created."""
    project = doit_project({"dodo.py": LATE.replace("count:a", "count:z"), "in.txt": ""})
    for arguments in ([], ["-n", "2"]):
        ran = project.run(*arguments)
        assert "use:one" in ran.failed, repr(ran)
        assert "getargs: 'n': there is no task 'count:z'" in ran.stdout, repr(ran)
        assert "Traceback" not in ran.stdout + ran.stderr, repr(ran)
