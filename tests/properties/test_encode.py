"""The encoding of values: injective, the same in every process, and never by address."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import re
import sys
import uuid
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.hashing.values import digest_value, encode
from tests.support.choices import examples
from tests.support.processes import outputs_with_hash_seeds

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)
hashable = st.recursive(
    scalars.filter(lambda x: x == x), lambda s: st.tuples(s, s) | st.frozensets(s), max_leaves=6
)
values = st.recursive(
    scalars,
    lambda s: st.lists(s) | st.tuples(s, s) | st.dictionaries(hashable, s) | st.sets(hashable),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equality that knows types, signs of zero, NaN, and the order of what has one."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, decimal.Decimal):
        return str(a) == str(b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            any(same(k, m) and same(v, w) for m, w in b.items()) for k, v in a.items()
        )
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    return bool(a == b)


@given(values, values)
@examples(500)
def test_equal_encodings_if_and_only_if_equal_values(a: Any, b: Any) -> None:
    """Two values share an encoding if and only if they are the same, types included."""
    assert (encode(a) == encode(b)) == same(a, b)


@given(st.lists(values, max_size=4), st.lists(values, max_size=4))
@examples(300)
def test_concatenations_do_not_meet(a: list[Any], b: list[Any]) -> None:
    """Items can't be shifted across the borders of a container."""
    assert (encode([a, b]) == encode([[*a, *b], []])) == (b == [] or same([a, b], [[*a, *b], []]))


@given(st.dictionaries(hashable, values, max_size=5))
@examples(200)
def test_order_of_a_dict_does_not_count(mapping: dict[Any, Any]) -> None:
    """The order in which a dict was filled does not count."""
    assert encode(mapping) == encode(dict(reversed(list(mapping.items()))))


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


@dataclasses.dataclass
class Place:
    x: int
    y: Any = None


class Plain:
    def __init__(self, n: int) -> None:
        self.n = n


class Slots:
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


@dataclasses.dataclass
class Extended(dict):  # type: ignore[type-arg]
    x: int = 0

    def with_item(self, value: int) -> Extended:
        self["k"] = value
        return self


Pair = collections.namedtuple("Pair", "a b")


class Bag(set):  # type: ignore[type-arg]
    pass


# Every pair of these must differ.
DISTINCT: list[Any] = [
    None,
    False,
    True,
    0,
    1,
    1.0,
    0.0,
    -0.0,
    1 + 0j,
    "1",
    b"1",
    bytearray(b"1"),
    "",
    b"",
    [1, 23],
    [12, 3],
    (1, 23),
    [1],
    [[1]],
    [1, [2]],
    [[1], 2],
    {1: 2},
    {2: 1},
    {"1": 2},
    {1, 2},
    frozenset({1, 2}),
    Bag({1, 2}),
    {"a": 1, "__b": 2},
    {"a": 1},
    collections.Counter("a"),
    collections.OrderedDict(a=1, b=2),
    collections.OrderedDict(b=2, a=1),
    {"a": 1, "b": 2},
    collections.defaultdict(int, a=1),
    range(3),
    range(0, 3, 2),
    Ellipsis,
    datetime.date(2024, 1, 1),
    datetime.datetime(2024, 1, 1),
    datetime.timedelta(1),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    datetime.time(1),
    decimal.Decimal(1),
    decimal.Decimal("1.0"),
    fractions.Fraction(1),
    uuid.UUID(int=1),
    re.compile("a"),
    re.compile("a", re.IGNORECASE),
    re.compile(b"a"),
    pathlib.PurePosixPath("a/b"),
    "a/b",
    pathlib.PurePosixPath("a"),
    Colour.RED,
    Colour.BLUE,
    Extended().with_item(1),
    Extended().with_item(2),
    datetime.time(8, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    datetime.time(8, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    fractions.Fraction(10**5000, 3),
    Point(1),
    Point(2),
    Place(1),
    Plain(1),
    Plain(2),
    Slots(1),
    Slots(2),
    Pair(1, 23),
    Pair(12, 3),
    np.array([1, 2]),
    np.array([2, 1]),
    np.array([1.0, 2.0]),
    np.array([[1, 2]]),
    np.int64(1),
    np.int32(1),
    np.float64(1),
    np.arange(10_000),
    np.arange(10_000)[::-1],
    np.ma.array([1, 2], mask=[0, 1]),
    np.ma.array([1, 2], mask=[1, 0]),
    np.array(["a", None], dtype=object),
    np.array([("a", 1)], dtype=[("s", "U1"), ("n", "i4")]),
    pd.Series([1, 2]),
    pd.Series([2, 1]),
    pd.Series([1, 2], name="n"),
    pd.Series([1, 2], index=[1, 2]),
    pd.DataFrame({"a": [1, 2]}),
    pd.DataFrame({"b": [1, 2]}),
    pd.DataFrame({"a": [1.0, 2.0]}),
    pd.DataFrame({"a": [1, 2]}, index=[1, 2]),
    pd.Index([1, 2]),
    pd.Timestamp("2024-01-01"),
    pd.Series(["a", "b"], dtype="category"),
    pd.Series(["a", "b"]),
]


def test_values_that_look_alike_differ() -> None:
    """No two of a long list of look-alikes share an encoding."""
    seen: dict[bytes, Any] = {}
    for value in DISTINCT:
        encoded = encode(value)
        assert encoded not in seen, f"{value!r} and {seen[encoded]!r}"
        seen[encoded] = value


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: {"x": (x for x in ())}, "$.x is of type generator"),
        (lambda: {"x": {"y z": [sys.__stdout__]}}, "$.x['y z'][0] is of type _io.TextIOWrapper"),
        (lambda: Point(1, lambda: 0), "$.y is of type function"),
        (lambda: [int], "$[0] is of type type"),
        (lambda: {1: sys}, "$[1] is of type module"),
        (lambda: math.sqrt, "$ is of type builtin_function_or_method"),
        (lambda: [Plain(1).__init__], "$[0] is of type method"),
        (lambda: [__import__("threading").Lock()], "$[0] is of type _thread.lock"),
        (lambda: Plain(lambda: 0), "$.n is of type function"),  # type: ignore[arg-type]
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_has_no_state_is_refused_with_its_place(make: Any, text: str) -> None:
    """The error names the place inside the value and the type."""
    with pytest.raises(CannotFingerprint) as caught:
        encode(make())
    assert text in str(caught.value)


def test_depth_has_no_limit_and_circles_end() -> None:
    """A structure that holds itself is encoded, so is a deep one; both count."""
    circle: list[Any] = [1]
    circle.append(circle)
    other: list[Any] = [1]
    other.append(other)
    assert encode(circle) == encode(other) != encode([1, [1]])
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert encode(deep) != encode([deep])


def test_huge_numbers() -> None:
    """Integers have no limit, as in Python (whose str() has one)."""
    assert encode(10**10_000) != encode(10**10_000 + 1)


def test_paths_below_the_root_are_relative() -> None:
    """A path object below the project reads the same in any checkout; one outside does not."""
    here, there = pathlib.PurePosixPath("/a/p/x"), pathlib.PurePosixPath("/b/p/x")
    assert digest_value([here], root="/a/p") == digest_value([there], root="/b/p")
    assert digest_value([here], root="/a/q") != digest_value([there], root="/b/q")
    assert digest_value(here, root="/a/p") != digest_value(pathlib.PurePosixPath("x"), root="/a/p")


SEEDED = """
import sys; sys.path.insert(0, {path!r})
import datetime, pathlib
from doit_invariants.hashing.values import digest_value
from doit_invariants.code.loaded.bytecode import structure
def f(x):
    "doc"
    def g(y): return y in {{"alpha", "beta", "gamma", b"x", 3}}
    return [g(i) for i in x if i not in {{"p", "q"}}]
value = {{"s": {{"a", "b", ("c", frozenset({{"d", "e"}}))}}, "t": datetime.date(2024, 1, 1)}}
print(digest_value(value), structure(f.__code__).digest)
"""


def test_nothing_depends_on_the_hash_seed() -> None:
    """Values and code have the same digests in processes with different hash seeds."""
    root = str(pathlib.Path(__file__).parents[2] / "src")
    outputs = outputs_with_hash_seeds(SEEDED.format(path=root), "0", "1", "2", "12345")
    assert len(outputs) == 1


def test_an_object_is_never_compared_by_its_address() -> None:
    """Two objects with equal state are equal, wherever they live."""
    keep = [Plain(1) for _ in range(100)]
    assert len({encode(one) for one in keep}) == 1
    assert encode([Plain(1), 1]) != encode([Plain(1), 2])
