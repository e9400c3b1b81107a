"""doit's own rules: which of them call a task not up-to-date, and why.

doit evaluates these inside ``Dependency.get_status``, where it stops at the first reason; an
explanation needs all of them, and one code path for both. The rules are those of doit 0.37.
"""

from __future__ import annotations

import inspect
import subprocess
from dataclasses import dataclass, field
from typing import Any

from doit.dependency import UptodateCalculator

from doit_invariants.core.model import Reason
from doit_invariants.hosts.doit.uptodate import invariants


@dataclass(slots=True, eq=False, repr=False)
class HostFacts:
    """What doit's rules say of a task.

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


def evaluate_uptodate(
    facts: HostFacts, task: Any, dep_manager: Any, tasks: Any
) -> list[invariants]:
    """Evaluate the ``uptodate`` items of a task as doit does.

    :returns: our own items among them, which are not called: the caller checks what they list
    :raises Exception: whatever an item raises
    """
    own: list[invariants] = []
    for item, args, kwargs in task.uptodate:
        if isinstance(item, invariants):
            own.append(item)
            continue
        answer = _evaluate(item, args, kwargs, task, dep_manager, tasks)
        if answer is not None:
            facts.counted = True
            if not answer:
                facts.uptodate_false.append((item, args, kwargs))
    return own


def _evaluate(item: Any, args: Any, kwargs: Any, task: Any, dep_manager: Any, tasks: Any) -> Any:
    if not callable(item):
        if not isinstance(item, str):
            return item
        null = subprocess.DEVNULL
        return subprocess.call(item, shell=True, stdout=null, stderr=null) == 0
    if isinstance(item, UptodateCalculator):
        item.setup(dep_manager, tasks)
        item.get_val = dep_manager.get_here
    magic: list[Any] = []
    for place, name in enumerate(inspect.signature(item).parameters):
        if place == 0 and name == "task":
            magic.append(task)
        elif place == 1 and name == "values":
            magic.append(dep_manager.get_values(task.name))
    return item(*magic, *args, **kwargs)
