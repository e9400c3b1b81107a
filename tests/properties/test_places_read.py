"""Random configurations, read at random places: nothing is kept where the output would differ."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from doit_invariants.code.loaded.functions import functions_of
from doit_invariants.kinds.function import Function
from tests.support.choices import examples
from tests.unit.contexts import MemoryContext

KINDS = (
    "dict({})",
    "OrderedDict({})",
    "defaultdict(int, {})",
    "MappingProxyType(dict({}))",
    "SimpleNamespace({})",
    "Plain({})",
    "Slotted({})",
    "Computed({})",
    "Guarded({})",
    "Item({})",
    "Pair({})",
    "space({})",
)
MODULE = """
from collections import OrderedDict, defaultdict, namedtuple
from types import MappingProxyType, SimpleNamespace

class Plain:
    b = 7
    def __init__(self, **given):
        vars(self).update(given)
    def __repr__(self):
        return f"Plain{{vars(self)}}"
class Slotted:
    __slots__ = ("a", "b")
    def __init__(self, **given):
        for name, value in given.items():
            setattr(self, name, value)
    def __repr__(self):
        return f"Slotted{{[getattr(self, name, None) for name in self.__slots__]}}"
class Computed(Plain):
    @property
    def a(self):
        return repr(vars(self))
class Guarded(Plain):
    def __getattribute__(self, name):
        return repr(vars(super())) if name == "a" else super().__getattribute__(name)
    def __getattr__(self, name):
        return repr(sorted(object.__getattribute__(self, "__dict__")))
class Item(dict):
    def __missing__(self, key):
        return len(self)
    def get(self, key, default=None):
        return len(self)
class Pair(namedtuple("Fields", "a b", defaults=[0, 0])):
    def __getitem__(self, key):
        return super().__getitem__(key)
def space(**given):
    return type("Space", (), given)
def first(value):
    return value["a"]

CONFIG = {config}

def read(one):
    try:
        found = one()
        return "a class" if isinstance(found, type) else repr(found)
    except Exception as error:
        return [type(error).__name__, repr(error.args)]

def f():
    return [{reads}]
"""
Pairs = tuple[str, str]


def _pair(value: str, other: str, differs: bool) -> Pairs:
    return value, other if differs else value


_rarely = st.integers(0, 5).map(lambda number: number == 0)
_leaf = st.sampled_from(("0", "1", "'ab'", "(1, 2)", "None"))
_leaves = st.builds(_pair, _leaf, _leaf, _rarely)


@st.composite
def _containers(draw: Any, inner: Any) -> Pairs:
    kinds = draw(st.builds(_pair, st.sampled_from(KINDS), st.sampled_from(KINDS), _rarely))
    items: tuple[list[str], list[str]] = ([], [])
    for name in draw(st.lists(st.sampled_from("ab"), unique=True)):
        values = draw(inner)
        sides = (0, 1) if not draw(_rarely) else (draw(st.integers(0, 1)),)
        for side in sides:
            items[side].append(f"{name}={values[side]}")
    return kinds[0].format(", ".join(items[0])), kinds[1].format(", ".join(items[1]))


def _lists(inner: Any) -> Any:
    return st.lists(inner, min_size=1, max_size=2).map(
        lambda pairs: tuple(f"[{', '.join(pair[n] for pair in pairs)}]" for n in (0, 1))
    )


_configs = st.recursive(_leaves, lambda inner: _containers(inner) | _lists(inner), max_leaves=8)
_steps = st.sampled_from(
    (
        "['a']",
        "['b']",
        "[0]",
        "[-1]",
        ".a",
        ".b",
        ".get('a')",
        ".get('b', 9)",
        "[:1]",
        ".a",
        "['a']",
    )
)
_ends = st.sampled_from(("{}", "{}", "{}", "len({})", "list({})", "first({})", "vars({})"))
_reads = st.lists(
    st.builds(lambda steps, end: end.format("CONFIG" + "".join(steps)), st.lists(_steps), _ends),
    min_size=1,
    max_size=3,
)


def _look(config: str, reads: list[str]) -> tuple[Any, Any, str]:
    """Return the result of a function, and its digests for this Python and for all."""
    namespace: dict[str, Any] = {"__name__": "made"}
    calls = ", ".join(f"read(lambda: {one})" for one in reads)
    exec(MODULE.replace("{{", "{").replace("}}", "}").replace("{config}", config)
         .replace("{reads}", calls), namespace)  # fmt: skip
    context = MemoryContext()
    found = Function(namespace["f"]).fingerprint(context, None)
    problems = functions_of(context).graph(namespace["f"]).problems
    assert not problems
    return copy.deepcopy(namespace["f"]()), found["slots"], str(found["digest"])


@given(_configs, _reads)
@example(("dict(a=1)", "MappingProxyType(dict(a=1))"), ["CONFIG"])
@examples(200)
def test_no_output_differs_where_the_digest_is_equal(configs: Pairs, reads: list[str]) -> None:
    """For every way to read a value, equal digests mean equal results."""
    output, slots, digest = _look(configs[0], reads)
    other, other_slots, other_digest = _look(configs[1], reads)
    if slots == other_slots or digest == other_digest:
        assert output == other
