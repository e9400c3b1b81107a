# ruff: noqa: E501 - each case is a row of a table
"""Edits that trap a fingerprint: look-alikes, cycles, side effects of imports, patches."""

from __future__ import annotations

from .model import Group, gives

ALIKE = Group("look-alikes and cycles")
EFFECTS = Group("registries and patches")
CORNERS = Group("corners of the language")
GROUPS = (ALIKE, EFFECTS, CORNERS)

_AB = "def a():\n    return 1\ndef b():\n    return 2\n"
_PAIR = (
    "def a(n):\n    return b(n - 1) if n else 'x'\ndef b(n):\n    return a(n - 1) if n else 'y'\n"
)
_READS = "N = %d\ndef f():\n    return N\n"
_CALLS = "def g():\n    return %d\ndef f():\n    return g()\n"
_HAS = "class C:\n    def f(self):\n        return %d\n"
_CHAIN = "".join(f"def f{i}():\n    return f{i + 1}()\n" for i in range(150))
_WIDE = "".join(f"def f{i}():\n    return {i}\n" for i in range(200))
_TABLE = "T = [" + ", ".join(f"f{i}" for i in range(200)) + "]\n"
_HEIRS = "class B0:\n    x = 1\n" + "".join(
    f"class B{i}(B{i - 1}):\n    pass\n" for i in range(1, 50)
)

for _name, _says, _definitions, _result, _old, _new in (
    ("globals_swapped", "Two globals swap their values.", "A = 1\nB = 2\n", "(A, B)", "A = 1\nB = 2", "A = 2\nB = 1"),
    ("reads_swapped", "The reads of two globals swap places.", "A = 1\nB = 2\n", "(A, B)", "(A, B)", "(B, A)"),
    ("callees_swapped", "Two functions swap whom they call.", _AB + "def u():\n    return a()\ndef v():\n    return b()\n", "(u(), v())", "return a()\ndef v():\n    return b()", "return b()\ndef v():\n    return a()"),
    ("arguments_swapped", "Two functions that are passed swap places.", _AB + "def u(x, y):\n    return x(), y()\n", "u(a, b)", "u(a, b)", "u(b, a)"),
    ("closures_swapped", "Two functions of equal code with other closures swap places.", "def make(x):\n    return lambda: x\na = make(1)\nb = make(2)\nT = [a, b]\n", "T[0]()", "[a, b]", "[b, a]"),
    ("classes_swapped", "The reads of two classes swap places.", "class A:\n    x = 1\nclass B:\n    x = 2\n", "(A.x, B.x)", "(A.x, B.x)", "(B.x, A.x)"),
    ("cycle_entry", "A cycle of two functions is entered at the other.", _PAIR, "a(1)", "repr(a(1))", "repr(b(1))"),
    ("cycle_roles", "The calls of two functions in a cycle swap places.", _PAIR, "(a(1), b(2))", "(a(1), b(2))", "(b(1), a(2))"),
    ("cycle_becomes_loop", "One of two functions in a cycle calls itself instead.", _PAIR, "(a(2), a(3))", "return a(n - 1) if n else 'y'", "return b(n - 1) if n else 'y'"),
    ("cycle_broken", "A function leaves a cycle of functions of equal code.", "def a(n):\n    return a(n - 1) if n else 'x'\ndef b(n):\n    return a(n - 1) if n else 'x'\ndef c(n):\n    return n\n", "b(1)", "def b(n):\n    return a", "def b(n):\n    return c"),
    ("cycle_of_classes", "One of two classes that use each other is edited.", "class A:\n    def f(self):\n        return B.x\nclass B:\n    x = 1\n    def f(self):\n        return A\n", "A().f()", "x = 1", "x = 2"),
    ("recursive_closure", "A function that finds itself in its closure is edited.", "def make():\n    def f(n):\n        return n and f(n - 1) or 1\n    return f\nf = make()\n", "f(3)", "or 1", "or 2"),
    ("long_chain", "The last of a chain of a hundred and fifty functions is edited.", _CHAIN + "def f150():\n    return 'end'\n", "f0()", "'end'", "'fin'"),
    ("many", "One of two hundred functions in a table is edited.", _WIDE + _TABLE, "sum(f() for f in T)", "return 157\n", "return -157\n"),
    ("many_bases", "The first of fifty classes that inherit is edited.", _HEIRS, "B49.x", "x = 1", "x = 2"),
    ("set_of_bool", "A number in a set becomes the equal bool.", "S = {1}\n", "S", "{1}", "{True}"),
    ("key_of_float", "The key of a dict becomes the equal float.", "D = {1: 'a'}\n", "D", "{1:", "{1.0:"),
    ("member_and_number", "A member of an enum becomes the equal number.", "from enum import IntEnum\nclass E(IntEnum):\n    A = 1\nV = E.A\n", "V", "V = E.A", "V = 1"),
    ("surrogate", "A surrogate in a string is edited.", "V = '\\ud800'\n", "ascii(V)", "ud800", "ud801"),
    ("fold", "Only the fold of a time is edited.", "from datetime import datetime\nV = datetime(2024, 1, 1, fold=0)\n", "V.fold", "fold=0", "fold=1"),
    ("generic_alias", "The argument of a generic alias is edited.", "V = dict[str, int]\n", "str(V)", "str, int", "str, str"),
    ("typing_alias", "The argument of an alias of typing is edited.", "from typing import List\nV = List[int]\n", "str(V)", "[int]", "[str]"),
    ("flag_value", "A global flag gets a second bit.", "from enum import Flag\nclass E(Flag):\n    A = 1\n    B = 2\nV = E.A\n", "V", "V = E.A", "V = E.A | E.B"),
    ("classmethod_owner", "A class method is bound to another class.", "class A:\n    x = 1\n    @classmethod\n    def f(cls):\n        return cls.x\nclass B(A):\n    x = 2\ng = A.f\n", "g()", "g = A.f", "g = B.f"),
    ("method_of_builtin", "A method of another list is bound.", "v = [1].__len__\n", "v()", "[1].", "[1, 2]."),
):  # fmt: skip
    ALIKE.run(_name, _says, gives(_result, _definitions), (_old, _new))
for _name, _says, _module, _result in (
    ("globals_of_modules", "Functions of equal code from modules with other globals swap places.", _READS, "[f() for f in T]"),
    ("helpers_of_modules", "Functions of equal code from modules with other helpers swap places.", _CALLS, "[f() for f in T]"),
    ("classes_of_modules", "Instances of classes of one name from two modules swap places.", _HAS, "[C().f() for C in T]"),
):  # fmt: skip
    _what = "C" if "class" in _module else "f"
    _files = {
        "dodo.py": gives(_result, f"import a, b\nT = [a.{_what}, b.{_what}]\n"),
        "a.py": _module % 1,
        "b.py": _module % 2,
    }
    ALIKE.run(_name, _says, _files, (f"[a.{_what}, b.{_what}]", f"[b.{_what}, a.{_what}]"))

_BASE = "R = {}\ndef register(f):\n    R[f.__name__] = f\n    return f\ndef call(name):\n    return R[name]()\n"
_IMPL = "from base import register\n@register\ndef g():\n    return 1\n"
_SINGLE = "from functools import singledispatch\n@singledispatch\ndef f(x):\n    return 0\n"
_ONE_TWO = ("return 1", "return 2")
for _name, _says, _header, _result, _files in (
    ("registry", "A function registers itself in the dict of another module.", "from base import R\nimport impl\n", "R['g']()", {"base.py": _BASE, "impl.py": _IMPL}),
    ("registry_by_call", "A registered function is called by the module of the registry.", "from base import call\nimport impl\n", "call('g')", {"base.py": _BASE, "impl.py": _IMPL}),
    ("dispatch", "An implementation is registered by a module that is imported for that alone.", "from base import f\nimport impl\n", "f(1)", {"base.py": _SINGLE, "impl.py": "from base import f\n@f.register(int)\ndef g(x):\n    return 1\n"}),
    ("subclass", "A subclass from another module is found by __subclasses__.", "from base import B\nimport impl\n", "B.__subclasses__()[0]().f()", {"base.py": "class B:\n    pass\n", "impl.py": "from base import B\n" + _HAS.replace("C:", "C(B):") % 1}),
    ("computed_name", "A function of a module is found under a name that is computed.", "import helpers\n", "getattr(helpers, ''.join(['f']))()", {"helpers.py": _AB.replace("def a", "def f").replace("2", "0")}),
    ("modules_in_list", "Modules in a list are used in turn.", "import helpers, other\nM = [helpers, other]\n", "[m.f() for m in M]", {"helpers.py": _AB.replace("def a", "def f").replace("2", "0"), "other.py": "def f():\n    return 0\n"}),
    ("patched_module", "A function of a module is replaced from outside.", "import helpers\nfrom patches import f\nhelpers.f = f\n", "helpers.f()", {"helpers.py": "def f():\n    return 0\n", "patches.py": "def f():\n    return 1\n"}),
):  # fmt: skip
    _edited = next(name for name, text in _files.items() if "return 1" in text)
    EFFECTS.run(_name, _says, {"dodo.py": gives(_result, _header), **_files}, {_edited: _ONE_TWO})
EFFECTS.run(
    "import_order", "Two imports with side effects swap places.",
    {"dodo.py": gives("log.L", "import one, two\nimport log\n"), "log.py": "L = []\n",
     "one.py": "import log\nlog.L.append(1)\n", "two.py": "import log\nlog.L.append(2)\n"},
    ("import one, two", "import two, one"),
)  # fmt: skip
EFFECTS.run(
    "star_order", "Two imports with stars swap places.",
    {"dodo.py": gives("f()", "from a import *\nfrom b import *\n"), "a.py": "def f():\n    return 1\n",
     "b.py": "def f():\n    return 2\n"},
    ("from a import *\nfrom b import *", "from b import *\nfrom a import *"),
)  # fmt: skip
EFFECTS.run(
    "all", "The names that a star imports are edited in __all__.",
    {"dodo.py": gives("f()", "from a import *\nfrom b import *\n"), "a.py": "def f():\n    return 1\n",
     "b.py": "__all__ = ['f']\ndef f():\n    return 2\n"},
    {"b.py": ("['f']", "[]")},
)  # fmt: skip

for _group, _name, _says, _definitions, _result, _old, _new in (
    (EFFECTS, "patched_library", "A function of the library is replaced, and the replacement is edited.", "import colorsys\ncolorsys.rgb_to_yiq = lambda x: 1\n", "colorsys.rgb_to_yiq('')", "x: 1", "x: 2"),
    (EFFECTS, "patched_builtins", "A function that was put among the builtins is edited.", "import builtins\ndef mine():\n    return 1\nbuiltins.mine_too = mine\n", "mine_too()", "return 1", "return 2"),
    (EFFECTS, "set_by_globals", "A function sets a global through globals() at import.", "N = 1\ndef g():\n    globals()['N'] = 2\ng()\n", "N", "= 2", "= 3"),
    (EFFECTS, "method_on_instance", "A method that was bound to one instance is edited.", "from types import MethodType\nclass C:\n    pass\ndef g(self):\n    return 1\nc = C()\nc.g = MethodType(g, c)\n", "c.g()", "return 1", "return 2"),
    (CORNERS, "eval", "A function that eval calls by its text is edited.", "def f():\n    return 1\n", "eval('f()')", "return 1", "return 2"),
    (CORNERS, "set_name", "__set_name__ of a descriptor is edited.", "class D:\n    def __set_name__(self, owner, name):\n        owner.x = 1\nclass C:\n    d = D()\n", "C.x", "owner.x = 1", "owner.x = 2"),
    (CORNERS, "prepare", "__prepare__ of a metaclass is edited.", "class M(type):\n    @classmethod\n    def __prepare__(cls, name, bases):\n        return {'x': 1}\nclass C(metaclass=M):\n    pass\n", "C.x", "'x': 1", "'x': 2"),
    (CORNERS, "class_getitem", "__class_getitem__ is edited.", "class C:\n    def __class_getitem__(cls, x):\n        return 1\n", "C[0]", "return 1", "return 2"),
    (CORNERS, "format", "__format__ is edited.", "class C:\n    def __format__(self, spec):\n        return '1'\n", "f'{C()}'", "'1'", "'2'"),
    (CORNERS, "property_function", "The function behind property() is edited.", "def g(self):\n    return 1\nclass C:\n    x = property(g)\n", "C().x", "return 1", "return 2"),
    (CORNERS, "property_subclass", "A subclass of property is edited.", "class P(property):\n    def __get__(self, obj, owner):\n        return 1\nclass C:\n    x = P()\n", "C().x", "return 1", "return 2"),
    (CORNERS, "loop_defaults", "The values that lambdas of a loop have as defaults are edited.", "L = [lambda i=i: i for i in range(3)]\n", "L[2]()", "range(3)", "range(5, 9)"),
    (CORNERS, "async_context_manager", "__aenter__ is edited.", "import asyncio\nclass C:\n    async def __aenter__(self):\n        return 1\n    async def __aexit__(self, *_):\n        pass\nasync def g():\n    async with C() as c:\n        return c\n", "asyncio.run(g())", "return 1", "return 2"),
    (CORNERS, "wrapped_that_lies", "A function whose __wrapped__ is a different function is edited.", "def real():\n    return 1\ndef fake():\n    return 0\nfake.__wrapped__ = real\ncall = fake\n", "call()", "return 0", "return 5"),
    (CORNERS, "class_decorator_with_wrapped", "A decorator that is a class, and calls update_wrapper, is edited.", "from functools import update_wrapper\nclass D:\n    def __init__(self, f):\n        update_wrapper(self, f)\n        self.f = f\n    def __call__(self):\n        return self.f() + 10\n@D\ndef f():\n    return 1\n", "f()", "+ 10", "+ 20"),
    (CORNERS, "function_as_key", "A function that is the key of a dict is edited.", "def f():\n    return 1\nD = {f: 1}\n", "[g() for g in D]", "return 1", "return 2"),
    (CORNERS, "instance_as_key", "The state of an instance that is the key of a dict is edited.", "class K:\n    def __init__(self, n):\n        self.n = n\nD = {K(1): 1}\n", "[k.n for k in D]", "K(1)", "K(2)"),
    (CORNERS, "memory_view", "The bytes behind a memory view are edited.", "v = memoryview(b'a')\n", "bytes(v)", "b'a'", "b'b'"),
    (CORNERS, "parser", "A default in a parser of arguments is edited.", "import argparse\nP = argparse.ArgumentParser()\nP.add_argument('--a', default=1)\n", "P.parse_args([]).a", "default=1", "default=2"),
    (CORNERS, "exception_attribute", "An attribute of a global exception is edited.", "class X(Exception):\n    pass\nx = X('a')\nx.code = 1\n", "x.code", "code = 1", "code = 2"),
    (CORNERS, "enum_missing", "_missing_ of an enum is edited.", "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\n    @classmethod\n    def _missing_(cls, v):\n        return cls.A\n", "E(9)", "cls.A", "cls.B"),
    (CORNERS, "enum_auto", "_generate_next_value_ of an enum is edited.", "from enum import Enum, auto\nclass E(Enum):\n    def _generate_next_value_(name, *_):\n        return name + '1'\n    A = auto()\n", "E.A.value", "+ '1'", "+ '2'"),
    (CORNERS, "class_variable", "A field of a dataclass becomes a class variable.", "from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass P:\n    x: int = 1\n", "P()", "x: int", "x: ClassVar[int]"),
):  # fmt: skip
    _group.run(_name, _says, gives(_result, _definitions), (_old, _new))
for _name, _says, _definitions in (
    ("import_by_dunder", "A module is imported by __import__ inside a function.", "def g():\n    return __import__('helpers').f()\n"),
    ("import_module_inside", "A module is imported by import_module inside a function.", "import importlib\ndef g():\n    return importlib.import_module('helpers').f()\n"),
    ("import_inside_try", "A module is imported in a try inside a function.", "def g():\n    try:\n        import helpers\n    except ImportError:\n        return 0\n    return helpers.f()\n"),
):  # fmt: skip
    _files = {"dodo.py": gives("g()", _definitions), "helpers.py": "def f():\n    return 1\n"}
    CORNERS.run(_name, _says, _files, {"helpers.py": _ONE_TWO})
