"""The present signature of a task, for invariants of others that look at it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from doit.task import result_dep

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.engine.check.observe import Look
from doit_invariants.engine.context import TaskContext
from doit_invariants.engine.listed import with_items
from doit_invariants.engine.records import recorded
from doit_invariants.engine.session import Session
from doit_invariants.hosts.doit.rules import describe
from doit_invariants.hosts.doit.uptodate import invariants
from doit_invariants.rules.signature import signature


def signature_of(session: Session, dep_manager: Any, task: Any, sign: Callable[[str], str]) -> str:
    """Return the present signature of a task that is no group; see
    :class:`~doit_invariants.engine.context.Signer`."""
    before = recorded.read(dep_manager, task.name)
    executed_at = before.record.executed_at if before.record is not None else None
    context = TaskContext(session, task, executed_at, sign)
    items = [item for item, _, _ in task.uptodate if isinstance(item, invariants)]
    spec = with_items(session, session.spec(task.name), items)
    look = Look(session, task, spec, before, context)
    # Of what a calc_dep gave always the stored one: in a run it is known of some tasks already.
    values = [dep_manager.get_values(name).get("file_dep", ()) for name in task.calc_dep]
    for path in sorted({*task.file_dep, *(str(path) for given in values for path in given)}):
        try:
            info = os.stat(path)
        except OSError:
            look.snapshot.inputs[path] = None
        else:
            before.states[path] = dep_manager._get(task.name, path)
            look.snapshot.inputs[path] = look.path(path, before.known(path, info), info)
    look.snapshot.targets = dict.fromkeys(task.targets)
    look.invariants()
    more = {
        "uptodate": [_item_or_name(item, task, dep_manager) for item, _, _ in task.uptodate],
        "getargs": {
            name: dep_manager.get_values(other) for name, (other, _) in task.getargs.items()
        },
    }
    if look.snapshot.problems:
        raise CannotFingerprint(f"task {task.name!r}: {look.snapshot.problems[0]}")
    return signature(look.snapshot, context, more if any(more.values()) else None)


def _item_or_name(item: Any, task: Any, dep_manager: Any) -> Any:
    """Return what stands for an ``uptodate`` item, its name where nothing else does."""
    # Imported late: few tasks look at others, and doit starts for every command.
    from doit_invariants.engine.reuse.signature import item_in_signature

    if isinstance(item, result_dep):
        return ["result_dep", item.dep_name, dep_manager.get_result(item.dep_name)]
    try:
        return item_in_signature(item, task)
    except CannotFingerprint:
        return describe(item)
