"""The class of all tasks: says when one begins, and carries out its plan if it has one.

The class of a task is changed when it is loaded: what doit hands to its worker processes is the
attributes of a task, so what differs must be in the class, and what it needs in plain attributes.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from doit.exceptions import TaskFailed
from doit.task import Task

from doit_invariants.engine.execution import Execution
from doit_invariants.hosts.doit.database.run_journal import note_begin

if TYPE_CHECKING:
    from doit_invariants.engine.executor import Output
    from doit_invariants.engine.reuse.plan import Plan


class DoitJob(NamedTuple):
    """How doit runs the actions of a task; see :class:`~doit_invariants.engine.executor.Job`.

    :ivar stream: doit's, which knows what is shown at which verbosity
    """

    task: InvariantsTask
    stream: Any

    def run(self) -> Any:
        """Run the actions; return None, or doit's failure."""
        return self.task.run(self.stream)

    def getargs(self) -> dict[str, Any]:
        """Return the values that the task gets from other tasks."""
        from doit_invariants.engine.reuse.plan import getargs_values  # late: for cached tasks only

        self.task.init_options()
        return getargs_values(self.task)

    def output(self) -> list[Output]:
        """Return what each action has written."""
        return [(action.out, action.err) for action in self.task.actions]

    def replay(self, output: Sequence[Output], *, shown: bool) -> None:
        """Give the actions output of an earlier run, and write it where theirs is shown."""
        streams = self.stream._get_out_err(self.task.verbosity) if shown else (None, None)
        for action, texts in zip(self.task.actions, output, strict=False):
            action.out, action.err = texts
            for target, text in zip(streams, texts, strict=True):
                if target is not None and text:
                    target.write(_writable(text, target))


def _writable(text: str, stream: Any) -> str:
    """Return a text without what a stream can't encode: it may come from another machine."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class InvariantsTask(Task):  # type: ignore[misc]
    """doit's task, which may be restored instead of run, and whose result may be kept."""

    #: What travels with the task to where its actions run, and back.
    execution: Execution | None = None

    @property
    def invariants_plan(self) -> Plan | None:
        """The plan, None for a task that simply runs. For reporters of plugins."""
        return self.execution.plan if self.execution is not None else None

    @property
    def is_restored(self) -> bool:
        """Whether it was restored instead of run, or only kept."""
        plan = self.invariants_plan
        return bool(plan and plan.outcome and (plan.outcome.source is not None or not plan.runs))

    def clean(self, outstream: Any, dryrun: bool) -> None:
        """Clean the task; of a directory that it has made goes what it left there."""
        from doit_invariants.hosts.doit import cleaning  # late: it is for one command

        if self._remove_targets is True:
            self.init_options()
            cleaning.clean_targets(self, dryrun)
            return
        cleaning.take_over(self)
        super().clean(outstream, dryrun)

    def execute(self, stream: Any) -> Any:
        """Restore the task, or execute its actions; doit calls this in a worker.

        :returns: None, or doit's failure
        """
        # Late: nothing that is up-to-date is executed.
        from doit_invariants.engine.executor import execute

        execution = self.execution
        if execution is None:
            execution = self.execution = Execution()
        if execution.journal:
            note_begin(execution.journal, self.name)

        return execute(DoitJob(self, stream), execution)

    def run(self, stream: Any) -> Any:
        """Execute the actions, and refuse values that would break doit's DB at the end."""
        from doit_invariants.hosts.doit.workdir import put_back

        try:
            failure = super().execute(stream)
        finally:  # also before doit writes its DB after Ctrl-C, some of them by a relative name
            moved = put_back(self.execution) if self.execution is not None else None
        failure = failure or moved
        values: Any = self.__dict__["values"]
        if failure is None and values and self.execution and self.execution.journal:
            try:
                json.dumps(values)
            except (TypeError, ValueError, RecursionError) as error:
                self.values: Any = {}
                self.result = None  # or the queue of a worker can't pickle it, and doit waits
                return TaskFailed(
                    f"an action returned a value that can't be saved as JSON: {error}"
                )
        return failure

    def execute_teardown(self, stream: Any) -> Any:
        """Tear down what the actions have set up; a restored task has not."""
        if self.is_restored:
            return None
        home = os.getcwd()
        try:
            return super().execute_teardown(stream)
        finally:
            with contextlib.suppress(OSError):
                os.chdir(home)

    def save_extra_values(self) -> None:
        """Run the value savers; for doit's ``timeout`` a restored result is as old as it is."""
        plan = self.invariants_plan
        if plan is None or plan.outcome is None or not self.is_restored:
            super().save_extra_values()
        elif plan.valid:  # else what they would say now is not about what was restored
            super().save_extra_values()
            entry = plan.outcome.entry
            if entry is not None and "success-time" in self.values:
                self.values["success-time"] = int(entry.executed_at)
