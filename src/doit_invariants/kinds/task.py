"""``Task``: the signature of another task."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Task(Invariant):
    """Unchanged while the signature of another task is the same.

    :param name: name of the other task; a group stands for all its sub-tasks; with ``*`` it is a
        pattern as in ``task_dep``

    The signature covers the dependencies of the other task and the names of its targets. It does
    not cover their contents: to track those, depend on the targets. Use it for setup tasks, and
    for tasks without files. The other task is done first, as with a ``task_dep``, unless it is
    among the ``setup`` tasks.
    """

    kind: ClassVar[str] = "Task"

    def __init__(self, name: str) -> None:
        # `self.name` is taken: it names the invariant.
        self.task = name

    def identity(self) -> str:
        """The name of the other task."""
        return str(self.task)

    def validate(self) -> None:
        """Accept any name: whether such a task exists is known only later."""
        if not isinstance(self.task, str) or not self.task:
            raise InvalidOption(f"Task: give the name of a task, got {self.task!r:.60}")

    def needs_tasks(self) -> tuple[str, ...]:
        """The other task."""
        return (self.task,)

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the present signature."""
        return {"digest": context.signature_of(self.task)}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Name the other task; its own reasons say what changed."""
        if old["digest"] == new["digest"]:
            return None
        return Difference(f"something that task {self.task} depends on changed")
