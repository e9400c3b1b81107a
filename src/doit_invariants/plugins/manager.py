"""What plugins there are, who is asked in which order, and what they registered.

Most projects have no plugins but ours. There pluggy is not even imported: its manager and the
specifications of the hooks would take a tenth of the time of a run of a small project.
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

#: The name under which the dodo.py is registered.
DODO = "dodo"

_MARK = PROJECT + "_impl"


class Implementation(Protocol):
    """The implementation of a hook, as pluggy describes it."""

    plugin: Any
    plugin_name: str
    function: Callable[..., Any]
    argnames: Any
    hookwrapper: bool
    wrapper: bool


class Hooks(Protocol):
    """The plugins by name, and what they implement."""

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, None if nobody implements it: then nothing is called."""

    def implementations(self, hook: str) -> list[Any]:
        """Return the implementations of a hook in the order of registration."""

    def plugin(self, name: str) -> Any:
        """Return a plugin, None if there is none of that name."""


class Plugins:
    """The plugins of one run of doit.

    :ivar hooks: those that they implement
    :ivar kinds, policies, stores: what the plugins registered
    :ivar programs: those that plugins made known, the latest first
    """

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self.kinds = _registry(hooks, KINDS)
        self.policies = _registry(hooks, POLICIES)
        self.stores = _registry(hooks, STORES)
        self.programs: tuple[Program, ...] = tuple(_programs(hooks))

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, None if nobody implements it: then nothing is called."""
        return self.hooks.listener(hook)

    def implementations(self, hook: str) -> list[Implementation]:
        """Return the implementations of a hook in the order of registration."""
        return self.hooks.implementations(hook)

    def plugin(self, name: str) -> Any:
        """Return a plugin, None if there is none of that name, or it is blocked."""
        return self.hooks.plugin(name)


class _Own:
    """The implementation of a hook by a built-in plugin: always a plain method, never a wrapper."""

    hookwrapper = wrapper = False

    def __init__(self, plugin: Any, name: str, function: Any) -> None:
        self.plugin, self.plugin_name, self.function = plugin, name, function
        code = function.__code__
        self.argnames = code.co_varnames[1 : code.co_argcount]


class _OwnHooks:
    """The built-in plugins alone; they only answer what is asked of all, and listen to nothing."""

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
    """Return the plugins, with everything registered.

    :param namespace: the names that ``dodo.py`` defines
    :param builtins: built-in plugins of higher layers, objects with a ``name``
    :param block: names of plugins that must stay out
    :raises InvalidOption: for a plugin that can't be imported, a misspelled hook, a wrong
        argument, a name that is taken, or a blocked plugin that nobody knows

    Built-ins come first: pluggy asks the latest first, so a plugin's answer wins over ours.
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
    """Yield the plugins that are not ours: entry points, then the dodo.py."""
    for entry in sorted(entry_points(group=PROJECT), key=lambda e: e.name):
        yield entry, entry.name
    dodo = _marked(namespace or {})
    if dodo is not None:
        yield dodo, DODO


#: How the groups begin that doit and we ask for.
_OURS = b"[doit"
#: The entry points in the directories of a path, with the time at which each was changed.
_TEXTS: dict[str, tuple[int, bytes | None]] = {}


def entry_points(**wanted: str) -> Any:
    """Return entry points as ``importlib.metadata.entry_points`` does, most often at less cost.

    That one reads and splits a file of each installed distribution at each call; doit calls it
    four times in a run, and we a fifth time, for groups that hardly anybody is in. So the files
    are read once and searched for the group. What is installed later changes a directory.
    """
    group = f"[{wanted.get('group', '')}]".encode()
    # Finders of somebody's own are asked, and Python's for what is no directory.
    finders = sum(hasattr(finder, "find_distributions") for finder in sys.meta_path)
    if group.startswith(_OURS) and finders == 1:
        texts = [_entry_points_in(directory) for directory in sys.path]
        if all(text is not None and group not in text for text in texts):
            return ()
    return metadata.entry_points(**wanted)


def _entry_points_in(directory: str) -> bytes | None:
    """Return the entry points in a directory as text, None for a zip, or with an egg in it."""
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
    """Return what is marked with ``@hookimpl``; pluggy would touch every attribute otherwise.

    A dodo.py may hold anything: a mock object answers to every name, a lazy module imports.
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
    """Yield the programs that plugins know, in the order in which they are asked.

    They are in no registry: a program may need several rows, and a plugin may say otherwise of
    one that another plugin knows.
    """
    for implementation in reversed(hooks.implementations(PROGRAMS.hook)):
        for program in _given(PROGRAMS.hook, implementation):
            PROGRAMS.check(program, implementation.plugin_name)
            program.check(implementation.plugin_name)
            yield program


def _given(hook: str, implementation: Any) -> list[Any]:
    try:
        return list(implementation.function() or ())
    except Exception as error:
        raise InvalidOption(
            f"plugin {implementation.plugin_name!r}: {hook} failed with {type(error).__name__}: "
            f"{error}; repair it, or block it with the setting `block`"
        ) from error
