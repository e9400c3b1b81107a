"""Looks at the code of all tasks before the first action of a run can change what it holds.

An action may fill a cache in a global or change an object that another task is given. In the
next run, which may do neither, that would look like an edit: what counts is what was loaded.
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

    What a task is asked for later is answered from :attr:`Session.memo`. Errors are left to the
    check of the task that has them.

    :param always_runs: tells of a task whether it runs in every run, so that nothing is compared
    """
    if session.frozen:
        return
    session.frozen = True
    of_the_run = list(_of_the_run(session, session.tasks))
    session.host.look_at_creators(of_the_run)
    signed = _are_signed(session)
    for task in of_the_run:
        if session.host.has_command_writer(task):
            continue  # not called for a task that may not be selected
        if not signed and always_runs(session, task):
            continue  # nothing of it is compared
        spec = session.spec(task.name)
        listed = [one for one in spec.invariants.values() if _is_loaded(one)]
        with contextlib.suppress(Exception):
            tracked = session.trackers.of(task, spec, only=session.host.trackers)
            if not listed and tracked.frozen:
                continue  # the very same functions as those of another task
            tracked.frozen = True
            context = TaskContext(session, task, None, no_signature)
            for one in (*listed, *(invariant for _, invariant in tracked.entries.values())):
                if one.kind != "Action" or _can_change(cast("Action", one)):
                    one.fingerprint(context, None)


def _of_the_run(session: Session, tasks: Any) -> Iterable[Any]:
    """Yield the tasks that the run was asked for, with all that these need.

    Where a ``calc_dep`` or a task that is created late may bring in any other: all tasks.
    """
    if not isinstance(tasks, Mapping):  # doit's own tests hand over a text
        return
    found: dict[str, Any] = {}
    todo = list(tasks if session.selected is None else session.selected)
    for name in todo:  # grows while it is walked
        task = tasks.get(name)
        if task is None or task.calc_dep or task.loader:
            yield from (one for name, one in tasks.items() if name not in found)
            return
        if name not in found:
            found[name] = task
            todo += [*task.task_dep, *task.setup_tasks]
            yield task


def _are_signed(session: Session) -> bool:
    """Return whether any task rests on the code of another, by the invariant ``Task``."""
    return any(
        one.kind == "Task" for spec in session.specs.values() for one in spec.invariants.values()
    )


def _is_loaded(one: Invariant) -> bool:
    """Return whether it is about code that this process has loaded, whatever the files become."""
    # By the names of kinds: their classes are imported where they are used.
    if one.kind == "Module":
        return (
            not getattr(one, "elsewhere", False) and getattr(one, "dotted_name", "") in sys.modules
        )
    return one.kind == "Function"


def _can_change(action: Action) -> bool:
    return any(type(value) not in _FIXED for value in action.values.values())
