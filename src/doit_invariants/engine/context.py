"""The context that an invariant can use while a task is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.core.project import Project
from doit_invariants.engine.session import Session
from doit_invariants.files.state import FileView
from doit_invariants.hashing.values import ValueDigester, digest_value

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task


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
        self, session: Session, task: Task, executed_at: float | None, sign: Callable[[str], str]
    ) -> None:
        self.session = session
        self.task: str = task.name
        self.targets: tuple[str, ...] = (*task.targets, *session.db.files)
        self.root: str = session.root
        self.files: FileView = session.files
        self.now: float = session.clock()
        self.executed_at = executed_at
        self.memo: dict[Any, Any] = session.late.get(task.name, session.memo)
        self.digester: ValueDigester | None = session.value_digester
        self.project: Project = session.project
        self.tree_exclude: tuple[str, ...] = session.settings.tree_exclude
        self._sign = sign

    def digest_value(self, value: object) -> str:
        """Return the digest of a Python value, also with plugins' types."""
        return digest_value(value, root=self.root, digester=self.digester)

    def signature_of(self, task: str) -> str:
        """Return the present signature of another task."""
        return self._sign(task)

    def say(self, text: str) -> None:
        """Tell the user something, once; only in a run and in our own command."""
        session = self.session
        if (session.runs or session.explains) and text not in session.said:
            session.said.add(text)
            session.say(self.task, text)

    def intern(self, details: Json) -> str:
        """Store JSON once for all tasks with the same details; return its key."""
        return self.session.details.keep(details)

    def lookup(self, key: object) -> Json:
        """Return the JSON under a key, None if it is gone."""
        return self.session.details.recall(key)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)  # copy.copy() looks up such names
            from doit_invariants.rules.renamed import in_context

            return in_context(self, name)


def no_signature(task: str) -> str:
    """Replace the signer where only code is fingerprinted, which needs no other task.

    :raises NotImplementedError: always
    """
    raise NotImplementedError(task)
