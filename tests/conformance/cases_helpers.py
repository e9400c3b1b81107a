"""Edits of helpers: in the same file, and in modules however they are imported."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Files, Group, gives

HELPERS = Group("helpers, same module")
MODULES = Group("helpers, imported module")
GROUPS = (HELPERS, MODULES)

for _name, _says, _definitions, _result, _old, _new in (
    ("body", "The body of a helper is edited.", "def f():\n    return 1\n", "f()", "return 1", "return 2"),
    ("of_helper", "The helper of a helper is edited.", "def g():\n    return 1\ndef f():\n    return g()\n", "f()", "return 1", "return 2"),
    ("of_helper_of_helper", "A helper of a helper's helper is edited.", "def h():\n    return 1\ndef g():\n    return h()\ndef f():\n    return g()\n", "f()", "return 1", "return 2"),
    ("by_comprehension", "A helper that only a comprehension calls is edited.", "def f(x):\n    return x + 1\n", "[f(n) for n in range(2)]", "x + 1", "x + 2"),
    ("by_map", "A helper that is passed to map is edited.", "def f(x):\n    return x + 1\n", "list(map(f, [1]))", "x + 1", "x + 2"),
    ("as_key", "A helper that is a key function is edited.", "def f(x):\n    return x\n", "sorted([1, 2], key=f)", "return x", "return -x"),
    ("by_nested", "A helper that only a nested function calls is edited.", "def f():\n    return 1\ndef g():\n    def inner():\n        return f()\n    return inner()\n", "g()", "return 1", "return 2"),
    ("alias", "A helper that is called by another name is edited.", "def f():\n    return 1\ng = f\n", "g()", "return 1", "return 2"),
    ("which", "Another helper with the same parameters is called.", "def f():\n    return 1\ndef g():\n    return 2\n", "f()", "repr(f())", "repr(g())"),
    ("swapped", "Two helpers swap their bodies.", "def f():\n    return 1\ndef g():\n    return 2\n", "(f(), g())", "return 1\ndef g():\n    return 2", "return 2\ndef g():\n    return 1"),
    ("redefined", "The second definition of a helper is edited.", "def f():\n    return 1\ndef f():\n    return 2\n", "f()", "return 2", "return 3"),
    ("conditional", "A helper that is defined under a condition is edited.", "if True:\n    def f():\n        return 1\n", "f()", "return 1", "return 2"),
    ("condition", "The condition that chooses a helper is edited.", "def f():\n    return 1\nif False:\n    def f():\n        return 2\n", "f()", "if False", "if True"),
    ("by_factory", "A helper that a function made is edited there.", "def make():\n    def inner():\n        return 1\n    return inner\nf = make()\n", "f()", "return 1", "return 2"),
    ("generated", "A helper that exec made is edited.", "exec('def f(): return 1')\n", "f()", "return 1", "return 2"),
    ("by_eval", "A lambda that eval made is edited.", "f = eval('lambda: 1')\n", "f()", "lambda: 1", "lambda: 2"),
    ("generator", "A value that a generator yields is edited.", "def g():\n    yield 1\n    yield 2\n", "list(g())", "yield 2", "yield 3"),
    ("async_function", "The body of an async function is edited.", "import asyncio\nasync def g():\n    await asyncio.sleep(0)\n    return 1\n", "asyncio.run(g())", "return 1", "return 2"),
    ("recursion", "The end of a recursion is edited.", "def fact(n):\n    return n * fact(n - 1) if n > 1 else 1\n", "fact(4)", "else 1", "else 2"),
    ("mutual_recursion", "One of two functions that call each other is edited.", "def even(n):\n    return True if n == 0 else odd(n - 1)\ndef odd(n):\n    return False if n == 0 else even(n - 1)\n", "(even(4), odd(4))", "return False if", "return None if"),
    ("third_in_cycle", "The third of three functions that call each other is edited.", "def a(n):\n    return b(n - 1) if n else 'a'\ndef b(n):\n    return c(n - 1) if n else 'b'\ndef c(n):\n    return a(n - 1) if n else 'c'\n", "a(2)", "'c'", "'d'"),
    ("cycle_partners", "Two functions that call each other swap their constants.", "def a(n):\n    return b(n - 1) if n else 'a'\ndef b(n):\n    return a(n - 1) if n else 'b'\n", "a(1)", "'a'\ndef b(n):\n    return a(n - 1) if n else 'b'", "'b'\ndef b(n):\n    return a(n - 1) if n else 'a'"),
):  # fmt: skip
    HELPERS.run(_name, _says, gives(_result, _definitions), (_old, _new))

_F = "def f():\n    return 1\n"
_ONE_TWO = ("return 1", "return 2")


def _edit(name: str, says: str, header: str, result: str, files: Files, edited: str,
          change: tuple[str, str] = _ONE_TWO) -> None:  # fmt: skip
    """Add a case whose ``dodo.py`` begins with imports, and where another file is edited."""
    MODULES.run(name, says, {"dodo.py": gives(result, header), **files}, {edited: change})


_edit("module", "A function is called as attribute of its module.",
      "import helpers\n", "helpers.f()", {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("from_import", "A function is imported by name.",
      "from helpers import f\n", "f()", {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("renamed_import", "A function is imported under another name.",
      "from helpers import f as g\n", "g()", {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("module_alias", "A module is imported under another name.",
      "import helpers as h\n", "h.f()", {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("star_import", "A function comes with a star.",
      "from helpers import *\n", "f()", {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("dotted", "A function is called as attribute of a submodule.",
      "import pkg.sub\n", "pkg.sub.f()",
      {"pkg/__init__.py": "", "pkg/sub.py": _F}, "pkg/sub.py")  # fmt: skip
_edit("from_package", "A submodule is imported from its package.",
      "from pkg import sub\n", "sub.f()",
      {"pkg/__init__.py": "", "pkg/sub.py": _F}, "pkg/sub.py")  # fmt: skip
_edit("namespace_package", "A submodule is imported from a package without __init__.",
      "import spaces.sub\n", "spaces.sub.f()", {"spaces/sub.py": _F}, "spaces/sub.py")  # fmt: skip
_edit("relative", "A package's module imports a neighbour by a relative import.",
      "from pkg.a import g\n", "g()",
      {"pkg/__init__.py": "", "pkg/a.py": "from .b import f\ndef g():\n    return f()\n",
       "pkg/b.py": _F}, "pkg/b.py")  # fmt: skip
_edit("relative_module", "A package's module imports a neighbour module relatively.",
      "from pkg.a import g\n", "g()",
      {"pkg/__init__.py": "", "pkg/a.py": "from . import b\ndef g():\n    return b.f()\n",
       "pkg/b.py": _F}, "pkg/b.py")  # fmt: skip
_edit("relative_parent", "A subpackage imports from the package above it.",
      "from pkg.inner.a import g\n", "g()",
      {"pkg/__init__.py": "", "pkg/inner/__init__.py": "", "pkg/b.py": _F,
       "pkg/inner/a.py": "from ..b import f\ndef g():\n    return f()\n"}, "pkg/b.py")  # fmt: skip
_edit("reexported", "A function is re-exported by the __init__ of its package.",
      "import pkg\n", "pkg.f()",
      {"pkg/__init__.py": "from .sub import f\n", "pkg/sub.py": _F}, "pkg/sub.py")  # fmt: skip
_edit("in_init", "A function lives in the __init__ of a package.",
      "import pkg\n", "pkg.f()", {"pkg/__init__.py": _F}, "pkg/__init__.py")  # fmt: skip
_edit("by_local_import", "A function is imported inside the function that calls it.",
      "def g():\n    import helpers\n    return helpers.f()\n", "g()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("by_local_from_import", "A name is imported inside the function that calls it.",
      "def g():\n    from helpers import f\n    return f()\n", "g()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("by_local_dotted_import", "A submodule is imported inside a function.",
      "def g():\n    import pkg.sub as s\n    return s.f()\n", "g()",
      {"pkg/__init__.py": "", "pkg/sub.py": _F}, "pkg/sub.py")  # fmt: skip
_edit("by_local_relative_import", "A neighbour is imported relatively inside a function.",
      "from pkg.a import g\n", "g()",
      {"pkg/__init__.py": "", "pkg/b.py": _F,
       "pkg/a.py": "def g():\n    from .b import f\n    return f()\n"}, "pkg/b.py")  # fmt: skip
_edit("by_local_import_of_helper", "A helper imports a module when it runs, and a helper in there is edited.",
      "def g():\n    from helpers import h\n    return h()\n", "g()",
      {"helpers.py": "from deep import f\ndef h():\n    return f()\n", "deep.py": _F},
      "deep.py")  # fmt: skip
_edit("optional_import", "A module is imported in a try.",
      "try:\n    import helpers\nexcept ImportError:\n    helpers = None\n", "helpers.f()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("import_module", "A module is imported by import_module.",
      "import importlib\nhelpers = importlib.import_module('helpers')\n", "helpers.f()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("other_directory", "A module lies in a directory that the dodo.py puts on sys.path.",
      "import sys\nsys.path.insert(0, 'lib')\nimport helpers\n", "helpers.f()",
      {"lib/helpers.py": _F}, "lib/helpers.py")  # fmt: skip
_edit("helper_of_helper", "A helper in a module calls one in a third module.",
      "import helpers\n", "helpers.g()",
      {"helpers.py": "import deep\ndef g():\n    return deep.f()\n", "deep.py": _F},
      "deep.py")  # fmt: skip
_edit("neighbour", "A helper in a module calls one of the same module.",
      "import helpers\n", "helpers.g()",
      {"helpers.py": _F + "def g():\n    return f()\n"}, "helpers.py")  # fmt: skip
_edit("cyclic_import", "Two modules import each other.",
      "import a\n", "a.g()",
      {"a.py": "import b\ndef g():\n    return b.f()\ndef n():\n    return 5\n",
       "b.py": "import a\ndef f():\n    return 1, a.n()\n"}, "b.py")  # fmt: skip
_edit("default", "The default of a helper in a module is edited.",
      "import helpers\n", "helpers.f()", {"helpers.py": "def f(x=1):\n    return x\n"},
      "helpers.py", ("x=1", "x=2"))  # fmt: skip
_edit("constant", "A constant of a module is read as attribute.",
      "import helpers\n", "helpers.LIMIT", {"helpers.py": "LIMIT = 1\n"},
      "helpers.py", ("= 1", "= 2"))  # fmt: skip
_edit("dotted_constant", "A constant of a submodule is read as attribute.",
      "import pkg.sub\n", "pkg.sub.LIMIT",
      {"pkg/__init__.py": "", "pkg/sub.py": "LIMIT = 1\n"}, "pkg/sub.py",
      ("= 1", "= 2"))  # fmt: skip
_edit("imported_constant", "A constant is imported by name.",
      "from helpers import LIMIT\n", "LIMIT", {"helpers.py": "LIMIT = 1\n"},
      "helpers.py", ("= 1", "= 2"))  # fmt: skip
_edit("constant_of_helper", "A constant that only a helper of its module reads is edited.",
      "import helpers\n", "helpers.f()", {"helpers.py": "LIMIT = 1\ndef f():\n    return LIMIT\n"},
      "helpers.py", ("LIMIT = 1", "LIMIT = 2"))  # fmt: skip
_edit("constant_of_third", "A constant of a third module is re-exported.",
      "import helpers\n", "helpers.LIMIT",
      {"helpers.py": "from deep import LIMIT\n", "deep.py": "LIMIT = 1\n"}, "deep.py",
      ("= 1", "= 2"))  # fmt: skip
_edit("filled_from_outside", "A global of a module that another module fills is edited.",
      "import helpers, filler\n", "helpers.TABLE",
      {"helpers.py": "TABLE = {}\n", "filler.py": "import helpers\nhelpers.TABLE['a'] = 1\n"},
      "filler.py", ("= 1", "= 2"))  # fmt: skip
_edit("attribute_chain", "A module is reached through another module.",
      "import helpers\n", "helpers.deep.f()",
      {"helpers.py": "import deep\n", "deep.py": _F}, "deep.py")  # fmt: skip
_edit("local_alias", "A module is bound to a local name before its function is called.",
      "import helpers\ndef g():\n    h = helpers\n    return h.f()\n", "g()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("local_function_alias", "A function of a module is bound to a local name.",
      "import helpers\ndef g():\n    f = helpers.f\n    return f()\n", "g()",
      {"helpers.py": _F}, "helpers.py")  # fmt: skip
_edit("module_getattr", "A module makes attributes by __getattr__.",
      "import helpers\n", "helpers.anything",
      {"helpers.py": "def __getattr__(name):\n    if name != 'anything':\n"
       "        raise AttributeError(name)\n    return name + '1'\n"}, "helpers.py",
      ("'1'", "'2'"))  # fmt: skip
_edit("other_global_of_same_name", "A helper's global has the name of one in the dodo.py.",
      "import helpers\nLIMIT = 5\n", "(LIMIT, helpers.f())",
      {"helpers.py": "LIMIT = 1\ndef f():\n    return LIMIT\n"}, "helpers.py",
      ("LIMIT = 1", "LIMIT = 2"))  # fmt: skip
_edit("by_method", "A function that only a method of a class in a module calls is edited.",
      "from helpers import C\n", "C().g()",
      {"helpers.py": _F + "class C:\n    def g(self):\n        return f()\n"},
      "helpers.py")  # fmt: skip
MODULES.run("action_in_module", "The action itself lives in a module, and its helper is edited.",
            {"dodo.py": "from steps import work\n", "steps.py": gives("f()", _F)},
            {"steps.py": _ONE_TWO})  # fmt: skip
MODULES.run("module_to_package", "A module becomes a package whose function differs.",
            {"dodo.py": gives("helpers.f()", "import helpers\n"), "helpers.py": _F},
            {"helpers.py": None, "helpers/__init__.py": _F.replace("1", "2")})  # fmt: skip
MODULES.run("other_module", "The same name is imported from another module.",
            {"dodo.py": gives("f()", "from one import f\n"), "one.py": _F,
             "two.py": _F.replace("1", "2")}, ("from one", "from two"))  # fmt: skip
