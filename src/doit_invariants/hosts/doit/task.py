"""The class of all tasks: notes when a task starts, and restores or publishes its result.

The class of a task is changed after doit has created it. doit sends only the attributes of a task
to its worker processes, so new behavior must be in the class, and its data in plain attributes.
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

    :ivar task: the task
    :ivar stream: doit's stream object, which knows what to show at which verbosity
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
        """Return the standard output and error of each action."""
        return [(action.out, action.err) for action in self.task.actions]

    def replay(self, output: Sequence[Output], *, shown: bool) -> None:
        """Give the actions the output of an earlier run, and write it to the terminal if shown."""
        streams = self.stream._get_out_err(self.task.verbosity) if shown else (None, None)
        for action, texts in zip(self.task.actions, output, strict=False):
            action.out, action.err = texts
            for target, text in zip(streams, texts, strict=True):
                if target is not None and text:
                    target.write(_writable(text, target))


def _writable(text: str, stream: Any) -> str:
    """Escape characters that a stream can't encode: the output may be from another machine."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class InvariantsTask(Task):  # type: ignore[misc]
    """doit's task, which may be restored instead of run, and may publish its result."""

    #: The data that travels with the task to the worker that runs its actions, and back.
    execution: Execution | None = None

    @property
    def invariants_plan(self) -> Plan | None:
        """The plan to restore or publish the task, or None. Reporters of plugins may use it."""
        return self.execution.plan if self.execution is not None else None

    @property
    def is_restored(self) -> bool:
        """Whether it was restored instead of run, or only its old result was published."""
        plan = self.invariants_plan
        return bool(plan and plan.outcome and (plan.outcome.source is not None or not plan.runs))

    def clean(self, outstream: Any, dryrun: bool) -> None:
        """Clean the task; in a directory that is a target, remove only the files that it made."""
        from doit_invariants.hosts.doit import cleaning  # late: for one command

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
        # Imported late: in many runs all tasks are up-to-date.
        from doit_invariants.engine.executor import execute

        execution = self.execution
        if execution is None:
            execution = self.execution = Execution()
        if execution.journal:
            note_begin(execution.journal, self.name)

        return execute(DoitJob(self, stream), execution)

    def run(self, stream: Any) -> Any:
        """Execute the actions, and refuse values that doit could not save at the end."""
        from doit_invariants.hosts.doit.workdir import put_back

        try:
            failure = super().execute(stream)
        finally:  # even after Ctrl-C: doit then writes its DB, whose path may be relative
            moved = put_back(self.execution) if self.execution is not None else None
        failure = failure or moved
        values: Any = self.__dict__["values"]
        if failure is None and values and self.execution and self.execution.journal:
            try:
                json.dumps(values)
            except (TypeError, ValueError, RecursionError) as error:
                self.values: Any = {}
                self.result = None  # the queue may not be able to pickle it, and doit would wait
                return TaskFailed(
                    f"an action returned a value that can't be saved as JSON: {error}"
                )
        return failure

    def execute_teardown(self, stream: Any) -> Any:
        """Run the teardown, but not for a restored task: its actions have set up nothing."""
        if self.is_restored:
            return None
        home = os.getcwd()
        try:
            return super().execute_teardown(stream)
        finally:
            with contextlib.suppress(OSError):
                os.chdir(home)

    def save_extra_values(self) -> None:
        """Run the value savers; for doit's ``timeout``, a restored result keeps its age."""
        plan = self.invariants_plan
        if plan is None or plan.outcome is None or not self.is_restored:
            super().save_extra_values()
        elif plan.valid:  # otherwise their present values don't belong to the restored result
            super().save_extra_values()
            entry = plan.outcome.entry
            if entry is not None and "success-time" in self.values:
                self.values["success-time"] = int(entry.executed_at)
