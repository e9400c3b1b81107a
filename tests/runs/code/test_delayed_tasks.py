"""Tasks that are created late: their code counts as it was before the first action."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import functools, json, os, types
from doit import create_after
import helper

CACHE = {}
COUNT = 0
BOUND = None
NAMES = set()
TABLE = {"work": None}
NESTED = types.SimpleNamespace(parts=[1, {"seen": []}])

class Model:
    memory = []
    def __init__(self):
        self.state = {}
    def work(self, targets):
        write(targets, len(self.memory) * 0 + SCALE)

MODEL = Model()
SCALE = 1

def write(targets, value):
    with open(targets[0], "w") as stream:
        stream.write(str(value))

def first(targets):
    global COUNT, BOUND
    COUNT += 1
    BOUND = {"n": COUNT}
    CACHE["x"] = 1
    NAMES.add("x")
    NESTED.parts[1]["seen"].append(1)
    MODEL.state["x"] = 1
    Model.memory.append(1)
    helper.CACHE["x"] = 1
    helper.COUNT += 1
    write(targets, open("in.txt").read())

def task_first():
    return {"actions": [first], "file_dep": ["in.txt"], "targets": ["first.txt"]}

def by_dict(targets): write(targets, len(CACHE) * 0 + SCALE)
def by_count(targets): write(targets, COUNT * 0 + SCALE)
def by_rebound(targets): write(targets, BOUND and SCALE or SCALE)
def by_set(targets): write(targets, len(NAMES) * 0 + SCALE)
def by_nested(targets): write(targets, len(NESTED.parts) * 0 + SCALE)
def by_helper(targets): write(targets, helper.value(SCALE))
def with_argument(part, targets): write(targets, len(CACHE) * 0 + SCALE)
def in_table(targets): write(targets, len(CACHE) * 0 + SCALE)
TABLE["work"] = in_table

def make(name):
    def action(targets):
        write(targets, f"{name}{len(CACHE) * 0}{COUNT * 0}{SCALE}")
    return action

@create_after(executed="first")
def task_late():
    inner = lambda targets: write(targets, len(CACHE) * 0 + COUNT * 0 + SCALE)
    for action in (by_dict, by_count, by_rebound, by_set, by_nested, by_helper):
        yield action.__name__, action
    yield "argument", (with_argument, [open("first.txt").read()[:1]])
    yield "table", TABLE["work"]
    yield "closure", make("x")
    yield "inner", inner
    yield "method", MODEL.work
    yield "partial", functools.partial(with_argument, "x")
    yield "by name", globals()["by_" + "dict"]

def named(creator):
    @functools.wraps(creator)
    def tasks():
        for name, action in creator():
            yield {"name": name, "actions": [action], "file_dep": ["late.txt"],
                   "targets": [f"out/{name}"]}
    return tasks

task_late = create_after(executed="first")(named(task_late))
"""
HELPER = """
CACHE, COUNT, SCALE = {}, 0, 1
def value(scale):
    return len(CACHE) * 0 + COUNT * 0 + scale * SCALE
"""
FILES = {"dodo.py": DODO, "helper.py": HELPER, "in.txt": "1", "late.txt": "", "out/": ""}
NAMES = ("by_dict", "by_count", "by_rebound", "by_set", "by_nested", "by_helper", "argument")
NAMES += ("table", "closure", "inner", "method", "partial", "by name")


@pytest.mark.parametrize("runner", [[], ["-n", "2", "-P", "thread"]], ids=["serial", "threads"])
def test_what_an_earlier_action_filled(doit_project: Make, runner: list[str]) -> None:
    """It is not an edit, whether the earlier task runs or not; an edit of the code is one."""
    late = [f"late:{name}" for name in NAMES]
    project = doit_project(FILES)
    project.run(*runner).assert_executed("first", *late)
    project.run(*runner).assert_up_to_date("first", *late)
    project.write({"in.txt": "1 again"})
    project.run(*runner).assert_executed("first").assert_up_to_date(*late)
    project.run(*runner).assert_up_to_date("first", *late)
    project.edit("helper.py", "0, 1", "0, 2")
    project.write({"in.txt": "1 and again"})
    project.run(*runner).assert_executed("first", "late:by_helper")
    project.edit("dodo.py", "SCALE = 1", "SCALE = 2")
    project.write({"in.txt": "1 and again and again"})
    project.run(*runner).assert_executed("first", *late)
    project.write({"in.txt": "2"})
    project.run(*runner).assert_executed("first", "late:argument")
    project.run(*runner).assert_up_to_date("first", *late)


RESULTS = """
import os
from doit import create_after

FOUND, RESULTS, CACHE, REGISTRY = [], {}, {}, []

def write(targets, value):
    with open(targets[0], "w") as stream:
        stream.write(str(value))

def first(targets):
    CACHE["n"] = 1
    RESULTS["n"] = text = open("in.txt").read()
    write(targets, text)

def task_first():
    return {"actions": [first], "file_dep": ["in.txt"], "targets": ["first.txt"]}

def of_global(targets): write(targets, FOUND)
def of_cache(targets): write(targets, len(CACHE) * 0)
def of_argument(given, targets): write(targets, given)

def tasks(actions, group):
    for name, action in actions:
        yield {"name": name, "actions": [action], "file_dep": ["late.txt"],
               "targets": [f"out/{group}-{name}"]}

@create_after(executed="first")
def task_changes():
    FOUND[:] = open("first.txt").read().split()
    yield from tasks([("global", of_global)], "changes")

@create_after(executed="first")
def task_gives():
    text = open("first.txt").read()
    found = text.split()
    REGISTRY.append(text)
    def closure(targets): write(targets, found)
    def default(targets, given=found): write(targets, given)
    yield from tasks([
        ("argument", (of_argument, [text])), ("nested", (of_argument, [{"a": found}])),
        ("filled", (of_argument, [RESULTS])), ("keyword", (of_argument, [], {"given": found})),
        ("closure", closure), ("default", default), ("cached", of_cache)], "gives")

@create_after(executed="first")
def task_alone():
    return {"actions": [of_global], "file_dep": ["late.txt"], "targets": ["out/alone"]}
"""


def test_what_a_creator_makes_of_results(doit_project: Make) -> None:
    """It counts as it is when the task is created, with the creator's changes and arguments."""
    given = ("argument", "nested", "filled", "keyword", "closure", "default")
    late = ["changes:global", *(f"gives:{name}" for name in given)]
    files = {"dodo.py": RESULTS, "in.txt": "1", "late.txt": "", "out/": ""}
    project = doit_project(files)
    project.run().assert_executed("first", *late, "gives:cached", "alone")
    for text in ("2 3", "4"):
        project.write({"in.txt": text})
        project.run().assert_executed("first", *late, "alone").assert_up_to_date("gives:cached")
        assert project.read("out/alone") == str(text.split())
        assert project.read("out/changes-global") == str(text.split())
        assert project.read("out/gives-filled") == str({"n": text})
        assert project.read("out/gives-closure") == str(text.split())
    ran = project.run().assert_success()
    assert not set(ran.executed) - {"gives:filled"}, "it has what an action left of another run"


UNRELATED = """
from doit import create_after

class Trap:
    def __getstate__(self):
        open("looked.txt", "w").close()
        return {}

TRAP = Trap()

def use():
    return bool(TRAP)

@create_after(executed="first")
def task_late():
    return {"actions": [use], "file_dep": ["in.txt"]}

def task_first():
    return {"actions": ["echo > first.txt"], "file_dep": ["in.txt"], "targets": ["first.txt"]}
"""


def test_what_is_no_part_of_the_run(doit_project: Make) -> None:
    """Objects that the creator of another task uses are not inspected."""
    project = doit_project({"dodo.py": UNRELATED, "in.txt": ""})
    project.run("first").assert_executed("first")
    assert not (project.path / "looked.txt").exists()
    project.run().assert_executed("late").assert_up_to_date("first")
    assert (project.path / "looked.txt").exists(), "the test would see it"
