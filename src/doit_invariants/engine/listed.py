"""What ``invariants(...)`` items list, and what invariants ask of the order of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.options import TaskSpec, by_id, make_ttl
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.engine.session import Session
    from doit_invariants.hosts.doit.uptodate import invariants


def listed(session: Session, items: Iterable[invariants]) -> dict[str, Invariant]:
    """Return what items list, by id; raises InvalidOption."""
    found: list[Any] = []
    for item in items:
        found += item.listed
        if item.ttl is not None:
            found.append(make_ttl(item.ttl, session.plugins.kinds))
    return by_id(found, session.plugins.kinds)


def with_items(session: Session, spec: TaskSpec, items: Iterable[invariants]) -> TaskSpec:
    """Return the options of a task with what its ``invariants(...)`` items list.

    :raises InvalidOption: if one is listed in both ways
    """
    extra = listed(session, items)
    for key, one in extra.items():
        if key in spec.invariants:
            raise InvalidOption(f"{one.label()} is listed twice; remove one")
    if not extra:
        return spec
    return spec._replace(own=True, invariants={**spec.invariants, **extra})


def wait_for(task: Any, found: Iterable[Invariant]) -> None:
    """Make the tasks that invariants need dependencies of a task, if they are not yet."""
    for one in found:
        for name in one.needs_tasks():
            if "*" in name and name not in task.wild_dep:
                task.wild_dep.append(name)  # as doit does with what is in `task_dep`
            elif name not in task.task_dep and name not in task.setup_tasks:
                task.task_dep.append(name)
