"""Dependencies that other tasks calculate."""

from pathlib import Path

DOIT_CONFIG = {"verbosity": 2}


def find(dependencies):
    return {"file_dep": Path(dependencies[0]).read_text().split()}


def use(dependencies, changed):
    print("uses", sorted(dependencies), "changed", sorted(changed))


def task_find():
    return {"actions": [find], "file_dep": ["list.txt"]}


def task_use():
    return {"actions": [use], "calc_dep": ["find"]}


def task_order():
    return {"actions": [lambda: {"task_dep": ["last"]}]}


def task_last():
    return {"actions": ["echo last"]}


def task_first():
    return {"actions": ["echo first"], "calc_dep": ["order"]}
