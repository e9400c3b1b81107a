"""A canonical encoding of Python values: equal bytes if and only if equal values.

Every value is written with a tag for its type and with the length of whatever has one, so
that no two values share an encoding: ``1``, ``1.0`` and ``True`` differ, so do ``"a"`` and
``b"a"``, ``[1, 23]`` and ``[12, 3]``, a list and a tuple. What has no order (sets, the keys of
a dict) is written in the order of its encodings; what has one keeps it. Nothing depends on
``hash()``, ``id()`` or ``repr()``, so the encoding is the same in every process and on every
machine. NaN equals NaN; ``0.0`` and ``-0.0`` differ, as they can lead to different results.

Objects of other classes are written by their class and the state that pickle would save
(``__reduce_ex__``), never by address. What has no such state (a generator, an open file, a
socket, a lock) is refused with the place inside the value.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import operator
import os
import pathlib
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.paths import relative_to
from doit_invariants.hashing.digest import digest_bytes
from doit_invariants.hashing.limits import Folded, Limits, TooLarge, at_any_depth
from doit_invariants.hashing.scalars import frame, scalar_encoders, type_name

if TYPE_CHECKING:
    from doit_invariants.hashing.value_graph import ValueGraph

#: Returns a text that stands for a value, or None for "not mine": how a plugin teaches a type.
ValueDigester = Callable[[Any], "str | None"]

#: What lies deeper is folded. With :data:`_DEEP` levels Python's own limit may come near.
_MAX_DEPTH = 300
_DEEP = 40
_NOWHERE = 1 << 62


def digest_value(
    value: object, *, root: str | None = None, digester: ValueDigester | None = None
) -> str:
    """Return the digest of the canonical encoding of a value.

    :param value: any value the module's docstring covers
    :param root: directory of the project; a path object below it counts by its relative form,
        so that a moved checkout has the same digests
    :param digester: asked first for every value inside that is not of a plain built-in type
    :raises CannotFingerprint: naming the place inside the value that can't be encoded
    """
    return digest_bytes(encode(value, root=root, digester=digester))


def encode(
    value: object, *, root: str | None = None, digester: ValueDigester | None = None
) -> bytes:
    """Return the canonical encoding itself; parameters as for :func:`digest_value`."""
    plain = scalar_encoders().get(type(value))
    if plain is not None:
        return plain(value)
    try:
        return Encoder(root, digester).whole(value, "$")
    except RecursionError as error:
        raise CannotFingerprint("the value is nested too deep") from error


class Encoder:
    """Encodes one value; keeps the chain of containers it is inside of, to end on cycles.

    A value that is too large to be written out, with every part as often as it is met, is folded:
    see :mod:`~doit_invariants.hashing.value_graph`. Whether it is folded depends on the value
    alone, not on what its parts share.

    Subclasses may write more types (:meth:`special`), or some of the plain ones otherwise.

    :ivar graph: what the value is taken apart into, None where it is written out
    :ivar above: how deep what is encoded lies in a value that another encoder is at
    """

    def __init__(self, root: str | None, digester: ValueDigester | None) -> None:
        self.root = root
        self.digester = digester
        self.exact = scalar_encoders()
        self.frame: Callable[..., bytes] = frame
        self.graph: ValueGraph | None = None
        self.limits = Limits(None, "")
        self.above = 0
        self._chain: dict[int, int] = {}
        #: The lowest place in the chain that something refers back to.
        self._lowest = _NOWHERE
        self._met: set[int] = set()
        self._known: dict[int, tuple[Any, bytes]] = {}

    def whole(self, value: Any, where: str) -> bytes:
        """Return the encoding of a value as a whole, folded if it is too large."""
        try:
            return self.written_out(value, where)
        except TooLarge:
            return self.limits.folded(self)

    def written_out(self, value: Any, where: str) -> bytes:
        """Return the encoding with every part as often as it is met; raises TooLarge."""
        self.limits = Limits(value, where)
        return self.encode(value, where)

    def encode(self, value: Any, where: str) -> bytes:
        """Return the encoding of a value found at a place; see :func:`encode`."""
        exact = self.exact.get(type(value))
        if self.graph is not None:
            graph = self.graph
            return graph.child(value, where) if exact is None else graph.leaf(exact(value))
        if exact is not None:
            return exact(value)
        key = id(value)
        if key in self._known:
            return self.limits.repeated(self, self._known[key][1])
        if key in self._chain:
            # A cycle is written as the number of steps up to the container that is met again.
            self._lowest = min(self._lowest, self._chain[key])
            self.limits.count(self, 0, depends=True)
            return frame(b"^", b"%d" % (len(self._chain) - self._chain[key]))
        return self._enter(key, value, where)

    def _enter(self, key: int, value: Any, where: str) -> bytes:
        depth = len(self._chain)
        if depth + self.above >= _MAX_DEPTH:
            raise TooLarge
        around, self._lowest = self._lowest, _NOWHERE
        self._chain[key] = depth
        try:
            if depth + self.above == _DEEP:
                found = at_any_depth(self.container, value, where)
            else:
                found = self.container(value, where)
        finally:
            del self._chain[key]
        # What refers to something around it is written otherwise where it is met otherwise.
        depends = self._lowest <= depth
        if depends or len(found) > self.limits.most_bytes:
            self.limits.count(self, len(found), depends=depends)
        self._lowest = min(around, self._lowest)
        if key in self._met and not depends:
            self._known[key] = (value, found)  # the value as well, which keeps its address
            if len(found) > self.limits.large:
                self.limits.foresee(self)
        self._met.add(key)
        return found

    def depends_on_place(self) -> None:
        """Note that what is being encoded will be written otherwise when it is met again."""
        self._lowest = -1

    def fresh(self) -> Encoder:
        """Return an encoder like this one that has not met anything."""
        return Encoder(self.root, self.digester)

    def take_apart(self, value: Any, where: str) -> Folded:
        """Return a value as a graph of its parts, taken apart by an encoder like this one."""
        # Imported late: few values are so large.
        from doit_invariants.hashing.value_graph import ValueGraph, framed

        graph, other = ValueGraph(), self.fresh()
        other.graph, other.frame = graph, framed
        graph.build(value, where, other.container)
        return other.fold(graph)

    def fold(self, graph: ValueGraph) -> Folded:
        """Return what is written for a value that this one took apart."""
        digests = graph.digests(lambda _: b"")
        return Folded(digests[0], graph.sizes(digests), self)

    def take_over(self, other: Any) -> None:
        """Learn what another encoder, which took the value apart, found beside its encoding."""

    def special(self, value: Any, where: str) -> bytes | None:
        """Return the encoding of what has one of its own, None for all else."""
        if self.digester is not None and (text := self.digester(value)) is not None:
            taught = text.encode("utf-8", "surrogatepass")
            return self.frame(b"h", self.name(type(value)), taught)
        return None

    def name(self, cls: type) -> bytes:
        """Return how a class is written beside what its instance holds."""
        return type_name(cls).encode()

    def container(self, value: Any, where: str) -> bytes:
        """Return the encoding of what may hold other values."""
        cls = type(value)
        if cls is list or cls is tuple:
            items = []
            for number, item in enumerate(value):  # a generator would be a call more for each level
                items.append(self.encode(item, f"{where}[{number}]"))
            return self.frame(b"l" if cls is list else b"t", *items)
        if cls is dict:
            return self.frame(b"m", *self._pairs(value.items(), where))
        if cls in _VIEWS:
            inside = dict(value) if cls is types.MappingProxyType else list(value)
            return self.frame(b"W", cls.__name__.encode(), self.encode(inside, where))
        if cls in _SETS:
            return self.frame(_SETS[cls], *self._items(value, where))
        if (special := self.special(value, where)) is not None:
            return special
        if issubclass(cls, enum.Enum):  # to ask the object itself may raise
            # By name and value: the name may stay while what it stands for changes.
            inner = self.encode(value.value, f"{where}.value")
            # Flags that are combined have a name in some versions of Python only.
            name = str(value.name) if value.name in cls.__members__ else ""
            return self.frame(b"e", self.name(cls), name.encode(), inner)
        if issubclass(cls, pathlib.PurePath):
            return self._path(value)
        return self._record(value, where)

    def _record(self, value: Any, where: str) -> bytes:
        cls = type(value)
        if dataclasses.is_dataclass(cls) and not issubclass(cls, _BUILT_IN):
            from doit_invariants.hashing.object_state import fields_of  # late, as all of it

            return self._named(b"D", cls, fields_of(value).items(), where)
        if str(cls.__module__).partition(".")[0] in _ARRAY_PACKAGES:
            # Imported late: few values are arrays.
            from doit_invariants.hashing import arrays

            found = arrays.parts(value)
            if found is not None:
                return self.frame(b"A", self.name(cls), *[self.encode(one, where) for one in found])
        return self._object(value, where)

    def _pairs(self, items: Iterable[tuple[Any, Any]], where: str) -> list[bytes]:
        from doit_invariants.hashing.object_state import place_of

        keyed = [(self.encode(k, f"{where} key"), k, v) for k, v in items]
        if self.graph is not None:
            return self.graph.pairs(
                [(key, self.encode(v, place_of(where, k))) for key, k, v in keyed]
            )
        keyed.sort(key=operator.itemgetter(0))
        return [frame(b"p", key, self.encode(v, place_of(where, k))) for key, k, v in keyed]

    def _items(self, value: Iterable[Any], where: str) -> list[bytes]:
        place = f"{where}{{...}}"
        if self.graph is not None:
            return self.graph.items([self.encode(item, place) for item in value])
        return sorted([self.encode(item, place) for item in self.unordered(value)])

    def unordered(self, items: Iterable[Any]) -> Iterable[Any]:
        """Return the items of a set, in any order."""
        return items

    def _named(self, tag: bytes, cls: type, items: Iterable[Any], where: str) -> bytes:
        named = self.name(cls)
        pairs = [
            self.frame(b"p", name.encode(), self.encode(item, f"{where}.{name}"))
            for name, item in items
        ]
        return self.frame(tag, named, *pairs)

    def _path(self, path: pathlib.PurePath) -> bytes:
        text = os.fspath(path)
        if self.root is not None and path.is_absolute():
            inside = relative_to(text, self.root)
            if inside is not None:
                return frame(b"P", b"in", os.fsencode(inside))
        return frame(b"P", b"at", os.fsencode(path.as_posix()))

    def _object(self, value: Any, where: str) -> bytes:
        """Encode any other object by its class and the state that pickle would save."""
        cls = type(value)
        name = self.name(cls)
        if issubclass(cls, _CODE) and not issubclass(cls, types.GenericAlias):
            return self.refuse(value, where)
        if issubclass(cls, (set, frozenset)):
            # Their pickle state lists the items in hash order.
            inner = self.frame(b"S", *self._items(value, where))
            return self.frame(b"Y", name, inner, self._attributes(value, where))
        if issubclass(cls, dict) and not issubclass(cls, collections.OrderedDict):
            pairs = self._pairs(value.items(), where)
            made: Any = value.default_factory if issubclass(cls, collections.defaultdict) else None
            factory = self._plain(made, where)
            inner = self.frame(b"m", *pairs)
            return self.frame(b"M", name, inner, factory, self._attributes(value, where))
        from doit_invariants.hashing.object_state import (
            attributes_of,
            is_python,
            reduced_of,
            visible,
        )

        try:
            reduced = reduced_of(value)
            maker, arguments, *rest = (None, ()) if isinstance(reduced, str) else reduced
        except Exception:
            # Whatever a class raises here, it says that it can't be pickled; but one that is
            # written in Python has its state all the same.
            state = attributes_of(value) if is_python(cls) else None
            if state is not None:
                return self.frame(b"o", name, self.encode(state, where))
            return self.refuse(value, where)
        beside = self.beside_pickle(value, reduced, where)
        if isinstance(reduced, str):
            module = str(getattr(value, "__module__", "")).encode()
            return self.frame(b"G", name, module, reduced.encode(), *beside)
        parts = [
            [self.name(a) if isinstance(a, type) else a for a in arguments],
            *(visible(part) for part in (*rest, None, None, None)[:3]),
        ]
        named = self.maker(maker, cls, where)
        encoded = [self.encode(part, where) for part in parts]
        return self.frame(b"O", name, named, *encoded, *beside)

    def beside_pickle(self, value: Any, reduced: Any, where: str) -> list[bytes]:
        """Return what is written of an object beside what pickle would save; nothing, here."""
        return []

    def maker(self, maker: Any, cls: type, where: str) -> bytes:
        """Return what is written for what pickle would make an object with."""
        if not hasattr(maker, "__qualname__"):  # a partial, an object with __call__
            return self.encode(maker, where)
        return type_name(maker).encode()

    def _plain(self, value: Any, where: str) -> bytes:
        return self.name(value) if isinstance(value, type) else self.encode(value, where)

    def _attributes(self, value: object, where: str) -> bytes:
        return self.encode(getattr(value, "__dict__", None), where)

    def refuse(self, value: object, where: str) -> bytes:
        """Raise CannotFingerprint for what has no encoding; subclasses may write it."""
        name = type_name(type(value)).removeprefix("builtins.")
        raise CannotFingerprint(
            f"{where} is of type {name}, which can't be compared with a later run; pass the part "
            "that matters (a name, a number, a path), or digest the type in the hook "
            "invariants_digest_value"
        )


#: In Python 3.10 ``list[int]`` says that it is a class.
_CODE = (type, types.BuiltinFunctionType, types.MethodType)
#: Packages whose objects may be arrays and frames.
_ARRAY_PACKAGES = frozenset({"numpy", "pandas"})
_VIEWS = frozenset({type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType})
_SETS: dict[type, bytes] = {set: b"S", frozenset: b"Z"}
#: A dataclass that extends one of these holds more than its fields.
_BUILT_IN = (dict, list, tuple, set, frozenset, str, bytes, int, float)
