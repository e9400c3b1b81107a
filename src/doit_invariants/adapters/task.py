"""A task of doit that may be restored instead of run, and whose result may be kept."""

from __future__ import annotations

import time
from typing import Any

from doit.task import Task

from doit_invariants.adapters.plan import Outcome, Plan, plain
from doit_invariants.adapters.session import PLAN
from doit_invariants.core.artifacts.capture import CannotKeep
from doit_invariants.core.errors import InvariantsError


def _writable(text: str, stream: Any) -> str:
    """Return a text without what a stream can't encode: it may come from another machine."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class CachedTask(Task):  # type: ignore[misc]
    """Carries out its plan, if it has one, around its actions; see :class:`Plan`.

    The class of a task is changed when it is loaded: what doit hands to its worker processes is
    the attributes of a task, so what differs must be in the class, and the plan in an attribute.
    """

    @property
    def plan(self) -> Plan | None:
        """The plan, None for a task that simply runs."""
        found: Plan | None = self.__dict__.get(PLAN)
        return found

    def execute(self, stream: Any) -> Any:
        """Restore the task, or execute its actions; doit calls this in a worker.

        :returns: None, or doit's failure
        """
        plan = self.plan
        if plan is None:
            return super().execute(stream)
        self.executed = True
        self.init_options()
        outcome = Outcome()
        if plan.source is not None:
            try:
                restored = plan.source.restore(plan, self._gotten())
            except InvariantsError as error:
                if str(error):
                    outcome.warnings.append(f"not restored: {error}; it runs")
            else:
                return self._restored(plan, restored, stream)
        plan.outcome = outcome
        if not plan.runs:
            return self._keep(plan, outcome)
        started = time.monotonic()
        failure = super().execute(stream)
        if failure is None:
            outcome.took = time.monotonic() - started
            self._keep(plan, outcome)
        return failure

    def execute_teardown(self, stream: Any) -> Any:
        """Tear down what the actions have set up; a restored task has not."""
        plan = self.plan
        if plan is not None and plan.outcome is not None and plan.outcome.source is not None:
            return None
        return super().execute_teardown(stream)

    def save_extra_values(self) -> None:
        """Run the value savers; for doit's ``timeout`` a restored result is as old as it is."""
        outcome = self.plan.outcome if self.plan is not None else None
        if self.plan is not None and not self.plan.valid and outcome and outcome.source:
            return  # what they would say now is not about what was restored
        super().save_extra_values()
        entry = self.plan.outcome.entry if self.plan and self.plan.outcome else None
        if entry is not None and "success-time" in self.values:
            self.values["success-time"] = int(entry.executed_at)

    def _gotten(self) -> dict[str, Any]:
        return {name: self.options[name] for name in self.getargs if name in self.options}

    def _restored(self, plan: Plan, outcome: Outcome, stream: Any) -> None:
        plan.outcome = outcome
        entry = outcome.entry
        if entry is None:
            return
        self.values = dict(entry.values)
        self.result = entry.result
        shown = stream._get_out_err(self.verbosity) if plan.replay else (None, None)
        for action, texts in zip(self.actions, entry.output, strict=False):
            action.out, action.err = texts
            for target, text in zip(shown, texts, strict=True):
                if target is not None and text:
                    target.write(_writable(text, target))

    def _keep(self, plan: Plan, outcome: Outcome) -> None:
        if plan.keeper is None:
            return
        outcome.output = tuple((action.out, action.err) for action in self.actions)
        try:
            outcome.values = plain(self.values)
            outcome.result = plain(self.result)
        except CannotKeep as error:
            outcome.warnings.append(f"not kept: {error}")
        else:
            plan.keeper.keep(outcome)
