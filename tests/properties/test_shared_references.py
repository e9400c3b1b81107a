"""Values with shared parts: each part is visited once, and sharing does not count."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doit_invariants.hashing.scalars import frame
from doit_invariants.hashing.values import Encoder, encode
from tests.properties.test_encode import DISTINCT, same, values
from tests.support.choices import examples, one_in


class Node:
    """An object that knows others, and that no two sets hold in the same order."""

    def __init__(self, name: Any = None) -> None:
        self.name = name
        self.near: Any = None


def folded(value: Any) -> bytes:
    """Return the encoding of a value as a graph, even of a small one."""
    return Encoder(None, None).take_apart([value], "$").digest


def written_out(value: Any, chain: tuple[int, ...] = ()) -> bytes:
    """Encode lists, dicts, sets and ints with no memory of what was met: what always counted."""
    if isinstance(value, int):
        return encode(value)
    if id(value) in chain:
        return frame(b"^", b"%d" % (len(chain) - chain.index(id(value))))
    inner = (*chain, id(value))
    if isinstance(value, dict):
        pairs = [(encode(key), written_out(item, inner)) for key, item in value.items()]
        return frame(b"m", *(frame(b"p", *pair) for pair in sorted(pairs)))
    if isinstance(value, frozenset):
        return frame(b"Z", *sorted(written_out(item, inner) for item in value))
    return frame(b"l", *(written_out(item, inner) for item in value))


@st.composite
def graphs(draw: st.DrawFn, most: int = 6) -> list[tuple[int, list[int]]]:
    """Draw nodes, each with its own bytes and the numbers of the nodes that it refers to."""
    count = draw(st.integers(1, most))
    to = st.lists(st.integers(0, count - 1), max_size=3)
    return [(draw(st.integers(0, 1)), draw(to)) for _ in range(count)]


def as_lists(graph: list[tuple[int, list[int]]]) -> Any:
    """Make lists of a graph, and return the first."""
    made: list[list[Any]] = [[look] for look, _ in graph]
    for one, (_, others) in zip(made, graph, strict=True):
        one += [made[other] for other in others]
    return made[0]


def as_objects(graph: list[tuple[int, list[int]]], order: random.Random) -> Any:
    """Make objects that hold each other in sets, at addresses in any order."""
    made: dict[int, Node] = {}
    for number in order.sample(range(len(graph)), len(graph)):
        made[number] = Node(graph[number][0])
    for number, (_, others) in enumerate(graph):
        made[number].near = {made[other] for other in others}
    return made[0]


def alike(a: Any, b: Any) -> bool:
    """Return whether no walk along two structures of lists finds a difference."""
    todo, seen = [(a, b)], set()
    while todo:
        one, other = todo.pop()
        if (id(one), id(other)) in seen:
            continue
        seen.add((id(one), id(other)))
        if isinstance(one, int) or isinstance(other, int):
            if one != other:
                return False
        elif len(one) != len(other):
            return False
        else:
            todo += zip(one, other, strict=True)
    return True


@given(graphs())
@examples(120)
def test_what_was_written_out_is_written_as_before(graph: list[tuple[int, list[int]]]) -> None:
    """Small values keep their encodings, with circles and shared parts."""
    value = as_lists(graph)
    assert encode(value) == written_out(value)
    assert encode({"a": value, "b": [value, value]}) == written_out({"a": value, "b": [value] * 2})


@given(values, values)
@examples(80)
def test_folded_values_are_equal_if_and_only_if_the_values_are(a: Any, b: Any) -> None:
    """The graph of a value distinguishes values like their encodings do."""
    assert (folded(a) == folded(b)) == same(a, b)
    assert folded([a, a, b]) == folded([copy.deepcopy(a), a, copy.deepcopy(b)])


@given(graphs(4), graphs(4))
@examples(150)
def test_circles_are_equal_only_if_they_look_alike(
    a: list[tuple[int, list[int]]], b: list[tuple[int, list[int]]]
) -> None:
    """Two structures share an encoding only if no walk can distinguish them."""
    one, other = as_lists(a), as_lists(b)
    if folded(one) == folded(other):
        assert alike(one, other)
    if encode(one) == encode(other):
        assert folded(one) == folded(other)


@given(graphs(), st.randoms(use_true_random=False))
@examples(120)
def test_neither_copies_nor_addresses_count(
    graph: list[tuple[int, list[int]]], order: random.Random
) -> None:
    """A copy is as good as the thing itself, and sets of objects have no order."""
    value = as_lists(graph)
    assert folded([value, value]) == folded([value, copy.deepcopy(value)])
    one, other = as_objects(graph, order), as_objects(graph, order)
    assert folded([one, one]) == folded([one, other]) == folded([other, copy.deepcopy(one)])
    assert encode([one, one]) == encode([one, other])


def test_look_alikes_differ_where_they_are_folded() -> None:
    """No two of the look-alikes share an encoding."""
    assert len({folded(value) for value in DISTINCT}) == len(DISTINCT)


def line(count: int, name: Any = None) -> list[Node]:
    """Return nodes that know the one before and the one after."""
    nodes = [Node(name) for _ in range(count)]
    for number, node in enumerate(nodes):
        node.near = nodes[max(number - 1, 0) : number] + nodes[number + 1 : number + 2]
    return nodes


def grid(side: int, kind: Any = list) -> list[Node]:
    """Return nodes that know the ones around them."""
    nodes = {(x, y): Node() for x in range(side) for y in range(side)}
    for (x, y), node in nodes.items():
        around = [(x + a, y + b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
        node.near = kind(nodes[one] for one in around if one in nodes)
    return list(nodes.values())


def crowd(count: int) -> list[Node]:
    """Return nodes that all know all."""
    nodes = [Node() for _ in range(count)]
    for node in nodes:
        node.near = list(nodes)
    return nodes


def doubled(start: Any, levels: int, twice: Any) -> Any:
    """Return a value that has the one below twice, level by level."""
    for _ in range(levels):
        start = twice(start)
    return start


def pair(one: Any) -> Node:
    """Return an object with two ways to another."""
    node = Node(one)
    node.near = one
    return node


LARGE: dict[str, Any] = {
    "lists": lambda n: doubled([n], 40, lambda x: [x, x]),
    "tuples": lambda n: doubled((n,), 40, lambda x: (x, x)),
    "dicts": lambda n: doubled({"n": n}, 40, lambda x: {"a": x, "b": x}),
    "keys": lambda n: doubled(frozenset([n]), 40, lambda x: frozenset([x, frozenset([x, 1])])),
    "objects": lambda n: doubled(n, 40, pair),
    "arrays": lambda n: doubled(np.array([n, [n]], dtype=object), 40, lambda x: [x, {"x": x}]),
    "frames": lambda n: [pd.DataFrame({"a": np.full(100_000, n)})] * 50,
    "texts": lambda n: {str(k): [f"{n}" * 1_000_000] for k in range(40)},
    "line": lambda n: [line(2000, n)[0], *line(2000)],
    "deep": lambda n: doubled([n], 20_000, lambda x: [x]),
    "grid": lambda n: [n, grid(12)],
    "grid of sets": lambda n: [n, grid(12, set)],
    "all know all": lambda n: [n, crowd(99)],
}


@pytest.mark.parametrize("name", one_in(4, LARGE))
def test_large_values_end_and_count(name: str) -> None:
    """A value with more parts than can be counted has a short encoding, and edits of it count."""
    make = LARGE[name]
    encoded = encode(make(1))
    assert len(encoded) < 100
    assert encoded == encode(make(1)) != encode(make(2))


def test_whether_a_value_is_folded_depends_on_what_is_in_it() -> None:
    """Tables with many equal parts stay written out while they are small enough."""
    rows = [[1, 2, "x"] for _ in range(100_000)]
    assert encode(rows) == encode([rows[0]] * 100_000)
    assert len(encode(rows)) > 1_000_000
