"""Targets that are one file, and targets that no task makes."""

from __future__ import annotations

import os
import time

import pytest

from doit_invariants.testing import Project
from tests.support.runners import EACH_RUNNER

PAIR = """
import os
from doit import create_after
BASE = os.path.dirname(os.path.abspath(__file__))
def task_one():
    return {{"actions": ["true"], "targets": [{one}]}}
def task_two():
    return {{"actions": ["true"], "targets": [{two}]}}
"""
SAME = [
    ('"x"', '"./x"'),
    ('"./x"', '"x"'),
    ('"x"', '"a/../x"'),
    ('"x"', '"../" + os.path.basename(BASE) + "/x"'),
    ('"x"', "os.path.join(BASE, 'x')"),
    ('"a/x"', "os.path.join(BASE, 'a', '.', 'x')"),
    ('"out"', '"out/"'),
    ('"a/x"', '"a//x"'),
    ('"a/./x"', '"./a/x"'),
    ('"y", "a/x"', '"z", "link/x"'),
    ('"a/deep/x"', '"link/deep/x"'),
    ("BASE + '/link/x'", '"a/x"'),
    ('"../x"', "os.path.join(os.path.dirname(BASE), 'x')"),
    ('"x"', '"here/x"'),
    ('"a/x"', '"here/link/x"'),
    ('"here/x"', "BASE + '/x'"),
]
DIFFERENT = [
    ('"x"', '"X"'),
    ('"x"', '"a/x"'),
    ('"x"', '"..x"'),
    ('"x"', '".x"'),
    ('"x"', '"x."'),
    ('"x", "./x", BASE + "/x"', '"y"'),
    ('"a/x"', '"b/x"'),
    ('"a"', '"link"'),
    ('"a/x"', '"out"'),
    ('"x"', '"../x"'),
    ('"out"', '"out/x"'),
]


def pair(doit_project, one: str, two: str) -> Project:
    """Return a project with two tasks, a directory and a link to it."""
    project = doit_project({"dodo.py": PAIR.format(one=one, two=two), "a/deep/in": ""})
    (project.path / "link").symlink_to("a")
    (project.path / "here").symlink_to(".")
    return project


@pytest.mark.parametrize(("one", "two"), SAME)
def test_one_file(doit_project, one: str, two: str) -> None:
    """One line that names both tasks, with doit's exit code for targets of equal names."""
    project = pair(doit_project, one, two)
    outcome = project.run()
    assert outcome.returncode == 3
    assert outcome.executed == []
    (line,) = [text for text in outcome.stderr.splitlines() if "common target" in text]
    assert "'one'" in line
    assert "'two'" in line
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_two_files(doit_project, one: str, two: str) -> None:
    pair(doit_project, one, two).run().assert_success()


def test_equal_names(doit_project) -> None:
    """doit says that itself."""
    outcome = pair(doit_project, '"x"', '"x"').run()
    assert outcome.returncode == 3
    assert "Two different tasks can't have a common target" in outcome.stderr


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_of_a_task_that_is_created_late(doit_project, runner: tuple[str, ...]) -> None:
    dodo = PAIR.format(one='"x"', two='"./x"')
    dodo = dodo.replace("def task_two", '@create_after("one")\ndef task_two')
    outcome = doit_project({"dodo.py": dodo}).run(*runner)
    assert outcome.returncode != 0
    text = outcome.stdout + outcome.stderr
    assert "'./x' of task 'two' is the same file as 'x' of task 'one'" in text
    assert "Traceback" not in text


def test_many_targets_take_no_time(doit_project) -> None:
    """None of ten thousand usual names is looked up."""
    from doit_invariants.hosts.doit.sessions import Places

    class Task:
        name = "t"
        targets = [f"out/{number % 7}/{number}.csv" for number in range(10_000)]

    asked: list[str] = []
    places = Places(os.getcwd())
    original = os.path.islink
    try:
        os.path.islink = lambda path: asked.append(path) or original(path)  # type: ignore[assignment]
        places.add(Task)
    finally:
        os.path.islink = original
    assert len(asked) == 8


NOT_MADE = """
def make(targets):
    open(targets[0], "w").close()

def task_none():
    return {"actions": ["true"], "targets": ["none.txt"], "file_dep": ["in.txt"]}
def task_some():
    return {"actions": [make], "targets": ["made.txt", "some.txt"], "file_dep": ["in.txt"]}
def task_wrong():
    return {"actions": ["touch wrong.text"], "targets": ["sub/wrong.txt", "wrong.txt"]}
def task_untracked():
    return {"actions": ["true"], "targets": ["u.txt"], "file_dep": ["in.txt"],
            "track_targets": False}
def task_all():
    return {"actions": [make], "targets": ["all.txt"], "file_dep": ["in.txt"]}
def task_group():
    return {"actions": None, "targets": ["group.txt"]}
def task_fails():
    return {"actions": ["false"], "targets": ["fails.txt"], "file_dep": ["in.txt"]}
def task_once():
    return {"actions": ["true"], "targets": ["once.txt"], "file_dep": ["in.txt"], "cache": "once"}
"""


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_targets_that_are_not_made(doit_project, runner: tuple[str, ...]) -> None:
    """One line for each task of each run, and of no other."""
    project = doit_project({"dodo.py": NOT_MADE, "in.txt": ""})
    for _ in range(2):
        outcome = project.run(*runner, "--continue")
        lines = [text for text in outcome.stderr.splitlines() if "did not make" in text]
        assert sorted(lines) == [
            "none: its actions did not make its target none.txt, so it will run again",
            "some: its actions did not make its target some.txt, so it will run again",
            "untracked: its actions did not make its target u.txt, so it will run again",
            "wrong: its actions did not make its targets sub/wrong.txt, wrong.txt, so it will run "
            "again",
        ]
    project.edit("dodo.py", '["true"], "targets": ["none', '["touch none.txt"], "targets": ["none')
    time.sleep(0.03)
    assert "none.txt" not in project.run(*runner, "none").assert_success().stderr
    project.run(*runner, "none").assert_up_to_date("none")
