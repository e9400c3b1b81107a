"""Edits of the values that a function works with: defaults, closures, globals."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, gives

DEFAULTS = Group("defaults")
CLOSURES = Group("closures")
GLOBALS = Group("globals")
GROUPS = (DEFAULTS, CLOSURES, GLOBALS)

for _name, _says, _definitions, _result, _old, _new in (
    ("helper_default", "The default of a helper is edited.", "def f(x=3):\n    return x\n", "f()", "x=3", "x=4"),
    ("helper_kwonly", "The keyword-only default of a helper is edited.", "def f(*, x=3):\n    return x\n", "f()", "x=3", "x=4"),
    ("mutable", "A list that is a default is edited.", "def f(x=[1, 2]):\n    return x\n", "f()", "[1, 2]", "[1, 3]"),
    ("dict", "A nested dict that is a default is edited.", "def f(x={'a': {'b': 1}}):\n    return x\n", "f()", "'b': 1", "'b': 2"),
    ("of_lambda", "The default of a lambda is edited.", "f = lambda x=3: x\n", "f()", "x=3", "x=4"),
    ("other_type", "A default becomes the equal float.", "def f(x=3):\n    return x\n", "f()", "x=3", "x=3.0"),
    ("by_expression", "The global that a default is computed from is edited.", "N = 3\ndef f(x=N + 1):\n    return x\n", "f()", "N = 3", "N = 4"),
    ("function", "The function that is a default is edited.", "def g():\n    return 1\ndef f(call=g):\n    return call()\n", "f()", "return 1", "return 2"),
    ("which_function", "Another function becomes the default.", "def g():\n    return 1\ndef h():\n    return 2\ndef f(call=g):\n    return call()\n", "f()", "call=g", "call=h"),
    ("swapped", "The defaults of two parameters swap.", "def f(x=1, y=2):\n    return x, y\n", "f()", "x=1, y=2", "x=2, y=1"),
    ("set_later", "A default is set on the function itself.", "def f(x=1):\n    return x\nf.__defaults__ = (2,)\n", "f()", "(2,)", "(3,)"),
    ("attribute", "An attribute of the function is edited.", "def f():\n    return f.limit\nf.limit = 1\n", "f()", "limit = 1", "limit = 2"),
    ("method_default", "The default of a method is edited.", "class C:\n    def f(self, x=3):\n        return x\n", "C().f()", "x=3", "x=4"),
):  # fmt: skip
    DEFAULTS.run(_name, _says, gives(_result, _definitions), (_old, _new))

_OWN = """
def work(targets, %s):
    with open(targets[0], "w") as out:
        out.write(repr(x))
"""
DEFAULTS.run("own", "A default of the action itself is edited.", _OWN % "x=3", _OWN % "x=4")
DEFAULTS.run("own_kwonly", "A keyword-only default of the action itself is edited.",
             _OWN % "*, x=3", _OWN % "*, x=4")  # fmt: skip
DEFAULTS.run("own_object", "An attribute of an object that is a default of the action is edited.",
             "from types import SimpleNamespace\n" + _OWN % "x=SimpleNamespace(a=1)",
             ("a=1", "a=2"))  # fmt: skip

_MAKER = """
def make(value):
    def work(targets):
        with open(targets[0], "w") as out:
            out.write(repr(%s))
    return work

work = make(%s)
"""
for _name, _says, _use, _old, _new in (
    ("int", "An integer in a closure is another.", "value", "3", "4"),
    ("text", "Only white space in a string differs.", "value", "'a b'", "'a  b'"),
    ("dict", "A value in a dict is another.", "value", "{'a': 1}", "{'a': 2}"),
    ("dict_key", "A key that begins with underscores is another.", "value", "{'__a': 1}", "{'__b': 1}"),
    ("set", "An element of a set is another.", "sorted(value)", "{'a', 'b'}", "{'a', 'c'}"),
    ("list", "The elements of a list swap places.", "value", "[1, 2]", "[2, 1]"),
    ("repeated", "An element of a list is repeated.", "value", "[1, 2]", "[1, 1, 2]"),
    ("nested_list", "An element deep in a list is another.", "value", "[[1, [2, {'a': [3]}]]]", "[[1, [2, {'a': [4]}]]]"),
    ("long", "An element in the middle of a long list is another.", "value[500]", "list(range(1000))", "[-n for n in range(1000)]"),
    ("type", "An integer becomes the equal bool.", "value", "[1]", "[True]"),
    ("lambda", "A lambda in a closure is edited.", "value(1)", "lambda x: x", "lambda x: -x"),
    ("class", "Another class is in the closure.", "value('1')", "int", "float"),
    ("builtin", "Another builtin function is in the closure.", "value([1, 2])", "min", "max"),
    ("bound_method", "A bound method of another object is in the closure.", "value('c')", "'a'.__add__", "'b'.__add__"),
):  # fmt: skip
    CLOSURES.run(_name, _says, _MAKER % (_use, _old), _MAKER % (_use, _new))

CLOSURES.run(
    "two_cells", "Two variables of a closure swap their values.",
    _MAKER.replace("make(value)", "make(value, other)") % ("(value, other)", "1, 2"),
    ("make(1, 2)", "make(2, 1)"),
)  # fmt: skip
CLOSURES.run(
    "helper_in_closure", "The body of a function in a closure is edited.",
    "def helper():\n    return 1\n" + _MAKER % ("value()", "helper"), ("return 1", "return 2"),
)  # fmt: skip
CLOSURES.run(
    "outer_of_outer", "A variable of a function two levels further out is edited.",
    gives("f()", "def a():\n    n = 1\n    def b():\n        def c():\n            return n\n"
          "        return c\n    return b()\nf = a()\n"),
    ("n = 1", "n = 2"),
)  # fmt: skip
CLOSURES.run(
    "loop_variable", "The variable of a loop that makes functions has another last value.",
    gives("FUNCTIONS[0]()", "def make():\n    found = []\n    for n in range(3):\n"
          "        found.append(lambda: n)\n    return found\nFUNCTIONS = make()\n"),
    ("range(3)", "range(4)"),
)  # fmt: skip

for _name, _says, _definitions, _result, _old, _new in (
    ("int", "A global is edited.", "LIMIT = 3\n", "LIMIT", "LIMIT = 3", "LIMIT = 4"),
    ("type", "A global becomes the equal float.", "LIMIT = 3\n", "LIMIT", "= 3", "= 3.0"),
    ("spaces", "White space in a global text is edited.", "SEP = ' '\n", "SEP", "' '", "'  '"),
    ("dict", "A value in a global dict is edited.", "D = {'a': {'b': [1]}}\n", "D", "[1]", "[2]"),
    ("list", "An element is added to a global list.", "L = [1]\n", "L", "[1]", "[1, 2]"),
    ("set", "An element is added to a global set.", "S = {'a'}\n", "sorted(S)", "{'a'}", "{'a', 'b'}"),
    ("attribute", "A global that is only used through a method is edited.", "L = [3, 1]\n", "L.index(1)", "[3, 1]", "[1, 3]"),
    ("by_helper", "A global that only a helper reads is edited.", "N = 1\ndef f():\n    return N\n", "f()", "N = 1", "N = 2"),
    ("by_nested", "A global that only a nested function reads is edited.", "N = 1\ndef f():\n    def g():\n        return N\n    return g()\n", "f()", "N = 1", "N = 2"),
    ("by_comprehension", "A global that only a comprehension reads is edited.", "N = 1\n", "[N for _ in range(2)]", "N = 1", "N = 2"),
    ("by_lambda", "A global that only a lambda reads is edited.", "N = 1\nf = lambda: N\n", "f()", "N = 1", "N = 2"),
    ("by_class_body", "A global that only a class body reads is edited.", "N = 1\ndef f():\n    class C:\n        n = N\n    return C.n\n", "f()", "N = 1", "N = 2"),
    ("by_method", "A global that only a method reads is edited.", "N = 1\nclass C:\n    def f(self):\n        return N\n", "C().f()", "N = 1", "N = 2"),
    ("by_nested_default", "A global that only the default of a nested function reads is edited.", "N = 1\ndef f():\n    def g(x=N):\n        return x\n    return g()\n", "f()", "N = 1", "N = 2"),
    ("computed", "The global that a global is computed from is edited.", "A = 1\nB = A + 1\n", "B", "A = 1", "A = 2"),
    ("by_function", "A function that computes a global at import is edited.", "def start():\n    return 1\nN = start()\n", "N", "return 1", "return 2"),
    ("appended", "What is appended to a global at import is edited.", "L = [1]\nL.append(2)\n", "L", "append(2)", "append(3)"),
    ("assigned_twice", "The second assignment to a global is edited.", "N = 1\nN = 2\n", "N", "N = 2", "N = 3"),
    ("below", "A global that is assigned below the function is edited.", "def f():\n    return N\nN = 1\n", "f()", "N = 1", "N = 2"),
    ("conditional", "The condition that chooses a global is edited.", "N = 1 if True else 2\n", "N", "if True", "if False"),
    ("shadowed_builtin", "A builtin is shadowed by a function of the same name.", "def unused():\n    return 0\n", "len('ab')", "def unused():", "def len(x):"),
    ("which_import", "Another C function is imported under the name.", "from math import floor as cut\n", "cut(1.5)", "floor as", "ceil as"),
    ("which_module", "Another module is imported under the name.", "import posixpath as paths\n", "paths.sep", "posixpath", "ntpath"),
    ("which_class", "Another class of the library is imported under the name.", "from collections import UserDict as kind\n", "kind.__name__", "UserDict", "UserList"),
    ("other_name", "Another global of the same kind is read.", "A = 1\nB = 2\n", "A", "repr(A)", "repr(B)"),
    ("deleted", "A global that hid a builtin is taken away.", "abs = round\n", "abs(-1.2)", "abs = round", "unused = round"),
    ("dynamic", "A global that is read by its name as a string is edited.", "LIMIT = 1\n", "globals()['LIMIT']", "LIMIT = 1", "LIMIT = 2"),
):  # fmt: skip
    GLOBALS.run(_name, _says, gives(_result, _definitions), (_old, _new))
