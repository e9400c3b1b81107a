"""`show` lists objects that can't be compared, and `why` does if there is no reason."""

from __future__ import annotations

from doit_invariants.testing import Project
from tests.support import Make

DODO = """
import queue
import sqlite3
import threading

LOCK = threading.Lock()
WORK = {"queue": queue.SimpleQueue(), "limit": 1}
CONNECTION = sqlite3.connect(":memory:")


def locked():
    LOCK is None


def queued(given=CONNECTION):
    WORK is None


def take(given):
    given is None


def plain():
    pass


def task_use():
    for name, action in {
        "global": locked,
        "two": queued,
        "argument": (take, [[1, threading.Lock()]]),
        "plain": plain,
    }.items():
        yield {"name": name, "actions": [action], "file_dep": ["in.txt"]}
"""
SAID = {
    "global": ["locked(): global LOCK is of type _thread.lock"],
    "two": [
        "queued(): global WORK.queue is of type _queue.SimpleQueue",
        "queued(): default of given is of type sqlite3.Connection",
    ],
    "argument": ["take: argument 0[1] is of type _thread.lock"],
    "plain": [],
}


def said(project: Project, verb: str, task: str) -> list[str]:
    """Return what a verb says that it does not compare."""
    lines = project.run("invariants", verb, f"use:{task}").stdout.splitlines()
    found = [line.strip() for line in lines if "not compared: " in line]
    return sorted(line.removeprefix("not compared: ") for line in found)


def test_what_is_left_out_is_said(doit_project: Make) -> None:
    """Each object by its place and type, for functions and for arguments."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    project.run()
    for task, expected in SAID.items():
        for verb in ("show", "why"):
            assert said(project, verb, task) == sorted(expected)


def test_where_something_is_found_why_says_that(doit_project: Make) -> None:
    """A reason is printed alone; values beside an object that is left out count."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    project.run()
    project.edit("dodo.py", '"limit": 1', '"limit": 2')
    project.edit("dodo.py", "[[1, thr", "[[2, thr")
    assert said(project, "why", "two") == []
    assert said(project, "why", "argument") == []
    project.run().assert_executed("use:two", "use:argument")
