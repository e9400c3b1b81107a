"""Remembers what code referred to before the first action, for code that is made later.

A task that is created late is looked at when actions have run already. What they filled into a
cache is no edit of its code, so what was looked at before counts as it was then. But for what a
task-creator has changed since, and what uses that: it does so on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doit_invariants.code.loaded.access_paths import Steps
from doit_invariants.code.loaded.bytecode import Chain
from doit_invariants.code.loaded.unit import Ref, Unit, rename

#: A namespace by its identity, what is taken of it, and how far that is read.
Key = tuple[int, Chain, tuple[Steps, ...]]


class _Read:
    """What a global has led to; the namespace is kept so that no other comes to its address."""

    def __init__(self, namespace: dict[str, Any], refs: list[Ref], readers: list[Unit]) -> None:
        self.namespace = namespace
        self.refs = refs
        self.readers = readers


class SeenCode:
    """What was looked at: the units of code and of values, and the globals that led to them.

    :param before: an earlier look, of which holds what was not changed since
    :ivar units, values: by the identity of what they are of
    :ivar earlier: values that are known from before
    :ivar changed: globals that task-creators have changed since
    """

    def __init__(self, before: SeenCode | None = None) -> None:
        stale = before.stale() if before is not None else set()
        self.units: dict[int, Unit] = _without(stale, before.units) if before is not None else {}
        self.earlier: dict[int, Unit] = _without(stale, before.values) if before is not None else {}
        self.values: dict[int, Unit] = {}
        self.changed: set[Key] = set()
        self._reads: dict[Key, _Read] = {}
        self._known = before.known(stale) if before is not None else {}

    def read(
        self,
        unit: Unit,
        namespace: dict[str, Any],
        key: Key,
        look: Callable[[], Iterable[Ref]],
    ) -> list[Ref]:
        """Return what a global leads to that a unit reads.

        :param look: asked if it is not known from before
        """
        refs = self._known.get(key)
        if refs is None:
            found = list(look())
            read = self._reads.setdefault(key, _Read(namespace, [], []))
            read.readers.append(unit)
            read.refs[:] = map(Ref.copy, found)
            return found
        return list(map(Ref.copy, refs))

    def rename(self, leaves: Mapping[str, str]) -> None:
        """Put other texts in the place of some that stand for what was looked at."""
        for unit in (*self.units.values(), *self.values.values()):
            unit.rename(leaves)
        for read in self._reads.values():
            rename(read.refs, leaves)

    def reads(self) -> Iterable[tuple[Key, dict[str, Any]]]:
        """Return the globals that were looked at, each with its namespace."""
        return [(key, read.namespace) for key, read in self._reads.items()]

    def known(self, stale: set[int]) -> dict[Key, list[Ref]]:
        """Return what globals lead to, without those that do not hold any more."""
        return {
            key: read.refs
            for key, read in self._reads.items()
            if key not in self.changed and all(id(ref.unit) not in stale for ref in read.refs)
        }

    def stale(self) -> set[int]:
        """Return the identities of the units that rest on what was changed."""
        todo: list[Unit] = []
        for key in self.changed:
            read = self._reads[key]
            todo += read.readers
            todo += [ref.unit for ref in read.refs if ref.unit is not None and not ref.unit.code]
        users: dict[int, list[Unit]] = {}
        for unit in (*self.units.values(), *self.values.values()) if todo else ():
            for ref in unit.refs:
                users.setdefault(id(ref.unit), []).append(unit)
        stale: set[int] = set()
        for unit in todo:  # grows while it is walked
            if id(unit) not in stale:
                stale.add(id(unit))
                todo += users.get(id(unit), ())
        return stale


def _without(stale: set[int], units: dict[int, Unit]) -> dict[int, Unit]:
    return {key: unit for key, unit in units.items() if id(unit) not in stale}
