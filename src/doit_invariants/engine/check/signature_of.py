"""The present signature of a task, for invariants of other tasks."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.engine.check.host_facts import describe
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.context import TaskContext
from doit_invariants.engine.listed import listed_items, with_items
from doit_invariants.engine.records import recorded
from doit_invariants.engine.records.values import result_of, values_of
from doit_invariants.engine.session import Session
from doit_invariants.rules.signature import signature

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task


def signature_of(session: Session, task: Task, sign: Callable[[str], str]) -> str:
    """Return the present signature of a task that is not a group.

    See :class:`~doit_invariants.engine.check.signer.Signer`.
    """
    before = recorded.read(session, task.name)
    executed_at = before.record.executed_at if before.record is not None else None
    context = TaskContext(session, task, executed_at, sign)
    spec = with_items(session.plugins.kinds, session.spec(task.name), listed_items(task))
    observation = TaskObservation(session, task, spec, before, context)
    # Use the stored result of each calc_dep: during a run some tasks have a new one already.
    values = [values_of(session, name).get("file_dep", ()) for name in task.calc_dep]
    for path in sorted({*task.file_dep, *(str(path) for given in values for path in given)}):
        try:
            info = os.stat(path)
        except OSError:
            observation.snapshot.inputs[path] = None
        else:
            before.states[path] = session.db.get(task.name, path)
            observation.snapshot.inputs[path] = observation.path(
                path, before.known(path, info), info
            )
    observation.snapshot.targets = dict.fromkeys(task.targets)
    observation.invariants()
    more = {
        "uptodate": [_item_or_name(session, item, task) for item, _, _ in task.uptodate],
        "getargs": {name: values_of(session, other) for name, (other, _) in task.getargs.items()},
    }
    if observation.snapshot.problems:
        raise CannotFingerprint(f"task {task.name!r}: {observation.snapshot.problems[0]}")
    return signature(observation.snapshot, context, more if any(more.values()) else None)


def _item_or_name(session: Session, item: Any, task: Task) -> Any:
    """Return what represents an ``uptodate`` item in a signature; its name if nothing else does."""
    other = session.host.compares_result_of(item)
    if other is not None:
        return ["result_dep", other, result_of(session, other)]
    try:
        return session.host.item_in_signature(item, task)
    except CannotFingerprint:
        return describe(item)
