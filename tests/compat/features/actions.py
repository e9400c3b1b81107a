"""The ways to write an action."""

import functools
import sys
from pathlib import Path

from doit.action import CmdAction, PythonAction
from doit.tools import (
    Interactive,
    LongRunning,
    PythonInteractiveAction,
    create_folder,
    title_with_actions,
)

DOIT_CONFIG = {"action_string_formatting": "both"}


class Greeter:
    def __init__(self, name):
        self.name = name

    def greet(self):
        print("greeted by", self.name)

    def __call__(self, word):
        print(word, self.name)


def everything(first, *rest, dependencies, targets, changed, task, **others):
    print(first, rest, dependencies, targets, changed, task.name, sorted(others))
    Path(targets[0]).write_text("made")


def command():
    return "echo made by a function"


def plain(name):
    print("hello", name)


def task_kinds():
    make = {"file_dep": ["in.txt"], "verbosity": 2}
    yield {"name": "text", "actions": ["echo {dependencies} %(changed)s"], **make}
    yield {"name": "list", "actions": [["cat", Path("in.txt")]], **make}
    yield {"name": "callable", "actions": [CmdAction(command)], **make}
    yield {"name": "environment", "actions": [CmdAction("echo $X", env={"X": "1"})], **make}
    yield {"name": "python", "actions": [(plain, ["a"]), (plain, (), {"name": "b"})], **make}
    yield {"name": "object", "actions": [PythonAction(plain, ["c"])], **make}
    yield {"name": "method", "actions": [Greeter("m").greet], **make}
    yield {"name": "instance", "actions": [(Greeter("i"), ["hi"])], **make}
    yield {"name": "partial", "actions": [functools.partial(plain, "p")], **make}
    yield {"name": "lambda", "actions": [lambda: print("lambda")], **make}
    yield {"name": "builtin", "actions": [(print, ["builtin"])], **make}
    yield {"name": "interactive", "actions": [Interactive("echo interactive; exit 1")], **make}
    yield {"name": "long", "actions": [LongRunning("echo long; exit 1")], **make}
    yield {"name": "python interactive", "actions": [PythonInteractiveAction(plain, ["d"])], **make}
    yield {"name": "none", "actions": None, **make}


def task_everything():
    return {
        "actions": [(create_folder, ["out"]), (everything, [1, 2])],
        "file_dep": ("in.txt", None, Path("second.txt")),
        "targets": (Path("out") / "made.txt",),
        "task_dep": ("kinds:text", None),
        "uptodate": (True, None),
        "clean": True,
        "title": title_with_actions,
        "meta": {"any": ["thing"]},
        "verbosity": 2,
    }


def task_silent():
    for verbosity in (0, 1, 2):
        yield {
            "name": str(verbosity),
            "actions": ["echo out; echo err >&2", lambda: print("e", file=sys.stderr)],
            "verbosity": verbosity,
        }
