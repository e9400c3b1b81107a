"""What the host's own rules say of a task, in the words of doit 0.37.

doit stops at the first reason; an explanation needs all of them, and one code path for both.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

from doit_invariants.core.model import Reason


@dataclass(slots=True, eq=False, repr=False)
class HostFacts:
    """What the rules of the host say of a task.

    :ivar uptodate_false: the ``uptodate`` items that are false, as doit reports them
    :ivar counted: whether any ``uptodate`` item gave an answer
    :ivar missing_targets, missing, added, removed, changed: paths; the last four of ``file_dep``
    :ivar awaited: missing ``file_dep`` that another task makes, and the name of that task
    :ivar checker_changed: the recorded and the present checker
    """

    uptodate_false: list[tuple[Any, Any, Any]] = field(default_factory=list)
    counted: bool = False
    missing_targets: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    awaited: list[tuple[str, str]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    checker_changed: tuple[str, str] | None = None

    def reasons(self) -> list[Reason]:
        """Return the reasons, but for changed files: only who compared them can say how."""
        found = [
            Reason("uptodate_false", "uptodate", f"{describe(item)} is false")
            for item, _, _ in self.uptodate_false
        ]
        found += [Reason("missing_target", p, "target is missing") for p in self.missing_targets]
        if self.checker_changed is not None:
            old, new = self.checker_changed
            text = f"the checker changed from {old} to {new}"
            found.append(Reason("checker_changed", "file_dep", text))
        found += [Reason("missing_file_dep", p, "file_dep does not exist") for p in self.missing]
        found += [
            Reason("awaited_file_dep", p, f"file_dep does not exist yet, task {maker} makes it")
            for p, maker in self.awaited
        ]
        found += [Reason("added_file_dep", p, "file_dep added") for p in self.added]
        found += [Reason("removed_file_dep", p, "file_dep removed") for p in self.removed]
        return found

    def to_doit(self) -> dict[str, Any]:
        """Return the reasons as ``doit info`` reads them."""
        facts = {
            "uptodate_false": self.uptodate_false,
            "missing_target": self.missing_targets,
            "checker_changed": self.checker_changed,
            "missing_file_dep": self.missing,
            "added_file_dep": self.added,
            "removed_file_dep": self.removed,
            "changed_file_dep": self.changed,
        }
        return {name: value for name, value in facts.items() if value}


def describe(item: Any) -> str:
    """Return how an ``uptodate`` item is called in an explanation: never with an address."""
    if inspect.isroutine(item):
        return str(getattr(item, "__name__", item))
    text = repr(item)
    return type(item).__name__ if " object at 0x" in text else text
