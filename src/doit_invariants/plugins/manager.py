"""Finds the plugins, calls them in order, and collects what they register.

Most projects have only the built-in plugins. For those, pluggy is not imported: its manager and the
hook specifications would take a tenth of the time of a run of a small project.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol

from doit_invariants.core.errors import InvalidOption
from doit_invariants.plugins.registry import (
    KINDS,
    POLICIES,
    PROGRAMS,
    PROJECT,
    STORES,
    BuiltinKinds,
    BuiltinPolicies,
    BuiltinStores,
    Category,
    Registry,
)

if TYPE_CHECKING:
    from doit_invariants.code.programs.table import Program

#: The plugin name of the dodo.py.
DODO = "dodo"

_MARK = PROJECT + "_impl"


class Implementation(Protocol):
    """The implementation of a hook, with the attributes of pluggy's ``HookImpl``."""

    plugin: Any
    plugin_name: str
    function: Callable[..., Any]
    argnames: Any
    hookwrapper: bool
    wrapper: bool


class Hooks(Protocol):
    """The plugins by name, and the hooks that they implement."""

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, or None if no plugin implements it."""

    def implementations(self, hook: str) -> list[Any]:
        """Return the implementations of a hook in the order of registration."""

    def plugin(self, name: str) -> Any:
        """Return the plugin with a name, or None if there is none."""


class Plugins:
    """The plugins of one run of doit.

    :ivar hooks: the hooks that they implement
    :ivar kinds, policies, stores: the classes that they registered
    :ivar programs: the programs that they registered, the latest plugin first
    """

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self.kinds = _registry(hooks, KINDS)
        self.policies = _registry(hooks, POLICIES)
        self.stores = _registry(hooks, STORES)
        self.programs: tuple[Program, ...] = tuple(_programs(hooks))

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, or None if no plugin implements it."""
        return self.hooks.listener(hook)

    def implementations(self, hook: str) -> list[Implementation]:
        """Return the implementations of a hook in the order of registration."""
        return self.hooks.implementations(hook)

    def plugin(self, name: str) -> Any:
        """Return the plugin with a name, or None if there is none or it is blocked."""
        return self.hooks.plugin(name)


class _Own:
    """The implementation of a hook by a built-in plugin: a plain method, never a wrapper."""

    hookwrapper = wrapper = False

    def __init__(self, plugin: Any, name: str, function: Any) -> None:
        self.plugin, self.plugin_name, self.function = plugin, name, function
        code = function.__code__
        self.argnames = code.co_varnames[1 : code.co_argcount]


class _OwnHooks:
    """Only the built-in plugins, which implement no hook that has a ``listener``."""

    def __init__(self, plugins: Mapping[str, Any]) -> None:
        self._plugins = plugins

    def listener(self, hook: str) -> None:
        return None

    def implementations(self, hook: str) -> list[Any]:
        found = ((one, name, getattr(one, hook, None)) for name, one in self._plugins.items())
        return [_Own(one, name, function) for one, name, function in found if function]

    def plugin(self, name: str) -> Any:
        return self._plugins.get(name)


def create_plugins(
    namespace: Mapping[str, Any] | None = None,
    builtins: Iterable[Any] = (),
    block: Iterable[str] = (),
) -> Plugins:
    """Find the plugins and register what they provide.

    Built-in plugins are registered first. pluggy calls the latest plugin first, so the answer of
    another plugin wins over a built-in one.

    :param namespace: the names that ``dodo.py`` defines
    :param builtins: built-in plugins of higher layers: objects with a ``name``
    :param block: names of plugins that are not loaded
    :raises InvalidOption: for a plugin that can't be imported, a misspelled hook, a wrong
        argument, a name that is taken, or an unknown name in ``block``
    """
    blocked = set(block)
    own = {one.name: one for one in (BuiltinKinds(), BuiltinPolicies(), BuiltinStores(), *builtins)}
    others = list(_others(namespace))
    known = {*own, *(name for _, name in others)}
    unknown = sorted(blocked - known)
    if unknown:
        raise InvalidOption(
            f"setting 'block': there is no plugin {unknown[0]!r}; known are "
            + ", ".join(sorted(known))
        )
    own = {name: one for name, one in own.items() if name not in blocked}
    others = [(one, name) for one, name in others if name not in blocked]
    if not others:
        return Plugins(_OwnHooks(own))
    from doit_invariants.plugins.others import PluggyHooks

    return Plugins(PluggyHooks(own, others))


def _others(namespace: Mapping[str, Any] | None) -> Iterator[tuple[Any, str]]:
    """Yield the plugins that are not built-in: entry points, then the dodo.py."""
    for entry in sorted(entry_points(group=PROJECT), key=lambda e: e.name):
        yield entry, entry.name
    dodo = _marked(namespace or {})
    if dodo is not None:
        yield dodo, DODO


#: The beginning of the entry-point groups that doit and this package use.
_OURS = b"[doit"
#: For each directory of ``sys.path``: its modification time and the entry points in it.
_TEXTS: dict[str, tuple[int, bytes | None]] = {}


def entry_points(**wanted: str) -> Any:
    """Return the same as ``importlib.metadata.entry_points``, usually faster.

    The standard function reads and parses a file of every installed distribution at each call. A
    run calls it five times, for groups that are almost always empty. So the files are read once and
    searched for the name of the group. A later installation changes the modification time of its
    directory, which is then read again.
    """
    group = f"[{wanted.get('group', '')}]".encode()
    # Other finders than Python's may know more distributions: leave those to the standard function.
    finders = sum(hasattr(finder, "find_distributions") for finder in sys.meta_path)
    if group.startswith(_OURS) and finders == 1:
        texts = [_entry_points_in(directory) for directory in sys.path]
        if all(text is not None and group not in text for text in texts):
            return ()
    return metadata.entry_points(**wanted)


def _entry_points_in(directory: str) -> bytes | None:
    """Return all ``entry_points.txt`` of a directory; None for a zip file or if it has an egg."""
    directory = os.path.abspath(directory)
    try:
        changed = os.stat(directory).st_mtime_ns
        known = _TEXTS.get(directory)
        if known is None or known[0] != changed:
            known = _TEXTS[directory] = (changed, _read_all(directory))
    except OSError:
        return b""
    return known[1]


def _read_all(directory: str) -> bytes | None:
    if directory.endswith((".egg", ".whl")) or os.path.isfile(directory):
        return None
    found = []
    for name in os.listdir(directory):
        if name.endswith((".dist-info", ".egg-info")):
            found.append(_read(os.path.join(directory, name, "entry_points.txt")))
        elif name.endswith(".egg"):
            return None
    return b"\n".join(text for text in found if _OURS in text)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:
            return stream.read()
    except OSError:
        return b""


class _DodoPlugin(types.SimpleNamespace):
    """The hook implementations of a dodo.py; pluggy names plugins by their repr in errors."""

    def __repr__(self) -> str:
        return repr(DODO)


def _marked(namespace: Mapping[str, Any]) -> _DodoPlugin | None:
    """Return the functions of a dodo.py that are marked with ``@hookimpl``.

    pluggy would look at the attributes of every object in it. That has side effects: a lazy module
    imports, and a mock object has every attribute.
    """
    found = {
        name: value
        for name, value in namespace.items()
        if type(value) is types.FunctionType and hasattr(value, _MARK)
    }
    return _DodoPlugin(**found) if found else None


def _registry(hooks: Hooks, category: Category) -> Registry:
    registry = Registry(category)
    for implementation in hooks.implementations(category.hook):
        for cls in _given(category.hook, implementation):
            registry.add(cls, implementation.plugin_name)
    return registry


def _programs(hooks: Hooks) -> Iterator[Program]:
    """Yield the programs that plugins registered, in the order in which they are tried.

    They have no registry, because several may have the same name: a program may need several rows,
    and a plugin may override the program of another plugin.
    """
    for implementation in reversed(hooks.implementations(PROGRAMS.hook)):
        for program in _given(PROGRAMS.hook, implementation):
            PROGRAMS.check(program, implementation.plugin_name)
            program.check(implementation.plugin_name)
            yield program


def _given(hook: str, implementation: Any) -> list[Any]:
    try:
        given = implementation.function() or ()
        if isinstance(given, type):
            raise TypeError(
                f"it returned the class {given.__name__}: return a list, [{given.__name__}]"
            )
        return list(given)
    except Exception as error:
        raise InvalidOption(
            f"plugin {implementation.plugin_name!r}: {hook} failed with {type(error).__name__}: "
            f"{error}; repair it, or block it with the setting `block`"
        ) from error
