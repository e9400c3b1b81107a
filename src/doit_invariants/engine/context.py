"""What an invariant may ask for while a task is checked."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from doit_invariants.core.errors import CannotFingerprint
from doit_invariants.core.model import Json
from doit_invariants.core.project import Project
from doit_invariants.engine.session import Session
from doit_invariants.files.state import FileView
from doit_invariants.hashing.values import ValueDigester, digest_value


class TaskContext:
    """The :class:`~doit_invariants.rules.invariant.Context` of one task and one check."""

    __slots__ = (
        "_sign",
        "digester",
        "executed_at",
        "files",
        "memo",
        "now",
        "project",
        "root",
        "session",
        "targets",
        "task",
        "tree_exclude",
    )

    def __init__(
        self, session: Session, task: Any, executed_at: float | None, sign: Callable[[str], str]
    ) -> None:
        self.session = session
        self.task: str = task.name
        self.targets: tuple[str, ...] = (*task.targets, *session.database)
        self.root: str = session.root
        self.files: FileView = session.files
        self.now: float = session.clock()
        self.executed_at = executed_at
        self.memo: dict[Any, Any] = session.late.get(task.name, session.memo)
        self.digester: ValueDigester | None = session.teach
        self.project: Project = session.project
        self.tree_exclude: tuple[str, ...] = session.settings.tree_exclude
        self._sign = sign

    def digest_value(self, value: object) -> str:
        """Return the digest of a Python value, plugins' types included."""
        return digest_value(value, root=self.root, digester=self.digester)

    def signature_of(self, task: str) -> str:
        """Return the present signature of another task."""
        return self._sign(task)

    def say(self, text: str) -> None:
        """Tell the user something, once in a run and where it is asked what becomes of tasks."""
        session = self.session
        if (session.runs or session.explains) and text not in session.said:
            session.said.add(text)
            session.say(self.task, text)

    def intern(self, details: Json) -> str:
        """Store JSON beside the records, once for all tasks that keep the same."""
        return self.session.details.keep(details)

    def lookup(self, key: object) -> Json:
        """Return what was kept under a key, None if it is gone."""
        return self.session.details.recall(key)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)  # asked by who copies it
            from doit_invariants.rules.renamed import in_context

            return in_context(self, name)


class Signer:
    """Gives the signature of a task by its name.

    An object, not a closure: one that refers to itself for each task checked would leave its
    whole look at that task to the garbage collector.
    """

    def __init__(self, session: Session, dep_manager: Any, tasks: Mapping[str, Any]) -> None:
        self.session = session
        self.dep_manager = dep_manager
        self.tasks = tasks

    def __call__(self, name: str) -> str:
        """Return the signature of a task, of a group that over its sub-tasks.

        :raises CannotFingerprint: for an unknown task, one that depends on itself, or one that
            can't be checked
        """
        task, signing = self.tasks.get(name), self.session.signing
        if task is None:
            several = fnmatch.filter(self.tasks, name) if "*" in name else []
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
            from doit_invariants.engine.check.signature_of import signature_of

            return signature_of(self.session, self.dep_manager, task, self)
        finally:
            signing.pop()


def no_signature(task: str) -> str:
    """Stand for a signer where only code is looked at: no code looks at other tasks.

    :raises NotImplementedError: always
    """
    raise NotImplementedError(task)
