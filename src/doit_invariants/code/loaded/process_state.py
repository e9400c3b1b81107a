"""Recognize objects that belong to the process or a library, not to the code that reads them."""

from __future__ import annotations

import os
import re
import sys
import weakref
from typing import Any

from doit_invariants.code.loaded.library import Library

#: Objects that never count by their value. Listed by module name, so that nothing is imported.
_OF_PROCESS: tuple[tuple[str, str], ...] = (
    ("os", "environ"),
    *(("sys", name) for name in ("argv", "path", "modules", "stdin", "stdout", "stderr")),
    ("os", "environb"),
    *(("sys", name) for name in ("__stdin__", "__stdout__", "__stderr__", "orig_argv")),
    *(("sys", name) for name in ("meta_path", "path_hooks", "path_importer_cache")),
    ("random", "_inst"),
    ("secrets", "_sysrand"),
    ("threading", "_main_thread"),
    ("numpy.random.mtrand", "_rand"),
)


def of_process(value: Any) -> str | None:
    """Return the name of an object that belongs to the process, None for all others."""
    return identities().get(id(value))


def identities() -> dict[int, str]:
    """Return the names of all objects that belong to the process, by their ``id()``."""
    found: dict[int, str] = {}
    for module, name in _OF_PROCESS:
        known = sys.modules.get(module)
        if known is not None and vars(known).get(name) is not None:
            found.setdefault(id(vars(known)[name]), name)
    return found


def library_method(obj: Any, library: Library) -> str | None:
    """Return a name for the bound method of an object that a library keeps internally.

    For example, ``random.gauss`` is a method of a generator that the library hides: the state of
    that generator is not an argument.
    """
    owner = obj.__self__
    name = str(type(owner).__module__)
    module = sys.modules.get(name)
    if module is None or not library.owns(type(owner)):
        return None
    # The name of the object is needed: `np.add.reduce` is not `np.multiply.reduce`.
    held = min((key for key, one in vars(module).items() if one is owner), default=None)
    held = of_process(owner) if held is None else held
    if held is None:
        return None
    return f"{library.version(name)}{name}.{type(owner).__qualname__} {held}.{obj.__name__}"


def without_environment(value: Any) -> Any:
    """Return a copy of the environment with only the differences from the process's own."""
    if type(value) is not dict or value.get("PATH") is None:
        return value
    if value["PATH"] != os.environ.get("PATH") or len(value) < len(os.environ):
        return value
    present = dict(os.environ)
    return {name: text for name, text in value.items() if present.get(name) != text}


def portable_text(text: str, root: str) -> str:
    """Return a string with the project directory replaced in every path below it.

    The path of the running interpreter is replaced too, because commands contain it.
    """
    if sys.executable and sys.executable in text:
        text = text.replace(sys.executable, "<python>")
    if root not in text or root == os.sep:
        return text
    # Do not replace a prefix of a longer name: /data/project2 is another directory.
    return re.sub(re.escape(root) + r"(?![\w.-])", "<project>", text)


# ---------------------------------------------------------------------- by the name of the class

#: Keyed by id(), because a metaclass may define the hash. Weak, so that a class can be freed with
#: its module.
_known: dict[int, tuple[weakref.ref[type], tuple[str, ...]]] = {}

#: Types whose objects are state of the process: progress, waiters, cached values.
_VOLATILE = frozenset(
    {"_thread.lock", "_thread.RLock", "_thread._local", "threading.Condition", "threading.Event"}
    | {"threading.Semaphore", "threading.Barrier", "asyncio.locks.Lock", "weakref.WeakSet"}
    | {"weakref.ReferenceType", "weakref.WeakKeyDictionary", "weakref.WeakValueDictionary"}
    | {"_weakrefset.WeakSet", "weakref.ProxyType", "weakref.CallableProxyType", "builtins.module"}
    | {"multiprocessing.synchronize.SemLock", "concurrent.futures._base.Executor"}
)


def is_volatile(value: Any) -> bool:
    """Return whether an object is only state of the process."""
    return not _VOLATILE.isdisjoint(names_of(type(value)))


def names_of(cls: type) -> tuple[str, ...]:
    """Return the full names of a class and its bases, without importing anything."""
    known = _known.get(id(cls))
    if known is None or known[0]() is not cls:
        names = tuple(f"{one.__module__}.{one.__qualname__}" for one in bases_of(cls))
        known = _known[id(cls)] = (weakref.ref(cls), names)
    return known[1]


def bases_of(cls: type) -> tuple[type, ...]:
    """Return a class and its bases, regardless of its metaclass."""
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(cls)
    return found
