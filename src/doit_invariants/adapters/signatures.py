"""The present signature of any task, for invariants that look at other tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from doit_invariants.adapters import stored
from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.session import Session
from doit_invariants.adapters.snapshot import Look
from doit_invariants.core.encode import digest_value
from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.signature import signature


def signer(session: Session, dep_manager: Any, tasks: Mapping[str, Any]) -> Callable[[str], str]:
    """Return a function that gives the signature of a task by its name.

    :raises CannotFingerprint: (the function) for an unknown task, one that depends on itself,
        or one that can't be checked
    """

    def sign(name: str) -> str:
        task = tasks.get(name)
        if task is None:
            raise CannotFingerprint(f"there is no task {name!r}")
        if name in session.signing:
            circle = " -> ".join([*session.signing, name])
            raise CannotFingerprint(f"tasks refer to each other in a circle: {circle}")
        session.signing.append(name)
        try:
            if task.has_subtask:
                parts = {sub: sign(sub) for sub in task.task_dep if sub.startswith(f"{name}:")}
                return digest_value(parts)
            return _signature(session, dep_manager, task, sign)
        finally:
            session.signing.pop()

    return sign


def _signature(session: Session, dep_manager: Any, task: Any, sign: Callable[[str], str]) -> str:
    before = stored.read(dep_manager, task.name)
    executed_at = before.record.executed_at if before.record is not None else None
    context = TaskContext(session, task, executed_at, sign)
    look = Look(session, task, session.spec(task.name), before, context)
    for path in task.file_dep:
        try:
            info = os.stat(path)
        except OSError:
            look.snapshot.inputs[path] = None
        else:
            before.states[path] = dep_manager._get(task.name, path)
            look.snapshot.inputs[path] = look.path(path, before.known(path, info), info)
    look.snapshot.targets = dict.fromkeys(task.targets)
    look.invariants()
    if look.snapshot.problems:
        raise CannotFingerprint(f"task {task.name!r}: {look.snapshot.problems[0]}")
    return signature(look.snapshot, session.root)
