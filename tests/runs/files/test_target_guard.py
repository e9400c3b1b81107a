"""Targets that are edited before they are recorded, inputs that are edited there and back."""

from __future__ import annotations

import pytest

from tests.support import Make
from tests.support.runners import EACH_RUNNER

# Code that saves values runs in the main process, after the worker has sent its result.
DODO = """
import os
def make(targets):
    if targets[0].endswith("/"):
        os.makedirs(targets[0], exist_ok=True)
        targets = [targets[0] + "file"]
    with open(targets[0], "w") as out:
        out.write(open("in.txt").read())
def later():
    if os.path.exists("edit.py"):
        exec(open("edit.py").read())
    return {}
def saved(task, values):
    task.value_savers.append(later)
    return True
def task_make():
    for name in ("a.txt", "b/"):
        yield {"name": name, "actions": [make], "file_dep": ["in.txt"], "targets": [name],
               "uptodate": [saved]}
"""
EDITS = {
    "a.txt": "open('a.txt', 'w').write('two')",
    "b/": "os.path.isdir('b') and open('b/file', 'w').write('two')",
}


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize("target", EDITS)
def test_an_edit_in_between(doit_project: Make, target: str, runner: tuple[str, ...]) -> None:
    """Only its task runs again, and says why."""
    project = doit_project({"dodo.py": DODO, "in.txt": "one"})
    project.write({"edit.py": EDITS[target]})
    project.run(*runner, process="fork").assert_executed("make:a.txt", "make:b/")
    project.remove("edit.py")
    why = project.run("invariants", "why", f"make:{target}", process="fork")
    assert "edited after the task ended and before it was recorded" in why.stdout, repr(why)
    project.run(*runner, process="fork").assert_executed(f"make:{target}")
    assert project.read("a.txt") == "one"
    project.run(*runner, process="fork").assert_up_to_date("make:a.txt", "make:b/")


@pytest.mark.parametrize("runner", [(), ("-n", "2")])
def test_a_target_that_vanishes_in_between(doit_project: Make, runner: tuple[str, ...]) -> None:
    """It is missing, as at any other time."""
    project = doit_project({"dodo.py": DODO, "in.txt": "one"})
    project.write({"edit.py": "os.remove('a.txt') if os.path.exists('a.txt') else None"})
    project.run(*runner, process="fork").assert_executed("make:a.txt", "make:b/")
    project.remove("edit.py")
    project.run(*runner, process="fork").assert_executed("make:a.txt")


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink", "move"])
def test_exports_do_not_look_like_edits(doit_project: Make, how: str) -> None:
    """They are made before, even by links that change the times of a target."""
    dodo = f"""
def task_make():
    return {{"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "targets": ["out.txt"],
            "export_dir": "published", "cache": "export", "export_how": {how!r}}}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"})
    project.run("-n", "2", process="fork").assert_executed("make")
    project.run("-n", "2", process="fork").assert_up_to_date("make")


THERE_AND_BACK = """
def make(dependencies, targets):
    text = open(dependencies[0]).read()
    if text == "A":
        open(dependencies[0], "w").write("B")  # as somebody else would do it
        text = open(dependencies[0]).read()
        open(dependencies[0], "w").write("A" if EDITS else "B")
    with open(targets[0], "w") as out:
        out.write(text)
EDITS = True
def task_make():
    return {"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt"], "track_code": False}
"""


def test_input_that_is_edited_there_and_back(doit_project: Make, backend: str) -> None:
    """The result may be made of what was there in between: the task runs once more."""
    project = doit_project({"dodo.py": THERE_AND_BACK, "in.txt": "A"}, backend=backend)
    project.run().assert_executed("make")
    assert project.read("out.txt") == "B"
    assert "changed while the task ran" in project.run("invariants", "why").stdout
    project.write({"dodo.py": THERE_AND_BACK.replace('if text == "A"', "if False")})
    project.run().assert_executed("make")
    assert project.read("out.txt") == "A"
    project.run().assert_up_to_date("make")


@pytest.mark.parametrize("runner", [(), ("-n", "2")])
def test_task_that_writes_what_is_there(doit_project: Make, runner: tuple[str, ...]) -> None:
    """Like some notebooks: the second run distinguishes this from an edit and remembers it."""
    dodo = """
def make(dependencies, targets):
    text = open("in.txt").read()
    open("in.txt", "w").write(text)
    open(targets[0], "w").write(text)
def task_make():
    return {"actions": [make], "file_dep": ["in.txt", "other.txt"], "targets": ["out.txt"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one", "other.txt": "1"})
    project.run(*runner).assert_executed("make")
    project.run(*runner).assert_executed("make")
    project.run(*runner).assert_up_to_date("make")
    for number in "23":
        project.write({"other.txt": number})
        project.run(*runner).assert_executed("make")
        project.run(*runner).assert_up_to_date("make")
