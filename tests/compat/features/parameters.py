"""Parameters of tasks, positional arguments, variables of the command line."""

from doit import get_var, task_params

DOIT_CONFIG = {"verbosity": 2, "default_tasks": ["greet", "made"]}
VAR = get_var("var", "unset")


def greet(name, times, loud):
    print(" ".join([name.upper() if loud else name] * times))


def task_greet():
    return {
        "actions": [greet, "echo %(name)s"],
        "params": [
            {"name": "name", "short": "n", "long": "name", "default": "you"},
            {"name": "times", "short": "t", "type": int, "default": 1},
            {"name": "loud", "long": "loud", "inverse": "quiet", "type": bool, "default": False},
        ],
    }


def task_positional():
    return {"actions": ["echo %(rest)s"], "pos_arg": "rest"}


@task_params([{"name": "count", "long": "count", "type": int, "default": 2}])
def task_made(count):
    for number in range(count):
        yield {"name": str(number), "actions": [f"echo {number} {VAR}"], "uptodate": [True]}


def task_choice():
    return {
        "actions": ["echo %(kind)s"],
        "params": [
            {
                "name": "kind",
                "long": "kind",
                "choices": (("a", "first"), ("b", "second")),
                "default": "a",
                "env_var": "KIND",
            }
        ],
        "file_dep": ["in.txt"],
    }
