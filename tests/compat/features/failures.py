"""Tasks that fail in all the ways there are."""

import sys

from doit.exceptions import TaskError, TaskFailed

DOIT_CONFIG = {
    "default_tasks": [
        "fine",
        "false",
        "failed",
        "error",
        "exception",
        "exit",
        "missing",
        "loses_input",
        "dependent",
        "value",
        "last",
    ]
}


def complain():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    raise ValueError("what an action raises")


def task_fine():
    return {"actions": ["echo fine"], "uptodate": [True]}


def task_false():
    return {"actions": [lambda: False]}


def task_failed():
    return {"actions": [lambda: TaskFailed("failed on purpose")]}


def task_error():
    return {"actions": [lambda: TaskError("an error on purpose")]}


def task_exception():
    return {"actions": [complain], "task_dep": ["fine"]}


def task_exit():
    return {"actions": ["echo out; echo err >&2; exit 3"]}


def task_missing():
    return {"actions": ["echo never"], "file_dep": ["no such file"]}


def task_loses_input():
    return {"actions": ["rm lost.txt"], "file_dep": ["lost.txt"]}


def task_dependent():
    return {"actions": ["echo never"], "task_dep": ["exit"]}


def task_value():
    return {"actions": [lambda: 7]}


def task_raises():
    return {"actions": ["echo run"], "uptodate": [lambda: 1 / 0]}


def task_last():
    return {"actions": ["echo last"], "file_dep": ["in.txt"]}
