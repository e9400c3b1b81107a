"""The events of a run and their listeners: the journal, the counts, reports, a history.

Listeners are called in the main process and thread, in the order of the events there, after the DB
has been updated. Events of tasks that run at the same time are interleaved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from doit_invariants.core.text import listing

if TYPE_CHECKING:
    from doit_invariants.engine.execution import Execution
    from doit_invariants.engine.host import Host
    from doit_invariants.engine.task import Task

#: The outcome of a task, in this order: its actions ran; its result was restored; an existing
#: result was published; it was up-to-date; its actions failed; it could not be checked; a task
#: before it failed; the user ignores it.
TaskOutcome = Literal[
    "executed", "restored", "published", "up-to-date", "failed", "unchecked", "not-run", "ignored"
]


class TaskEnd(NamedTuple):
    """The end of a task in a run.

    :ivar outcome: its outcome
    :ivar took: how long its actions took, or the restore instead of them, in seconds
    :ivar saved: how long the actions took that made the restored result, in seconds
    """

    outcome: TaskOutcome
    took: float = 0.0
    saved: float = 0.0


class Listener:
    """Ignores all events; extend it, and override the methods you need. Exceptions end the run."""

    def run_begins(self, tasks: Mapping[str, Task], selected: Iterable[str]) -> None:
        """Handle the start of a run, before its first task.

        :param tasks: all tasks by name that are known so far
        :param selected: the names of the selected tasks
        """

    def task_begins(self, task: Task) -> None:
        """Handle the start of a task: its actions begin, or it is about to be restored."""

    def task_ends(self, task: Task, end: TaskEnd) -> None:
        """Handle the end of a task, even if there was nothing to do."""

    def run_ends(self) -> None:
        """Handle the end of a run, before the DB is written."""


class Events(Listener):
    """Passes events on to all listeners, in the order in which they were added."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def run_begins(self, tasks: Mapping[str, Task], selected: Iterable[str]) -> None:
        """Pass on the start of a run."""
        for one in self.listeners:
            one.run_begins(tasks, selected)

    def task_begins(self, task: Task) -> None:
        """Pass on the start of a task."""
        for one in self.listeners:
            one.task_begins(task)

    def task_ends(self, task: Task, end: TaskEnd) -> None:
        """Pass on the end of a task."""
        for one in self.listeners:
            one.task_ends(task, end)

    def run_ends(self) -> None:
        """Pass on the end of a run."""
        for one in self.listeners:
            one.run_ends()


def successful_end(execution: Execution) -> TaskEnd:
    """Return the end of a task that succeeded."""
    plan = execution.plan
    outcome = plan.outcome if plan is not None else None
    if outcome is not None and outcome.source is not None:
        saved = outcome.entry.took if outcome.entry is not None else 0.0
        return TaskEnd("restored", execution.took, saved)
    if plan is not None and not plan.runs:
        return TaskEnd("published", execution.took)
    return TaskEnd("executed", execution.took)


class Counts(Listener):
    """The number of tasks by outcome.

    :ivar ran, up_to_date, restored, failed: how many; tasks without actions do not count
    :ivar not_run: how many selected tasks did not run because others failed
    :ivar saved: how long the restored tasks took when they ran, in seconds
    :ivar compared: how many ran only to compare their result with the stored one
    :ivar not_reproducible: names of tasks whose result differs from the stored one
    :ivar ended: names of the tasks with a known outcome
    :ivar not_done: names of the tasks that did not run because others failed
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.ended: set[str] = set()
        self.not_done: set[str] = set()
        self.ran = self.up_to_date = self.restored = self.failed = self.compared = 0
        self.not_run = 0
        self.saved = 0.0
        self.not_reproducible: list[str] = []

    def task_ends(self, task: Task, end: TaskEnd) -> None:
        """Count a task."""
        if end.outcome == "not-run":
            self.not_done.add(task.name)
            return
        self.ended.add(task.name)
        if end.outcome in ("failed", "unchecked"):
            self.failed += 1
        elif end.outcome == "restored":
            self.restored += 1
            self.saved += end.saved
        elif end.outcome == "executed":
            self.ran += bool(self._host.actions(task))
        elif end.outcome in ("up-to-date", "published"):
            self.up_to_date += bool(self._host.actions(task))

    def text(self) -> str:
        """Return the line: ``3 ran, 2 up-to-date, 5 restored (saved 4m 10s)``."""
        parts = [f"{self.ran} ran", f"{self.up_to_date} up-to-date"]
        if self.restored:
            from doit_invariants.core.units import format_duration  # late: few runs restore

            parts.append(f"{self.restored} restored (saved {format_duration(self.saved)})")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.not_run:
            parts.append(f"{self.not_run} not run")
        if self.compared:
            parts.append(f"{self.compared} compared")
        if self.not_reproducible:
            parts.append(f"not reproducible: {listing(self.not_reproducible)}")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as the JSON reporter writes them."""
        return {
            "ran": self.ran,
            "up_to_date": self.up_to_date,
            "restored": self.restored,
            "failed": self.failed,
            "not_run": self.not_run,
            "saved_seconds": round(self.saved, 3),
            "compared": self.compared,
            "not_reproducible": self.not_reproducible,
        }
