"""Edits seen by ``Function(...)`` alone: implicit tracking is off."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group

EXPLICIT = Group("explicit Function")
GROUPS = (EXPLICIT,)

_DODO = """
from doit_invariants import Function
{definitions}

def work(targets):
    with open(targets[0], "w") as out:
        out.write(repr({result}))


def task_work():
    return {{
        "actions": [work],
        "file_dep": ["in.txt"],
        "targets": ["out.txt"],
        "track_code": False,
        "invariants": [Function({function})],
    }}
"""

_F = "def f():\n    return 1\n"
for _name, _says, _definitions, _result, _function, _old, _new in (
    ("body", "The body of the function is edited.", _F, "f()", "f", "return 1", "return 2"),
    ("default", "A default is edited.", "def f(x=1):\n    return x\n", "f()", "f", "x=1", "x=2"),
    ("kwonly", "A keyword-only default is edited.", "def f(*, x=1):\n    return x\n", "f()", "f", "x=1", "x=2"),
    ("closure", "A value in the closure is edited.", "def make(x):\n    return lambda: x\nf = make(1)\n", "f()", "f", "make(1)", "make(2)"),
    ("global", "A global is edited.", "N = 1\ndef f():\n    return N\n", "f()", "f", "N = 1", "N = 2"),
    ("helper", "A helper is edited.", _F + "def g():\n    return f()\n", "g()", "g", "return 1", "return 2"),
    ("lambda", "The second of two lambdas on a line is edited.", "f, g = (lambda: 1), (lambda: 2)\n", "g()", "g", "lambda: 2", "lambda: 3"),
    ("method", "The state of the object of a bound method is edited.", "class C:\n    def __init__(self, x):\n        self.x = x\n    def f(self):\n        return self.x\nc = C(1)\n", "c.f()", "c.f", "C(1)", "C(2)"),
    ("partial", "The argument of a partial is edited.", "from functools import partial\ndef f(x):\n    return x\np = partial(f, 1)\n", "p()", "p", "(f, 1)", "(f, 2)"),
    ("callable", "The state of a callable object is edited.", "class C:\n    def __init__(self, x):\n        self.x = x\n    def __call__(self):\n        return self.x\nc = C(1)\n", "c()", "c", "C(1)", "C(2)"),
    ("class", "A class is given, and a method of it is edited.", "class C:\n    def f(self):\n        return 1\n", "C().f()", "C", "return 1", "return 2"),
    ("decorated", "The function under lru_cache is edited.", "from functools import lru_cache\n@lru_cache\n" + _F, "f()", "f", "return 1", "return 2"),
    ("builtin", "Another builtin is given.", "f = min\n", "f(1, 2)", "f", "f = min", "f = max"),
    ("named", "The function with a name is edited.", _F, "f()", 'f, name="step"', "return 1", "return 2"),
    ("generated", "A function that exec made is edited.", "exec('def f(): return 1')\n", "f()", "f", "return 1", "return 2"),
    ("follow_off", "With follow=False the function itself is edited.", _F, "f()", "f, follow=False", "return 1", "return 2"),
    ("self", "The action itself is edited.", "", "1", "work", "repr(1)", "repr(2)"),
):  # fmt: skip
    _dodo = _DODO.format(definitions=_definitions, result=_result, function=_function)
    EXPLICIT.run(_name, _says, _dodo, (_old, _new))

for _name, _says, _definitions, _result, _function, _old, _new in (
    ("untracked", "A function that is not given is edited.", _F + "def g():\n    return 5\n", "f()", "f", "return 5", "return 6"),
    ("comment", "A comment is added.", _F, "f()", "f", "return 1", "return 1  # one"),
    ("docstring", "A docstring is added.", _F, "f()", "f", "def f():\n", 'def f():\n    """One."""\n'),
    ("annotation", "An annotation is added.", _F, "f()", "f", "def f():", "def f() -> int:"),
    ("renamed", "The function is renamed.", _F + "g = f\n", "g()", "g", "def f():\n    return 1\ng = f\n", "def one():\n    return 1\ng = one\n"),
    ("named_renamed", "The function is renamed, and has a name.", _F + "g = f\n", "g()", 'g, name="step"', "def f():\n    return 1\ng = f\n", "def one():\n    return 1\ng = one\n"),
    ("moved", "Lines are added above the function.", _F, "f()", "f", "def f():", "\n\n\ndef f():"),
):  # fmt: skip
    _dodo = _DODO.format(definitions=_definitions, result=_result, function=_function)
    EXPLICIT.keep(f"{_name}_kept", _says, _dodo, (_old, _new))
