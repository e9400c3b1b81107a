"""Checks and records the ``invariants(...)`` items of a task under plain doit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.exceptions import InvalidTask
from doit.globals import Globals

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.check.signer import Signer
from doit_invariants.engine.context import TaskContext
from doit_invariants.engine.listed import ListedItem, add_task_deps, invariants_of
from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.records import recorded
from doit_invariants.hosts.doit.sessions import DoitSession, ensure_session
from doit_invariants.rules.decide import (
    Snapshot,
    invariant_reasons,
    record_reasons,
    verdict_on,
)
from doit_invariants.rules.record import Record


def check_item(item: ListedItem, task: Any) -> None:
    """Check the arguments of an item, and have the task wait for the tasks that they name.

    :raises doit.exceptions.InvalidTask: for a wrong argument, in one line
    """
    try:
        session = ensure_session(Globals.dep_manager)
        add_task_deps(task, invariants_of(session.plugins.kinds, [item]).values())
    except InvalidOption as error:
        text = str(error).replace("option 'invariants': ", "invariants(...): ")
        raise InvalidTask(f"task {task.name!r}: {text}") from error


def check(dep_manager: Any, tasks: Any, task: Any, items: Sequence[ListedItem]) -> Verdict:
    """Return the verdict on the items of a task alone; record their invariants on success."""
    session = ensure_session(dep_manager)
    spec = TaskSpec(
        invariants_of(session.plugins.kinds, items), session.default.policy, True, False, False
    )
    session.tasks = tasks or {}
    before = recorded.read(session, task.name)
    executed_at = before.record.executed_at if before.record else None
    context = TaskContext(session, task, executed_at, Signer(session))
    observation = TaskObservation(session, task, spec, before, context)
    observation.invariants()
    now = observation.snapshot
    now.explicit, now.sources = True, ()
    reasons = [*record_reasons(before.record, now, before.unreadable)]
    record = observation.comparable
    if record is not None:
        reasons += invariant_reasons(record, now, context)
    verdict = verdict_on(now, reasons)
    if not now.problems:
        task.value_savers.append(lambda: _save(session, task, now))
    return verdict


def _save(session: DoitSession, task: Any, now: Snapshot) -> dict[str, Any]:
    """Record the fingerprints from before the actions ran; doit calls this after a success."""
    record = Record(
        executed_at=session.clock(),
        origin="run",
        root=session.root,
        entries={key: seen.entry() for key, seen in now.observed.items()},
    )
    recorded.write(session, task.name, record)
    return {}
