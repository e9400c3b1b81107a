"""Values that tasks hand to others."""

from pathlib import Path

from doit.action import CmdAction
from doit.tools import run_once

DOIT_CONFIG = {"verbosity": 2}


def numbers(dependencies):
    return {"x": int(Path(dependencies[0]).read_text()), "y": 2}


def show(x, every):
    print("x is", x, "and every is", sorted(every.items()))


def task_numbers():
    return {"actions": [numbers], "file_dep": ["x.txt"]}


def task_each():
    for name in ("a", "b"):
        yield {"name": name, "actions": [(lambda n: {"n": n, "m": 0}, [name])]}


def task_print():
    return {"actions": [show], "getargs": {"x": ("numbers", "x"), "every": ("each", "n")}}


def task_command():
    return {
        "actions": ["echo %(y)s %(saved)s"],
        "getargs": {"y": ("numbers", "y"), "saved": ("save", "text")},
        "uptodate": [True],
    }


def task_save():
    return {"actions": [CmdAction("echo kept", save_out="text")], "uptodate": [run_once]}


def task_never():
    return {"actions": [lambda: {"x": 1}], "uptodate": [True]}


def task_early():
    return {"actions": ["echo %(x)s"], "getargs": {"x": ("never", "x")}}


def task_wrong():
    return {"actions": ["echo %(z)s"], "getargs": {"z": ("numbers", "nothing")}}
