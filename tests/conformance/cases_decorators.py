"""Edits of decorators, of what they wrap, and of what functools and contextlib make."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, gives

DECORATORS = Group("decorators")
FUNCTOOLS = Group("functools")
GROUPS = (DECORATORS, FUNCTOOLS)

_PLAIN = "def deco(f):\n    def inner(*args):\n        return f(*args) + 10\n    return inner\n"
_WRAPS = (
    "from functools import wraps\ndef deco(f):\n    @wraps(f)\n    def inner(*args):\n"
    "        return f(*args) + 10\n    return inner\n"
)
_F = "@deco\ndef f():\n    return 1\n"
_WITH = (
    "def deco(n):\n    def outer(f):\n        def inner():\n            return f() + n\n"
    "        return inner\n    return outer\n@deco(10)\ndef f():\n    return 1\n"
)
_CLASS = (
    "class deco:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self):\n"
    "        return self.f() + 10\n"
)

for _name, _says, _definitions, _result, _old, _new in (
    ("plain_wrapper", "The body of a decorator without wraps is edited.", _PLAIN + _F, "f()", "+ 10", "+ 20"),
    ("plain_wrapped", "The function under a decorator without wraps is edited.", _PLAIN + _F, "f()", "return 1", "return 2"),
    ("wraps_wrapper", "The body of a decorator with wraps is edited.", _WRAPS + _F, "f()", "+ 10", "+ 20"),
    ("wraps_wrapped", "The function under a decorator with wraps is edited.", _WRAPS + _F, "f()", "return 1", "return 2"),
    ("argument", "The argument of a decorator is edited.", _WITH, "f()", "deco(10)", "deco(20)"),
    ("parametrised_wrapped", "The function under a decorator with an argument is edited.", _WITH, "f()", "return 1", "return 2"),
    ("removed", "A decorator is taken away.", _PLAIN + _F, "f()", "@deco\n", ""),
    ("stacked_outer", "The outer of two decorators is edited.", _PLAIN + _WRAPS.replace("deco", "two").replace("10", "5") + "@two\n" + _F, "f()", "+ 5", "+ 6"),
    ("stacked_inner", "The inner of two decorators is edited.", _PLAIN + _WRAPS.replace("deco", "two").replace("10", "5") + "@two\n" + _F, "f()", "+ 10", "+ 20"),
    ("stacked_order", "Two decorators swap places.", _PLAIN + _PLAIN.replace("deco", "two").replace("+ 10", "* 2") + "@two\n" + _F, "f()", "@two\n@deco", "@deco\n@two"),
    ("class_based", "A decorator that is a class is edited.", _CLASS + _F, "f()", "+ 10", "+ 20"),
    ("class_based_wrapped", "The function under a decorator that is a class is edited.", _CLASS + _F, "f()", "return 1", "return 2"),
    ("helper_of_decorator", "A helper that the decorator calls when it runs is edited.", "def g():\n    return 10\n" + _PLAIN.replace("10", "g()") + _F, "f()", "return 10", "return 20"),
    ("helper_of_wrapped", "A helper of what is wrapped is edited.", _WRAPS + "def g():\n    return 1\n" + _F.replace("1", "g()"), "f()", "return 1", "return 2"),
    ("registering", "A function that a decorator puts into a registry is edited.", "TABLE = {}\ndef deco(f):\n    TABLE[f.__name__] = f\n    return f\n" + _F, "TABLE['f']()", "return 1", "return 2"),
    ("replacing", "A decorator that returns another function is edited.", "def deco(f):\n    return lambda: 5\n" + _F, "f()", "lambda: 5", "lambda: 6"),
    ("of_method", "The decorator of a method is edited.", _PLAIN + "class C:\n    @deco\n    def f(self):\n        return 1\n", "C().f()", "+ 10", "+ 20"),
    ("of_method_wrapped", "The method under a decorator is edited.", _PLAIN + "class C:\n    @deco\n    def f(self):\n        return 1\n", "C().f()", "return 1", "return 2"),
    ("attribute", "The attribute that a decorator sets is edited.", "def deco(f):\n    f.n = 1\n    return f\n@deco\ndef f():\n    return f.n\n", "f()", "f.n = 1", "f.n = 2"),
):  # fmt: skip
    DECORATORS.run(_name, _says, gives(_result, _definitions), (_old, _new))

_SELF = gives("1", _PLAIN.replace("return f(*args) + 10", "return f(*args)")).replace(
    "def work(targets)", "@deco\ndef work(targets)"
)
DECORATORS.run(
    "of_action_wrapped", "The action under a plain decorator is edited.",
    _SELF.replace("inner(*args)", "inner(targets)").replace("f(*args)", "f(targets)"),
    ("repr(1)", "repr(2)"),
)  # fmt: skip
DECORATORS.run(
    "elsewhere", "A decorator in another module is edited.",
    {"dodo.py": gives("f()", "from helpers import deco\n" + _F), "helpers.py": _PLAIN},
    {"helpers.py": ("+ 10", "+ 20")},
)  # fmt: skip
DECORATORS.run(
    "wrapped_elsewhere", "A function and its decorator live in another module.",
    {"dodo.py": gives("helpers.f()", "import helpers\n"), "helpers.py": _WRAPS + _F},
    {"helpers.py": ("return 1", "return 2")},
)  # fmt: skip

_SINGLE = (
    "from functools import singledispatch\n@singledispatch\ndef f(x):\n    return 'any'\n"
    "@f.register(int)\ndef _(x):\n    return 'int'\n"
)
_MANAGER = (
    "from contextlib import contextmanager\n@contextmanager\ndef entered():\n    yield 1\n"
    "def use():\n    with entered() as x:\n        return x\n"
)
for _name, _says, _definitions, _result, _old, _new in (
    ("lru_cache", "A cached function is edited.", "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f():\n    return 1\n", "f()", "return 1", "return 2"),
    ("lru_cache_helper", "A helper of a cached function is edited.", "from functools import lru_cache\ndef g():\n    return 1\n@lru_cache\ndef f():\n    return g()\n", "f()", "return 1", "return 2"),
    ("lru_cache_method", "A cached method is edited.", "from functools import lru_cache\nclass C:\n    @lru_cache\n    def f(self):\n        return 1\n", "C().f()", "return 1", "return 2"),
    ("singledispatch", "The general implementation is edited.", _SINGLE, "f('a')", "'any'", "'all'"),
    ("singledispatch_registered", "A registered implementation is edited.", _SINGLE, "f(1)", "return 'int'", "return 'i'"),
    ("singledispatch_added", "An implementation is registered that was a function of no use.", _SINGLE + "def text(x):\n    return 'text'\n", "f('a')", "def text", "@f.register(str)\ndef text"),
    ("singledispatch_type", "An implementation is registered for another type.", _SINGLE, "f(1)", "register(int)", "register(str)"),
    ("singledispatchmethod", "A registered method is edited.", "from functools import singledispatchmethod\nclass C:\n    @singledispatchmethod\n    def f(self, x):\n        return 'any'\n    @f.register(int)\n    def _(self, x):\n        return 'int'\n", "C().f(1)", "return 'int'", "return 'i'"),
    ("contextmanager", "A context manager from a generator is edited.", _MANAGER, "use()", "yield 1", "yield 2"),
    ("contextmanager_exit", "The part after the yield is edited.", "DONE = []\n" + _MANAGER.replace("yield 1\n", "yield DONE\n    DONE.append(1)\n"), "use()", "append(1)", "append(2)"),
    ("partial_function", "The function behind a partial is edited.", "from functools import partial\ndef f(x):\n    return x + 1\np = partial(f, 1)\n", "p()", "x + 1", "x + 2"),
    ("partial_argument", "The argument of a partial is edited.", "from functools import partial\ndef f(x):\n    return x\np = partial(f, 1)\n", "p()", "(f, 1)", "(f, 2)"),
    ("partial_keyword", "The keyword of a partial is edited.", "from functools import partial\ndef f(x):\n    return x\np = partial(f, x=1)\n", "p()", "(f, x=1)", "(f, x=2)"),
    ("partial_of_partial", "The inner of two partials is edited.", "from functools import partial\ndef f(x, y):\n    return x, y\np = partial(partial(f, 1), 2)\n", "p()", "(f, 1)", "(f, 3)"),
    ("partialmethod", "The argument of a partialmethod is edited.", "from functools import partialmethod\nclass C:\n    def f(self, x):\n        return x\n    g = partialmethod(f, 1)\n", "C().g()", "(f, 1)", "(f, 2)"),
    ("partialmethod_body", "The method behind a partialmethod is edited.", "from functools import partialmethod\nclass C:\n    def f(self, x):\n        return x + 1\n    g = partialmethod(f, 1)\n", "C().g()", "x + 1", "x + 2"),
    ("reduce", "The function given to reduce is edited.", "from functools import reduce\ndef f(a, b):\n    return a + b\n", "reduce(f, [1, 2])", "a + b", "a - b"),
    ("cmp_to_key", "The function behind a key is edited.", "from functools import cmp_to_key\ndef f(a, b):\n    return a - b\nkey = cmp_to_key(f)\n", "sorted([1, 2], key=key)", "a - b", "b - a"),
    ("total_ordering", "The method that total_ordering builds upon is edited.", "from functools import total_ordering\n@total_ordering\nclass C:\n    def __lt__(self, other):\n        return True\n", "C() >= C()", "return True", "return False"),
    ("itemgetter", "The index of an itemgetter is edited.", "from operator import itemgetter\nget = itemgetter(0)\n", "get('ab')", "(0)", "(1)"),
    ("methodcaller", "The name of a methodcaller is edited.", "from operator import methodcaller\ncall = methodcaller('upper')\n", "call('aB')", "'upper'", "'lower'"),
):  # fmt: skip
    FUNCTOOLS.run(_name, _says, gives(_result, _definitions), (_old, _new))
