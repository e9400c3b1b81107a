"""One cause of many tasks is printed once."""

from __future__ import annotations

from tests.support import Make

DODO = """
from doit_invariants import Value
from helper import shared
LEVEL = 1
def save(targets):
    open(targets[0], "w").write(str(shared(1)))
def task_loop():
    for n in range(50):
        yield {"name": str(n), "actions": [save], "file_dep": ["in.txt"], "targets": [f"{n}.out"]}
def task_level():
    for n in range(10):
        yield {"name": str(n), "actions": ["true"], "file_dep": ["in.txt"],
               "invariants": [Value(LEVEL, name="LEVEL")]}
def task_fails():
    for n in range(6):
        yield {"name": str(n), "actions": ["echo no space >&2; false"], "file_dep": ["in.txt"]}
def task_reads():
    for n in range(6):
        yield {"name": str(n), "actions": ["true"], "file_dep": [f"{n}.out"]}
def task_named():
    for n, name in enumerate("abcd"):
        exec(f"def {name}():\\n    return str(shared({n}))", globals())
        yield {"name": name, "actions": [globals()[name]], "file_dep": ["in.txt"]}
def task_few():
    for n in range(3):
        yield {"name": str(n), "actions": ["true"], "file_dep": ["in.txt"]}
"""
HELPER = "def shared(x):\n    return x + 1\n"


def test_told_once(doit_project: Make) -> None:
    """Targets, values, code, failures, and what comes after: with the names folded."""
    project = doit_project({"dodo.py": DODO, "in.txt": "1", "helper.py": HELPER})
    assert project.run("invariants", "why", "loop").stdout == (
        "loop:0, loop:1 and 48 more: not up-to-date\n"
        "  0.out, 1.out and 48 more: target is missing\n"
        "  task: never ran\n"
    )
    project.run("--continue")
    said = project.run("invariants", "why").stdout
    assert "loop:0, loop:1 and 71 more: up-to-date\n" in said
    assert project.run("invariants", "why", "few").stdout == (
        "few:0: up-to-date\nfew:1: up-to-date\nfew:2: up-to-date\n"
    )
    assert "fails:0, fails:1 and 4 more: not up-to-date\n  task: failed on " in said
    assert said.count("      no space\n") == 1
    project.edit("dodo.py", "LEVEL = 1", "LEVEL = 2")
    project.edit("helper.py", "x + 1", "x + 2")
    said = project.run("invariants", "why", "loop", "level", "reads", "named").stdout
    assert said.count("+    return x + 2") == 1
    assert (
        "loop:0, loop:1 and 52 more: not up-to-date\n  Function(save), Function(a) and 3 more: "
        in (said)
    )
    assert "level:0, level:1 and 8 more: not up-to-date\n  Value(LEVEL): 1 -> 2\n" in said
    assert "reads:0, reads:1 and 4 more: may run, after loop:0, loop:1, loop:2 and 3 more" in said
    every = project.run("invariants", "why", "loop", "--all").stdout
    assert every.count(": not up-to-date\n") == 50
    assert len(project.run("invariants", "why", "loop", "--json").json()) == 50


def test_only_what_is_the_same(doit_project: Make) -> None:
    """Different inputs, or different changes of them, stay apart; the order is kept."""
    dodo = """
def task_t():
    for n in range(8):
        yield {"name": str(n), "actions": ["true"], "file_dep": [f"{n // 4}.txt", f"own{n}.txt"]}
"""
    files = {"0.txt": "1", "1.txt": "1", **{f"own{n}.txt": "1" for n in range(8)}}
    project = doit_project({"dodo.py": dodo, **files})
    project.run().assert_success()
    project.write({"1.txt": "22", "own2.txt": "22"})
    assert project.run("invariants", "why").stdout == (
        "t:0: up-to-date\nt:1: up-to-date\n"
        "t:2: not up-to-date\n  own2.txt: content changed, 1 -> 2 bytes\n"
        "t:3: up-to-date\n"
        "t:4, t:5 and 2 more: not up-to-date\n  1.txt: content changed, 1 -> 2 bytes\n"
    )
