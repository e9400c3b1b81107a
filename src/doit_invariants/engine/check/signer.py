"""Gives an invariant the signature of another task."""

from __future__ import annotations

import fnmatch

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.engine.session import Session
from doit_invariants.hashing.values import digest_value


class Signer:
    """Returns the signature of a task by its name.

    An object, not a closure: a recursive closure refers to itself, so that the whole observation
    of each checked task would wait for the garbage collector.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, name: str) -> str:
        """Return the signature of a task; that of a group covers its sub-tasks.

        :raises CannotFingerprint: for a task that is unknown, depends on itself, or can't be
            checked
        """
        tasks, signing = self.session.tasks, self.session.signing
        task = tasks.get(name)
        if task is None:
            several = fnmatch.filter(tasks, name) if "*" in name else []
            if not several:
                raise CannotFingerprint(f"there is no task {name!r}")
            return digest_value({one: self(one) for one in several})
        if name in signing:
            circle = " -> ".join([*signing, name])
            raise CannotFingerprint(f"tasks refer to each other in a circle: {circle}")
        signing.append(name)
        try:
            if task.has_subtask:
                parts = {sub: self(sub) for sub in task.task_dep if sub.startswith(f"{name}:")}
                return digest_value(parts)
            # Late: few tasks list `Task(...)`, and every command imports this module.
            from doit_invariants.engine.check.signature_of import signature_of

            return signature_of(self.session, task, self)
        finally:
            signing.pop()
