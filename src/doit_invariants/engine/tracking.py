"""Asks plugins what they track of each task without being told to."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.engine.host import Host
from doit_invariants.engine.options import TaskSpec, by_id
from doit_invariants.plugins.manager import Plugins
from doit_invariants.plugins.settings import Settings
from doit_invariants.rules.invariant import Invariant

#: Invariants by their id, each with the plugin that gave it; and who was asked.
Implicit = tuple[dict[str, tuple[str, Invariant]], tuple[str, ...]]


class _Tracker:
    def __init__(
        self,
        plugin: str,
        function: Callable[..., Any],
        given: dict[str, Any],
        takes_task: bool,
        sources: tuple[str, ...],
    ) -> None:
        self.plugin, self.function, self.given = plugin, function, given
        self.takes_task, self.sources = takes_task, sources

    def ask(self, task: Any) -> Any:
        """Return the invariants that the plugin adds to a task."""
        try:
            if self.takes_task:
                return self.function(task=task, **self.given) or ()
            return self.function(**self.given) or ()
        except Exception as error:
            raise self.failed(error) from error

    def failed(self, error: Exception) -> CannotFingerprint:
        """Return the error of a plugin."""
        return CannotFingerprint(f"plugin {self.plugin!r}: invariants_for_task failed: {error}")


class Trackers:
    """All plugins that implement ``invariants_for_task``; raises InvalidOption for a wrapper."""

    def __init__(self, plugins: Plugins, settings: Settings, host: Host) -> None:
        self._host = host
        self._kinds = plugins.kinds
        self._known: dict[tuple[int, ...], tuple[list[Any], Implicit]] = {}
        self._all: list[_Tracker] = []
        for one in plugins.implementations("invariants_for_task"):
            if one.hookwrapper or one.wrapper:
                raise InvalidOption(
                    f"plugin {one.plugin_name!r}: invariants_for_task can't be a wrapper: what it "
                    "adds must be known to come from it"
                )
            given = {"settings": settings} if "settings" in one.argnames else {}
            name = one.plugin_name
            sources = (name, *_version(name, getattr(one.plugin, "tracking_version", 1)))
            tracker = _Tracker(name, one.function, given, "task" in one.argnames, sources)
            self._all.append(tracker)
        #: Those whose answer depends on the targets of a task as well as on its actions.
        self._by_targets = {
            one.plugin_name
            for one in plugins.implementations("invariants_for_task")
            if getattr(one.plugin, "looks_at_targets", False)
        }
        self.ours_alone = self.names() <= host.trackers
        # What the keys are the addresses of is kept, so that nothing else comes to them.
        self._of_bare: dict[tuple[int, ...], tuple[Any, Implicit]] = {}

        self._first: dict[int, str] = {}

    def serves_several(self, found: Mapping[str, Any], task: str) -> bool:
        """Return whether another task, of those that this was asked of, is tracked alike.

        :param found: what :meth:`of` has given
        """
        return self._first.setdefault(id(found), task) != task

    def names(self) -> set[str]:
        """Return the names of the plugins."""
        return {one.plugin for one in self._all}

    def of(self, task: Any, spec: TaskSpec, only: Container[str] | None = None) -> Implicit:
        """Return what is tracked of a task; the very same object where plugins gave the same.

        :param only: names of plugins, where not all are to be asked
        :raises CannotFingerprint: if a plugin fails, or returns what is no invariant
        """
        actions: tuple[Any, ...] = ()
        if self.ours_alone and self._host.has_bare_actions(task):
            # Of what is given nothing only the functions count.
            actions = (spec.track_code, only is None, *self._host.actions(task))
            known = self._of_bare.get(tuple(map(id, actions)))
            if known is not None:
                return known[1]
        found = self._ask(task, spec, only)
        if actions and all(plugin not in self._by_targets for plugin, _ in found[0].values()):
            self._of_bare[tuple(map(id, actions))] = (actions, found)
        return found

    def _ask(self, task: Any, spec: TaskSpec, only: Container[str] | None) -> Implicit:
        asked = [
            one
            for one in self._all
            if (spec.track_code or one.plugin not in self._host.trackers)
            and (only is None or one.plugin in only)
        ]
        listed = [one.ask(task) for one in asked]
        key = (*map(id, asked), *map(id, listed))
        known = self._known.get(key)
        if known is not None:
            return known[1]
        found: Implicit = {}, tuple(source for one in asked for source in one.sources)
        for tracker, given in zip(asked, listed, strict=True):
            try:
                keyed = by_id(given, self._kinds, prefix=f"{tracker.plugin}:") if given else {}
            except Exception as error:
                raise tracker.failed(error) from error
            found[0].update((name, (tracker.plugin, one)) for name, one in keyed.items())
        if all(type(given) is tuple for given in listed):  # a list could be changed and given again
            self._known[key] = (listed, found)  # kept, so that no others come to their addresses
        return found


def _version(plugin: str, version: object) -> tuple[str, ...]:
    """Return how a record names the version of a plugin; not the first, which is understood.

    Beside the name and not in its place: a version of ours that knows only names reads it too.

    :raises InvalidOption: if it is no version
    """
    if type(version) is not int or version < 1:
        raise InvalidOption(
            f"plugin {plugin!r}: tracking_version must be a whole number from 1, "
            f"got {version!r:.60}"
        )
    return (f"{plugin}@{version}",) if version > 1 else ()
