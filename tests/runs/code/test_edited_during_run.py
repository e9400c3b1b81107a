"""Sources that change in the middle of a run, and the checkout of another branch."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from doit_invariants.testing import Project
from tests.support import Make


def state(project: Project, task: str = "make") -> str:
    """Return what ``doit list -s`` says of a task."""
    listed = project.run("list", "-s", "--all", task).assert_success().stdout
    return next(line.split()[0] for line in listed.splitlines() if line.split()[1] == task)


def why(project: Project) -> str:
    """Return what ``doit invariants why`` says of the task."""
    return project.run("invariants", "why", "make").stdout


CODE = """
import os
import helper

def edit():
    open("helper.py", "w").write("def value():\\n    return 2\\n")

def make(targets):
    {before}
    with open(targets[0], "w") as stream:
        stream.write(str(helper.value()))

def task_edit():
    return {{"actions": [edit], "file_dep": ["in.txt"]}}

def task_make():
    return {{"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "task_dep": {after}}}
"""


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
@pytest.mark.parametrize(
    ("before", "after"), [("edit()", "[]"), ("pass", '["edit"]')], ids=["during", "before"]
)
def test_source_that_is_edited_during_the_run(
    doit_project: Make, before: str, after: str, runner: list[str]
) -> None:
    """The loaded code has run, so it is recorded, no matter when the task is checked."""
    files = {"helper.py": "def value():\n    return 1\n", "in.txt": ""}
    project = doit_project({"dodo.py": CODE.format(before=before, after=after), **files})
    project.run(*runner, process="fork").assert_success()
    assert project.read("out.txt") == "1"
    assert "helper.py:1 value() constant 1 -> 2" in why(project)
    project.edit("dodo.py", "edit()\n    with", "pass\n    with") if before == "edit()" else None
    project.run(*runner, "make", process="fork").assert_success()
    assert project.read("out.txt") == "2"
    project.run("make", process="fork")
    assert state(project) == "U"


def test_dodo_that_is_edited_during_the_run(doit_project: Make) -> None:
    """Its functions count as they were loaded, as those of any module."""
    dodo = """
def make(targets):
    open(targets[0], "w").write("one")
    text = open("dodo.py").read()
    open("dodo.py", "w").write(text.replace('"one"', '"two"'))
def task_make():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    project.run().assert_executed("make")
    assert "Function(make): bytecode changed: dodo.py:2 make()" in why(project)
    project.run().assert_executed("make")
    assert project.read("out.txt") == "two"


def test_script_that_is_edited_while_it_runs(doit_project: Make) -> None:
    """The script as it was before the run counts."""
    dodo = """
def task_make():
    return {"actions": ["python work.py > out.txt", "echo 'print(2)' > work.py"],
            "file_dep": ["in.txt"], "targets": ["out.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "work.py": "print(1)\n", "in.txt": ""})
    project.run().assert_executed("make")
    assert "Script(work.py)" in why(project)
    project.run().assert_executed("make")
    assert project.read("out.txt") == "2\n"


def test_module_that_is_edited_before_its_task_is_looked_at(doit_project: Make) -> None:
    """It was imported as it was then, and that has run."""
    dodo = CODE.format(before="pass", after='["edit"]').replace(
        '"targets": ["out.txt"]',
        '"targets": ["out.txt"], "invariants": [Module("helper")], "track_code": False',
    )
    files = {"helper.py": "def value():\n    return 1\n", "in.txt": ""}
    project = doit_project({"dodo.py": "from doit_invariants import Module\n" + dodo, **files})
    project.run().assert_success()
    assert project.read("out.txt") == "1"
    assert state(project) == "R"


# ---------------------------------------------------------------------- another branch

BRANCHES = """
import os, subprocess

def make(dependencies, targets):
    number = int(os.path.basename(targets[0]))
    text = "".join(open(path).read() for path in sorted(dependencies) if os.path.isfile(path))
    text += "".join(sorted(os.listdir("tree")))
    if os.environ.get("AT") == str(number):
        subprocess.run(["git", "checkout", "-q", os.environ["TO"]], check=True)
    with open(targets[0], "w") as stream:
        stream.write(text)

def task_make():
    for number in range(10):
        yield {"name": str(number), "actions": [make], "targets": [f"out/{number}"],
               "file_dep": [f"in/{number}", "in/all", "tree"]}

def task_join():
    return {"actions": ["cat out/* > joined"], "file_dep": [f"out/{n}" for n in range(10)],
            "targets": ["joined"]}
"""


def git(project: Project, *arguments: str) -> None:
    """Run git."""
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments],
        cwd=project.path,
        check=True,
        capture_output=True,
        timeout=300,
    )


def outputs(project: Project) -> dict[str, str]:
    """Return what the tasks have made."""
    paths: list[Path] = [*(project.path / "out").iterdir(), project.path / "joined"]
    return {path.name: path.read_text() for path in paths}


def two_branches(make: Make) -> Project:
    """Return a project with the branches `one` and `two`, and `one` checked out."""
    project = make({"dodo.py": BRANCHES, "out/": "", ".gitignore": "out/\njoined\n.doit.db*\n"})
    git(project, "init", "-q", "-b", "one")
    for branch in ("one", "two"):
        if branch == "two":
            git(project, "checkout", "-q", "-b", "two")
        project.write({f"in/{number}": f"{branch}{number}" for number in range(0, 10, 2)})
        project.write({f"in/{number}": f"same{number}" for number in range(1, 10, 2)})
        project.write({"in/all": branch, "tree/a": branch, f"tree/{branch}": ""})
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", branch)
    git(project, "checkout", "-q", "one")
    return project


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
@pytest.mark.parametrize("at", ["0", "5", "9"])
def test_checkout_of_another_branch_in_the_middle_of_a_run(
    doit_project: Make, at: str, runner: list[str]
) -> None:
    """The next run makes what a run of everything makes, on that branch and on the first one."""
    project = two_branches(doit_project)
    project.run(*runner).assert_success()
    project.write({"in/all": "edited"})
    git(project, "commit", "-q", "-am", "edited")
    outcome = project.run(*runner, "-c", env={"AT": at, "TO": "two"})
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    for branch in ("two", "one"):
        git(project, "checkout", "-q", branch)
        project.run(*runner).assert_success()
        made = outputs(project)
        assert project.run(*runner).assert_success().executed == []
        project.run("-a").assert_success()
        assert outputs(project) == made
