"""Tasks wait for the values they get, even if the needs are unknown before the run."""

from __future__ import annotations

import pytest

from doit_invariants.testing import Project
from tests.support.runners import EACH_RUNNER

DODO = """
from doit import create_after

def count(dependencies):
    return {"n": sum(len(open(path).read()) for path in dependencies)}

def use(source, name, **more):
    return {"actions": [f'echo "%(n)s" > {name}.txt'], "getargs": {"n": (source, "n")},
            "targets": [f"{name}.txt"], **more}

def given(**values):
    return {"actions": [lambda: values]}

# The giver has a calc_dep.
def task_a_use():
    return use("a_count", "a")
def task_a_count():
    return {"actions": [count], "calc_dep": ["a_deps"]}
def task_a_deps():
    return given(file_dep=["in.txt"])

# What the giver waits for has one.
def task_b_use():
    return use("b_count", "b")
def task_b_count():
    return {"actions": [count], "file_dep": ["b_made.txt"]}
def task_b_make():
    return {"actions": ["cp in.txt b_made.txt"], "targets": ["b_made.txt"],
            "calc_dep": ["a_deps"]}

# The giver is created late, and so is what a giver waits for.
def task_c_use():
    return use("c_count", "c")
@create_after("a_deps")
def task_c_count():
    return {"actions": [count], "file_dep": ["in.txt"]}
def task_d_use():
    return use("d_count", "d")
def task_d_count():
    return {"actions": [count], "file_dep": ["d_made.txt"], "task_dep": ["d_make"]}
@create_after("a_deps", creates=["d_make"])
def task_d_creates():
    yield {"basename": "d_make", "actions": ["cp in.txt d_made.txt"], "file_dep": ["in.txt"],
           "targets": ["d_made.txt"]}

# A group that is created late; a group of which a part has a calc_dep.
def task_e_use():
    return use("e_count", "e")
@create_after("a_deps")
def task_e_count():
    for name in "xy":
        yield {"name": name, "actions": [count], "file_dep": ["in.txt"]}
def task_f_use():
    return use("f_count", "f")
def task_f_count():
    yield {"name": "x", "actions": [count], "calc_dep": ["a_deps"]}
    yield {"name": "y", "actions": [count], "file_dep": ["in.txt"]}

# A chain, against the order of definition.
def task_g_last():
    return use("g_use", "g_last")
def task_g_use():
    def twice(n):
        return {"n": n + n}
    return {"actions": [twice], "getargs": {"n": ("a_count", "n")}}

# Who gets is created late: from a task of before, and from one that is created with it.
@create_after("a_deps")
def task_h():
    yield {"name": "use", **use("h:count", "h")}
    yield {"name": "late", **use("b_count", "h_late")}
    yield {"name": "count", "actions": [count], "file_dep": ["in.txt"]}

# A calc_dep gives nothing but a task; the getter has one itself.
def task_i_use():
    return use("i_count", "i", calc_dep=["a_deps"])
def task_i_count():
    return {"actions": [count], "file_dep": ["i_made.txt"], "calc_dep": ["i_deps"]}
def task_i_deps():
    return given(task_dep=["i_make"])
def task_i_make():
    return {"actions": ["cp in.txt i_made.txt"], "targets": ["i_made.txt"], "file_dep": ["in.txt"]}

# It is only known during the run that the giver is asked for.
def task_j_use():
    return use("j_count", "j")
def task_j_count():
    return {"actions": [count], "file_dep": ["in.txt"]}
def task_j_all():
    return {"actions": None, "calc_dep": ["j_deps"]}
def task_j_deps():
    return given(task_dep=["j_count"])
"""
#: The output for an input of one character, and of three.
EXPECTED = {
    **dict.fromkeys(("a", "b", "c", "d", "h", "h_late", "i", "j"), ("1", "3")),
    **dict.fromkeys(("e", "f"), ("{'x': 1, 'y': 1}", "{'x': 3, 'y': 3}")),
    "g_last": ("2", "6"),
}
RUNNERS = [(), ("-n", "2"), ("-n", "2", "-P", "thread")]
SOME = ["a_use", "b_use", "b_count", "h", "j_use", "j_all", "f_use", "f_count:x", "c_use", "e_use"]
SOME += ["e_count", "c_count", "a_count"]


def written(project: Project, names: object = EXPECTED) -> dict[str, str]:
    """Return what each task that got values has written."""
    return {name: project.read(f"{name}.txt").strip() for name in names}  # type: ignore[attr-defined]


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_the_values_are_those_of_this_run(doit_project, runner: tuple[str, ...]) -> None:
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    for number, text in enumerate(("a", "abc", "a")):
        project.write({"in.txt": text})
        project.run(*runner).assert_success()
        assert written(project) == {
            name: values[number % 2] for name, values in EXPECTED.items()
        }, number
    again = project.run(*runner).assert_success()
    getters = [name for name in again.executed if "use" in name or "count" in name]
    assert getters == []


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_of_tasks_that_are_selected(doit_project, runner: tuple[str, ...]) -> None:
    """Part of a group, a task that a calc_dep asks for, the giver behind the getter."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    for number, text in enumerate(("a", "abc")):
        project.write({"in.txt": text})
        project.run("run", *runner, *SOME).assert_success()
        names = ("a", "b", "h", "h_late", "j", "c", "e")
        expected = {name: EXPECTED[name][number] for name in names}
        assert written(project, names) == expected
        assert f"'x': {text.count('a') + len(text) - 1}" in project.read("f.txt")


def test_alone_nothing_is_asked_for(doit_project) -> None:
    """A task that gives values only to an up-to-date task does not run, calc_dep or not."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    project.run().assert_success()
    project.write({"in.txt": "abc"})
    outcome = project.run("a_use", "b_use", "c_use").assert_success()
    assert outcome.executed == []
    outcome.assert_up_to_date("a_use", "b_use", "c_use")


CIRCLES = """
import os
from doit import create_after
DOIT_CONFIG = {"default_tasks": os.environ["TASKS"].split()}

def task_use():
    return {"actions": ["echo %(n)s > used.txt"], "getargs": {"n": ("count", "n")},
            "targets": ["used.txt"], "uptodate": [True]}
def task_count():
    return {"actions": [lambda: {"n": 1}], "calc_dep": ["deps"]}
def task_deps():
    return {"actions": [lambda: {"task_dep": ["use"]}]}

def task_one():
    return {"actions": ["true"], "calc_dep": ["other_deps"]}
def task_two():
    return {"actions": ["true"], "task_dep": ["one"]}
def task_other_deps():
    return {"actions": [lambda: {"task_dep": ["two"]}]}

def task_gets():
    return {"actions": ["echo %(n)s > got.txt"], "getargs": {"n": ("late", "n")},
            "targets": ["got.txt"], "uptodate": [True]}
@create_after("gets")
def task_late():
    return {"actions": [lambda: {"n": 1}]}
"""


@pytest.mark.parametrize(
    ("tasks", "runner"),
    [
        *((tasks, ()) for tasks in ("use count", "count use", "one two", "two one", "gets late")),
        *(("one two", runner) for runner in RUNNERS[1:]),
        *(("count use", runner) for runner in RUNNERS[1:]),
        ("late gets", RUNNERS[2]),
    ],
)
def test_a_circle_is_said(doit_project, tasks: str, runner: tuple[str, ...]) -> None:
    """As doit says one that it notices; plain doit ends with a traceback where tasks run beside."""
    project = doit_project({"dodo.py": CIRCLES})
    outcome = project.run(*runner, env={"TASKS": tasks})
    assert outcome.returncode == 3, repr(outcome)
    assert "Cyclic/recursive dependencies for task" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    a, b = tasks.split()
    assert f"{a} -> {b}" in outcome.stderr or f"{b} -> {a}" in outcome.stderr


@pytest.mark.parametrize("runner", EACH_RUNNER)
def test_what_need_not_run_makes_no_circle(doit_project, runner: tuple[str, ...]) -> None:
    """Then doit's own order holds: the getter is checked first, and nothing is stuck."""
    project = doit_project({"dodo.py": CIRCLES, "used.txt": "here", "got.txt": ""})
    for tasks in ("use count", "count use", "gets late", "late gets"):
        outcome = project.run("--cache", "once", *runner, env={"TASKS": tasks})
        outcome.assert_success()


def test_a_giver_that_fails(doit_project) -> None:
    """Tasks that get values of a failed task do not run, as with any dependency."""
    project = doit_project({"dodo.py": DODO, "in.txt": "a"})
    project.run().assert_success()
    project.remove("in.txt")
    outcome = project.run("--continue")
    assert outcome.returncode == 2
    assert not {"a_use", "c_use", "e_use", "f_use", "g_last"} & {
        *outcome.executed,
        *outcome.up_to_date,
    }
