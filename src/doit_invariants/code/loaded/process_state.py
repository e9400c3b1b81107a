"""Recognises what belongs to the process or to a library, not to the code that reads it."""

from __future__ import annotations

import os
import re
import sys
import weakref
from typing import Any

from doit_invariants.code.loaded.library import Library

#: Never taken for its value. Modules by name: those that nobody has imported hold nothing.
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
    """Return the name of what belongs to the process, None for all else."""
    return identities().get(id(value))


def identities() -> dict[int, str]:
    """Return the names of all that belongs to the process, by the identities of the objects."""
    found: dict[int, str] = {}
    for module, name in _OF_PROCESS:
        known = sys.modules.get(module)
        if known is not None and vars(known).get(name) is not None:
            found.setdefault(id(vars(known)[name]), name)
    return found


def library_method(obj: Any, library: Library) -> str | None:
    """Return a name for the bound method of an object that a library keeps for itself.

    ``random.gauss`` is a method of a generator that the library hides: its state is no argument.
    """
    owner = obj.__self__
    name = str(type(owner).__module__)
    module = sys.modules.get(name)
    if module is None or not library.owns(type(owner)):
        return None
    # By the name of the object as well: `np.add.reduce` is another one than `np.multiply.reduce`.
    held = min((key for key, one in vars(module).items() if one is owner), default=None)
    held = of_process(owner) if held is None else held
    if held is None:
        return None
    return f"{library.version(name)}{name}.{type(owner).__qualname__} {held}.{obj.__name__}"


def without_environment(value: Any) -> Any:
    """Return a copy of the environment without what is the same in it: of the process, that is."""
    if type(value) is not dict or value.get("PATH") is None:
        return value
    if value["PATH"] != os.environ.get("PATH") or len(value) < len(os.environ):
        return value
    present = dict(os.environ)
    return {name: text for name, text in value.items() if present.get(name) != text}


def portable_text(text: str, root: str) -> str:
    """Return a text with the directory of the project cut off every path below it.

    The interpreter that runs counts by a name of its own: commands are built with its path.
    """
    if sys.executable and sys.executable in text:
        text = text.replace(sys.executable, "<python>")
    if root not in text or root == os.sep:
        return text
    # Not where the name goes on: /data/project2 is another directory.
    return re.sub(re.escape(root) + r"(?![\w.-])", "<project>", text)


# ---------------------------------------------------------------------- by the name of the class

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
