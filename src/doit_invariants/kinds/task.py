"""``Task``: the signature of another task."""

from __future__ import annotations

from typing import ClassVar

from doit_invariants.core.errors import InvalidOption
from doit_invariants.core.model import Difference
from doit_invariants.rules.invariant import Context, Fingerprint, Invariant


class Task(Invariant):
    """Unchanged while the signature of another task is the same.

    :param name: name of the other task, a group stands for all its sub-tasks; with ``*`` it is a
        pattern as in ``task_dep``

    The signature covers what the other task depends on and the names of its targets, not what
    it makes: for that depend on its targets. For setup tasks, and for tasks without files. A
    task that is not among the ``setup`` tasks is done first, as with a ``task_dep``.
    """

    kind: ClassVar[str] = "Task"

    def __init__(self, name: str) -> None:
        # Not `self.name`: that would be a name for this invariant.
        self.task = name

    def identity(self) -> str:
        """The name of the other task."""
        return str(self.task)

    def validate(self) -> None:
        """The name of a task; whether there is such a task shows later."""
        if not isinstance(self.task, str) or not self.task:
            raise InvalidOption(f"Task: give the name of a task, got {self.task!r:.60}")

    def needs_tasks(self) -> tuple[str, ...]:
        """The other task."""
        return (self.task,)

    def fingerprint(self, context: Context, previous: Fingerprint | None) -> Fingerprint:
        """Record the signature as it stands now."""
        return {"digest": context.signature_of(self.task)}

    def difference(self, old: Fingerprint, new: Fingerprint, context: Context) -> Difference | None:
        """Point to the other task: its own explanation says what."""
        if old["digest"] == new["digest"]:
            return None
        return Difference(f"something that task {self.task} depends on changed")
