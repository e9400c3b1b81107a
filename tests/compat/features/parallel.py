"""Tasks that can run beside each other."""

DOIT_CONFIG = {"verbosity": 2}


def square(number):
    return {"value": number * number}


def total(values):
    print("total", sum(values.values()))


def task_square():
    for number in range(4):
        yield {
            "name": str(number),
            "actions": [(square, [number]), f"cp {number}.in {number}.out"],
            "file_dep": [f"{number}.in"],
            "targets": [f"{number}.out"],
            "setup": ["prepare"],
            "clean": True,
        }


def task_prepare():
    return {"actions": ["echo prepare"], "teardown": ["echo tidy"]}


def task_total():
    return {
        "actions": [total],
        "getargs": {"values": ("square", "value")},
        "file_dep": [f"{number}.out" for number in range(4)],
    }


def task_print():
    return {"actions": [lambda: print("printed")], "file_dep": ["0.out"]}
