"""Fingerprints the code of all tasks before the first action of a run can change its values.

An action may fill a cache in a global, or change an object that another task gets. The next run may
do neither, so that this would look like an edit. Therefore values count as they were loaded.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from doit_invariants.engine.context import TaskContext, no_signature
from doit_invariants.engine.session import Session
from doit_invariants.rules.invariant import Invariant

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task
    from doit_invariants.kinds.action import Action

#: No action can change these.
_FIXED = (str, int, float, bool, bytes, type(None))


def freeze(session: Session, always_runs: Callable[[Session, Task], bool]) -> None:
    """Fingerprint the code and arguments of the tasks of the run, once.

    Later checks take the fingerprints from :attr:`Session.memo`. Errors are ignored here, because
    the check of the task reports them.

    :param always_runs: returns whether a task runs in every run; such a task is never compared
    """
    if session.frozen:
        return
    session.frozen = True
    of_the_run = list(_of_the_run(session, session.tasks))
    session.host.look_at_creators(of_the_run)
    signed = _are_signed(session)
    for task in of_the_run:
        if session.host.has_command_writer(task):
            continue  # do not call a user's function for a task that may not be selected
        if not signed and always_runs(session, task):
            continue  # it is never compared
        spec = session.spec(task.name)
        listed = [one for one in spec.invariants.values() if _is_loaded(one)]
        with contextlib.suppress(Exception):
            tracked = session.trackers.of(task, spec, only=session.host.trackers)
            if not listed and tracked.frozen:
                continue  # another task has the same functions
            tracked.frozen = True
            context = TaskContext(session, task, None, no_signature)
            for one in (*listed, *(invariant for _, invariant in tracked.entries.values())):
                if one.kind != "Action" or _can_change(cast("Action", one)):
                    one.fingerprint(context, None)


def _of_the_run(session: Session, tasks: Any) -> Iterable[Any]:
    """Yield the selected tasks and all tasks that they need.

    Yield all tasks if one has a ``calc_dep`` or is delayed, because it may need any other task.
    """
    if not isinstance(tasks, Mapping):  # doit's own tests pass a string
        return
    found: dict[str, Any] = {}
    todo = list(tasks if session.selected is None else session.selected)
    for name in todo:  # the loop appends to it
        task = tasks.get(name)
        if task is None or task.calc_dep or task.loader:
            yield from (one for name, one in tasks.items() if name not in found)
            return
        if name not in found:
            found[name] = task
            todo += [*task.task_dep, *task.setup_tasks]
            yield task


def _are_signed(session: Session) -> bool:
    """Return whether any task depends on the code of another one, by the invariant ``Task``."""
    return any(
        one.kind == "Task" for spec in session.specs.values() for one in spec.invariants.values()
    )


def _is_loaded(one: Invariant) -> bool:
    """Return whether an invariant fingerprints loaded code, whatever happens to its files."""
    # Compare names of kinds: their classes are only imported by projects that use them.
    if one.kind == "Module":
        return (
            not getattr(one, "elsewhere", False) and getattr(one, "dotted_name", "") in sys.modules
        )
    return one.kind == "Function"


def _can_change(action: Action) -> bool:
    return any(type(value) not in _FIXED for value in action.values.values())
