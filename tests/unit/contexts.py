"""A context for kinds without doit: what they may ask for, kept in memory."""

from __future__ import annotations

import os
import time
from typing import Any

from doit_invariants.core.project import Project
from doit_invariants.files.state import FileView
from doit_invariants.hashing.digest import digest_json
from doit_invariants.hashing.values import ValueDigester, digest_value


class MemoryContext:
    """A :class:`~doit_invariants.rules.invariant.Context` for one run.

    :param kept: details of earlier runs
    """

    def __init__(
        self, kept: dict[str, Any] | None = None, teach: ValueDigester | None = None
    ) -> None:
        self.task = "task"
        self.root = os.getcwd()
        self.files = FileView()
        self.now = time.time()
        self.executed_at: float | None = None
        self.targets: tuple[str, ...] = ()
        self.memo: dict[Any, Any] = {}
        self.tree_exclude: tuple[str, ...] = ()
        self.digester = teach
        self.project = Project(self.root)
        self.kept = {} if kept is None else kept

    def digest_value(self, value: object) -> str:
        """Return the digest of a value."""
        return digest_value(value, root=self.root, digester=self.digester)

    def say(self, text: str) -> None:
        """Nobody listens."""

    def signature_of(self, task: str) -> str:
        """There are no tasks."""
        raise NotImplementedError(task)

    def intern(self, details: Any) -> str:
        """Keep details."""
        key = digest_json(details)
        self.kept[key] = details
        return key

    def lookup(self, key: object) -> Any:
        """Return what was kept."""
        return self.kept.get(str(key))
