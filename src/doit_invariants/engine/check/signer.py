"""Gives an invariant the signature of another task."""

from __future__ import annotations

import fnmatch

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.engine.session import Session
from doit_invariants.hashing.values import digest_value


class Signer:
    """Gives the signature of a task by its name.

    An object, not a closure: one that refers to itself for each task checked would leave its
    whole look at that task to the garbage collector.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, name: str) -> str:
        """Return the signature of a task, of a group that over its sub-tasks.

        :raises CannotFingerprint: for an unknown task, one that depends on itself, or one that
            can't be checked
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
            # Late: few tasks look at others, and this is imported on every command.
            from doit_invariants.engine.check.signature_of import signature_of

            return signature_of(self.session, task, self)
        finally:
            signing.pop()
