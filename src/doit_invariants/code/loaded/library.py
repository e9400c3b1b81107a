"""Name installed code by its distribution and version; its source does not count."""

from __future__ import annotations

import functools
import os
import sys
import types
from importlib import metadata
from typing import Any

from doit_invariants.core.project import Project
from doit_invariants.files.loaded_sources import was_edited
from doit_invariants.files.state import EDITED_SINCE_LOADED
from doit_invariants.hashing.digest import digest_file

_PYTHON = sys.stdlib_module_names | {"builtins", "__future__"}


class Library:
    """Tells installed code from the project's, and names installed code.

    Code of Python itself has no version here. It matters more that a new Python reruns nothing than
    that a function of its library may, rarely, give other results. Tasks that depend on it list
    ``Value(sys.version_info[:2])``.

    :ivar project: tells the project's own code
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._versions: dict[str, str] = {}

    def owns(self, obj: Any) -> bool:
        """Return whether a function, class or module is installed code or part of Python."""
        if isinstance(obj, types.ModuleType):
            return self.owns_module(vars(obj))
        if isinstance(obj, types.FunctionType):
            return self.owns_module(obj.__globals__)
        name = getattr(obj, "__module__", None)
        module = sys.modules.get(name) if isinstance(name, str) else None
        if module is None:
            return isinstance(name, str) and _top(name) in _PYTHON
        return self.owns_module(vars(module))

    def owns_module(self, namespace: dict[str, Any]) -> bool:
        """Return the same for the module that has these globals."""
        path, name = namespace.get("__file__"), namespace.get("__name__")
        if isinstance(path, str):
            return not self.project.contains(path)
        if namespace.get("__path__") is not None:  # a namespace package
            return not any(map(self.project.contains, namespace["__path__"]))
        # A notebook, `exec`, or a module that is built into the interpreter.
        return isinstance(name, str) and _top(name) in _PYTHON

    def name(self, obj: Any) -> str:
        """Return the name of an installed function, class or module, with its version."""
        if isinstance(obj, types.ModuleType):
            return f"{self.version(obj.__name__)}{obj.__name__}"
        module, name = _place(obj)
        # The submodule in which Python's library defines something changes with its version.
        inside = _top(module).lstrip("_") if _top(module) in _PYTHON else module
        return f"{self.version(module)}{inside}.{name}"

    def extension(self, obj: Any) -> str | None:
        """Return the digest of the file of a compiled module of the project (Cython, C).

        Return None if the object has none, because it is installed or written in Python. Return
        ``EDITED_SINCE_LOADED`` if the file was rebuilt since it was loaded.
        """
        module = sys.modules.get(getattr(obj, "__module__", None) or "")
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not self.project.contains(path):
            return None
        if path.endswith((".py", ".pyc", ".pyw")) or not os.path.isfile(path):
            return None
        return EDITED_SINCE_LOADED if was_edited(path) else digest_file(path)

    def version(self, module: str) -> str:
        """Return ``"numpy 2.1.0: "`` for a module of a distribution, empty for Python's own."""
        top = _top(module)
        if top in _PYTHON:
            return ""
        if top not in self._versions:
            self._versions[top] = _version(top)
        return self._versions[top]


def _place(obj: Any) -> tuple[str, str]:
    if isinstance(obj, types.FunctionType):  # `functools.wraps` may have changed its attributes
        return str(obj.__globals__.get("__name__")), obj.__code__.co_name
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", None)
    return (
        module if isinstance(module, str) else type(obj).__module__,
        name if isinstance(name, str) else type(obj).__qualname__,
    )


def _top(module: str) -> str:
    return module.partition(".")[0]


def _version(top: str) -> str:
    try:
        return f"{top} {metadata.version(top)}: "
    except (metadata.PackageNotFoundError, ValueError):
        names = _named_otherwise().get(top)
    if names is None:
        names = list(_all_named().get(top, ()))
    versions = [f"{name} {metadata.version(name)}" for name in sorted(set(names))]
    return ", ".join(versions) + ": " if versions else f"{top} without a version: "


_all_named = functools.cache(metadata.packages_distributions)


@functools.cache
def _named_otherwise() -> dict[str, list[str]]:
    """Return distributions by their modules from their ``top_level.txt``, which is quick."""
    found: dict[str, list[str]] = {}
    for distribution in metadata.distributions():
        for module in (distribution.read_text("top_level.txt") or "").split():
            found.setdefault(module, []).append(distribution.name)
    return found
