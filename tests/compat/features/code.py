"""A task whose function is edited by its story."""


def build(targets):
    with open(targets[0], "w") as out:
        out.write("one")


def task_build():
    return {"actions": [build], "file_dep": ["in.txt"], "targets": ["out.txt"]}


def task_format():
    return {"actions": ["tr a b < text.txt > tmp; cat tmp > text.txt"], "file_dep": ["text.txt"]}
