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
import datetime
import decimal
import enum
import fractions
import operator
import os
import pathlib
import re
import struct
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from doit_invariants.core import arrays
from doit_invariants.core.digest import digest_bytes
from doit_invariants.core.errors import CannotFingerprint

#: Returns a text that stands for a value, or None for "not mine": how a plugin teaches a type.
Teacher = Callable[[Any], "str | None"]

_NAN = struct.pack(">d", float("nan"))
# Python itself gives up at a thousand calls, and a level takes two.
_MAX_DEPTH = 300


def digest_value(value: object, *, root: str | None = None, teach: Teacher | None = None) -> str:
    """Return the digest of the canonical encoding of a value.

    :param value: any value the module's docstring covers
    :param root: directory of the project; a path object below it counts by its relative form,
        so that a moved checkout has the same digests
    :param teach: asked first for every value inside that is not of a plain built-in type
    :raises CannotFingerprint: naming the place inside the value that can't be encoded
    """
    return digest_bytes(encode(value, root=root, teach=teach))


def encode(value: object, *, root: str | None = None, teach: Teacher | None = None) -> bytes:
    """Return the canonical encoding itself; parameters as for :func:`digest_value`."""
    try:
        return Encoder(root, teach).encode(value, "$")
    except RecursionError as error:
        raise CannotFingerprint("the value is nested too deep") from error


def type_name(cls: Any) -> str:
    """Return ``module.qualname``, the name under which a class or a function is written."""
    return f"{cls.__module__}.{cls.__qualname__}"


def _frame(tag: bytes, *parts: bytes) -> bytes:
    """Join the parts so that they can be told apart again: tag, count, then length and part."""
    head = tag + b"%d:" % len(parts)
    return head + b"".join(b"%d:%s" % (len(part), part) for part in parts)


def _float(number: float) -> bytes:
    return _NAN if number != number else struct.pack(">d", number)


class Encoder:
    """Encodes one value; keeps the chain of containers it is inside of, to end on cycles.

    Subclasses may write more types (:meth:`special`), or some of the plain ones otherwise.
    """

    def __init__(self, root: str | None, teach: Teacher | None) -> None:
        self.root = root
        self.teach = teach
        self.chain: list[int] = []
        self.exact = _EXACT

    def encode(self, value: Any, where: str) -> bytes:
        """Return the encoding of a value found at a place; see :func:`encode`."""
        exact = self.exact.get(type(value))
        if exact is not None:
            return exact(value)
        if id(value) in self.chain:
            # A cycle is written as the number of steps up to the container that is met again.
            steps = len(self.chain) - self.chain.index(id(value))
            return _frame(b"^", b"%d" % steps)
        if len(self.chain) >= _MAX_DEPTH:
            raise CannotFingerprint(f"{where}: nested more than {_MAX_DEPTH} levels deep")
        self.chain.append(id(value))
        try:
            return self._container(value, where)
        finally:
            self.chain.pop()

    def special(self, value: Any, where: str) -> bytes | None:
        """Return the encoding of what has one of its own, None for all else."""
        if self.teach is not None and (text := self.teach(value)) is not None:
            taught = text.encode("utf-8", "surrogatepass")
            return _frame(b"h", self.name(type(value)), taught)
        return None

    def name(self, cls: type) -> bytes:
        """Return how a class is written beside what its instance holds."""
        return type_name(cls).encode()

    def _container(self, value: Any, where: str) -> bytes:
        cls = type(value)
        if cls is list or cls is tuple:
            items = []
            for number, item in enumerate(value):  # a generator would be a call more for each level
                items.append(self.encode(item, f"{where}[{number}]"))
            return _frame(b"l" if cls is list else b"t", *items)
        if cls is dict or cls is types.MappingProxyType:
            return _frame(b"m", *self._pairs(value.items(), where))
        if cls in _SETS:
            return _frame(_SETS[cls], *self._items(value, where))
        if (special := self.special(value, where)) is not None:
            return special
        if isinstance(value, enum.Enum):
            # By name and value: the name may stay while what it stands for changes.
            inner = self.encode(value.value, f"{where}.value")
            # Flags that are combined have a name in some versions of Python only.
            name = str(value.name) if value.name in cls.__members__ else ""
            return _frame(b"e", self.name(cls), name.encode(), inner)
        if isinstance(value, pathlib.PurePath):
            return self._path(value)
        return self._record(value, where)

    def _record(self, value: Any, where: str) -> bytes:
        cls = type(value)
        if dataclasses.is_dataclass(cls) and not isinstance(value, _BUILT_IN):
            names = [field.name for field in dataclasses.fields(cls)]
            return self._named(b"D", cls, ((n, getattr(value, n)) for n in names), where)
        if cls.__module__.partition(".")[0] in arrays.PACKAGES:
            found = arrays.parts(value)
            if found is not None:
                return _frame(b"A", self.name(cls), *(self.encode(one, where) for one in found))
        return self._object(value, where)

    def _list(self, value: Iterable[Any], where: str) -> bytes:
        items = []
        for number, item in enumerate(value):  # a generator would be a call more for each level
            items.append(self.encode(item, f"{where}[{number}]"))
        return _frame(b"l" if type(value) is list else b"t", *items)

    def _pairs(self, items: Iterable[tuple[Any, Any]], where: str) -> list[bytes]:
        keyed = sorted(
            ((self.encode(k, f"{where} key"), k, v) for k, v in items), key=operator.itemgetter(0)
        )
        return [_frame(b"p", key, self.encode(v, _at(where, k))) for key, k, v in keyed]

    def _items(self, value: Iterable[Any], where: str) -> list[bytes]:
        return sorted(self.encode(item, f"{where}{{...}}") for item in self.unordered(value))

    def unordered(self, items: Iterable[Any]) -> Iterable[Any]:
        """Return the items of a set, in any order."""
        return items

    def _named(self, tag: bytes, cls: type, items: Iterable[Any], where: str) -> bytes:
        pairs = (
            _frame(b"p", name.encode(), self.encode(item, f"{where}.{name}"))
            for name, item in items
        )
        return _frame(tag, self.name(cls), *pairs)

    def _path(self, path: pathlib.PurePath) -> bytes:
        text = os.fspath(path)
        if self.root is not None and path.is_absolute():
            inside = relative_to(text, self.root)
            if inside is not None:
                return _frame(b"P", b"in", os.fsencode(inside))
        return _frame(b"P", b"at", os.fsencode(path.as_posix()))

    def _object(self, value: Any, where: str) -> bytes:
        """Encode any other object by its class and the state that pickle would save."""
        cls = type(value)
        name = self.name(cls)
        if isinstance(value, _CODE) and not isinstance(value, types.GenericAlias):
            return self.refuse(value, where)
        if isinstance(value, (set, frozenset)):
            # Their pickle state lists the items in hash order.
            inner = _frame(b"S", *self._items(value, where))
            return _frame(b"Y", name, inner, self._attributes(value, where))
        if isinstance(value, dict) and not isinstance(value, collections.OrderedDict):
            pairs = self._pairs(value.items(), where)
            factory = self._plain(getattr(value, "default_factory", None), where)
            inner = _frame(b"m", *pairs)
            return _frame(b"M", name, inner, factory, self._attributes(value, where))
        try:
            reduced = value.__reduce_ex__(2)
        except Exception:
            # Whatever a class raises here, it says that it has no state to compare.
            return self.refuse(value, where)
        if isinstance(reduced, str):
            module = str(getattr(value, "__module__", ""))
            return _frame(b"G", name, module.encode(), reduced.encode())
        maker, arguments, *rest = reduced
        parts = [
            [self.name(a) if isinstance(a, type) else a for a in arguments],
            *(_visible(part) for part in (*rest, None, None, None)[:3]),
        ]
        return _frame(
            b"O",
            name,
            type_name(maker).encode(),
            *(self.encode(part, where) for part in parts),
        )

    def _plain(self, value: Any, where: str) -> bytes:
        return self.name(value) if isinstance(value, type) else self.encode(value, where)

    def _attributes(self, value: object, where: str) -> bytes:
        return self.encode(getattr(value, "__dict__", None), where)

    def refuse(self, value: object, where: str) -> bytes:
        """Raise CannotFingerprint for what has no encoding; subclasses may write it."""
        name = type_name(type(value)).removeprefix("builtins.")
        raise CannotFingerprint(
            f"{where} is of type {name}, which can't be compared with a later run; pass what "
            "matters about it (a name, a number, a path), or teach the type with the hook "
            "invariants_digest_value"
        )


#: In Python 3.10 ``list[int]`` says that it is a class.
_CODE = (type, types.BuiltinFunctionType, types.MethodType)
_SETS: dict[type, bytes] = {set: b"S", frozenset: b"Z"}
#: A dataclass that extends one of these holds more than its fields.
_BUILT_IN = (dict, list, tuple, set, frozenset, str, bytes, int, float)


def relative_to(path: str, root: str) -> str | None:
    """Return the path relative to a directory with ``/`` between its parts, None if outside.

    :param path, root: absolute paths; nothing is looked up on disk, links are not resolved
    """
    if path == root:
        return "."
    prefix = root if root.endswith(os.sep) else root + os.sep
    if not path.startswith(prefix):
        return None
    return path[len(prefix) :].replace(os.sep, "/")


def as_seen_from_here(path: object) -> str:
    """Return a path as it is named in records and explanations: the same in any checkout.

    Absolute paths below the current directory become relative. To be called when an invariant
    is made, in the directory of the project: actions may change the directory later.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    inside = relative_to(text, os.getcwd()) if os.path.isabs(text) else None
    return text if inside is None else inside


def _at(where: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{where}.{key}"
    try:
        return f"{where}[{key!r:.40}]"
    except Exception:
        return f"{where}[...]"  # a repr may fail: that of a huge number does


def _visible(state: Any) -> Any:
    """Make a pickle state an ordinary value: with ``__slots__`` it is a pair of dicts."""
    if isinstance(state, Iterator):
        return list(state)
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        return {**(state[0] or {}), **state[1]}
    return state


def _text(tag: bytes) -> Callable[[Any], bytes]:
    return lambda value: _frame(tag, str(value).encode("utf-8", "surrogatepass"))


def _decimal(value: decimal.Decimal) -> bytes:
    return _frame(b"c", str(value).encode())


def _moment(value: datetime.datetime) -> bytes:
    return _frame(b"w", value.isoformat().encode(), b"%d" % value.fold, _zone(value.tzinfo))


def _zone(zone: datetime.tzinfo | None) -> bytes:
    """Return the name of a time zone: two of them may have one offset at one moment."""
    if zone is None:
        return b""
    name = str(getattr(zone, "key", "")) or str(zone.utcoffset(None))
    return f"{type_name(type(zone))} {name}".encode()


def _pattern(value: re.Pattern[Any]) -> bytes:
    source = value.pattern
    kind = b"b" if isinstance(source, bytes) else b"s"
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    return _frame(b"r", kind, raw, b"%d" % value.flags)


#: Types that hold no other values. Looked up by the exact type: a subclass may hold more.
_EXACT: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"1" if value else b"0",
    int: lambda value: _frame(b"i", b"%x" % value),
    float: lambda value: b"f" + _float(value),
    complex: lambda value: b"x" + _float(value.real) + _float(value.imag),
    str: _text(b"s"),
    bytes: lambda value: _frame(b"b", value),
    memoryview: lambda value: _frame(b"V", value.format.encode(), value.tobytes()),
    bytearray: lambda value: _frame(b"B", bytes(value)),
    type(Ellipsis): lambda _: b".",
    range: lambda value: _frame(b"R", b"%x" % value.start, b"%x" % value.stop, b"%x" % value.step),
    datetime.datetime: _moment,
    datetime.date: _text(b"d"),
    datetime.time: lambda value: _frame(
        b"k", value.isoformat().encode(), b"%d" % value.fold, _zone(value.tzinfo)
    ),
    datetime.timedelta: lambda value: _frame(
        b"u", b"%d" % value.days, b"%d" % value.seconds, b"%d" % value.microseconds
    ),
    decimal.Decimal: _decimal,
    fractions.Fraction: lambda value: _frame(
        b"q", b"%x" % value.numerator, b"%x" % value.denominator
    ),
    uuid.UUID: _text(b"U"),
    struct.Struct: lambda value: _frame(b"T", value.format.encode()),
    re.Pattern: _pattern,
}
