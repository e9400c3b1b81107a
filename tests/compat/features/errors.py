"""Mistakes in a dodo.py; the variable ``mistake`` chooses one."""

from doit import create_after, get_var

MISTAKE = get_var("mistake", "none")

TASKS = {
    "none": {},
    "field": {"colour": True},
    "type": {"file_dep": "in.txt"},
    "action": {"actions": "echo text"},
    "dependency": {"task_dep": ["unknown"]},
    "setup": {"setup": ["unknown"]},
    "getargs": {"getargs": {"x": ("unknown", "y")}},
    "cycle": {"task_dep": ["other"]},
    "target": {"targets": ["same"]},
    "uptodate": {"uptodate": [3.5]},
    "name": {"name": "not allowed"},
}


def task_main():
    return {"actions": ["echo main"], **TASKS.get(MISTAKE, {})}


def task_other():
    if MISTAKE == "returned":
        return 5
    if MISTAKE == "raised":
        raise RuntimeError("while tasks are created")
    if MISTAKE == "twice":
        return {"basename": "main", "actions": None}
    return {
        "actions": ["echo other", "touch same"],
        "targets": ["same"],
        "task_dep": ["cyclic"],
    }


def task_cyclic():
    return {"actions": None, "task_dep": ["main"] if MISTAKE == "cycle" else []}


@create_after(executed="main")
def task_late():
    if MISTAKE == "late":
        return {"actions": ["echo late"], "colour": True}
    return {"actions": ["echo late"]}
