"""Setup tasks and teardowns."""

DOIT_CONFIG = {"verbosity": 2, "default_tasks": ["one", "two"]}


def say(text):
    print(text)


def task_server():
    for name in ("a", "b"):
        yield {
            "name": name,
            "actions": [(say, [f"start {name}"])],
            "teardown": [(say, [f"stop {name}"]), f"echo stopped {name}"],
        }


def task_one():
    return {"actions": ["cat in.txt"], "file_dep": ["in.txt"], "setup": ["server:a"]}


def task_two():
    return {"actions": ["echo two"], "setup": ["server:b", "made"], "file_dep": ["made.txt"]}


def task_made():
    return {"actions": ["echo made > made.txt"], "targets": ["made.txt"], "uptodate": [True]}


def task_broken():
    return {"actions": ["echo never"], "setup": ["fails"], "teardown": ["echo not torn down"]}


def task_fails():
    return {"actions": ["exit 4"], "teardown": ["echo neither"]}


def task_bad_teardown():
    return {"actions": ["echo fine"], "teardown": ["exit 5"]}
