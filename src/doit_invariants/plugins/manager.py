"""The plugin manager: who is asked, in which order, and what they registered."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

import pluggy

from doit_invariants.core.errors import InvalidOption
from doit_invariants.plugins import hookspecs
from doit_invariants.plugins.builtin import BuiltinKinds, BuiltinPolicies, BuiltinStores
from doit_invariants.plugins.registry import (
    Registry,
    kind_registry,
    policy_registry,
    store_registry,
)

if TYPE_CHECKING:
    from doit_invariants.code.programs.table import Program

#: The name under which the dodo.py is registered.
DODO = "dodo"

_MARK = hookspecs.PROJECT + "_impl"


@dataclass(slots=True, eq=False, repr=False)
class Plugins:
    """The plugins of one run of doit.

    :ivar manager: pluggy's manager
    :ivar kinds, policies, stores: what the plugins registered
    :ivar programs: those that plugins made known, the latest first
    """

    manager: pluggy.PluginManager
    kinds: Registry
    policies: Registry
    stores: Registry
    programs: tuple[Program, ...] = ()

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, None if nobody implements it: then nothing is called."""
        caller = getattr(self.manager.hook, hook)
        return cast("Callable[..., Any]", caller) if caller.get_hookimpls() else None

    def implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook in the order of registration."""
        return list(getattr(self.manager.hook, hook).get_hookimpls())


def create_plugins(
    namespace: Mapping[str, Any] | None = None,
    builtins: Iterable[Any] = (),
    block: Iterable[str] = (),
) -> Plugins:
    """Return a new manager with everything registered.

    :param namespace: the names that ``dodo.py`` defines
    :param builtins: built-in plugins of higher layers, objects with a ``name``
    :param block: names of plugins that must stay out
    :raises InvalidOption: for a plugin that can't be imported, a misspelled hook, a wrong
        argument, a name that is taken, or a blocked plugin that nobody knows

    Built-ins come first: pluggy asks the latest first, so a plugin's answer wins over ours.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    blocked = set(block)
    known = set()
    for plugin, name in _all_plugins(namespace, builtins):
        known.add(name)
        if name not in blocked:
            _register(manager, plugin, name)
    unknown = sorted(blocked - known)
    if unknown:
        raise InvalidOption(
            f"setting 'block': there is no plugin {unknown[0]!r}; known are "
            + ", ".join(sorted(known))
        )
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise InvalidOption(_one_line(error)) from error
    plugins = Plugins(manager, kind_registry(), policy_registry(), store_registry())
    _collect(manager, "invariants_register_kinds", plugins.kinds)
    _collect(manager, "invariants_register_policies", plugins.policies)
    _collect(manager, "invariants_register_stores", plugins.stores)
    plugins.programs = tuple(_programs(plugins))
    return plugins


def _all_plugins(
    namespace: Mapping[str, Any] | None, builtins: Iterable[Any]
) -> Iterable[tuple[Any, str]]:
    for builtin in (BuiltinKinds(), BuiltinPolicies(), BuiltinStores(), *builtins):
        yield builtin, builtin.name
    for entry in sorted(metadata.entry_points(group=hookspecs.PROJECT), key=lambda e: e.name):
        yield entry, entry.name
    dodo = _marked(namespace or {})
    if dodo is not None:
        yield dodo, DODO


def _register(manager: pluggy.PluginManager, plugin: Any, name: str) -> None:
    if isinstance(plugin, metadata.EntryPoint):
        if manager.has_plugin(name):
            raise InvalidOption(f"two plugins are called {name!r}; uninstall or block one")
        plugin = _load(plugin)
    try:
        manager.register(plugin, name)
    except (pluggy.PluginValidationError, ValueError) as error:
        raise InvalidOption(_one_line(error)) from error


def _load(entry: metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        raise InvalidOption(
            f"plugin {entry.name!r} ({entry.value}) can't be imported: {type(error).__name__}: "
            f"{error}; repair or uninstall it, or block it with the setting `block`"
        ) from error


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


def _collect(manager: pluggy.PluginManager, hook: str, registry: Registry) -> None:
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        for cls in _given(hook, implementation):
            registry.add(cls, implementation.plugin_name)


def _programs(plugins: Plugins) -> Iterator[Program]:
    for implementation in reversed(plugins.implementations("invariants_register_programs")):
        from doit_invariants.code.programs.table import Program  # late: most projects have none

        plugin = implementation.plugin_name
        for program in _given("invariants_register_programs", implementation):
            if not isinstance(program, Program):
                raise InvalidOption(
                    f"plugin {plugin!r}: {program!r:.80} is not a program: return a list like "
                    "[Program('tool', script=1, follow='python')]"
                )
            program.check(plugin)
            yield program


def _given(hook: str, implementation: Any) -> list[Any]:
    try:
        return list(implementation.function() or ())
    except Exception as error:
        raise InvalidOption(
            f"plugin {implementation.plugin_name!r}: {hook} failed with {type(error).__name__}: "
            f"{error}; repair it, or block it with the setting `block`"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
