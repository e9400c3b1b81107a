"""The host's own rules for a task, in the terms of doit 0.37.

doit stops at the first reason. Users get all of them, and the verdict uses the same code.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False, repr=False)
class HostFacts:
    """The findings of the host's own rules about a task.

    :ivar uptodate_false: the ``uptodate`` items that are false, as doit reports them
    :ivar counted: whether any ``uptodate`` item was true or false, not None
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
    """Return the name of an ``uptodate`` item for a reason, without a memory address."""
    if inspect.isroutine(item):
        return str(getattr(item, "__name__", item))
    text = repr(item)
    return type(item).__name__ if " object at 0x" in text else text
