"""Edits that change nothing: comments, docstrings, annotations, layout, quotes, spelling."""

# ruff: noqa: E501 - each case is a row of a table
from __future__ import annotations

from .model import Group, edited, gives, nested

WORDS = Group("comments and docstrings")
ANNOTATIONS = Group("annotations")
LAYOUT = Group("layout")
SPELLING = Group("quotes and spelling")
EQUIVALENT = Group("equal code")
GROUPS = (WORDS, ANNOTATIONS, LAYOUT, SPELLING, EQUIVALENT)

#: Edits that are only possible at the top of a file.
_AT_TOP = {"docstring_of_module", "future", "future_with_annotations", "global", "unused_import_for_it",
           "class_attribute"}  # fmt: skip


def _keep(group: Group, name: str, says: str, dodo: str, old: str, new: str) -> None:
    """Add a case of an edit inside the action, and one where it is in a helper, if it can be."""
    after = edited(dodo, old, new)
    if name not in _AT_TOP and "def work(targets):\n" in after and "def work(" not in new:
        group.keep(name, says, *nested(dodo, after))
        name = f"{name}_in_helper"
    group.keep(name, says, dodo, after)


_HELPER = 'def f(x):\n    """Add."""\n    y = x + 1\n    return y\n'
_BASE = gives("f(2)", _HELPER)
_CLASS = gives(
    "C().f()",
    'class C:\n    """A class."""\n\n    x = 1\n\n    def f(self):\n        """Give."""\n        return self.x\n',
)

for _name, _says, _dodo, _old, _new in (
    ("comment_above", "A comment is added above everything.", _BASE, "def f(x)", "# About f.\n#\n\ndef f(x)"),
    ("comment_inside", "A comment is added on a line of its own.", _BASE, "    return y", "    # and that is it\n    return y"),
    ("comment_at_end", "A comment is added at the end of a line.", _BASE, "return y", "return y  # done"),
    ("comment_in_action", "A comment is added to the action.", _BASE, "def work(targets):", "def work(targets):  # the step\n    # writes"),
    ("comment_removed", "A comment goes.", _BASE.replace("return y", "return y  # done"), "  # done", ""),
    ("docstring", "The docstring of a helper is edited.", _BASE, "Add.", "Add one."),
    ("docstring_added", "The action gets a docstring.", _BASE, "def work(targets):\n", 'def work(targets):\n    """Write it."""\n'),
    ("docstring_removed", "A docstring goes.", _BASE, '    """Add."""\n', ""),
    ("docstring_long", "A docstring gets several lines.", _BASE, "Add.", "Add one.\n\n    :param x: a number\n        of some kind\n    "),
    ("docstring_raw", "A docstring becomes raw, with a backslash.", _BASE, '"""Add."""', 'r"""Add \\d."""'),
    ("docstring_quotes", "The quotes of a docstring are edited.", _BASE, '"""Add."""', "'Add.'"),
    ("docstring_of_class", "The docstring of a class is edited.", _CLASS, "A class.", "The class."),
    ("docstring_of_method", "The docstring of a method is edited.", _CLASS, "Give.", "Give it.\n\n        Always.\n        "),
    ("docstring_of_class_removed", "The docstring of a class goes.", _CLASS, '    """A class."""\n\n', ""),
    ("docstring_of_nested", "The docstring of a nested function is edited.", gives("f()", 'def f():\n    def g():\n        """Say."""\n        return 1\n    return g()\n'), "Say.", "Tell."),
    ("docstring_of_module", "The docstring of the dodo.py is edited.", '"""Tasks."""\n' + _BASE, "Tasks.", "The tasks."),
    ("docstring_alone", "The docstring of a function without other code is edited.", gives("f()", 'def f():\n    """Nothing."""\n'), "Nothing.", "Nothing at all."),
    ("text_as_comment", "A string that nobody uses is edited in the middle of a function.", gives("f()", "def f():\n    x = 1\n    'a note'\n    return x\n"), "a note", "another note"),
):  # fmt: skip
    _keep(WORDS, _name, _says, _dodo, _old, _new)

for _place, _file in (("module", "helpers.py"), ("package", "pkg/__init__.py")):
    _package = _file.split("/")[0].removesuffix(".py")
    _files = {
        "dodo.py": gives("f(2)", f"from {_package} import f\n"),
        _file: '"""Help."""\n' + _HELPER,
    }
    WORDS.keep(f"comment_in_{_place}", f"A comment is added to a {_place}.", _files,
               {_file: ("return y", "# here\n    return y")})  # fmt: skip
    WORDS.keep(f"docstring_in_{_place}", f"The docstring of a function in a {_place} is edited.",
               _files, {_file: ("Add.", "Add one.")})  # fmt: skip
    WORDS.keep(f"docstring_of_{_place}_itself", f"The docstring of a {_place} itself is edited.",
               _files, {_file: ("Help.", "Helpers.\n\nAll of them.\n")})  # fmt: skip
WORDS.keep("touch", "All files get a new time.", {"dodo.py": gives("f(2)", "from helpers import f\n"),
           "helpers.py": _HELPER}, {}, touched=["dodo.py", "helpers.py", "in.txt"])  # fmt: skip

for _name, _says, _dodo, _old, _new in (
    ("argument", "An argument is annotated.", _BASE, "f(x)", "f(x: int)"),
    ("returns", "The result is annotated.", _BASE, "f(x):", "f(x) -> int:"),
    ("changed", "An annotation is edited.", gives("f(2)", "def f(x: int) -> int:\n    return x\n"), "(x: int) -> int", "(x: 'float') -> float"),
    ("removed", "Annotations go.", gives("f(2)", "def f(x: int) -> int:\n    return x\n"), "(x: int) -> int", "(x)"),
    ("local", "A local variable is annotated.", _BASE, "y = x", "y: int = x"),
    ("of_action", "The action is annotated.", _BASE, "work(targets)", "work(targets: list) -> None"),
    ("of_method", "A method is annotated.", _CLASS, "f(self):", "f(self) -> int:"),
    ("class_attribute", "A class attribute is annotated.", _CLASS, "x = 1", "x: int = 1"),
    ("global", "A global is annotated.", gives("N", "N = 1\n"), "N = 1", "N: int = 1"),
    ("unused_import_for_it", "A type is imported and annotated with.", _BASE, 'def f(x):', "from typing import Any\ndef f(x: Any):"),
    ("future", "Annotations become lazy.", _BASE, "def f(x)", "from __future__ import annotations\n\ndef f(x)"),
    ("future_with_annotations", "Annotations that are there become lazy.", gives("f(2)", "def f(x: int) -> int:\n    return x\n"), "def f", "from __future__ import annotations\ndef f"),
    ("of_lambda_global", "A variable that holds a lambda is annotated.", gives("f(2)", "f = lambda x: x\n"), "f = lambda", "f: object = lambda"),
):  # fmt: skip
    _keep(ANNOTATIONS, _name, _says, _dodo, _old, _new)

_CALL = gives(
    "f(2, k=3)", "def f(x, k):\n    y = [x, k]\n    if x > 1:\n        y = y + [5]\n    return y\n"
)
for _name, _says, _dodo, _old, _new in (
    ("broken_call", "A call is broken into lines.", _CALL, "f(2, k=3)", "f(\n            2,\n            k=3,\n        )"),
    ("broken_list", "A list is broken into lines.", _CALL, "[x, k]", "[\n        x,\n        k,\n    ]"),
    ("trailing_comma", "A trailing comma is added.", _CALL, "[x, k]", "[x, k,]"),
    ("blank_lines", "Blank lines are added.", _CALL, "    return y", "\n\n    return y"),
    ("semicolon", "Two statements come onto one line.", _BASE, "y = x + 1\n    return y", "y = x + 1; return y"),
    ("one_line", "A short function comes onto one line.", gives("f(2)", "def f(x):\n    return x + 1\n"), "def f(x):\n    return", "def f(x): return"),
    ("one_line_if", "An if comes onto one line.", _CALL, "if x > 1:\n        y", "if x > 1: y"),
    ("parentheses", "Parentheses are added.", _BASE, "x + 1", "(x + 1)"),
    ("parentheses_of_return", "Parentheses are added to a return.", _BASE, "return y", "return (y)"),
    ("backslash", "A line is continued with a backslash.", _BASE, "x + 1", "x + \\\n        1"),
    ("broken_expression", "An expression is broken into lines.", _BASE, "x + 1", "(\n        x\n        + 1\n    )"),
    ("indentation", "The width of the indentation is edited.", gives("f(2)", "def f(x):\n    if x:\n        return x\n    return 1\n"), "    if x:\n        return x\n    return 1", "  if x:\n      return x\n  return 1"),
    ("tabs", "The indentation becomes tabs.", gives("f(2)", "def f(x):\n    if x:\n        return x\n    return 1\n"), "    if x:\n        return x\n    return 1", "\tif x:\n\t\treturn x\n\treturn 1"),
    ("spaces", "Spaces around operators go.", _BASE, "x + 1", "x+1"),
    ("head", "The head of a function is broken into lines.", _CALL, "def f(x, k):", "def f(\n    x,\n    k,\n):"),
    ("decorator_line", "A blank comment line comes between a decorator and its function.", gives("f()", "def d(f):\n    return f\n@d\ndef f():\n    return 1\n"), "@d\n", "@d\n# decorated\n"),
    ("lambda_line", "A lambda moves to a line of its own.", gives("f(1)", "f = lambda x: x + 1\n"), "f = lambda x: x + 1", "f = (\n    lambda x: x\n    + 1\n)"),
    ("class_line", "A class comes onto fewer lines.", gives("C().x", "class C:\n    x = 1\n"), "class C:\n    x = 1", "class C: x = 1"),
    ("if_else", "An expression with if and else is broken into lines.", gives("f(2)", "def f(x):\n    return 1 if x else 2\n"), "1 if x else 2", "(\n        1\n        if x\n        else 2\n    )"),
    ("comprehension", "A comprehension is broken into lines.", gives("[n for n in range(3) if n]"), "[n for n in range(3) if n]", "[\n            n\n            for n in range(3)\n            if n\n        ]"),
    ("with", "The items of a with are put into parentheses by a line break.", gives("f()", "from contextlib import suppress\ndef f():\n    with suppress(ValueError), suppress(KeyError):\n        int('x')\n    return 1\n"), "suppress(ValueError), suppress", "suppress(\n        ValueError\n    ), suppress"),
    ("two_assignments", "Two assignments come onto one line.", gives("f(2)", "def f(x):\n    a = x\n    b = a\n    return a, b\n"), "a = x\n    b = a", "a = x; b = a"),
):  # fmt: skip
    _keep(LAYOUT, _name, _says, _dodo, _old, _new)


for _name, _says, _old, _new in (
    ("quotes", "Single quotes become double.", "'a b'", '"a b"'),
    ("triple_quotes", "Quotes become triple.", "'a b'", "'''a b'''"),
    ("escaped_quote", "An escaped quote becomes a plain one in other quotes.", "'it\\'s'", '"it\'s"'),
    ("hex", "A decimal number becomes hexadecimal.", "16", "0x10"),
    ("underscore", "An underscore is put into a number.", "1000", "1_000"),
    ("octal", "A number becomes octal.", "8", "0o10"),
    ("float", "A float is written with an exponent.", "1000.0", "1e3"),
    ("float_dot", "A zero after the point goes.", "1.0", "1."),
    ("raw", "A string without a backslash becomes raw.", "'a b'", "r'a b'"),
    ("unicode", "A string gets the prefix u.", "'a b'", "u'a b'"),
    ("raw_backslash", "A string with a backslash is written raw.", "'a\\\\d'", "r'a\\d'"),
    ("escape", "A letter is written as its escape.", "'aXb'", "'a\\x58b'"),
    ("implicit_concatenation", "A string is written in two parts.", "'a b'", "'a' ' b'"),
    ("concatenation_over_lines", "A string is written in two parts on two lines.", "('a b',)", "(\n            'a '\n            'b',\n        )"),
    ("bytes_quotes", "The quotes of bytes are edited.", "b'a'", 'b"a"'),
    ("fstring_quotes", "The quotes of an f-string are edited.", "f'{1 + 1}'", 'f"{1 + 1}"'),
    ("tuple_parentheses", "The parentheses of a tuple in a subscript go.", "{(1, 2): 3}[(1, 2)]", "{(1, 2): 3}[1, 2]"),
    ("not_in", "Parentheses are added around an operand.", "1 not in [2]", "(1) not in [2]"),
):  # fmt: skip
    SPELLING.keep(_name, _says, gives(_old), gives(_new))

_FORMATTED = (
    'def f(x, flag=True):\n    """Add."""\n    table = {\n        "a": 1,\n        "b": [x, x + 1],\n'
    '    }\n    if flag:\n        return table["a"] + sum(n for n in table["b"])\n    return None\n'
)
_UGLY = (
    "def f( x,flag = True ) :\n  '''Add.'''\n  table={'a':1, 'b':[x,x+1]}\n"
    "  if flag : return table['a']+sum( n for n in table['b'] )\n  return None\n"
)
LAYOUT.keep("formatter", "A formatter runs over the file.",
            *nested(gives("f(2)", _UGLY), gives("f(2)", _FORMATTED)))  # fmt: skip
LAYOUT.keep("no_newline_at_end", "The last line of a module loses its end.",
            {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _HELPER},
            {"helpers.py": _HELPER.rstrip()})  # fmt: skip
LAYOUT.keep("formatter_in_module", "A formatter runs over a module.",
            {"dodo.py": gives("f(2)", "from helpers import f\n"), "helpers.py": _UGLY},
            {"helpers.py": _FORMATTED})  # fmt: skip

for _name, _says, _dodo, _old, _new in (
    ("folded", "A product of constants is written as its value.", gives("60 * 60"), "60 * 60", "3600"),
    ("pass", "A pass is added.", _BASE, "    return y", "    pass\n    return y"),
    ("return_none", "The return of nothing at the end is spelled out.", gives("f()", "def f():\n    len('')\n"), "len('')", "len('')\n    return None"),
    ("dict_order", "The items of a dict that is only looked up swap places.", gives("D['a']", "D = {'a': 1, 'b': 2}\n"), "'a': 1, 'b': 2", "'b': 2, 'a': 1"),
    ("set_order", "The elements of a set swap places.", gives("sorted(S)", "S = {'a', 'b', 'c'}\n"), "{'a', 'b', 'c'}", "{'c', 'a', 'b'}"),
    ("frozenset_order", "The elements of a set that is asked swap places.", gives("'a' in {'a', 'b', 'c'}"), "{'a', 'b', 'c'}", "{'c', 'b', 'a'}"),
    ("value_spelling", "A global is computed in another way.", gives("N", "N = 4\n"), "N = 4", "N = 2 + 2"),
    ("default_spelling", "A default is computed in another way.", gives("f()", "def f(x=4):\n    return x\n"), "x=4", "x=2 * 2"),
    ("dict_call", "A global dict is made by a call.", gives("D['a']", "D = {'a': 1}\n"), "{'a': 1}", "dict(a=1)"),
):  # fmt: skip
    EQUIVALENT.keep(_name, _says, _dodo, (_old, _new))
