"""Edits that change nothing: renames, moves, code that nothing uses."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from collections.abc import Mapping

from .model import Change, Files, Group, gives, nested, task_with

RENAMES = Group("renames")
MOVES = Group("moves")
UNUSED = Group("unused code")
GROUPS = (RENAMES, MOVES, UNUSED)

_start: str | Files
_changes: Mapping[str, Change]

_F = "def f(x):\n    y = x + 1\n    return y\n"
_BASE = gives("f(2)", _F)
_ACTION = "def work(targets):\n    with open(targets[0], 'w') as out:\n        out.write('1')\n"
_C = "class C:\n    def f(self):\n        return 1\n"

for _name, _says, _before, _after in (
    ("action", "The action is renamed.", task_with('"actions": [work]', _ACTION), task_with('"actions": [write]', _ACTION.replace("work", "write"))),
    ("helper", "A helper is renamed, with its call.", _BASE, gives("add(2)", _F.replace("f(x)", "add(x)"))),
    ("helper_of_helper", "The helper of a helper is renamed, with its call.", gives("g(2)", _F + "def g(x):\n    return f(x)\n"), gives("g(2)", _F.replace("f(x)", "add(x)") + "def g(x):\n    return add(x)\n")),
    ("recursive", "A recursive helper is renamed, with its calls.", gives("f(3)", "def f(n):\n    return n and f(n - 1)\n"), gives("g(3)", "def g(n):\n    return n and g(n - 1)\n")),
    ("local", "A local variable is renamed.", _BASE, _BASE.replace("y", "z")),
    ("two_locals", "Two local variables are renamed.", gives("f(2)", "def f(x):\n    a = x\n    b = a + 1\n    return a, b\n"), gives("f(2)", "def f(x):\n    first = x\n    second = first + 1\n    return first, second\n")),
    ("locals_change_order", "Two local variables are renamed so that their alphabetical order turns.", gives("f(2)", "def f(x):\n    a = x\n    b = a + 1\n    return a, b\n"), gives("f(2)", "def f(x):\n    z = x\n    c = z + 1\n    return z, c\n")),
    ("file_variable", "A local variable of the action is renamed.", _BASE, _BASE.replace(" out:", " file:").replace("out.write", "file.write")),
    ("loop_variable", "The variable of a comprehension is renamed.", gives("[n for n in range(2)]"), gives("[i for i in range(2)]")),
    ("exception_variable", "The variable of a handler is renamed.", gives("f()", "def f():\n    try:\n        int('x')\n    except ValueError as e:\n        return len(e.args)\n"), gives("f()", "def f():\n    try:\n        int('x')\n    except ValueError as error:\n        return len(error.args)\n")),
    ("closure_variable", "A variable that a nested function closes over is renamed.", gives("f()", "def f():\n    a = 1\n    def g():\n        return a\n    return g()\n"), gives("f()", "def f():\n    b = 1\n    def g():\n        return b\n    return g()\n")),
    ("nested_function", "A nested function is renamed, with its call.", gives("f()", "def f():\n    def g():\n        return 1\n    return g()\n"), gives("f()", "def f():\n    def h():\n        return 1\n    return h()\n")),
    ("lambda", "The name of a lambda is another.", gives("f(1)", "f = lambda x: x\n"), gives("g(1)", "g = lambda x: x\n")),
    ("lambda_to_other_place", "A lambda in a table gets another variable.", gives("T['a'](1)", "f = lambda x: x\nT = {'a': f}\n"), gives("T['a'](1)", "g = lambda x: x\nT = {'a': g}\n")),
    ("import_alias", "The alias of a module is another.", gives("m.floor(1.5)", "import math as m\n"), gives("mathematics.floor(1.5)", "import math as mathematics\n")),
    ("global", "A global is renamed, with its use.", gives("N", "N = 1\n"), gives("LIMIT", "LIMIT = 1\n")),
    ("class", "A class is renamed, with its use.", gives("C().f()", _C), gives("D().f()", _C.replace("class C", "class D"))),
    ("creator", "A name of the task-creator is renamed.", _ACTION + 'def task_work():\n    deps = ["in.txt"]\n    return {"actions": [work], "file_dep": deps, "targets": ["out.txt"]}\n', _ACTION + 'def task_work():\n    inputs = ["in.txt"]\n    return {"actions": [work], "file_dep": inputs, "targets": ["out.txt"]}\n'),
):  # fmt: skip
    if "local" in _name or "variable" in _name:
        RENAMES.keep(f"{_name}_inside", _says, *nested(_before, _after))
    RENAMES.keep(_name, _says, _before, _after)

_G = "def g():\n    return 5\n"
for _name, _says, _start, _changes in (
    ("down", "A helper moves below the action.", _BASE, {"dodo.py": gives("f(2)") + _F}),
    ("lines_above", "Lines are added above everything.", _BASE, {"dodo.py": "\n" * 9 + _BASE}),
    ("swapped", "Two helpers swap places.", gives("f(g())", _F + _G), {"dodo.py": gives("f(g())", _G + _F)}),
    ("task_up", "The task-creator moves above the action.", _BASE, {"dodo.py": 'def task_work():\n    return {"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}\n' + _BASE}),
    ("to_module", "A helper moves to a module and is imported.", _BASE, {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _F}),
    ("action_to_module", "The action moves to a module and is imported.", _ACTION, {"dodo.py": "from steps import work\n", "steps.py": _ACTION}),
    ("from_module", "A helper moves from its module into the dodo.py.", {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _F}, {"dodo.py": _BASE, "helpers.py": None}),
    ("module_renamed", "A module is renamed.", {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _F}, {"dodo.py": gives("f(2)", "from tools import f\n"), "helpers.py": None, "tools.py": _F}),
    ("module_into_package", "A module moves into a package.", {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _F}, {"dodo.py": gives("f(2)", "from pkg.helpers import f\n"), "helpers.py": None, "pkg/__init__.py": "", "pkg/helpers.py": _F}),
    ("within_module", "Functions of a module swap places.", {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _F + _G}, {"helpers.py": _G + _F}),
    ("class_to_module", "A class moves to a module and is imported.", gives("C().f()", _C), {"dodo.py": gives("C().f()", "from helpers import C\n"), "helpers.py": _C}),
    ("with_its_global", "A helper moves to a module together with the global that it reads.", gives("f()", "N = 1\ndef f():\n    return N\n"), {"dodo.py": gives("f()", "from helpers import f\n"), "helpers.py": "N = 1\ndef f():\n    return N\n"}),
    ("into_condition", "A helper moves under a condition that holds.", _BASE, {"dodo.py": gives("f(2)", "if True:\n" + "".join(f"    {line}\n" for line in _F.splitlines()))}),
    ("constant_to_module", "A constant moves to a module and is imported.", gives("N", "N = 1\n"), {"dodo.py": gives("N", "from settings import N\n"), "settings.py": "N = 1\n"}),
    ("imports_sorted", "The imports are sorted.", gives("floor(ceil(1.5))", "from math import floor\nfrom math import ceil\n"), {"dodo.py": gives("floor(ceil(1.5))", "from math import ceil, floor\n")}),
):  # fmt: skip
    MOVES.keep(_name, _says, _start, _changes)

_MODULE = {
    "dodo.py": gives("helpers.f(2)", "import helpers\n"),
    "helpers.py": _F + _G + "LIMIT = 1\n",
}
for _name, _says, _start, _changes in (
    ("function", "A function is added that nothing calls.", _BASE, {"dodo.py": _BASE + "\n\ndef unused():\n    return 1\n"}),
    ("function_edited", "A function that nothing calls is edited.", gives("f(2)", _F + _G), {"dodo.py": ("return 5", "return 6")}),
    ("global", "A global is added that nothing reads.", _BASE, {"dodo.py": "UNUSED = 1\n" + _BASE}),
    ("global_edited", "A global that nothing reads is edited.", "UNUSED = 1\n" + _BASE, {"dodo.py": ("UNUSED = 1", "UNUSED = 2")}),
    ("import", "An import is added that nothing uses.", _BASE, {"dodo.py": "import json\n" + _BASE}),
    ("class", "A class is added that nothing uses.", _BASE, {"dodo.py": "class Unused:\n    x = 1\n" + _BASE}),
    ("task", "A task is added.", _BASE, {"dodo.py": _BASE + '\n\ndef task_work():\n    return {"actions": [work], "file_dep": ["in.txt"], "targets": ["out.txt"]}\n\ndef task_other():\n    return {"actions": ["true"], "uptodate": [True]}\n'}),
    ("in_module", "A function of an imported module that nothing calls is edited.", _MODULE, {"helpers.py": ("return 5", "return 6")}),
    ("constant_in_module", "A constant of an imported module that nothing reads is edited.", _MODULE, {"helpers.py": ("LIMIT = 1", "LIMIT = 2")}),
    ("added_to_module", "A function is added to an imported module.", _MODULE, {"helpers.py": _MODULE["helpers.py"] + "\n\ndef unused():\n    return 1\n"}),
    ("other_file", "A Python file is added that nothing imports.", _BASE, {"other.py": "x = 1\n"}),
    ("counter_at_import", "A message that is shown at import is edited.", "NOTE = 'loaded'\nlen(NOTE)\n" + _BASE, {"dodo.py": ("'loaded'", "'ready'")}),
):  # fmt: skip
    UNUSED.keep(_name, _says, _start, _changes)
