"""Edits of code that are easy to miss, and values that are hard to fingerprint."""

from __future__ import annotations

import pytest

from tests.support import Make

DODO = """
import config
def work(targets):
    with open(targets[0], "w") as out:
        out.write(repr({result}))
def task_a():
    return {{"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}}
"""

# The source of the module, the value that is written, and an edit that changes that.
UNSEEN = {
    "a subclass of a dataclass with an attribute more": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\nclass K(A):\n"
        "    def __init__(self, z):\n        self.z = z\nk = K(5)\n",
        ("k.z", "K(5)", "K(6)"),
    ),
    "_fields of a class that is not a named tuple": (
        "class S:\n    _fields = ['a', 'b']\n",
        ("config.S._fields", "['a', 'b']", "['b', 'a']"),
    ),
    "metadata of a field": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n"
        "    x: int = dataclasses.field(default=1, metadata={'unit': 'm'})\n",
        ("config.A.__dataclass_fields__['x'].metadata['unit']", "'m'", "'s'"),
    ),
    "a method of an enum from elsewhere": (
        "import enum\ndef show(self):\n    return 'one'\nexec('def other(self): return 1', "
        "{'__name__': 'elsewhere'})\nclass E(enum.Enum):\n    A = 1\n    __str__ = show\n",
        ("str(config.E.A)", "'one'", "'two'"),
    ),
    "state that pickle refuses": (
        "class K:\n    def __init__(self, x):\n        self.x = x\n"
        "    def __getstate__(self):\n        raise TypeError\nk = K(1)\n",
        ("k.x", "K(1)", "K(2)"),
    ),
    "a permissive __getattr__": (
        "class K:\n    def __init__(self, d):\n        self.d = d\n"
        "    def __getattr__(self, name):\n        return self.d.get(name)\nk = K({'a': 1})\n",
        ("k.d['a']", "{'a': 1}", "{'a': 2}"),
    ),
    "the items of a dict": (
        "V = {'a': 1}.items()\n",
        ("list(config.V)", "'a': 1", "'a': 2"),
    ),
    "a dict that answers to attributes": (
        "class D(dict):\n    def __getattr__(self, name):\n        return self[name]\nd = D(a=1)\n",
        ("d.a", "a=1", "a=2"),
    ),
    "a dataclass with a field that is not set": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n"
        "    y: int = dataclasses.field(init=False)\na = A(1)\n",
        ("a.x", "A(1)", "A(2)"),
    ),
    "an object whose reduction is made by no function": (
        "import functools\nclass K:\n    def __init__(self, x):\n        self.x = x\n"
        "    def __reduce__(self):\n        return functools.partial(K, self.x), ()\nk = K(1)\n",
        ("k.x", "K(1)", "K(2)"),
    ),
    "an argument that a function inside uses": (
        "def f(x, y=2):\n    return (lambda: x)()\n",
        ("config.f(1)", "lambda: x", "lambda: y"),
    ),
    "one of two empty lists": (
        "A = []\nB = []\ndef f(x):\n    A.append(x)\n    return len(A)\n",
        ("config.f(1)", "return len(A)", "return len(B)"),
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_edits_that_were_unseen(doit_project: Make, name: str) -> None:
    """The task works, is up-to-date afterwards, and runs after the edit."""
    text, (result, old, new) = UNSEEN[name]
    result = result if result.startswith(("config", "list", "str")) else f"config.{result}"
    files = {"dodo.py": DODO.format(result=result), "config.py": text, "in.txt": ""}
    project = doit_project(files)
    project.run().assert_executed("a")
    project.run().assert_up_to_date("a")
    before = project.read("out.txt")
    project.edit("config.py", old, new)
    project.run().assert_executed("a")
    assert project.read("out.txt") != before


# Values that raise when they are inspected. Plain doit does not inspect values.
STUBBORN = {
    "the class of a lazy object": (
        "class Lazy:\n    @property\n    def __class__(self):\n        raise RuntimeError('no')\n"
        "value = Lazy()\n"
    ),
    "a proxy of what is gone": "import weakref\nclass A:\n    pass\nvalue = weakref.proxy(A())\n",
    "a class that can't be hashed": (
        "class M(type):\n    def __eq__(cls, other):\n        return True\n"
        "class A(metaclass=M):\n    pass\nvalue = A()\n"
    ),
    "a class without a module": "class A:\n    __module__ = None\nvalue = A()\n",
    "a long linked list": (
        "class Node:\n    def __init__(self, next):\n        self.next = next\nvalue = None\n"
        "for _ in range(2000):\n    value = Node(value)\n"
    ),
    "nonsense from __reduce_ex__": (
        "class A:\n    __slots__ = ()\n    def __reduce_ex__(self, protocol):\n        return 5\n"
        "value = A()\n"
    ),
    "a __dict__ that raises": (
        "class A:\n    @property\n    def __dict__(self):\n        raise RuntimeError('no')\n"
        "value = A()\n"
    ),
}


@pytest.mark.parametrize("name", STUBBORN)
def test_values_that_stopped_a_task(doit_project: Make, name: str) -> None:
    """The value is left out, and everything else of the function still counts."""
    dodo = DODO.format(result="(type(config.value) is None, helper())")
    dodo = dodo.replace("def work", "def helper():\n    return 1\ndef work")
    # Two tasks: what was half known after the first one must not pass for all to the second.
    dodo += 'def task_b():\n    return {**task_a(), "targets": ["b.txt"]}\n'
    project = doit_project({"dodo.py": dodo, "config.py": STUBBORN[name], "in.txt": ""})
    project.run().assert_executed("a", "b")
    project.run().assert_executed()
    project.edit("dodo.py", "return 1", "return 2")
    project.run().assert_executed("a", "b")


SETS = """
import functools
def f(x): return 1
def g(x): return 2
class A:
    def __init__(self, x): self.x = x
    def r(self): return self.x
S = {functools.partial(f, 1), functools.partial(g, 1), A(1).r, A(2).r}
T = {(1, f), (1, g)}
"""


def test_sets_of_code_do_not_flap(doit_project: Make) -> None:
    """The items of a set are distinguished by content, with every seed of hashes."""
    dodo = DODO.format(result="(len(config.S), len(config.T))")
    project = doit_project({"dodo.py": dodo, "config.py": SETS, "in.txt": ""})
    project.run(process=True).assert_executed("a")
    for seed in "12345":
        project.run(process=True, env={"PYTHONHASHSEED": seed}).assert_up_to_date("a")


COMMAND = """
from doit.action import CmdAction
def write():
    with open("calls.txt", "a") as out:
        out.write("x")
    return "echo hi > out.txt"
def stop():
    raise SystemExit(3)
def task_a():
    return {"actions": [CmdAction(write)], "file_dep": ["in.txt"], "targets": ["out.txt"]}
def task_b():
    return {"actions": [CmdAction(stop)], "file_dep": ["in.txt"]}
def task_c():
    return {"actions": ["true"], "file_dep": ["in.txt"]}
"""


def test_functions_that_write_commands_are_called_once(doit_project: Make) -> None:
    """Once for a check, never for a task that is not selected, and what they raise stays there."""
    project = doit_project({"dodo.py": COMMAND, "in.txt": "", "calls.txt": ""})
    project.run("c").assert_executed("c")
    assert project.read("calls.txt") == ""
    project.run("a").assert_executed("a")
    project.write({"calls.txt": ""})
    project.run("a").assert_up_to_date("a")
    assert project.read("calls.txt") == "x"


GETARGS = """
def give(): return {"x": 1, "y": 2}
def take(n): print(n)
def task_s():
    return {"actions": [give], "uptodate": [True], "file_dep": ["in.txt"]}
def task_a():
    return {"actions": [take], "getargs": {"n": ("s", "x")}, "file_dep": ["in.txt"]}
"""


def test_getargs_that_are_edited(doit_project: Make) -> None:
    """Another value of another task is another argument."""
    project = doit_project({"dodo.py": GETARGS, "in.txt": ""})
    project.run().assert_success()
    project.run().assert_executed()
    project.edit("dodo.py", '("s", "x")', '("s", "y")')
    project.run().assert_executed("a")
