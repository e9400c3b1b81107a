# ruff: noqa: E501 - each case is a row of a table
"""Edits of what Python 3.14 brought: template strings, lazy annotations, bare ``except A, B``."""

from __future__ import annotations

from .model import Group, gives

SYNTAX = Group("Python 3.14")
GROUPS = (SYNTAX,)

#: A module that this version has and older ones lack.
_NEEDS = ("annotationlib",)

_TEMPLATE = "V = 3\ndef f():\n    t = t'a {V!r:>4} b'\n    return t.strings, [(i.value, i.conversion, i.format_spec) for i in t.interpolations]\n"
_EXCEPT = "def f(x):\n    try:\n        return [1][x]\n    except IndexError, TypeError:\n        return 'none'\n    except TypeError, ValueError:\n        return 'other'\n"
_LAZY = "class A:\n    b: B\nclass B:\n    x = 1\n"
_FIELDS = "def build(cls):\n    return {n: k() for n, k in cls.__annotations__.items()}\n"
_LATER = "from annotationlib import Format, get_annotations\nclass A:\n    b: Missing\n    c: int\ndef f():\n    return get_annotations(A, format=Format.STRING)\n"
_FUNCTION = "class K:\n    x = 1\ndef f(a: K) -> int:\n    return 1\ndef g():\n    return [k.__name__ for k in f.__annotations__.values()]\n"
_CLOSURE = "def make(x, y):\n    def inner(a):\n        return (x, y, a - x)\n    return inner\nf = make(1, 2)\n"

for _name, _says, _definitions, _result, _old, _new in (
    ("template_text", "The text of a template string is edited.", _TEMPLATE, "f()", "'a {", "'c {"),
    ("template_value", "A global that a template string holds is edited.", _TEMPLATE, "f()", "V = 3", "V = 4"),
    ("template_conversion", "The conversion in a template string is edited.", _TEMPLATE, "f()", "!r", "!s"),
    ("template_format", "The format in a template string is edited.", _TEMPLATE, "f()", ":>4", ":<4"),
    ("template_to_f_string", "A template string becomes an f-string.", "V = 3\ndef f():\n    return str(type(t'{V}'))\n", "f()", "t'{V}'", "f'{V}'"),
    ("except_one_less", "An exception without parentheses is taken out.", _EXCEPT, "f('a')", "IndexError, TypeError", "IndexError, KeyError"),
    ("except_body", "The body of such an except is edited.", _EXCEPT, "f(5)", "'none'", "'nothing'"),
    ("lazy_class", "A class in an annotation that comes later is edited, and the annotation is read.", _LAZY + _FIELDS, "build(A)['b'].x", "x = 1", "x = 2"),
    ("lazy_annotation", "An annotation that is read is edited.", _LAZY + "class C(B):\n    x = 2\n" + _FIELDS, "build(A)['b'].x", "b: B", "b: C"),
    ("lazy_function", "An annotation of a function that is read is edited.", _FUNCTION, "g()", "a: K", "a: str"),
    ("borrowed_order", "The order of two variables is edited.", "def f(a, b):\n    return a - b\n", "f(1, 2)", "a - b", "b - a"),
    ("borrowed_argument", "Another variable is passed.", "def g(x, y):\n    return (x, y)\ndef f(a, b):\n    return g(a, b)\n", "f(1, 2)", "g(a, b)", "g(a, a)"),
    ("small_int", "A small integer is edited.", "def f():\n    return 254\n", "f()", "254", "255"),
    ("small_to_large", "A small integer becomes one that is a constant.", "def f():\n    return 255\n", "f()", "255", "256"),
    ("closure", "A value in a closure is edited.", _CLOSURE, "f(5)", "make(1, 2)", "make(1, 3)"),
    ("closure_order", "Two values in a closure swap places.", _CLOSURE, "f(5)", "(x, y, ", "(y, x, "),
    ("import_level", "A function imports another name.", "def f():\n    from math import floor\n    return floor(2.5)\n", "f()", "from math import floor\n    return floor", "from math import ceil\n    return ceil"),
    ("common_constant", "An assertion becomes another error.", "def f():\n    try:\n        raise NotImplementedError\n    except Exception as error:\n        return type(error).__name__\n", "f()", "raise NotImplementedError", "raise AssertionError"),
):  # fmt: skip
    SYNTAX.run(_name, _says, gives(_result, _definitions), {"dodo.py": (_old, _new)}, _NEEDS)

for _name, _says, _definitions, _result, _old, _new in (
    ("template_kept", "A comment beside a template string is edited.", _TEMPLATE, "f()", " b'\n", " b'  # comment\n"),
    ("parentheses_kept", "An except gets parentheses.", _EXCEPT, "f(5)", "except IndexError, TypeError:", "except (IndexError, TypeError):"),
    ("annotation_kept", "An annotation that nothing reads is edited.", _LAZY, "B.x", "b: B", "b: str"),
    ("missing_kept", "An annotation that can't be evaluated is edited, and nothing reads it.", "class A:\n    b: Missing\n    x = 1\n", "A.x", "Missing", "Gone"),
    ("layout_kept", "Two variables come to stand on two lines.", "def f(a, b):\n    return (a, b)\n", "f(1, 2)", "(a, b)\n", "(a,\n            b)\n"),
    ("finally_kept", "A comment in a finally is edited.", "def f():\n    try:\n        return 1\n    finally:\n        pass  # old\n", "f()", "# old", "# new"),
):  # fmt: skip
    SYNTAX.keep(_name, _says, gives(_result, _definitions), {"dodo.py": (_old, _new)}, _NEEDS)

SYNTAX.run("annotation_text", "An annotation that can't be evaluated is edited, and is read as a string.", gives("f()", _LATER), ("Missing", "Gone"), _NEEDS)  # fmt: skip
