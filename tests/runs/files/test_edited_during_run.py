"""Files that change while a task runs: the result does not count for the new content."""

from __future__ import annotations

import shutil

import pytest

from doit_invariants.testing import Outcome, Project
from tests.support import Make
from tests.support.choices import rest_in_matrix
from tests.support.runners import EACH_RUNNER

MEANWHILE = "changed while the task ran"

#: Somebody edits the file `P` once, after the action has read it.
DODO = """
import os, time
from doit_invariants import Files, Module, Script, Tree
P = {path!r}

def edit():
    {edit}

def make(targets):
    text = open(P).read()
    if not os.path.exists("edited"):
        open("edited", "w").close()
        edit()
    with open(targets[0], "w") as stream:
        stream.write(text)

def task_make():
    return {{"actions": [make], "targets": ["out.txt"], {option}}}
"""

EDITS = {
    "edited": "open(P, 'w').write('three')",
    "edited to the same size and time": "before = os.stat(P); open(P, 'w').write('two'); "
    "os.utime(P, ns=(before.st_atime_ns, before.st_mtime_ns))",
    "replaced": "open('new', 'w').write('two'); os.replace('new', P)",
    "replaced by the same size and time": "before = os.stat(P); open('new', 'w').write('two'); "
    "os.utime('new', ns=(before.st_atime_ns, before.st_mtime_ns)); os.replace('new', P)",
    "deleted": "os.remove(P)",
    "replaced by a directory": "os.remove(P); os.mkdir(P)",
    "joined by another": "open(os.path.join(os.path.dirname(P), 'more.txt'), 'w').close()",
}

#: The path that is edited, the option that makes it an input, and the reason for the edits.
INPUTS = {
    "file_dep": ("in.txt", "'file_dep': ['in.txt']", f"in.txt: {MEANWHILE}"),
    "directory": ("d/in.txt", "'file_dep': ['d/']", f"d/: {MEANWHILE}"),
    "Tree": ("d/in.txt", "'invariants': [Tree('d')]", "Tree(d): changed while the task ran"),
    "Files": (
        "d/in.txt",
        "'invariants': [Files('d/*.txt')]",
        "Files(d/*.txt): changed while the task ran",
    ),
    "Script": ("in.py", "'invariants': [Script('in.py')]", "Script(in.py): "),
}
WHERE = [
    (each, edit)
    for each in INPUTS
    for edit in EDITS
    if edit != "joined by another" or each in ("directory", "Tree", "Files")
]
#: A missing input can't be checked: `E`, not `R`.
GONE = {
    ("file_dep", "deleted"): "in.txt: file_dep does not exist",
    ("Script", "deleted"): "in.py does not exist",
    ("Script", "replaced by a directory"): "in.py is not a file",
}


def race(make: Make, path: str, option: str, edit: str) -> Project:
    """Return a project whose input is edited while its task runs."""
    dodo = DODO.format(path=path, option=option, edit=edit)
    return make({"dodo.py": dodo, path: "one"})


def state(project: Project, task: str = "make") -> str:
    """Return what ``doit list -s`` says of a task."""
    listed = project.run("list", "-s", "--all", task).assert_success().stdout
    return next(line.split()[0] for line in listed.splitlines() if line.split()[1] == task)


def why(project: Project, task: str = "make") -> str:
    """Return what ``doit invariants why`` says of a task."""
    outcome: Outcome = project.run("invariants", "why", task)
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    return outcome.stdout


@pytest.mark.parametrize(("each", "edit"), WHERE)
def test_input_that_changes_while_the_task_runs(doit_project: Make, each: str, edit: str) -> None:
    """The task is not up-to-date, and why says so; once it has run again, it is."""
    path, option, text = INPUTS[each]
    project = race(doit_project, path, option, EDITS[edit])
    outcome = project.run()
    assert "Traceback" not in outcome.stdout + outcome.stderr, repr(outcome)
    assert state(project) == ("E" if (each, edit) in GONE else "R")
    assert GONE.get((each, edit), text) in why(project)
    if edit in ("deleted", "replaced by a directory"):
        shutil.rmtree(project.path / path, ignore_errors=True)
        project.write({path: "two"})
    project.run().assert_executed("make")
    assert project.read("out.txt") == project.read(path)
    project.run().assert_up_to_date("make")


@pytest.mark.parametrize(
    "runner", rest_in_matrix([["-n", "2"], ["-n", "2", "-P", "thread"]]), ids="".join
)
@pytest.mark.parametrize("edit", ["edited", "replaced by the same size and time", "deleted"])
def test_it_changes_while_a_worker_runs_the_task(
    doit_project: Make, edit: str, runner: list[str]
) -> None:
    """The state that counts is the one before doit handed the task out."""
    path, option, text = INPUTS["directory"]
    project = race(doit_project, path, option, EDITS[edit])
    project.run(*runner).assert_executed("make")
    assert state(project) == "R"
    assert text in why(project)


def test_input_that_is_deleted_while_the_task_runs_and_comes_back(doit_project: Make) -> None:
    """The task failed then, with the file as it is again."""
    path, option, _ = INPUTS["file_dep"]
    project = race(doit_project, path, option, EDITS["deleted"])
    project.run().assert_error("Dependent file 'in.txt' does not exist", 2).assert_failed("make")
    project.write({path: "one"})
    assert state(project) == "R"
    project.run().assert_executed("make")


@pytest.mark.parametrize("edit", ["edited", "replaced", "joined by another"])
def test_input_that_is_the_target_of_the_task_itself(doit_project: Make, edit: str) -> None:
    """A formatter is exempt: what changes there is its own work."""
    project = race(
        doit_project, "d/in.txt", "'file_dep': ['d'], 'targets': ['./d', 'out.txt']", EDITS[edit]
    )
    project.edit("dodo.py", "'targets': ['./d', 'out.txt']", "")
    project.edit("dodo.py", '"targets": ["out.txt"]', '"targets": ["out.txt", "./d"]')
    project.run().assert_executed("make")
    project.run().assert_up_to_date("make")


def test_task_that_edits_what_another_reads_meanwhile(doit_project: Make) -> None:
    """Both have it as their input: the task that read it before runs again, the other does not."""
    dodo = """
def first(targets):
    text = open("in.txt").read()
    open("in.txt", "w").write("two")
    open(targets[0], "w").write(text)
def second(targets):
    open(targets[0], "w").write(open("in.txt").read())
def task_first():
    return {"actions": [first], "file_dep": ["in.txt"], "targets": ["1.txt"]}
def task_second():
    return {"actions": [second], "file_dep": ["in.txt"], "targets": ["2.txt"],
            "task_dep": ["first"]}
"""
    project = doit_project({"dodo.py": dodo, "in.txt": "one"})
    project.run().assert_executed("first", "second")
    assert f"in.txt: {MEANWHILE}" in why(project, "first")
    assert state(project, "second") == "R"  # the other one will run, and may change its input
    project.run().assert_executed("first").assert_up_to_date("second")
    assert project.read("1.txt") == project.read("2.txt") == "two"
    project.run().assert_up_to_date("first", "second")


@pytest.mark.parametrize(("edit", "code", "found"), [("edited", 0, "U"), ("deleted", 2, "R")])
def test_plain_doit(doit_project: Make, edit: str, code: int, found: str) -> None:
    """It takes the result of the old content for one of the new."""
    dodo = DODO.format(path="in.txt", option="'file_dep': ['in.txt']", edit=EDITS[edit])
    dodo = dodo.replace("from doit_invariants import Files, Module, Script, Tree", "")
    project = doit_project({"dodo.py": dodo, "in.txt": "one"}, loader=False)
    assert project.run().returncode == code
    project.write({"in.txt": project.read("in.txt") if edit == "edited" else "one"})
    assert state(project) == found


# ---------------------------------------------------------------------- targets

#: A value saver is called in doit's own process, when the worker has ended the task and before it
#: is recorded: exactly then somebody edits the target.
GAP = """
import os

def edit():
    if not os.path.exists("edited"):
        open("edited", "w").close()
        {edit}
    return {{}}

def wait(task, values):
    task.value_savers.append(edit)

def make(targets):
    os.makedirs("d", exist_ok=True)
    for path in ("out.txt", "d/x"):
        with open(path, "w") as stream:
            stream.write("made")

def task_make():
    return {{"actions": [make], "file_dep": ["in.txt"], "targets": ["out.txt", "d"],
            "uptodate": [wait], {option}}}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
@pytest.mark.parametrize(
    ("path", "edit", "text"),
    [
        ("out.txt", "open('out.txt', 'w').write('hand')", "out.txt: target is not as the task"),
        ("d/x", "open('d/x', 'w').write('hand')", "d: target is not as the task left it"),
        (
            "out.txt",
            "open('new', 'w').write('hand'); os.replace('new', 'out.txt')",
            "out.txt: target is not as the task left it",
        ),
    ],
    ids=["file", "directory", "replaced"],
)
def test_target_that_is_edited_before_it_is_recorded(
    doit_project: Make, path: str, edit: str, text: str, runner: list[str]
) -> None:
    """The targets count as the actions left them, not as somebody edited them since."""
    dodo = GAP.format(edit=edit, option="")
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    project.run(*runner).assert_executed("make")
    assert project.read(path) == "hand"
    assert state(project) == "R"
    assert text in why(project)
    project.run(*runner).assert_executed("make")
    assert project.read(path) == "made"
    project.run(*runner).assert_up_to_date("make")


@pytest.mark.parametrize("runner", [[], ["-n", "2"]], ids="".join)
def test_target_that_is_deleted_before_it_is_recorded(
    doit_project: Make, runner: list[str]
) -> None:
    """It is missing in the next run, and made again."""
    dodo = GAP.format(edit="os.remove('out.txt')", option="")
    project = doit_project({"dodo.py": dodo, "in.txt": ""})
    project.run(*runner)
    assert state(project) == "R"
    project.run(*runner).assert_executed("make")
    project.run(*runner).assert_up_to_date("make")
