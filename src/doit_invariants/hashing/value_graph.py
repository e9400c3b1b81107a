"""Encodes a large value as a graph, in which each part counts once.

A list of forty levels, each of which names the level below twice, has a billion parts where it is
written out; objects that know their neighbours have more. Here a value is a graph. Its nodes are
the objects, each looked at once, and a digest stands for each of them:

- outside of circles it is that of the node's own bytes with the digests of what it refers to;
- objects that refer to each other in a circle are sorted into classes of equal ones first: two
  are equal if they look alike and refer to equal ones in the same places (the coarsest stable
  partition, as in the minimisation of an automaton, in O(n log n)). The classes are put into an
  order that depends on nothing but what they refer to, and written by their numbers.

So equal structures have equal digests, whether their parts are shared or not, in every process.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from xxhash import xxh3_128_digest

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.hashing.limits import Sizes
from doit_invariants.hashing.partition import partition
from doit_invariants.hashing.scalars import frame

#: Longer encodings of what holds nothing are nodes, so that one that is shared counts once.
_LONG = 1024
#: So many bytes a container takes at the least where it is written out.
_LEAST = 3
#: An object that makes up another one whenever it is looked at has no end.
_MAX_DEPTH = 1_000_000
_LONG_PLACE = 200


class Part(bytes):
    """A piece of an encoding that is no bytes yet: where bytes are expected, it passes for some."""


class Frame(Part):
    """What :func:`frame` would join."""

    tag: bytes
    parts: tuple[bytes, ...]


class Child(Part):
    """Another node."""

    number: int


class Bag(Part):
    """Pieces without an order."""

    parts: list[bytes]


class Code(Part):
    """Code that is written by the number under which it is met."""

    number: int


def framed(tag: bytes, *parts: bytes) -> bytes:
    """Return what takes the place of :func:`frame` while a graph is made."""
    if not any(isinstance(part, Part) for part in parts):
        return frame(tag, *parts)
    made = Frame()
    made.tag, made.parts = tag, parts
    return made


#: Takes the value at a place apart, and returns its encoding with pieces among it; asks
#: :meth:`ValueGraph.child` for each part that holds others.
Opener = Callable[[Any, str], bytes]


class _Node:
    __slots__ = ("codes", "shape", "slots")

    def __init__(self) -> None:
        self.shape = b""
        #: The nodes that it refers to, by their places; several in one have no order.
        self.slots: list[list[int]] = []
        self.codes: list[int] = []


class ValueGraph:
    """A value as a graph of its parts.

    :ivar nodes: the value is the first
    """

    def __init__(self) -> None:
        self.nodes: list[_Node] = []
        self._numbers: dict[int, int] = {}
        self._leaves: dict[bytes, int] = {}
        self._values: list[Any] = []  # kept, so that no others come to their addresses
        self._todo: list[tuple[int, Any, str, int]] = []
        self._depth = 0
        self._least: list[int] = []

    def build(self, value: Any, where: str, take_apart: Opener) -> None:
        """Look at a value and all its parts.

        :raises CannotFingerprint: naming the place inside the value that can't be encoded
        """
        self.child(value, where)
        while self._todo:
            # Depth first: a chain without end is noticed before it fills the memory.
            number, item, place, self._depth = self._todo.pop()
            if self._depth > _MAX_DEPTH:
                raise CannotFingerprint(f"{place}: nested more than {_MAX_DEPTH} levels deep")
            before = len(self._todo)
            self._describe(self.nodes[number], take_apart(item, place))
            self._todo[before:] = self._todo[before:][::-1]

    def child(self, value: Any, where: str) -> bytes:
        """Return what stands for a value that holds others."""
        if isinstance(value, Part):  # the name of a class among the arguments of an object
            return value
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = self._add()
            self._values.append(value)
            place = where if len(where) < _LONG_PLACE else f"{where[:_LONG_PLACE]}..."
            self._todo.append((number, value, place, self._depth + 1))
        return _child(number)

    def leaf(self, encoded: bytes) -> bytes:
        """Return what stands for a value that holds no others: its encoding, or a node if long."""
        if len(encoded) < _LONG:
            return encoded
        digest = xxh3_128_digest(encoded)
        if digest not in self._leaves:
            number = self._leaves[digest] = self._add()
            # So many bytes as it has count, not those of its digest.
            self.nodes[number].shape = frame(b"#", digest, b"%x" % len(encoded))
        return _child(self._leaves[digest])

    def items(self, encoded: list[bytes]) -> list[bytes]:
        """Return what stands for the items of a set."""
        made = Bag()
        made.parts = encoded
        return [made]

    def pairs(self, encoded: list[tuple[bytes, bytes]]) -> list[bytes]:
        """Return what stands for the items of a dict, in the order of their keys if known."""
        if any(isinstance(key, Part) for key, _ in encoded):
            return self.items([framed(b"p", key, item) for key, item in encoded])
        encoded.sort(key=operator.itemgetter(0))
        return [framed(b"p", key, item) for key, item in encoded]

    def code(self, number: int) -> bytes:
        """Return what stands for a piece of code, by the number that the encoder gave it."""
        made = Code()
        made.number = number
        return made

    def _add(self) -> int:
        self.nodes.append(_Node())
        return len(self.nodes) - 1

    def _describe(self, node: _Node, found: bytes) -> None:
        pieces: list[bytes] = []
        self._flatten(found, node, pieces)
        node.shape = b"".join(pieces)

    def _flatten(self, part: bytes, node: _Node, pieces: list[bytes]) -> None:
        if isinstance(part, Frame):
            pieces.append(b"F%b%d:" % (part.tag, len(part.parts)))
            for one in part.parts:
                self._flatten(one, node, pieces)
        elif isinstance(part, Child):
            pieces.append(b"C")
            node.slots.append([part.number])
        elif isinstance(part, Code):
            pieces.append(b"K")
            node.codes.append(part.number)
        elif isinstance(part, Bag):
            plain = sorted(one for one in part.parts if not isinstance(one, Part))
            others = [self._anonymous(one) for one in part.parts if isinstance(one, Part)]
            pieces.append(b"B%d,%d:" % (len(plain), len(others)))
            pieces += [b"%d:%b" % (len(one), one) for one in plain]
            node.slots.append(others)
        else:
            pieces.append(b"%d:%b" % (len(part), part))

    def _anonymous(self, part: Part) -> int:
        if isinstance(part, Child):
            return part.number
        number = self._add()
        self._describe(self.nodes[number], part)
        return number

    # ------------------------------------------------------------------ what stands for the nodes

    def has_order(self) -> bool:
        """Return whether there is an order in which all that is in the value is met."""
        return all(len(slot) < 2 for node in self.nodes for slot in node.slots)

    def order_of_codes(self, digests: Sequence[bytes] | None) -> list[int]:
        """Return the numbers of the code in the order in which it is met from the value on.

        :param digests: of the nodes, which give those without an order one
        """
        found: dict[int, None] = {}
        seen: set[int] = set()
        todo = [0]
        while todo:
            number = todo.pop()
            if number in seen:
                continue
            seen.add(number)
            node = self.nodes[number]
            found.update(dict.fromkeys(node.codes))
            for slot in reversed(node.slots):
                todo += slot if digests is None else sorted(slot, key=lambda n: digests[n])[::-1]
        return list(found)

    def digests(self, marks: Callable[[int], bytes]) -> list[bytes]:
        """Return for each node the digest that stands for it.

        :param marks: gives what stands for a piece of code
        """
        found: list[bytes] = [b""] * len(self.nodes)
        self._least = [_LEAST] * len(self.nodes)
        edges = [[n for slot in node.slots for n in slot] for node in self.nodes]
        for group in _components(edges):
            first = group[0]
            if len(group) == 1 and first not in edges[first]:
                found[first] = self._digest(first, found, marks, {})
                self._least[first] += sum([self._least[n] for n in edges[first]])
            else:
                self._circle(group, found, marks)
        return found

    def sizes(self, digests: Sequence[bytes]) -> Sizes:
        """Return how large the value is."""
        different = dict(zip(digests, self.nodes, strict=True))
        total = 0
        for node in different.values():
            total += len(node.shape) + 16 * sum(map(len, node.slots))
            if node.shape.startswith(b"#"):
                total += int(node.shape.rpartition(b":")[2], 16)
        return Sizes(len(different), total, self._least[0])

    def _digest(
        self,
        number: int,
        digests: Sequence[bytes],
        marks: Callable[[int], bytes],
        inside: dict[int, bytes],
    ) -> bytes:
        """Return the digest of a node with those of the nodes it refers to.

        :param inside: what stands for those that have none yet
        """
        node = self.nodes[number]
        slots = [
            b"".join(sorted(frame(b"", inside.get(n, digests[n])) for n in slot))
            for slot in node.slots
        ]
        return xxh3_128_digest(frame(b"G", node.shape, *slots, *map(marks, node.codes)))

    def _circle(
        self, group: list[int], digests: list[bytes], marks: Callable[[int], bytes]
    ) -> None:
        at = {number: index for index, number in enumerate(group)}
        unknown = dict.fromkeys(group, b"?")
        looks = [self._digest(number, digests, marks, unknown) for number in group]
        edges = [
            [[at[n] for n in slot if n in at] for slot in self.nodes[number].slots]
            for number in group
        ]
        classes = partition(looks, edges)
        examples: dict[int, int] = {}
        for index, cls in enumerate(classes):
            examples.setdefault(cls, index)
        if len(examples) < len(group):
            # The order of the classes must not depend on how many there are of each.
            one_of_each = [examples[cls] for cls in sorted(examples)]
            place = {cls: i for i, cls in enumerate(sorted(examples))}
            fewer = partition(
                [looks[i] for i in one_of_each],
                [[[place[classes[n]] for n in slot] for slot in edges[i]] for i in one_of_each],
            )
            classes = [fewer[place[cls]] for cls in classes]
            examples = {fewer[place[cls]]: index for cls, index in examples.items()}
        names = {number: b"%d" % classes[index] for index, number in enumerate(group)}
        first_ones = [group[index] for _, index in sorted(examples.items())]
        written = [self._digest(number, digests, marks, names) for number in first_ones]
        whole = xxh3_128_digest(b"".join(written))
        for number in group:
            digests[number] = xxh3_128_digest(frame(b"o", whole, names[number]))


def _child(number: int) -> bytes:
    made = Child()
    made.number = number
    return made


def _components(edges: list[list[int]]) -> list[list[int]]:
    """Return the strongly connected components of a graph, those that are referred to first."""
    # Tarjan's algorithm, without recursion.
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    pending: list[int] = []
    is_pending: set[int] = set()
    found: list[list[int]] = []
    work: list[tuple[int, int]] = [(0, 0)]
    while work:
        node, at = work.pop()
        if at == 0:
            index[node] = low[node] = len(index)
            pending.append(node)
            is_pending.add(node)
        else:
            low[node] = min(low[node], low[edges[node][at - 1]])
        for step in range(at, len(edges[node])):
            after = edges[node][step]
            if after not in index:
                work += [(node, step + 1), (after, 0)]
                break
            if after in is_pending:
                low[node] = min(low[node], index[after])
        else:
            if low[node] == index[node]:
                where = pending.index(node) if len(pending) < 8 else _last(pending, node)
                found.append(pending[where:])
                is_pending.difference_update(pending[where:])
                del pending[where:]
    return found


def _last(items: list[int], item: int) -> int:
    at = len(items) - 1
    while items[at] != item:
        at -= 1
    return at
