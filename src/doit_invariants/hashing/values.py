"""A canonical encoding of Python values: equal bytes if and only if equal values.

Each value is encoded with a tag for its type and with its length if it has one, so that no two
values share an encoding. ``1``, ``1.0`` and ``True`` differ, and so do ``"a"`` and ``b"a"``,
``[1, 23]`` and ``[12, 3]``, a list and a tuple. Values without an order (sets, the keys of a
dict) are sorted by their encodings. Nothing depends on ``hash()``, ``id()`` or ``repr()``, so the
encoding is the same in every process and on every machine. NaN equals NaN; ``0.0`` and ``-0.0``
differ, because they can lead to different results.

Objects of other classes are encoded by their class and the state that pickle would save
(``__reduce_ex__``), never by address. Objects without such a state (a generator, an open file, a
socket, a lock) are refused; the error names the place inside the value.
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

#: Returns a string that stands for a value, or None if a plugin does not handle its type.
ValueDigester = Callable[[Any], "str | None"]

#: Deeper values are folded. From :data:`_DEEP` levels on Python's own limit may be near.
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
    :raises CannotFingerprint: if part of the value can't be encoded; names the place
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
    """Encodes one value, and tracks the containers around the current part to detect cycles.

    A value that is too large for a full encoding, with each part as often as it occurs, is folded:
    see :mod:`~doit_invariants.hashing.value_graph`. Whether it is folded depends on the value
    alone, not on which of its parts are shared.

    Subclasses may encode more types (:meth:`special`), or encode some plain types differently.

    :ivar graph: the graph of a value that is taken apart, None for a full encoding
    :ivar above: depth of the value inside a larger one that another encoder encodes
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
        """Return the encoding of a whole value, folded if it is too large."""
        try:
            return self.written_out(value, where)
        except TooLarge:
            return self.limits.folded(self)

    def written_out(self, value: Any, where: str) -> bytes:
        """Return the full encoding; raises TooLarge."""
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
            # A cycle is encoded as the number of steps up to the container that occurs again.
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
        # The encoding of a part that refers to a container around it depends on its place.
        depends = self._lowest <= depth
        if depends or len(found) > self.limits.most_bytes:
            self.limits.count(self, len(found), depends=depends)
        self._lowest = min(around, self._lowest)
        if key in self._met and not depends:
            self._known[key] = (value, found)  # keeps the value alive: its id is not reused
            if len(found) > self.limits.large:
                self.limits.foresee(self)
        self._met.add(key)
        return found

    def depends_on_place(self) -> None:
        """Note that the encoding of the current part depends on its place: it can't be reused."""
        self._lowest = -1

    def fresh(self) -> Encoder:
        """Return an encoder with the same settings that has not encoded anything."""
        return Encoder(self.root, self.digester)

    def take_apart(self, value: Any, where: str) -> Folded:
        """Return a value as a graph of its parts, built by a fresh encoder."""
        # Imported late: few values are so large.
        from doit_invariants.hashing.value_graph import ValueGraph, framed

        graph, other = ValueGraph(), self.fresh()
        other.graph, other.frame = graph, framed
        graph.build(value, where, other.container)
        return other.fold(graph)

    def fold(self, graph: ValueGraph) -> Folded:
        """Return the folded form of a value that this encoder took apart."""
        digests = graph.digests(lambda _: b"")
        return Folded(digests[0], graph.sizes(digests), self)

    def take_over(self, other: Any) -> None:
        """Copy what the encoder that took the value apart found; nothing here."""

    def special(self, value: Any, where: str) -> bytes | None:
        """Return the encoding of a value that is handled specially, None for all others."""
        if self.digester is not None and (text := self.digester(value)) is not None:
            taught = text.encode("utf-8", "surrogatepass")
            return self.frame(b"h", self.name(type(value)), taught)
        return None

    def name(self, cls: type) -> bytes:
        """Return the encoding of the class of an instance."""
        return type_name(cls).encode()

    def container(self, value: Any, where: str) -> bytes:
        """Return the encoding of a value that may hold other values."""
        cls = type(value)
        if cls is list or cls is tuple:
            items = []
            for number, item in enumerate(value):  # a generator would add a call for each level
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
        if issubclass(cls, enum.Enum):  # isinstance() reads ``__class__``, which may raise
            # By name and value: the value may change while the name stays the same.
            inner = self.encode(value.value, f"{where}.value")
            # Combined flags have a name in some versions of Python only.
            name = str(value.name) if value.name in cls.__members__ else ""
            return self.frame(b"e", self.name(cls), name.encode(), inner)
        if issubclass(cls, pathlib.PurePath):
            return self._path(value)
        return self._record(value, where)

    def _record(self, value: Any, where: str) -> bytes:
        cls = type(value)
        if dataclasses.is_dataclass(cls) and not issubclass(cls, _BUILT_IN):
            from doit_invariants.hashing.object_state import fields_of  # late: rarely needed

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
            # Any error means that the object can't be pickled. An object of a Python class has
            # its attributes all the same.
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
        """Return encodings of an object in addition to what pickle would save; none here."""
        return []

    def maker(self, maker: Any, cls: type, where: str) -> bytes:
        """Return the encoding of the callable with which pickle would create an object."""
        if not hasattr(maker, "__qualname__"):  # a partial, an object with __call__
            return self.encode(maker, where)
        return type_name(maker).encode()

    def _plain(self, value: Any, where: str) -> bytes:
        return self.name(value) if isinstance(value, type) else self.encode(value, where)

    def _attributes(self, value: object, where: str) -> bytes:
        return self.encode(getattr(value, "__dict__", None), where)

    def refuse(self, value: object, where: str) -> bytes:
        """Raise CannotFingerprint for a value without an encoding; subclasses may encode it."""
        name = type_name(type(value)).removeprefix("builtins.")
        raise CannotFingerprint(
            f"{where} is of type {name}, which can't be compared with a later run; pass the part "
            "that matters (a name, a number, a path), or digest the type in the hook "
            "invariants_digest_value"
        )


#: In Python 3.10 ``list[int]`` claims to be a class.
_CODE = (type, types.BuiltinFunctionType, types.MethodType)
#: Packages whose objects may be arrays and frames.
_ARRAY_PACKAGES = frozenset({"numpy", "pandas"})
_VIEWS = frozenset({type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType})
_SETS: dict[type, bytes] = {set: b"S", frozenset: b"Z"}
#: A dataclass that extends one of these holds more than its fields.
_BUILT_IN = (dict, list, tuple, set, frozenset, str, bytes, int, float)
