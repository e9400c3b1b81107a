"""Random modules with one used name: an equal part gives an equal value."""

from __future__ import annotations

import ast
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.code.source.module_parts import module_part
from tests.support.choices import examples

NAMES = tuple("ABCDEFGH")
VALUES = (
    "{n}",
    "{x} + {n}",
    "[{n}]",
    "[{x}, {y}]",
    "{{'k': {x}, 'n': {n}}}",
    "{x}.copy()",
    "{x}.pop()",
    "{x}['k']",
    "({x} if {y} else {n})",
    "f'{{{x}}}{n}'",
    "[i for i in {x}]",
    "sorted({x})",
    "len({x})",
    "str({x})",
    "(lambda: {x})()",
    "lambda: {x}",
    "(W := {n})",
    "make({n})",
    "dict(k={n})",
    "SimpleNamespace(k={n})",
    "getattr(SimpleNamespace(k={x}), 'k')",
)
#: Most edits are of these, or the part would be the whole nearly always.
COMMON = (
    "{a} = VALUE",
    "{a}, {b} = VALUE, {n}",
    "{a} += VALUE",
    "def {a}():\n    return VALUE",
    "def {a}(x=VALUE):\n    return x, {n}",
    "class {a}:\n    k = VALUE\n    def m(self):\n        return {x}",
    "def {a}():\n    global {b}\n    {b} = {n}",
)
STATEMENTS = (
    "{a}: int = VALUE",
    "{a}, {b} = VALUE, {n}",
    "{a} = {b} = VALUE",
    "{a} += VALUE",
    "{a}.append({n})",
    "{a}['k'] = VALUE",
    "{a}.k = VALUE",
    "del {a}",
    "def {a}():\n    return VALUE",
    "def {a}(x=VALUE):\n    return x, {n}",
    "def {a}():\n    'A doc with B and C.'\n    return {x}",
    "def {a}():\n    global {b}\n    {b} = {n}\n{a}()",
    "def {a}():\n    global {b}\n    {b} = {n}\n{b} = {a}",
    "class {a}:\n    k = VALUE\n    def m(self):\n        return {x}",
    "class {a}:\n    {b}.append({n})",
    "@twice\ndef {a}():\n    return {n}",
    "for {a} in VALUE: {b} = {n}",
    "if {x}: {a} = VALUE",
    "try: {a} = VALUE\nexcept Exception: {a} = {n}",
    "with context() as {a}: {b} = VALUE",
    "while False: {a} = VALUE",
    "globals()['{a}'] = VALUE",
    "exec('{a} = {n}')",
    "if __name__ == '__main__': {a} = {n}",
    "from collections import OrderedDict as {a}",
    "import math as {a}",
    "{n}",
    "pass",
)
BEFORE = """
from types import SimpleNamespace
from contextlib import contextmanager
COUNT = [0]
def make(n):
    COUNT.append(n)
    return COUNT
def twice(func):
    COUNT.append(func())
    return func
@contextmanager
def context():
    COUNT.append(1)
    yield COUNT
A = B = C = D = E = F = G = H = [0]
"""


@st.composite
def _statements(draw: Any) -> tuple[str, str]:
    """Return a statement, and mostly the same one."""
    name, digit = st.sampled_from(NAMES), st.integers(0, 2)

    def make() -> str:
        value = draw(st.sampled_from(VALUES))
        value = value.format(x=draw(name), y=draw(name), n=draw(digit))
        shape = draw(st.sampled_from(COMMON if draw(st.integers(0, 5)) else STATEMENTS))
        text = shape.format(a=draw(name), b=draw(name), x=draw(name), n=draw(digit))
        return text.replace("VALUE", value)

    first = make()
    differs = draw(st.integers(0, 3)) == 0
    return first, draw(st.sampled_from((make(), "pass"))) if differs else first


def _shown(value: Any, depth: int = 0) -> Any:
    """Return what can be seen of a value from outside."""
    if depth > 4:
        return "deep"
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *(_shown(one, depth + 1) for one in value[:9])]
    if isinstance(value, dict):
        return [[str(key), _shown(one, depth + 1)] for key, one in value.items()]
    if isinstance(value, type) and value.__module__ == "made":
        return [_shown(getattr(value, "k", None), depth + 1), _called(lambda: value().m(), depth)]
    if callable(value) and not isinstance(value, type):
        return _called(value, depth)
    if hasattr(value, "__dict__") and not isinstance(value, type) and not hasattr(value, "pi"):
        return _shown(vars(value), depth + 1)
    return re.sub("0x[0-9a-f]+", "", str(value))


def _called(value: Any, depth: int) -> Any:
    try:
        return _shown(value(), depth + 1)
    except Exception as error:
        return type(error).__name__


def _value(text: str, name: str) -> Any:
    """Return the value that an importer gets, None if the import fails."""
    namespace: dict[str, Any] = {"__name__": "made"}
    try:
        exec(text, namespace)
    except Exception:
        return None  # an edit that breaks the module breaks the next run of all its users
    return _shown(namespace.get(name, "nothing"))


@given(st.lists(_statements(), min_size=1, max_size=7), st.sampled_from(NAMES))
@examples(400)
def test_an_equal_part_gives_an_equal_value(pairs: list[tuple[str, str]], name: str) -> None:
    """The value of the name, when it is inspected and when it is called."""
    texts = [BEFORE + "\n".join(pair[side] for pair in pairs) for side in (0, 1)]
    parts = [module_part(ast.parse(text), [name]) for text in texts]
    if parts[0] is not None and parts[1] is not None and parts[0].digest == parts[1].digest:
        before, after = (_value(text, name) for text in texts)
        assert before is None or after is None or before == after
