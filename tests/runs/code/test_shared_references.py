"""Stories about values whose parts are shared: no run hangs on them, and edits of them are seen."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import math
from doit_invariants import Value, invariants

def doubled(start, twice, levels=40):
    for _ in range(levels):
        start = twice(start)
    return start

class Node:
    def __init__(self, name=None):
        self.name, self.near = name, []

class Pair:
    __slots__ = ("one", "other")
    def __init__(self, one):
        self.one = self.other = one

def line(name, count=700):
    nodes = [Node() for _ in range(count)]
    for one, other in zip(nodes, nodes[1:]):
        one.after, other.before = other, one
    nodes[-1].name = name
    return nodes[0]

def crowd(name, kind=list, count=30):
    nodes = [Node() for _ in range(count)]
    for node in nodes:
        node.near = kind(nodes)
    nodes[7].name = name
    return nodes[0]

def add_1(x): return x + 1
def add_2(x): return x + 2
def add_3(x): return x + 3
def lists(x): return [x, x]
def dicts(x): return {"a": x, (1, "b"): x}
def sets(x): return frozenset([x, frozenset([x, 1])])

class Rules:
    def __init__(self, rules):
        self.rules = rules

def circle(number):
    found = {"number": number, "list": []}
    found["list"] += [found, found["list"]]
    return found

def work(*args):
    return True

VALUES = {
    "lists": doubled([100], lists),
    "tuples": doubled((101,), lambda x: (x, x)),
    "dicts": doubled({"n": 102}, dicts),
    "sets": doubled(frozenset([103]), sets),
    "pairs": doubled(104, Pair),
    "line": line(105),
    "crowd": crowd(106),
    "crowd_of_sets": crowd(107, set),
    "functions": doubled([add_1], lists),
    "library": doubled([math.sin, 109], lists),
    "rules": doubled(frozenset([add_2, add_3, 110]), sets),
    "rules_in_objects": doubled(Rules([add_1, add_3]), lambda x: Rules([x, x])),
    "deep": doubled([112], lambda x: [x], 5000),
    "none": (None,) * 3,
    "cube": [[[113] * 1000] * 1000] * 1000,
    "circle": circle(114),
}

def global_of(value):
    def action():
        return bool(value)
    return action

def task_given():
    for name, value in VALUES.items():
        yield {"name": name, "actions": [(work, [value])], "file_dep": ["in.txt"]}

HELD = ("lists", "dicts", "sets", "pairs", "functions", "library", "rules")

def task_held():
    for name in HELD:
        value = VALUES[name]
        yield {"name": name, "actions": [global_of(value)], "file_dep": ["in.txt"]}

def task_listed():
    for name, value in VALUES.items():
        if name in ("lists", "dicts", "sets", "line", "deep"):
            yield {"name": name, "actions": [work], "invariants": [Value(value)]}

LISTS = VALUES["lists"]

def reads():
    return LISTS != []

def task_reads():
    return {"actions": [reads], "file_dep": ["in.txt"]}
"""

EDITS = {
    "lists": ("[100]", "[1000]"),
    "tuples": ("(101,)", "(1010,)"),
    "dicts": ('"n": 102', '"m": 102'),
    "sets": ("[103]", "[1030]"),
    "pairs": ("104, Pair", "1040, Pair"),
    "line": ("line(105)", "line(1050)"),
    "crowd": ("crowd(106)", "crowd(1060)"),
    "crowd_of_sets": ("crowd(107", "crowd(1070"),
    "functions rules_in_objects": ("x + 1", "x + 10"),
    "library": ("math.sin", "math.cos"),
    "rules": ("x + 2", "x + 20"),
    "deep": ("[112]", "[1120]"),
    "cube": ("[113]", "[1130]"),
    "circle": ("(114)", "(1140)"),
}


HELD = ("lists", "dicts", "sets", "pairs", "functions", "library", "rules")
LISTED = ("lists", "dicts", "sets", "line", "deep")


@pytest.mark.matrix
def test_values_with_shared_parts(doit_project: Make) -> None:
    """Each task is up-to-date after its run, in another process as well; edits run their own."""
    project = doit_project({"dodo.py": DODO, "in.txt": ""})
    assert len(project.run().assert_success().executed) == 29
    assert project.run().assert_success().executed == []
    assert project.run(process=True, env={"PYTHONHASHSEED": "77"}).assert_success().executed == []
    project.run("invariants", "why").assert_success()
    for edits in (list(EDITS)[::2], list(EDITS)[1::2]):
        for names in edits:
            project.edit("dodo.py", *EDITS[names])
        edited = " ".join(edits).split()
        tasks = [f"given:{name}" for name in edited]
        tasks += [f"held:{name}" for name in HELD if name in edited]
        tasks += [f"listed:{name}" for name in LISTED if name in edited]
        project.run().assert_executed(*tasks, *(["reads"] if "lists" in edited else []))


UNASKED = """
import time
from pathlib import Path
from doit_invariants import Value

class Slow:
    def __reduce_ex__(self, protocol):
        Path("looked").write_text("at")
        raise SystemExit("looked at")

SLOW = Slow()

def waits():
    return SLOW is not None

def say(word):
    print(word)

def small():
    Path("small.txt").write_text("small")

def task_small():
    return {"actions": [small], "targets": ["small.txt"]}

def task_user():
    return {"actions": [(say, ["user"])], "file_dep": ["small.txt"], "task_dep": ["first"]}

def task_first():
    return {"actions": [(say, ["first"])]}

def task_closure():
    return {"actions": [waits]}

def task_argument():
    return {"actions": [(say, [[SLOW]])]}

def task_value():
    return {"actions": [small], "invariants": [Value(SLOW)], "uptodate": [True]}
"""


def test_no_task_is_looked_at_that_is_not_part_of_the_run(doit_project: Make) -> None:
    """Objects that only other tasks use are not inspected."""
    project = doit_project({"dodo.py": UNASKED})
    for arguments in (
        ["small"],
        ["user"],
        ["-n", "2", "user"],
        ["invariants", "why", "user"],
        ["list", "-s", "user", "small"],
        ["info", "small"],
        ["user"],
    ):
        assert project.run(*arguments).returncode in (0, 1), arguments
        assert not (project.path / "looked").exists(), arguments
