"""doit's reporters, extended with restored tasks and counts.

In a run that restores nothing, their output is exactly that of doit's reporters.
"""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from doit import reporter
from doit.globals import Globals

from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.units import format_duration
from doit_invariants.engine.events import Counts
from doit_invariants.engine.session import Session
from doit_invariants.hosts.doit.sessions import ensure_session

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.plan import Plan, PlanOutcome


def report_restores(command: Any, session: Session, options: MutableMapping[str, Any]) -> None:
    """Replace doit's reporters with ours; reporters of plugins and users stay."""
    known = getattr(command, "reporters", None)
    if not session.runs or not isinstance(known, dict):
        return
    command.reporters = {name: _OURS.get(cls, cls) for name, cls in known.items()}
    given = options.get("reporter")
    if isinstance(given, type) and given in _OURS:
        options["reporter"] = _OURS[given]


class Counting:
    """Adds the counts of the run to a reporter of doit."""

    @property
    def session(self) -> Session:
        """The session of this run."""
        return ensure_session(Globals.dep_manager)

    def counts(self) -> Counts:
        """Return the counts of the run; after a failure, also of the tasks that were not run."""
        session, counts = self.session, self.session.counts
        if counts.failed:
            tasks, selected = session.tasks, session.selected or ()
            values = Globals.dep_manager.get_values
            asked = session.graph.awaited(selected, tasks, values) | counts.not_done
            left = (tasks[name] for name in asked - counts.ended)
            counts.not_run = sum(bool(session.host.actions(task)) for task in left)
        return counts


class Lines(Counting):
    """A reporter that writes a line for each task."""

    #: Whether a run that restored something ends with a line of counts.
    sums_up = True

    def __init__(self, outstream: Any, options: Any) -> None:
        super().__init__(outstream, options)  # type: ignore[call-arg]
        self.expected: set[str] = set()

    def execute_task(self, task: Any) -> None:
        """Write nothing yet for a task that is expected to be restored."""
        if _may_be_restored(task):
            self.expected.add(task.name)
        else:
            super().execute_task(task)  # type: ignore[misc]

    def add_success(self, task: Any) -> None:
        """Write that a task was restored, and from where."""
        plan = _plan(task)
        if plan is not None and plan.outcome is not None:
            text = _restored_text(plan.outcome) if plan.runs else _announcement(plan)
            if (text or not plan.runs) and not task.name.startswith("_"):
                more = f"  ({text})" if text else ""
                self.write(f"-- {task.title()}{more}\n")  # type: ignore[attr-defined]
            elif not text and task.name in self.expected:
                super().execute_task(task)  # type: ignore[misc]
        super().add_success(task)  # type: ignore[misc]

    def add_failure(self, task: Any, fail: Any) -> None:
        """Write the line of a task that was expected to be restored, but ran and failed."""
        if task.name in self.expected:
            super().execute_task(task)  # type: ignore[misc]
        super().add_failure(task, fail)  # type: ignore[misc]

    def complete_run(self) -> None:
        """Write the counts if the setting ``summary`` wants them."""
        super().complete_run()  # type: ignore[misc]
        counts, wanted = self.counts(), self.session.settings.summary
        notable = counts.restored or counts.compared or counts.not_reproducible
        if wanted is True or (wanted == "auto" and self.sums_up and notable):
            self.write(f"{counts.text()}\n")  # type: ignore[attr-defined]


class Console(Lines, reporter.ConsoleReporter):  # type: ignore[misc]
    """doit's ``console``."""


class ExecutedOnly(Lines, reporter.ExecutedOnlyReporter):  # type: ignore[misc]
    """doit's ``executed-only``, which also names restored tasks."""

    sums_up = False


class ErrorOnly(Counting, reporter.ErrorOnlyReporter):  # type: ignore[misc]
    """doit's ``error-only``."""


class Zero(Counting, reporter.ZeroReporter):  # type: ignore[misc]
    """doit's ``zero``."""


class Json(Counting, reporter.JsonReporter):  # type: ignore[misc]
    """doit's ``json``, with the key ``restored`` for restored tasks, and the counts."""

    def add_success(self, task: Any) -> None:
        """Give a restored task the result ``up-to-date``, and its source."""
        super().add_success(task)
        plan = _plan(task)
        outcome = plan.outcome if plan is not None else None
        if outcome is not None and outcome.source is not None:
            result = self.t_results[task.name]
            result.set_result("up-to-date")
            result.restored = _restored_json(outcome)
        elif plan is not None and not plan.runs:
            self.t_results[task.name].set_result("up-to-date")

    def complete_run(self) -> None:
        """Write doit's JSON with our additions."""
        outstream: Any
        written = io.StringIO()
        outstream, self.outstream = self.outstream, written  # type: ignore[has-type]
        super().complete_run()
        self.outstream = outstream
        data = json.loads(written.getvalue())
        restored = {name: getattr(one, "restored", None) for name, one in self.t_results.items()}
        for task in data["tasks"]:
            if restored[task["name"]] is not None:
                task["restored"] = restored[task["name"]]
        if any(restored.values()) or self.session.settings.summary is True:
            data["invariants"] = self.counts().to_json()
        json.dump(data, outstream)


_OURS = {
    reporter.ConsoleReporter: Console,
    reporter.ExecutedOnlyReporter: ExecutedOnly,
    reporter.ErrorOnlyReporter: ErrorOnly,
    reporter.ZeroReporter: Zero,
    reporter.JsonReporter: Json,
}


def _plan(task: Any) -> Plan | None:
    execution = getattr(task, "execution", None)
    return execution.plan if execution is not None else None


def _may_be_restored(task: Any) -> bool:
    """Return whether a task is expected to be restored; it may still run instead."""
    plan = _plan(task)
    if plan is None:
        return False
    if not plan.runs:
        return True
    if plan.source is None:
        return False
    try:
        return plan.source.expects({n: (task.options or {}).get(n) for n in task.getargs})
    except InvariantsError:
        return False


def _restored_text(outcome: PlanOutcome) -> str:
    if outcome.source is None:
        return ""
    entry = outcome.entry
    if entry is None:
        return f"restored from {outcome.source}"
    when = datetime.datetime.fromtimestamp(entry.executed_at)
    took = format_duration(entry.took)
    return f"restored from {outcome.source}, made {when:%Y-%m-%d %H:%M} in {took}"


def _announcement(plan: Plan) -> str:
    return plan.sink.announcement(plan) if plan.sink is not None else ""


def _restored_json(outcome: PlanOutcome) -> dict[str, Any]:
    found: dict[str, Any] = {"from": outcome.source}
    if outcome.entry is not None:
        found["executed_at"] = outcome.entry.executed_at
        found["saved_seconds"] = outcome.entry.took
    return found
