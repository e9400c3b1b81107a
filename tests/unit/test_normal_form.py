"""The normal form of Python source: what counts, what does not, the same in every Python."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from doit_invariants.code.source import normal_form
from tests.support.processes import outputs_with_hash_seeds

# Pairs of sources that are the same for everybody but a reader.
SAME = {
    "comments and layout": ("x = [1,\n 2]  # why", "x=[1,2]"),
    "quotes": ("x = 'a'", 'x = "a"'),
    "docstring of a module": ('"""Doc."""\nx = 1', "x = 1"),
    "docstring of a function": ("def f():\n  'Doc.'\n  return 1", "def f(): return 1"),
    "docstring alone": ("def f(): 'Doc.'", "def f(): pass"),
    "docstring of a class": ("class A:\n  'Doc.'\n  x = 1", "class A:\n  x = 1"),
    "annotations of arguments": (
        "def f(a: int, *b: str, c: 'X' = 1, **d: Y) -> None: ...",
        "def f(a, *b, c=1, **d): ...",
    ),
    "annotated variable of a module": ("x: int = 3", "x = 3"),
    "annotated local": ("def f():\n x: int = 3", "def f():\n x = 3"),
    "annotated local without value": ("def f():\n x: int", "def f():\n x: str"),
    "annotated attribute": ("def f(s): s.x: int = 3", "def f(s): s.x = 3"),
    "annotated local of a method": (
        "class A:\n def f(s):\n  x: int = 1",
        "class A:\n def f(s):\n  x = 1",
    ),
    "kind of a string": ("x = u'a'", "x = 'a'"),
    "type comment": ("x = 1  # type: int", "x = 1"),
    "parentheses": ("x = (1 + 2) + 3", "x = 1 + 2 + 3"),
    "f-string in pieces": ("x = f'a' 'b' f'{c}'", "x = f'ab{c}'"),
    "f-string in other quotes": ('x = f"""a{c["k"]}"""', "x = f'a{c[\"k\"]}'"),
    "empty format": ("x = f'{c:}'", "x = f'{c}'"),
    "line continuation": ("x = 1 + \\\n 2", "x = 1 + 2"),
}

DIFFERENT = {
    "numbers by type": ("x = 1", "x = 1.0"),
    "one and true": ("x = 1", "x = True"),
    "zero by sign": ("x = 0.0", "x = -0.0"),
    "text and bytes": ("x = 'a'", "x = b'a'"),
    "none and ellipsis": ("x = None", "x = ..."),
    "name and text": ("x = a", "x = 'a'"),
    "names of arguments": ("def f(a): pass", "def f(b): pass"),
    "kinds of arguments": ("def f(a): pass", "def f(*, a): pass"),
    "positional only": ("def f(a, /): pass", "def f(a): pass"),
    "defaults inside a module": ("def f(a=1): pass", "def f(a=2): pass"),
    "keyword with and without default": ("def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
    "decorators": ("@a\ndef f(): pass", "def f(): pass"),
    "async": ("async def f(): pass", "def f(): pass"),
    "fields of a class": ("class A:\n x: int = 1", "class A:\n x: str = 1"),
    "fields of a class without value": ("class A:\n x: int", "class A:\n pass"),
    "field under a condition": ("class A:\n if y:\n  x: int = 1", "class A:\n if y:\n  x = 1"),
    "field of a class in a function": (
        "def f():\n class A:\n  x: int = 1",
        "def f():\n class A:\n  x = 1",
    ),
    "local name declared": ("def f():\n x: int\n x", "def f():\n x"),
    "unpacking": ("x = {**a}", "x = {a}"),
    "order": ("a\nb", "b\na"),
    "nesting": ("if a:\n b\nc", "if a:\n b\n c"),
    "conversion": ("x = f'{a!r}'", "x = f'{a}'"),
    "format": ("x = f'{a:>{w}}'", "x = f'{a:<{w}}'"),
    "operators": ("x = a + b", "x = a - b"),
    "dots of an import": ("from . import a", "from .. import a"),
    "second string": ("'Doc.'\nprint('x')", "'Doc.'\nprint('y')"),
    "docstring that is read": ("'Use.'\nprint(__doc__)", "'Usage.'\nprint(__doc__)"),
    "docstring that is read by name": (
        "def f(): 'a'\ngetattr(f, '__doc__')",
        "def f(): 'b'\ngetattr(f, '__doc__')",
    ),
}


def module(source: str) -> str:
    """Return the digest of a module."""
    return normal_form.module_digest(ast.parse(source))


def function(source: str) -> Any:
    """Return the first function of a module, or the lambda that it is."""
    node: Any = ast.parse(source).body[0]
    return node.value if isinstance(node, ast.Expr) else node


@pytest.mark.parametrize("name", SAME)
def test_same_form(name: str) -> None:
    """Differences that only a reader sees are not part of the form."""
    first, second = SAME[name]
    assert module(first) == module(second)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_form(name: str) -> None:
    """Differences that a program could see are part of the form."""
    first, second = DIFFERENT[name]
    assert module(first) != module(second)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param("def f(): return 1", "def g(): return 1", True, id="its name"),
        pytest.param("@a\ndef f(): return 1", "def f(): return 1", True, id="its decorators"),
        pytest.param("def f(a=1): return a", "def f(a=2): return a", True, id="its defaults"),
        pytest.param("def f(a=1): return a", "def f(a): return a", True, id="having defaults"),
        pytest.param("def f(*, a=1): 1", "def f(*, a): 1", True, id="keyword defaults"),
        pytest.param("def f() -> int: 'Doc.'", "def f(): pass", True, id="its docstring"),
        pytest.param("lambda a=1: a", "lambda a=2: a", True, id="defaults of a lambda"),
        pytest.param("lambda a: a", "lambda a: a + 1", False, id="body of a lambda"),
        pytest.param("def f(a): 1", "def f(b): 1", False, id="names of arguments"),
        pytest.param("def f(a): 1", "def f(*a): 1", False, id="kinds of arguments"),
        pytest.param("def f(): 1", "async def f(): 1", False, id="async"),
        pytest.param(
            "def f():\n def g(a=1): pass", "def f():\n def g(a=2): pass", False, id="inner default"
        ),
        pytest.param(
            "def f():\n @a\n def g(): pass", "def f():\n def g(): pass", False, id="inner decorator"
        ),
        pytest.param(
            "def f():\n def g(): pass", "def f():\n def h(): pass", False, id="inner name"
        ),
    ],
)
def test_function(first: str, second: str, same: bool) -> None:
    """A function counts without what is compared when it exists: name, decorators, defaults."""
    digests = {normal_form.function_digest(function(source)) for source in (first, second)}
    assert (len(digests) == 1) is same


def test_readable() -> None:
    """A person reads the source in one layout, without docstrings and annotations."""
    source = '''
@cached
def f(a: int, b: "str" = 'x') -> None:
    """Doc."""
    n: int = 1   # why
    late: str
    class A:
        """Doc."""
        field: int = 3
    return f"{n:}" 'b' f"c"
'''
    assert normal_form.readable(function(source)) == (
        "def f(a, b='x'):\n    n = 1\n    late: ...\n\n    class A:\n        field: int = 3\n"
        "    return f'{n}bc'"
    )
    assert normal_form.readable(function("lambda  x : (x)")) == "lambda x: x"


def test_the_tree_is_left_alone() -> None:
    """Neither digest nor text changes the tree that it is made of."""
    tree = ast.parse("@d\ndef f(a: int = 1):\n 'Doc.'\n x: int = f'a' f'{a:}'")
    before = ast.dump(tree, include_attributes=True)
    node = function(ast.unparse(tree))
    normal_form.function_digest(node)
    normal_form.module_digest(tree)
    normal_form.readable(tree.body[0])  # type: ignore[arg-type]
    assert ast.dump(tree, include_attributes=True) == before


def test_deep_nesting_is_no_crash() -> None:
    """A sum of many thousand terms has a digest; no text where Python itself gives up."""
    node: ast.expr = ast.Constant(1)
    for _ in range(20_000):
        node = ast.BinOp(node, ast.Add(), ast.Constant(1))
    arguments = ast.parse("lambda: 1", mode="eval").body.args  # type: ignore[attr-defined]
    deep = ast.Lambda(arguments, node)
    assert normal_form.function_digest(deep).startswith("xxh3_128:")
    assert normal_form.readable(deep) == ""
    # Freed by hand: Python 3.10 frees nested nodes by recursion in C.
    while isinstance(node, ast.BinOp):
        node, node.left = node.left, ast.Constant(1)


@pytest.mark.parametrize(
    ("source", "parsed"),
    [
        pytest.param(b"x = 1", True, id="source"),
        pytest.param("# -*- coding: latin-1 -*-\nx = 'é'".encode("latin-1"), True, id="encoding"),
        pytest.param(b"\xef\xbb\xbfx = 1", True, id="byte order mark"),
        pytest.param(b"x = '\\d'", True, id="invalid escape"),
        pytest.param(b"x = (", False, id="syntax error"),
        pytest.param(b"x = '\xff'", False, id="not UTF-8"),
        pytest.param(b"x = \0", False, id="NUL"),
        pytest.param(b"(" * 5000 + b")" * 5000, False, id="too deep"),
    ],
)
def test_parse(source: bytes, parsed: bool) -> None:
    """A source that can't be parsed gives None, never an exception or a warning."""
    assert (normal_form.parse(source) is not None) is parsed


#: Sources that versions of Python parse differently, or could.
EVERYWHERE = [
    "x = f'a{b}c' 'd' f'{e!r:>{w}.{p}}' f'{{}}' f'{b=}' f'{b = !s:^5}' rf'\\d{b}' f''",
    "x = f\"{c['k']}\" f'\\n{b}\\N{BULLET}' f'{d:%Y-%m-%d}' f'{e:}' f'{f:{g}}'",
    "x = a[1:2, ::3, ...], a[b], a[()], a[-1], {**a, 'b': 1}, {*a}, [*a], (*a,), 1j, 0x1, 1_0",
    "x: int = 3\ny: str\n(z): int = 4\nx @= y",
    "class A(B, metaclass=C):\n x: int\n y: str = 1\n def f(s):\n  s.a: int",
    "def f(a, /, b=1, *c, d, e=2, **g) -> int:\n 'Doc.'\n global h, i\n return (yield)",
    "async def f():\n async with a as b, c: pass\n async for d in e: await g",
    "async def f(): return [x async for x in y if x if y], {x: y for x in y}, (x for x in y)",
    "try: pass\nexcept (A, B) as e: raise C from e\nexcept: pass\nelse: pass\nfinally: del x, y[0]",
    "match a:\n case [1, *b, None] | {'k': c, **d} if e: pass\n case A(1, x=2) as f: pass",
    "with (open(a) as b, open(c) as d): pass\nif (n := 1) and not m or k: pass\nlambda *a, b=1: a",
    "for x, *y in z:\n if a < b <= c is not d not in e: break\n else: continue\nelse: pass",
    "from . import a as b, c\nfrom ..d import *\nimport e.f as g, h\nassert a, 'b'\nx = u'x'",
    "x = 'a' 'b' if c else -0.0 + 1e400 + 10**30\nx = '\\ud800', '\\N{BULLET}', r'\\d', b'\\xff'",
    "def f():\n '''Doc.\n   indented'''\n return f.__doc__",
]

CHILD = """
import ast, json, sys, types
sys.path.insert(0, sys.argv[1])
# It is installed for one of them, perhaps; the bytes are compared before they are hashed.
sys.modules["xxhash"] = stub = types.ModuleType("xxhash")
stub.xxh3_128 = stub.xxh3_128_hexdigest = None
from doit_invariants.code.source import normal_form
for source in json.load(sys.stdin):
    print(normal_form._Writer().write(ast.parse(source)).hex())
"""


def interpreters() -> list[str]:
    """Return an interpreter of each other version of Python that is installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = []
    for minor in range(10, 14):
        here = sorted(map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python")))
        found.append(here[0] if here else shutil.which(f"python3.{minor}"))
    return [path for path in found if path is not None]


@pytest.mark.parametrize("python", interpreters())
def test_every_python_gives_the_same_form(python: str) -> None:
    """The form of each source is the same, byte for byte, under every supported Python."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", CHILD, str(Path(normal_form.__file__).parents[3])],
        input=json.dumps(EVERYWHERE),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [normal_form._Writer().write(ast.parse(source)).hex() for source in EVERYWHERE]
    assert done.stdout.split() == expected


def test_own_source_has_a_form() -> None:
    """The sources of a package, and each function in them, go through."""
    for path in sorted(Path(normal_form.__file__).parent.glob("*.py")):
        tree = normal_form.parse(path.read_bytes())
        assert tree is not None
        assert normal_form.module_digest(tree) == module(ast.unparse(tree))
        for node in ast.walk(tree):
            if isinstance(node, normal_form.AnyFunction):
                text = normal_form.readable(node)
                if "doc" in text:
                    continue  # what it reads itself counts, but is not shown
                again = function(text)
                assert normal_form.function_digest(again) == normal_form.function_digest(node)


def test_form_does_not_depend_on_the_process() -> None:
    """The digest is the same under another seed of hashes."""
    code = "import ast; from doit_invariants.code.source.normal_form import module_digest as m; "
    code += 'print(m(ast.parse(\'x = {1, "a"} | {"b"}\')))'
    found = outputs_with_hash_seeds(code, "1", "2")
    assert len(found) == 1
