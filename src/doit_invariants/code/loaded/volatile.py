"""Objects by the names of their classes, and those that say something of the process alone."""

from __future__ import annotations

import weakref
from typing import Any

#: By the address: a metaclass may make the hash. Weak, so that a class can go with its module.
_known: dict[int, tuple[weakref.ref[type], tuple[str, ...]]] = {}

#: What belongs to the process: how far it is, who waits for whom, what it remembers.
_VOLATILE = frozenset(
    {"_thread.lock", "_thread.RLock", "_thread._local", "threading.Condition", "threading.Event"}
    | {"threading.Semaphore", "threading.Barrier", "asyncio.locks.Lock", "weakref.WeakSet"}
    | {"weakref.ReferenceType", "weakref.WeakKeyDictionary", "weakref.WeakValueDictionary"}
    | {"_weakrefset.WeakSet", "weakref.ProxyType", "weakref.CallableProxyType", "builtins.module"}
    | {"multiprocessing.synchronize.SemLock", "concurrent.futures._base.Executor"}
)


def is_volatile(value: Any) -> bool:
    """Return whether an object says something of the process alone."""
    return not _VOLATILE.isdisjoint(names_of(type(value)))


def names_of(cls: type) -> tuple[str, ...]:
    """Return the full names of a class and its bases; nothing is imported to know one."""
    known = _known.get(id(cls))
    if known is None or known[0]() is not cls:
        names = tuple(f"{one.__module__}.{one.__qualname__}" for one in bases_of(cls))
        known = _known[id(cls)] = (weakref.ref(cls), names)
    return known[1]


def bases_of(cls: type) -> tuple[type, ...]:
    """Return a class and its bases, whatever its metaclass says of them."""
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
    return found
