"""Runs with plugins other than the built-in ones, which pluggy then manages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any, cast

import pluggy

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.text import one_line
from doit_invariants.plugins import hookspecs
from doit_invariants.plugins.registry import PROJECT


class PluggyHooks:
    """All plugins, in a plugin manager of pluggy.

    :param own: the built-in plugins by name; their methods have the names of hooks
    :param others: pairs of an entry point or a plugin and its name
    :raises InvalidOption: for a plugin that can't be imported or is not valid
    """

    def __init__(self, own: Mapping[str, Any], others: Iterable[tuple[Any, str]]) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        for name, plugin in own.items():
            _mark(type(plugin))
            self._manager.register(plugin, name)
        for plugin, name in others:
            self._register(plugin, name)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise InvalidOption(one_line(str(error))) from error

    def listener(self, hook: str) -> Callable[..., Any] | None:
        """Return the caller of a hook, or None if no plugin implements it."""
        caller = getattr(self._manager.hook, hook)
        return cast("Callable[..., Any]", caller) if caller.get_hookimpls() else None

    def implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """Return the implementations of a hook in the order of registration."""
        return list(getattr(self._manager.hook, hook).get_hookimpls())

    def plugin(self, name: str) -> Any:
        """Return the plugin with a name, or None if there is none."""
        return self._manager.get_plugin(name)

    def _register(self, plugin: Any, name: str) -> None:
        if isinstance(plugin, metadata.EntryPoint):
            if self._manager.has_plugin(name):
                raise InvalidOption(f"two plugins are called {name!r}; uninstall or block one")
            plugin = _load(plugin)
        try:
            self._manager.register(plugin, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise InvalidOption(one_line(str(error))) from error


def _mark(own: type[Any]) -> None:
    """Mark the methods of a built-in plugin as hooks, so that its module need not import pluggy."""
    for name, value in vars(own).items():
        if name.startswith("invariants_"):
            hookspecs.hookimpl(value)


def _load(entry: metadata.EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        raise InvalidOption(
            f"plugin {entry.name!r} ({entry.value}) can't be imported: {type(error).__name__}: "
            f"{error}; repair or uninstall it, or block it with the setting `block`"
        ) from error
