"""Groups, sub-tasks, hidden tasks, and unusual names."""

DOIT_CONFIG = {"default_tasks": ["build", "all", "odd"]}


def task_build():
    """build everything"""
    yield {"name": None, "doc": "the parts", "watch": ["."]}
    for name in ("a", "b", "c"):
        yield {
            "name": name,
            "actions": [f"cp {name}.txt {name}.out"],
            "file_dep": [f"{name}.txt"],
            "targets": [f"{name}.out"],
            "clean": True,
        }


def task_all():
    return {"actions": None, "task_dep": ["build:a", "nested", "_hidden"]}


def task_nested():
    def inner(base):
        for number in (1, 2):
            yield {"basename": base, "name": str(number), "actions": [f"echo {base} {number}"]}

    yield inner("nested")


def task__hidden():
    """not listed"""
    return {"actions": ["echo hidden"], "uptodate": [True]}


def task_odd():
    yield {"name": "two words", "actions": ["echo 1"], "uptodate": [True]}
    yield {"name": "a:b:c", "actions": ["echo 2"], "uptodate": [True]}
    yield {"name": "dir/file.txt", "actions": ["echo 3"], "uptodate": [True]}
    yield {"name": "größe", "actions": ["echo 4"], "uptodate": [True]}


def task_empty():
    yield from ()


def task_nothing():
    return None


def task_wild():
    return {"actions": None, "task_dep": ["build:*"]}
