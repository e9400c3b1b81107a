"""Encodes a large value as a graph. Each part counts once.

A list with forty levels, each holding the level below twice, has a billion parts in its full
encoding. Objects that refer to their neighbors have more. Here a value is a graph. Its nodes are
the objects, each visited once, and each node has a digest:

- Outside of cycles, the digest covers the node's own bytes and the digests of the nodes that it
  refers to.
- Objects in a cycle are first sorted into classes of equal objects. Two are equal if they look
  alike and refer to equal objects in the same places (the coarsest stable partition, as in the
  minimization of an automaton, in O(n log n)). The order of the classes depends only on their
  references. Their numbers in that order are encoded.

So equal structures have equal digests in every process, whether their parts are shared or not.
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

#: A scalar with a longer encoding becomes a node, so that it counts once if it is shared.
_LONG = 1024
#: Smallest number of bytes of a container in a full encoding.
_LEAST = 3
#: Ends the walk through objects that create another object each time they are read.
_MAX_DEPTH = 1_000_000
_LONG_PLACE = 200


class Part(bytes):
    """Part of an encoding that has no bytes yet; extends ``bytes`` to pass for an encoding."""


class Frame(Part):
    """The parts that :func:`frame` would join."""

    tag: bytes
    parts: tuple[bytes, ...]


class Child(Part):
    """A reference to another node."""

    number: int


class Bag(Part):
    """Parts without an order."""

    parts: list[bytes]


class Code(Part):
    """A reference to a piece of code by its number."""

    number: int


def framed(tag: bytes, *parts: bytes) -> bytes:
    """Join parts like :func:`frame`, but keep them separate if one has no bytes yet."""
    if not any(isinstance(part, Part) for part in parts):
        return frame(tag, *parts)
    made = Frame()
    made.tag, made.parts = tag, parts
    return made


#: Returns the encoding of the value at a place. Each part in it that holds other values is a
#: reference from :meth:`ValueGraph.child`.
Opener = Callable[[Any, str], bytes]


class _Node:
    __slots__ = ("codes", "shape", "slots")

    def __init__(self) -> None:
        self.shape = b""
        #: The nodes that this one refers to, by their places; those in one place have no order.
        self.slots: list[list[int]] = []
        self.codes: list[int] = []


class ValueGraph:
    """A value as a graph of its parts.

    :ivar nodes: the nodes, first the value itself
    """

    def __init__(self) -> None:
        self.nodes: list[_Node] = []
        self._numbers: dict[int, int] = {}
        self._leaves: dict[bytes, int] = {}
        self._values: list[Any] = []  # kept alive, so that an id is never reused
        self._todo: list[tuple[int, Any, str, int]] = []
        self._depth = 0
        self._least: list[int] = []

    def build(self, value: Any, where: str, take_apart: Opener) -> None:
        """Add a value and all its parts.

        :raises CannotFingerprint: if part of the value can't be encoded; names the place
        """
        self.child(value, where)
        while self._todo:
            # Depth first: an endless chain is noticed before it fills the memory.
            number, item, place, self._depth = self._todo.pop()
            if self._depth > _MAX_DEPTH:
                raise CannotFingerprint(f"{place}: nested more than {_MAX_DEPTH} levels deep")
            before = len(self._todo)
            self._describe(self.nodes[number], take_apart(item, place))
            self._todo[before:] = self._todo[before:][::-1]

    def child(self, value: Any, where: str) -> bytes:
        """Return a reference to a value that holds other values."""
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
        """Return the encoding of a scalar, or a reference to a node if the encoding is long."""
        if len(encoded) < _LONG:
            return encoded
        digest = xxh3_128_digest(encoded)
        if digest not in self._leaves:
            number = self._leaves[digest] = self._add()
            # The size of the encoding counts, not the size of its digest.
            self.nodes[number].shape = frame(b"#", digest, b"%x" % len(encoded))
        return _child(self._leaves[digest])

    def items(self, encoded: list[bytes]) -> list[bytes]:
        """Return the encoding of the items of a set."""
        made = Bag()
        made.parts = encoded
        return [made]

    def pairs(self, encoded: list[tuple[bytes, bytes]]) -> list[bytes]:
        """Return the encoding of the items of a dict, sorted if the keys have bytes already."""
        if any(isinstance(key, Part) for key, _ in encoded):
            return self.items([framed(b"p", key, item) for key, item in encoded])
        encoded.sort(key=operator.itemgetter(0))
        return [framed(b"p", key, item) for key, item in encoded]

    def code(self, number: int) -> bytes:
        """Return a reference to a piece of code by the number that the encoder gave it."""
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

    # ------------------------------------------------------------------ digests of the nodes

    def has_order(self) -> bool:
        """Return whether all parts of the value have an order."""
        return all(len(slot) < 2 for node in self.nodes for slot in node.slots)

    def order_of_codes(self, digests: Sequence[bytes] | None) -> list[int]:
        """Return the numbers of the code in the order in which a walk from the value finds it.

        :param digests: digests of the nodes, which give unordered nodes an order
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
        """Return the digest of each node.

        :param marks: returns the encoding of a piece of code
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
        """Return the digest of a node, which covers the digests of the nodes it refers to.

        :param inside: placeholders for nodes that have no digest yet
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
            # The order of the classes must not depend on how many nodes each class has.
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
    """Return the strongly connected components of a graph; each follows those it refers to."""
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
