"""Executes a task, in the process in which its actions run.

Executors call :func:`execute`. A job and its execution can be pickled, so that doit's processes and
threads, or any :class:`concurrent.futures.Executor`, can call it. The results travel back in the
execution and on the task; the main process then calls :func:`~.finish.save`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from doit_invariants.core.errors import InvariantsError
from doit_invariants.engine.check.target_guard import stats_after_run

if TYPE_CHECKING:
    from doit_invariants.engine.execution import Execution
    from doit_invariants.engine.reuse.plan import Plan, PlanOutcome
    from doit_invariants.engine.task import Task

#: The output of an action to stdout and stderr, None for nothing.
Output = tuple["str | None", "str | None"]


class Job(Protocol):
    """How a host runs the actions of one task.

    :ivar task: the task; ``values`` and ``result`` are set on it
    """

    @property
    def task(self) -> Task:
        """Return the task."""

    def run(self) -> Any:
        """Run the actions; return None, or the host's object for a failure."""

    def getargs(self) -> Mapping[str, Any]:
        """Return the values that the task gets from other tasks, by the names of its arguments."""

    def output(self) -> Sequence[Output]:
        """Return what each action has written."""

    def replay(self, output: Sequence[Output], *, shown: bool) -> None:
        """Use the output of an earlier run as the output of the actions.

        :param shown: whether the user sees it, as if the actions had written it now
        """


def execute(job: Job, execution: Execution) -> Any:
    """Restore a task, or run its actions and keep their result.

    :returns: None, or the host's object for a failure
    """
    started = time.monotonic()
    failure = job.run() if execution.plan is None else _with_plan(job, execution.plan)
    execution.took = time.monotonic() - started
    if execution.imports:
        from doit_invariants.engine.check.imported_modules import end

        end(execution)
    if failure is None and job.task.targets:
        execution.stats = stats_after_run(job.task.targets, execution.made_by_others)
    return failure


def _with_plan(job: Job, plan: Plan) -> Any:
    # Imported late: most projects do not use it, and every command of the host starts here.
    from doit_invariants.engine.reuse.plan import PlanOutcome

    job.task.executed = True
    outcome = PlanOutcome()
    if plan.source is not None:
        try:
            restored = plan.source.restore(plan, job.getargs())
        except InvariantsError as error:
            if str(error):
                outcome.warnings.append(f"not restored: {error}; it runs")
        else:
            plan.outcome = restored
            _take_over(job, plan, restored)
            return None
    plan.outcome = outcome
    if not plan.runs:
        _keep(job, plan, outcome)
        return None
    started = time.monotonic()
    failure = job.run()
    if failure is None:
        outcome.took = time.monotonic() - started
        _keep(job, plan, outcome)
    return failure


def _take_over(job: Job, plan: Plan, outcome: PlanOutcome) -> None:
    """Give a restored task its stored values and result, and replay its output."""
    entry = outcome.entry
    if entry is not None:
        values, job.task.result = entry.values_in(plan.root)
        job.task.values = dict(values)
        job.replay(entry.output, shown=plan.replay)


def _keep(job: Job, plan: Plan, outcome: PlanOutcome) -> None:
    from doit_invariants.engine.reuse.plan import as_json
    from doit_invariants.results.capture import CannotKeep

    if plan.sink is None:
        return
    if plan.runs:
        outcome.output = tuple(job.output())
    try:
        outcome.values = as_json(job.task.values)
        outcome.result = as_json(job.task.result)
    except CannotKeep as error:
        outcome.warnings.append(f"its result is not kept: {error}")
    else:
        plan.sink.keep(outcome)
