"""The class of all tasks: says when one begins, and carries out its plan if it has one.

The class of a task is changed when it is loaded: what doit hands to its worker processes is the
attributes of a task, so what differs must be in the class, and what it needs in plain attributes.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from doit.exceptions import TaskFailed
from doit.task import Task

from doit_invariants.engine.session import IMPORTS, PLAN
from doit_invariants.hosts.doit.database.run_journal import JOURNALED, begin

if TYPE_CHECKING:
    from doit_invariants.engine.reuse.plan import Plan


class InvariantsTask(Task):  # type: ignore[misc]
    """doit's task, which may be restored instead of run, and whose result may be kept."""

    @property
    def plan(self) -> Plan | None:
        """The plan, None for a task that simply runs."""
        found: Plan | None = self.__dict__.get(PLAN)
        return found

    @property
    def is_restored(self) -> bool:
        """Whether it was restored instead of run, or only kept."""
        plan = self.plan
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
        journal = self.__dict__.get(JOURNALED)
        if journal is not None:
            begin(journal, self.name)
        if self.plan is None:
            failure = self.run(stream)
        else:
            # Imported late: most projects have no use for it, and doit starts for every command.
            from doit_invariants.engine.reuse.execute import carry_out

            failure = carry_out(self.plan, self, stream)
        if IMPORTS in self.__dict__:
            from doit_invariants.engine.check.imported_modules import end

            end(self.__dict__)
        if failure is None and self.targets:
            from doit_invariants.engine.check.target_guard import LEFT, OTHERS, left

            self.__dict__[LEFT] = left(self.targets, self.__dict__.get(OTHERS, {}))
        return failure

    def run(self, stream: Any) -> Any:
        """Execute the actions, and refuse values that would break doit's DB at the end."""
        from doit_invariants.hosts.doit.workdir import put_back

        try:
            failure = super().execute(stream)
        finally:  # also before doit writes its DB after Ctrl-C, some of them by a relative name
            moved = put_back(self.__dict__)
        failure = failure or moved
        values: Any = self.__dict__["values"]
        if failure is None and values and JOURNALED in self.__dict__:
            try:
                json.dumps(values)
            except (TypeError, ValueError, RecursionError) as error:
                self.values: Any = {}
                self.result = None  # or the queue of a worker can't pickle it, and doit waits
                return TaskFailed(f"an action returned what can't be saved as JSON: {error}")
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
        plan = self.plan
        if plan is None or plan.outcome is None or not self.is_restored:
            super().save_extra_values()
        elif plan.valid:  # else what they would say now is not about what was restored
            super().save_extra_values()
            entry = plan.outcome.entry
            if entry is not None and "success-time" in self.values:
                self.values["success-time"] = int(entry.executed_at)
