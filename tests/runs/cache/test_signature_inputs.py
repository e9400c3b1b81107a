"""Inputs of a signature besides code: directories, keys, other tasks, variables, options."""

from __future__ import annotations

import os

import pytest

from doit_invariants.hashing.digest import digest_bytes
from tests.support import Make
from tests.support.results import STORE, wipe

TASK = '"file_dep": ["in"], "targets": ["out"], "cache": "shared"'


@pytest.mark.parametrize("what", ["empty", "listing"])
def test_directory_and_file(doit_project: Make, what: str) -> None:
    """A10: a directory differs from a file that contains the listing of the directory."""
    dodo = f"""
def task_t():
    return {{"actions": ["test -d d && echo dir > out || echo file > out"],
            {TASK.replace('"in"', '"d"')}}}
"""
    files = {"d/": ""} if what == "empty" else {"d/f": "x"}
    project = doit_project({"dodo.py": dodo, **files}, settings=STORE)
    project.run().assert_executed("t")
    assert project.read("out") == "dir\n"
    wipe(project, "out", *(name for name in files if not name.endswith("/")))
    (project.path / "d").rmdir()
    listing = b"f\0" + digest_bytes(b"x").encode() + b"\0"
    project.write({"d": b"" if what == "empty" else listing})
    outcome = project.run().assert_executed("t")
    assert project.read("out") == "file\n", repr(outcome)


def test_tree_by_times(doit_project: Make) -> None:
    """A18: what a Tree compares by times alone is never the same elsewhere."""
    dodo = """
from doit_invariants import Tree
def task_t():
    return {"actions": ["cat d/f > out"], "targets": ["out"],
            "invariants": [Tree("d", deep=False)], "cache": "shared"}
"""
    project = doit_project({"dodo.py": dodo}, settings=STORE)
    for text in "ab":
        project.write({"d/f": text})
        os.utime(project.path / "d/f", (946_684_800, 946_684_800))
        outcome = project.run().assert_executed("t")
        assert project.read("out") == text, repr(outcome)
        wipe(project, "out")


def test_order_of_keys_that_are_gotten(doit_project: Make) -> None:
    """A19 b: the order of a dict that another task returned counts."""
    dodo = f"""
def p():
    return {{"v": {{"b": 2, "a": 1}}}}
def use(v):
    open("out", "w").write(repr(v))
def task_p():
    return {{"actions": [p]}}
def task_t():
    return {{"actions": [use], "getargs": {{"v": ("p", "v")}}, {TASK}}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    project.run().assert_executed("p", "t")
    assert project.read("out") == "{'b': 2, 'a': 1}"
    wipe(project, "out")
    project.edit("dodo.py", '"b": 2, "a": 1', '"a": 1, "b": 2')
    outcome = project.run().assert_success()
    assert project.read("out") == "{'a': 1, 'b': 2}", repr(outcome)


PREP = {
    "uptodate": '["cp cfg tmp"], "uptodate": [config_changed(open("cfg").read())]',
    "getargs": '["echo %(n)s > tmp"], "getargs": {"n": ("val", "n")}',
}


@pytest.mark.parametrize("how", PREP)
@pytest.mark.parametrize("left", ["nothing", "record", "all"])
def test_other_task(doit_project: Make, how: str, left: str) -> None:
    """A20: the uptodate items of another task, and the values it gets, count too."""
    dodo = f"""
from doit.tools import config_changed
from doit_invariants import Task
def val():
    return {{"n": open("cfg").read().strip()}}
def task_val():
    return {{"actions": [val]}}
def task_prep():
    return {{"actions": {PREP[how]}, "targets": ["tmp"]}}
def task_b():
    return {{"actions": ["cat tmp > out"], "setup": ["prep"], "invariants": [Task("prep")],
            {TASK}}}
"""
    project = doit_project({"dodo.py": dodo, "in": "", "cfg": "1\n"}, settings=STORE)
    project.run().assert_success()
    assert project.read("out").strip() == "1"
    project.write({"cfg": "2\n"})
    if left == "nothing":
        wipe(project, "out", "tmp")
    elif left == "record":
        project.remove("out")
    outcome = project.run().assert_success()
    assert project.read("out").strip() == "2", repr(outcome)


#: For each tracker what only it sees: file, old and new text, and what is made of that.
TRACKED = {
    "track-code": ("dodo.py", 'write("1")', 'write("2")', "out"),
    "track-actions": ("dodo.py", "printf 1", "printf 2", "b"),
    "track-scripts": ("s.py", '"1"', '"2"', "c"),
}


@pytest.mark.parametrize("blocked", [[name] for name in TRACKED] + [list(TRACKED)], ids="-".join)
def test_blocked_trackers(doit_project: Make, blocked: list[str]) -> None:
    """A27: without a plugin that tracks code, the task is not shared."""
    dodo = """
def f():
    open("out", "w").write("1")
def task_t():
    return {"actions": [f, "printf 1 > b", "python s.py"], "targets": ["out", "b", "c"],
            "file_dep": ["in"], "cache": "shared"}
"""
    files = {"dodo.py": dodo, "in": "", "s.py": 'open("c", "w").write("1")\n'}
    project = doit_project(files, settings={**STORE, "block": blocked})
    project.run().assert_executed("t")
    for name in blocked:
        project.edit(*TRACKED[name][:3])
    wipe(project, "out", "b", "c")
    outcome = project.run().assert_executed("t")
    for name, (_, _, _, out) in TRACKED.items():
        assert project.read(out) == ("2" if name in blocked else "1"), repr(outcome)
    wipe(project, "out", "b", "c")
    assert f"the plugin {min(blocked)} is blocked" in project.run("invariants", "why").stdout


def test_variables_of_the_command_line(doit_project: Make) -> None:
    """A29: ``doit x=1`` and ``doit x=2`` are two results, and each is found again."""
    dodo = f"""
from doit import get_var
def f():
    open("out", "w").write(get_var("x", "d"))
def task_t():
    return {{"actions": [f], {TASK}}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    for given, made in (("x=1", "1"), ("x=2", "2"), ("y=1", "d")):
        outcome = project.run(given).assert_executed("t")
        assert project.read("out") == made, repr(outcome)
        project.remove("out")
    outcome = project.run("x=1").assert_executed()
    assert project.read("out") == "1"


def test_optimised(doit_project: Make) -> None:
    """A35: under ``python -O`` assertions are gone, and ``__debug__`` is False."""
    dodo = f"""
def f():
    open("out", "w").write("debug" if __debug__ else "optimised")
def task_t():
    return {{"actions": [f], {TASK}}}
"""
    project = doit_project({"dodo.py": dodo, "in": ""}, settings=STORE)
    project.run().assert_executed("t")
    assert project.read("out") == "debug"
    wipe(project, "out")
    outcome = project.run(process=True, env={"PYTHONOPTIMIZE": "1"}).assert_executed("t")
    assert project.read("out") == "optimised", repr(outcome)
