"""Asks plugins which invariants they add to each task.

Thousands of tasks may share their functions. So plugins return the same objects for the same
functions, and the same objects give the same :class:`TrackedSet`, which keeps the findings for all
these tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from doit_invariants.core.errors import CannotFingerprint, InvalidOption
from doit_invariants.core.model import Json
from doit_invariants.engine.options import TaskSpec, by_id
from doit_invariants.plugins.manager import Plugins
from doit_invariants.plugins.settings import Settings
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.engine.host import Host

Answer = TypeVar("Answer")


class IdentityMap(Generic[Answer]):
    """A mapping whose keys are sequences of objects, compared by identity, hashable or not.

    Keys are tuples of ids. The objects are kept alive, so that an id is never reused.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], tuple[Sequence[Any], Answer]] = {}

    def get(self, objects: Sequence[Any]) -> Answer | None:
        """Return the answer for some objects, None if there is none yet."""
        known = self._known.get(tuple(map(id, objects)))
        return None if known is None else known[1]

    def set(self, objects: Sequence[Any], answer: Answer) -> None:
        """Keep the answer for some objects; the sequence must not change afterward."""
        self._known[tuple(map(id, objects))] = (objects, answer)


class TrackedSet:
    """The invariants that plugins add to a task; one object for all tasks with the same ones.

    :ivar entries: invariants by their id, each with the plugin that adds it
    :ivar sources: the plugins that were asked
    :ivar unchanged_as: the key under which it was recorded, if it is known to be unchanged since;
        :meth:`Trackers.forget_unchanged` clears it
    :ivar stored: the key under which it was recorded in this run, and the recorded JSON
    :ivar frozen: whether its code was fingerprinted before the first action ran
    """

    __slots__ = ("_first", "entries", "frozen", "sources", "stored", "unchanged_as")

    def __init__(
        self, entries: Mapping[str, tuple[str, Invariant]], sources: tuple[str, ...]
    ) -> None:
        self.entries, self.sources = entries, sources
        self.unchanged_as = ""
        self.stored: tuple[str, Json] = ("", None)
        self.frozen = False
        self._first = ""

    def is_shared(self, task: str) -> bool:
        """Return whether this was called for another task before."""
        self._first = self._first or task
        return self._first != task


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
    """All plugins that implement ``invariants_for_task``.

    :raises InvalidOption: if one of them implements it as a wrapper
    """

    def __init__(self, plugins: Plugins, settings: Settings, host: Host) -> None:
        self._host = host
        self._kinds = plugins.kinds
        self._of_answers: IdentityMap[TrackedSet] = IdentityMap()
        self._of_bare: IdentityMap[TrackedSet] = IdentityMap()
        self._unchanged: list[TrackedSet] = []
        self._all: list[_Tracker] = []
        for one in plugins.implementations("invariants_for_task"):
            if one.hookwrapper or one.wrapper:
                raise InvalidOption(
                    f"plugin {one.plugin_name!r}: invariants_for_task can't be a wrapper, because "
                    "each invariant is recorded with the plugin that adds it"
                )
            given = {"settings": settings} if "settings" in one.argnames else {}
            name = one.plugin_name
            sources = (name, *_version(name, getattr(one.plugin, "tracking_version", 1)))
            tracker = _Tracker(name, one.function, given, "task" in one.argnames, sources)
            self._all.append(tracker)
        #: Plugins whose answer depends on the targets of a task as well as on its actions.
        self._by_targets = {
            one.plugin_name
            for one in plugins.implementations("invariants_for_task")
            if getattr(one.plugin, "looks_at_targets", False)
        }
        self.ours_alone = self.names() <= host.trackers

    def names(self) -> set[str]:
        """Return the names of the plugins."""
        return {one.plugin for one in self._all}

    def note_unchanged(self, tracked: TrackedSet, key: str) -> None:
        """Note that a set is unchanged since it was recorded under a key."""
        tracked.unchanged_as = key
        self._unchanged.append(tracked)

    def forget_unchanged(self) -> None:
        """Forget which sets are unchanged, because their code may have changed since."""
        for tracked in self._unchanged:
            tracked.unchanged_as = ""
        self._unchanged.clear()

    def of(self, task: Any, spec: TaskSpec, only: Container[str] | None = None) -> TrackedSet:
        """Return the tracked set of a task; the same object if plugins returned the same objects.

        :param only: names of the plugins to ask, None for all
        :raises CannotFingerprint: if a plugin fails, or returns something other than invariants
        """
        actions: tuple[Any, ...] = ()
        if self.ours_alone and self._host.has_bare_actions(task):
            # Actions without arguments are identified by their functions alone.
            actions = (spec.track_code, only is None, *self._host.actions(task))
            known = self._of_bare.get(actions)
            if known is not None:
                return known
        found = self._ask(task, spec, only)
        if actions and all(plugin not in self._by_targets for plugin, _ in found.entries.values()):
            self._of_bare.set(actions, found)
        return found

    def _ask(self, task: Any, spec: TaskSpec, only: Container[str] | None) -> TrackedSet:
        asked = [
            one
            for one in self._all
            if (spec.track_code or one.plugin not in self._host.trackers)
            and (only is None or one.plugin in only)
        ]
        listed = [one.ask(task) for one in asked]
        answers = (*asked, *listed)
        known = self._of_answers.get(answers)
        if known is not None:
            return known
        entries: dict[str, tuple[str, Invariant]] = {}
        for tracker, given in zip(asked, listed, strict=True):
            try:
                keyed = by_id(given, self._kinds, prefix=f"{tracker.plugin}:") if given else {}
            except Exception as error:
                raise tracker.failed(error) from error
            entries.update((name, (tracker.plugin, one)) for name, one in keyed.items())
        found = TrackedSet(entries, tuple(source for one in asked for source in one.sources))
        if all(type(given) is tuple for given in listed):  # a list could be changed and given again
            self._of_answers.set(answers, found)
        return found


def _version(plugin: str, version: object) -> tuple[str, ...]:
    """Return how a record names the version of a plugin: nothing for version 1, the default.

    It is a second entry beside the name, so that older versions, which only know names, can read
    the record.

    :raises InvalidOption: if it is not a version
    """
    if type(version) is not int or version < 1:
        raise InvalidOption(
            f"plugin {plugin!r}: tracking_version must be an integer, 1 or more, "
            f"got {version!r:.60}"
        )
    return (f"{plugin}@{version}",) if version > 1 else ()
