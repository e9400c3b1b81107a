"""Encodes values that hold no other values: numbers, strings, dates, patterns."""

from __future__ import annotations

import datetime
import re
import struct
import sys
from collections.abc import Callable
from typing import Any

_NAN = struct.pack(">d", float("nan"))


def frame(tag: bytes, *parts: bytes) -> bytes:
    """Join the parts so that they can be separated again: tag, count, then length and part."""
    head = tag + b"%d:" % len(parts)
    return head + b"".join(b"%d:%s" % (len(part), part) for part in parts)


def type_name(cls: Any) -> str:
    """Return ``module.qualname``, the name by which a class or a function is encoded."""
    name = getattr(cls, "__qualname__", None) or type(cls).__qualname__
    return f"{getattr(cls, '__module__', None)}.{name}"


def _float(number: float) -> bytes:
    return _NAN if number != number else struct.pack(">d", number)


def _text(tag: bytes) -> Callable[[Any], bytes]:
    return lambda value: frame(tag, str(value).encode("utf-8", "surrogatepass"))


def _moment(value: datetime.datetime) -> bytes:
    return frame(b"w", value.isoformat().encode(), b"%d" % value.fold, _zone(value.tzinfo))


def _zone(zone: datetime.tzinfo | None) -> bytes:
    """Return what identifies a time zone: two zones may have the same offset at one moment."""
    if zone is None:
        return b""
    name = str(getattr(zone, "key", "")) or str(zone.utcoffset(None))
    # pytz and dateutil keep the zone in these attributes; a fixed offset may have a name.
    for kept in ("zone", "_filename"):
        name += str(getattr(zone, kept, None) or "")
    if type(zone) is datetime.timezone and (given := zone.__reduce__()[1][1:]):
        name += f" {given[0]}"
    return f"{type_name(type(zone))} {name}".encode()


def _pattern(value: re.Pattern[Any]) -> bytes:
    source = value.pattern
    kind = b"b" if isinstance(source, bytes) else b"s"
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    return frame(b"r", kind, raw, b"%d" % value.flags)


def scalar_encoders() -> dict[type, Callable[[Any], bytes]]:
    """Return the encoders of the types that hold no other values, by type."""
    if _LATE and len(sys.modules) != _looked_at[0]:
        _looked_at[0] = len(sys.modules)
        _learn()
    return _EXACT


def _learn() -> None:
    for (module, name), encode in tuple(_LATE.items()):
        cls = getattr(sys.modules.get(module), name, None)
        if cls is not None:
            _EXACT[cls] = encode
            _LATE.pop((module, name), None)


#: Number of imported modules at the last look. This is compared for every value, so it is cheap.
_looked_at = [0]


#: Types of modules that are slow to import. No such value exists before somebody imports them.
_LATE: dict[tuple[str, str], Callable[[Any], bytes]] = {
    ("decimal", "Decimal"): lambda value: frame(b"c", str(value).encode()),
    ("fractions", "Fraction"): lambda value: frame(
        b"q", b"%x" % value.numerator, b"%x" % value.denominator
    ),
    ("uuid", "UUID"): _text(b"U"),
}

#: Looked up by the exact type, because a subclass may hold more.
_EXACT: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"1" if value else b"0",
    int: lambda value: frame(b"i", b"%x" % value),
    float: lambda value: b"f" + _float(value),
    complex: lambda value: b"x" + _float(value.real) + _float(value.imag),
    str: _text(b"s"),
    bytes: lambda value: frame(b"b", value),
    memoryview: lambda value: frame(b"V", value.format.encode(), value.tobytes()),
    bytearray: lambda value: frame(b"B", bytes(value)),
    type(Ellipsis): lambda _: b".",
    range: lambda value: frame(b"R", b"%x" % value.start, b"%x" % value.stop, b"%x" % value.step),
    datetime.datetime: _moment,
    datetime.date: _text(b"d"),
    datetime.time: lambda value: frame(
        b"k", value.isoformat().encode(), b"%d" % value.fold, _zone(value.tzinfo)
    ),
    datetime.timedelta: lambda value: frame(
        b"u", b"%d" % value.days, b"%d" % value.seconds, b"%d" % value.microseconds
    ),
    struct.Struct: lambda value: frame(b"T", value.format.encode()),
    re.Pattern: _pattern,
}
