"""Reads the state of objects, and names the places inside values."""

from __future__ import annotations

import copyreg
import dataclasses
import datetime
import enum
import pathlib
from collections.abc import Iterator
from typing import Any

#: Py_TPFLAGS_IMMUTABLETYPE: set on classes that are written in C.
_IMMUTABLE = 1 << 8
#: Types whose ``repr()`` is the same in every process.
_PLAIN: tuple[type, ...] = (type(None), bool, int, float, complex, str, bytes, type)
_PLAIN += (datetime.date, datetime.time, datetime.timedelta, pathlib.PurePath)
_MOST_ITEMS = 20


def reduced_of(value: Any) -> Any:
    """Return what pickle would save of an object; raises whatever its class raises."""
    try:
        return value.__reduce_ex__(2)
    except Exception:
        registered = copyreg.dispatch_table.get(type(value))
        if registered is None:
            raise
        return registered(value)


def is_python(cls: type) -> bool:
    """Return whether a class and all its bases are written in Python; others have hidden state."""
    return not any(base.__flags__ & _IMMUTABLE for base in cls.__mro__[:-1])


def attributes_of(value: object) -> dict[str, Any] | None:
    """Return the instance attributes of an object, None if it can have none."""
    try:
        state = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return state if isinstance(state, dict) else None


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are set, and the other attributes of its instance."""
    names = [field.name for field in dataclasses.fields(value)]
    missing = object()
    found = {name: getattr(value, name, missing) for name in names}
    set_ones = {name: item for name, item in found.items() if item is not missing}
    return {**set_ones, **(attributes_of(value) or {})}


def place_of(where: str, key: object) -> str:
    """Return the name of the place of a value in a dict."""
    if isinstance(key, str) and key.isidentifier():
        return f"{where}.{key}"
    try:
        return f"{where}[{_key(key):.40}]"
    except Exception:
        return f"{where}[...]"  # repr() may fail, for example for a huge number


def _key(key: Any) -> str:
    """Return a string for a key; for an object its class, because its repr may have an address."""
    return repr(key) if _is_plain(key, 4) else f"<{type(key).__qualname__}>"


def _is_plain(key: Any, levels: int) -> bool:
    if isinstance(key, enum.Enum):
        return _is_plain(key.value, levels)
    if isinstance(key, _PLAIN):
        return True
    if isinstance(key, tuple):
        parts: Any = key
    elif dataclasses.is_dataclass(key):
        parts = fields_of(key).values()
    else:
        return False
    return levels > 0 and len(parts) <= _MOST_ITEMS and all(_is_plain(p, levels - 1) for p in parts)


def visible(state: Any) -> Any:
    """Return a pickle state as an ordinary value: with ``__slots__`` it is a pair of dicts."""
    if isinstance(state, Iterator):
        return list(state)
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        return {**(state[0] or {}), **state[1]}
    return state
