"""Stories about objects that raise when they are inspected: no task fails, their code counts."""

from __future__ import annotations

import importlib.util

from tests.support import Make

#: Each defines ``Odd``; what is edited stands for ``@@``.
CLASSES = {
    "attributes": "class Odd:\n    n = @@\n    def __getattr__(self, name):\n        1 / 0",
    "all": "class Odd:\n    n = @@\n    def __getattribute__(self, name):\n        1 / 0",
    "class": "class Odd:\n    n = @@\n    @property\n    def __class__(self):\n        1 / 0",
    "dict": "class Odd:\n    n = @@\n    @property\n    def __dict__(self):\n        1 / 0",
    "items": "class Odd(list):\n    n = @@\n    def __iter__(self):\n        raise OSError()",
    "values": "class Odd(dict):\n    n = @@\n    def values(self):\n        raise OSError()",
    "path": "class Odd:\n    n = @@\n    def __fspath__(self):\n        raise OSError()",
    "hash": "class Odd(str):\n    n = @@\n    def __hash__(self):\n        raise OSError()",
    "equal": "class Odd:\n    n = @@\n    def __eq__(self, other):\n        raise OSError()",
    "module": (
        "import sys, types\nclass Kind(types.ModuleType):\n    n = @@\n"
        "    def __getattr__(self, name):\n        raise OSError(name)\n"
        "def Odd():\n    return sys.modules.setdefault('by_hand', Kind('by_hand'))"
    ),
}
LAZY = """
import wrapt
class Mine(wrapt.LazyObjectProxy):
    n = @@
def connect():
    raise SystemExit("connected @@")
def Odd(kind={kind}):
    return kind(connect)
"""
if importlib.util.find_spec("wrapt") is not None:
    CLASSES["lazy"] = LAZY.format(kind="wrapt.LazyObjectProxy")
    CLASSES["lazy_of_ours"] = LAZY.format(kind="Mine")

DODO = """
import importlib

def take(*given, **named):
    given is None

def task_use():
    for name in {names!r}:
        m = importlib.import_module("of_" + name)
        for how, action in {{
            "global": m.use,
            "closure": m.close(m.v),
            "argument": (take, [m.v]),
            "inside": (take, [[m.v]], {{"more": {{"of": (1, m.v)}}}}),
        }}.items():
            yield {{"name": f"{{name}}:{{how}}", "actions": [action], "file_dep": ["in.txt"]}}
"""
USES = """
v = Odd()

def use():
    v is None

def close(held):
    def action():
        held is None
    return action
"""


def files(number: int) -> dict[str, str]:
    """Return a module for each class."""
    return {f"of_{name}.py": one.replace("@@", str(number)) + USES for name, one in CLASSES.items()}


def test_objects_that_raise(doit_project: Make) -> None:
    """They are up-to-date after a run, and an edit of their class runs each task that has one."""
    dodo = DODO.format(names=list(CLASSES))
    project = doit_project({"dodo.py": dodo, "in.txt": "", **files(1)})

    def run(seed: str, *arguments: str) -> list[str]:
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": "."}
        return project.run(*arguments, process=True, env=env).assert_success().executed

    assert len(run("1")) == 4 * len(CLASSES)
    assert run("2") == []
    run("1", "list", "-s", "--all")
    run("1", "invariants", "why")
    project.write(files(2))
    assert len(run("3")) == 4 * len(CLASSES)
