"""The ``uptodate`` items that list invariants, and the tasks that invariants wait for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.options import TaskSpec, by_id, make_ttl
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task
    from doit_invariants.plugins.registry import Registry


class ListedItem:
    """An ``uptodate`` item that lists invariants; the host's item extends it.

    :ivar listed: the invariants
    :ivar ttl: the age for one more ``TTL``, None for none
    """

    listed: tuple[Any, ...] = ()
    ttl: Any = None


def listed_items(task: Task) -> list[ListedItem]:
    """Return the items of a task that list invariants."""
    return [item for item, _, _ in task.uptodate if isinstance(item, ListedItem)]


def invariants_of(kinds: Registry, items: Iterable[ListedItem]) -> dict[str, Invariant]:
    """Return the invariants that items list, by id; raises InvalidOption."""
    found: list[Any] = []
    for item in items:
        found += item.listed
        if item.ttl is not None:
            found.append(make_ttl(item.ttl, kinds))
    return by_id(found, kinds)


def with_items(kinds: Registry, spec: TaskSpec, items: Iterable[ListedItem]) -> TaskSpec:
    """Return the options of a task, with the invariants of its ``invariants(...)`` items added.

    :raises InvalidOption: if the task lists an invariant in both ways
    """
    extra = invariants_of(kinds, items)
    for key, one in extra.items():
        if key in spec.invariants:
            raise InvalidOption(f"{one.label()} is listed twice; remove one")
    if not extra:
        return spec
    return spec._replace(own=True, invariants={**spec.invariants, **extra})


def add_task_deps(task: Task, found: Iterable[Invariant]) -> None:
    """Add the tasks that invariants need to the dependencies of a task, unless they are there."""
    for one in found:
        for name in one.needs_tasks():
            if "*" in name and name not in task.wild_dep:
                task.wild_dep.append(name)  # as doit does with patterns in `task_dep`
            elif name not in task.task_dep and name not in task.setup_tasks:
                task.task_dep.append(name)
