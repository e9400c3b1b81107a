"""Stories about objects that pickle saves by name: their contents count, not that name."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import collections, copyreg, functools, operator, threading, types

import lib
from toolz import compose, curry

class Named:
    def __init__(self, limit):
        self.limit = limit
    def __reduce__(self):
        return "NAMED"
    def get(self):
        return self.limit + 11

NAMED = Named(100)

class Hidden:
    def __init__(self, func):
        self.func = func
    def __getstate__(self):
        return {"name": self.func.__name__}

class Slotted:
    __slots__ = ("func", "count")
    def __init__(self, func):
        self.func, self.count = func, 0
    def __reduce__(self):
        return (Slotted, ("x",))

class Given:
    def __init__(self, name, rule):
        self.name, self.rule = name, rule
    def __reduce__(self):
        return (Given, (self.name, None))

def twelve(x): return x + 12
def thirteen(x): return x + 13
def fourteen(x): return x + 14
def fifteen(x): return x + 15
def sixteen(x): return x + 16
def seventeen(x): return x + 17
def eighteen(x): return x + 18
def nineteen(x): return x + 19
def twenty(x): return x + 20
def twenty_one(x, y): return x + y + 21
def twenty_two(x): return x + 22
def twenty_three(x): return x + 23
def twenty_four(x, y): return x + y + 24
def twenty_six(x): return x + 26

TABLE = {"one": twelve}

class Registered:
    def __init__(self, name):
        self.name = name
        self.extra = 101
    def __reduce__(self):
        return (look_up, (self.name,))

def look_up(name):
    return (name, TABLE[name], 14)

class Member:
    def __init__(self):
        self.scale = 102
    def __reduce__(self):
        return (getattr, (Owner, "member"))

class Owner:
    member = Member()

class Rebuilt:
    def __init__(self, state):
        self.state = state
    def __reduce__(self):
        return (rebuild, ([self.state],))

def rebuild(state):
    return Rebuilt(state[0] + 25)

class Plain:
    def __init__(self, size):
        self.size = size

copyreg.pickle(Plain, lambda plain: "PLAIN")
PLAIN = Plain(103)

class Locked:
    def __init__(self):
        self.lock, self.func, self.calls = threading.Lock(), eighteen, [104]
    def __reduce__(self):
        return (Locked, ())

@curry
def curried(x, y):
    return x * y + 30

def work(*args):
    return True

VALUES = {
    "string": NAMED,
    "state_without": Hidden(thirteen),
    "slots": Slotted(fourteen),
    "argument_left_out": Given("a", fifteen),
    "looked_up": Registered("one"),
    "member": Owner.member,
    "rebuilt": Rebuilt(1),
    "registered_reducer": PLAIN,
    "locked": Locked(),
    "curry": curry(twenty_one),
    "curry_with_argument": curry(twenty_four)(105),
    "curried": curried,
    "composed": compose(sixteen, seventeen),
    "installed_by_name": lib.ByName(nineteen),
    "installed_look_up": lib.LookedUp(twenty_two),
    "installed_getstate": lib.Stateless(twenty_three),
    "getter": operator.attrgetter("real"),
    "key": functools.cmp_to_key(twenty_four)(106),
    "namespace": types.SimpleNamespace(f=twenty, g=107),
    "in_a_list": [{"a": lib.ByName(twenty_six)}],
}

LIB_NAMES = ("installed_by_name", "installed_look_up", "installed_getstate")

def holder(value):
    def action():
        return value is None or True
    return action

def task_given():
    for name, value in VALUES.items():
        yield {"name": name, "actions": [(work, [value])], "file_dep": ["in.txt"]}

def task_held():
    for name, value in VALUES.items():
        yield {"name": name, "actions": [holder(value)], "file_dep": ["in.txt"]}
"""

LIB = """
class ByName:
    def __init__(self, func):
        self.func = func
        self.cache = {}
    def __reduce__(self):
        return "anything"

class LookedUp:
    def __init__(self, func):
        self.__wrapped = func
    def __reduce__(self):
        return (find, (f"{self.__wrapped.__module__}:{self.__wrapped.__qualname__}",))

class Stateless:
    __slots__ = ("func", "memo")
    def __init__(self, func):
        self.func = func
    def __getstate__(self):
        return None

def find(name):
    return name
"""

EDITS = {
    "string": ("Named(100)", "Named(1000)"),
    "looked_up": ("x + 12", "x + 120"),
    "state_without": ("x + 13", "x + 130"),
    "slots": ("x + 14", "x + 140"),
    "argument_left_out": ("x + 15", "x + 150"),
    "member": ("scale = 102", "scale = 1020"),
    "rebuilt": ("+ 25", "+ 250"),
    "registered_reducer": ("Plain(103)", "Plain(1030)"),
    "locked": ("x + 18", "x + 180"),
    "curry": ("x + y + 21", "x + y + 210"),
    "curry_with_argument": ("(105)", "(1050)"),
    "curried": ("x * y + 30", "x * y + 300"),
    "composed": ("x + 16", "x + 160"),
    "installed_by_name": ("x + 19", "x + 190"),
    "installed_look_up": ("x + 22", "x + 220"),
    "installed_getstate": ("x + 23", "x + 230"),
    "getter": ('"real"', '"imag"'),
    "key": ("(106)", "(1060)"),
    "namespace": ("x + 20", "x + 200"),
    "in_a_list": ("x + 26", "x + 260"),
}
MORE = {
    "string": ("self.limit + 11", "self.limit + 110"),
    "looked_up": ("TABLE[name], 14", "TABLE[name], 140"),
    "composed": ("x + 17", "x + 170"),
    "curry_with_argument key": ("x + y + 24", "x + y + 240"),
    "namespace": ("g=107", "g=1070"),
}


@pytest.mark.parametrize("edits", [EDITS, MORE], ids=["edits", "more"])
def test_what_is_saved_by_name_counts(
    doit_project: Make, edits: dict[str, tuple[str, str]]
) -> None:
    """Nothing runs needlessly, even in another process; each edit is seen."""
    venv = "venv/site-packages/"
    path = "import sys; sys.path.insert(0, 'venv/site-packages')\n"
    project = doit_project({"dodo.py": path + DODO, "in.txt": "", f"{venv}lib.py": LIB})
    assert len(project.run().assert_success().executed) == 40
    project.run(process=True, env={"PYTHONHASHSEED": "5"}).assert_executed()
    missed, ran = [], []
    for names, (old, new) in edits.items():
        text = project.read("dodo.py")
        project.edit("dodo.py", old, new)
        wanted = {f"{kind}:{name}" for kind in ("given", "held") for name in names.split()}
        found = set(project.run("invariants", "why", "--all").stdout.splitlines())
        changed = {line.split(": ")[0] for line in found if line.endswith(": not up-to-date")}
        missed += sorted(wanted - changed)
        ran += sorted(changed - wanted)
        project.write({"dodo.py": text})
    assert (missed, ran) == ([], [])
