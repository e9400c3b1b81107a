"""A chain of tasks with files, like in most projects."""

from pathlib import Path


def join(dependencies, targets):
    with open(targets[0], "w") as out:
        out.writelines(Path(path).read_text() for path in sorted(dependencies))


def task_copy():
    """copy the input"""
    for name in ("a", "b"):
        yield {
            "name": name,
            "actions": ["cp %(dependencies)s %(targets)s"],
            "file_dep": [f"{name}.in"],
            "targets": [f"{name}.mid"],
            "clean": True,
        }


def task_join():
    """join the copies"""
    return {
        "actions": [join],
        "file_dep": ["a.mid", "b.mid"],
        "targets": ["joined.txt"],
        "clean": True,
    }


def task_print():
    """print the result"""
    return {"actions": ["cat joined.txt"], "file_dep": ["joined.txt"], "verbosity": 2}


def task_always():
    """runs every time"""
    return {"actions": ["echo always"], "task_dep": ["join"]}
