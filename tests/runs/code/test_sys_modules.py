"""Stories about modules that a function takes from ``sys.modules``."""

from __future__ import annotations

import pytest

from tests.support import Make

HELPER = {
    "subscript": 'sys.modules["helper"].f()',
    "name": 'modules["helper"].f()',
    "get": 'sys.modules.get("helper").f()',
    "alias": 'LOADED["helper"].f()',
    "inside": '[sys.modules[n].f() for n in ("helper",)]',
    "dotted": 'sys.modules["pack.helper"].f()',
}
OWN = {
    "getattr": 'getattr(sys.modules[__name__], "own_" + "value")()',
    "vars": 'vars(sys.modules[__name__])["own_value"]()',
    "module": "sys.modules[own_getattr.__module__].own_value()",
    "method": "Own().value()",
}
NEITHER = {"asks": '"json" in sys.modules', "version": "(sys.version_info[0], own_version())"}
DODO = """
import sys
from sys import modules
import helper, pack.helper
LOADED = sys.modules

class Own:
    def value(self):
        return getattr(sys.modules[self.__module__], "own_value")()

def own_value():
    return 1

def own_version():
    return __name__

def unused():
    return 1

def local(targets):
    import sys
    open(targets[0], "w").write(str(sys.modules["helper"].f()))

def task_local():
    return {"actions": [local], "file_dep": ["in.txt"], "targets": ["local.txt"]}
"""


def dodo() -> str:
    """Return a dodo.py with one task for each way."""
    parts = [
        f"""
def {prefix}_{name}(targets):
    open(targets[0], "w").write(repr({text}))

def task_{name}():
    return {{"actions": [{prefix}_{name}], "file_dep": ["in.txt"], "targets": ["{name}.txt"]}}
"""
        for prefix, ways in (("h", HELPER), ("own", OWN), ("no", NEITHER))
        for name, text in ways.items()
    ]
    return DODO + "".join(parts)


MODULE = "def f():\n    return 1\n"
FILES = {"in.txt": "", "helper.py": MODULE, "pack/__init__.py": "", "pack/helper.py": MODULE}


@pytest.mark.parametrize("process", [False, True])
def test_all_of_such_a_module_counts(doit_project: Make, process: bool) -> None:
    """That of the function itself as well, where it may be meant; of no other module any."""
    project = doit_project({"dodo.py": dodo(), **FILES})
    every = [*HELPER, *OWN, *NEITHER, "local"]
    project.run(process=process).assert_executed(*every)
    project.run(process=process).assert_up_to_date(*every)
    project.edit("helper.py", "return 1", "return 2")
    of_helper = [name for name in (*HELPER, "local") if name != "dotted"]
    assert set(project.run(process=process).executed) == {
        *of_helper,
        "getattr",
        "vars",
        "module",
        "method",
    }
    assert project.read("subscript.txt") == "2"
    project.edit("pack/helper.py", "return 1", "return 2")
    assert "dotted" in project.run(process=process).executed
    project.edit("dodo.py", "def own_value():\n    return 1", "def own_value():\n    return 2")
    assert set(project.run(process=process).executed) == set(OWN)
    assert project.read("getattr.txt") == project.read("method.txt") == "2"
    project.run(process=process).assert_up_to_date(*every)


def test_what_is_not_known_is_shown(doit_project: Make) -> None:
    """A module whose name is made when the code runs does not count."""
    text = """
import sys
def show(name, targets):
    open(targets[0], "w").write(str(sys.modules[name]))
def task_show():
    return {"actions": [(show, ["json"])], "file_dep": ["in.txt"], "targets": ["show.txt"]}
"""
    project = doit_project({"dodo.py": text, "in.txt": ""})
    project.run().assert_executed("show")
    shown = project.run("invariants", "show", "show").stdout
    assert "a module whose name is known only at run time" in shown, shown
