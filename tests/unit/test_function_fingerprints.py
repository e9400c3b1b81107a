"""Fingerprints of functions as such: what counts, and what does not."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from doit_invariants.code.loaded.beyond_pickle import PACKAGES
from doit_invariants.code.loaded.operations import slot
from doit_invariants.code.loaded.package_objects import OF_PACKAGES
from doit_invariants.kinds.function import Function

from .contexts import MemoryContext


def decorated(func: Any) -> Any:
    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        return func(*args)

    return wrapper


def code(source: str, name: str = "f") -> str:
    """Return the digest of the code of a function made from source."""
    namespace: dict[str, Any] = {
        "__name__": "made",
        "functools": functools,
        "decorated": decorated,
    }
    exec(source, namespace)
    found = Function(namespace[name]).fingerprint(MemoryContext(), None)
    return str(found["slots"][slot()])


SAME = [
    ("def f(x): return x + 1", "def g(x):\n\n    # comment\n    return x + 1\nf = g"),
    ("def f(x): return x", "def f(x: int) -> 'y':\n    '''doc'''\n    return x"),
    ("def f(x):\n    '''a'''\n    return 'b'", "def f(x):\n    '''c'''\n    return 'b'"),
    ("def f():\n    a = 1\n    return a", "def f():\n    b = 1\n    return b"),
    ("def f():\n    return {'a', 'b', 'c'}", "def f():\n    return {'a', 'b', 'c'}"),
    ("f = lambda x: x", "def f(x): return x"),
    (
        "def f():\n    a = 1; b = 2\n    return lambda: a - b",
        "def f():\n    z = 1; b = 2\n    return lambda: z - b",
    ),
    ("def g(): return 1\ndef f(): return g()", "def h(): return 1\ndef f(): return h()"),
    ("A = 1\nB = 2\ndef f(): return A - B", "D = 1\nC = 2\ndef f(): return D - C"),
    (
        "def f():\n    class C:\n        'doc'\n        a = 1",
        "def f():\n    class C:\n        a = 1",
    ),
    ("from __future__ import annotations\ndef f(x: int): return x", "def f(x: int): return x"),
]
DIFFERENT = [
    ("def f(x): return x + 1", "def f(x): return x + 2"),
    ("def f(x): return x + 1", "def f(x): return x + 1.0"),
    ("def f(x): return x + 1", "def f(x): return x + True"),
    ("def f(x): return 0.0", "def f(x): return -0.0"),
    ("def f(x): return 'a b'", "def f(x): return 'a  b'"),
    ("def f(x): return 'a'", "def f(x): return b'a'"),
    ("def f(x): return (1, 23)", "def f(x): return (12, 3)"),
    ("def f(x): return g(x)", "def f(x): return h(x)"),
    ("def f(x): return x.a", "def f(x): return x.b"),
    ("def f(x): return g(a=x)", "def f(x): return g(b=x)"),
    ("def f(x, y): return x", "def f(y, x): return x"),
    ("def f(x): return x", "def f(*, x): return x"),
    ("def f(x): return x", "def f(x, /): return x"),
    ("def f(x): return x", "def f(*x): return x"),
    ("def f(x): return x", "def f(**x): return x"),
    ("def f(x): return x", "async def f(x): return x"),
    ("def f(x): return x", "def f(x): yield x"),
    ("def f(x): return x in {'a', 'b'}", "def f(x): return x in {'a', 'c'}"),
    ("def f(x):\n    while x: x -= 1", "def f(x):\n    if x: x -= 1"),
    (
        "def f():\n    def g(): return 1\n    return g",
        "def f():\n    def g(): return 2\n    return g",
    ),
    ("def f(): return [i for i in 'ab']", "def f(): return [i for i in 'ab' if i]"),
    (
        "def f():\n    try: g()\n    except E: pass\n    h()",
        "def f():\n    try:\n        g()\n        h()\n    except E: pass",
    ),
    ("A = 1\nB = 2\ndef f(): return A - B", "A = 1\nB = 2\ndef f(): return B - A"),
    (
        "def f():\n    a = 1; b = 2\n    return lambda: a - b",
        "def f():\n    a = 1; b = 2\n    return lambda: b - a",
    ),
    ("@decorated\ndef f(): return 1", "@decorated\ndef f(): return 2"),
    ("def g(): return 1\nf = functools.partial(g)", "def g(): return 2\nf = functools.partial(g)"),
    ("@functools.lru_cache\ndef f(): return 1", "@functools.lru_cache\ndef f(): return 2"),
    (
        "def f():\n    a = 1; b = 2\n    return locals()",
        "def f():\n    b = 1; a = 2\n    return locals()",
    ),
    tuple(  # type: ignore[arg-type]
        "class deco:\n    def __init__(self, f): functools.update_wrapper(self, f)\n"
        f"    def __call__(self): return {n}\n@deco\ndef f(): pass"
        for n in (1, 2)
    ),
]


@pytest.mark.parametrize("pair", SAME, ids=range(len(SAME)))
def test_code_that_does_the_same(pair: tuple[str, str]) -> None:
    """Comments, docstrings, annotations, layout, and names of locals do not count."""
    assert code(pair[0]) == code(pair[1])


@pytest.mark.parametrize("pair", DIFFERENT, ids=range(len(DIFFERENT)))
def test_code_that_does_something_else(pair: tuple[str, str]) -> None:
    """Every difference that can change what a function does counts."""
    assert code(pair[0]) != code(pair[1])


def test_packages_with_rules_of_their_own_are_all_named() -> None:
    """The rules are imported where a class is of one of these packages, and only there."""
    assert {name.partition(".")[0] for name in OF_PACKAGES} == PACKAGES
