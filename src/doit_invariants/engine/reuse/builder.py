"""Builds the plan of one task: the part that stores, exports and plugins have in common."""

from __future__ import annotations

import os
from typing import TypeVar

from doit_invariants.core.errors import CannotFingerprint, InvariantsError
from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.host_facts import HostFacts
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.check.recheck import changed_during_run
from doit_invariants.engine.reuse.plan import NotRestored, Plan, PlanSource
from doit_invariants.engine.reuse.signature import names_of_targets, shared_signature
from doit_invariants.engine.reuse.sources import AlreadyRestored

T = TypeVar("T")


class PlanBuilder:
    """Builds the plan of one task.

    :ivar observation: the observation behind the verdict
    :ivar facts: what the host's own rules find about the task
    :ivar plan: takes effect with :meth:`adopt`
    :ivar why_not: for the user, why nothing is restored or kept; empty if there is nothing to say
    """

    def __init__(self, observation: TaskObservation, facts: HostFacts) -> None:
        self.observation = observation
        self.facts = facts
        self.session = observation.session
        self.task = observation.task
        self.policy = observation.spec.policy
        self.plan = Plan(self.session.root, self.session.aside, replay=self.session.settings.replay)
        self.why_not = ""

    def adopt(self) -> None:
        """Let the plan travel with the task when it runs."""
        self.session.execution(self.task.name).plan = self.plan

    def restores(self, verdict: Verdict, where: str) -> Verdict:
        """Plan to restore the task when its turn comes; outside a run, say that it would be."""
        if not self.session.runs:
            return verdict._replace(status="run", policy=f"would be restored from {where}")
        self.adopt()
        return verdict._replace(status="run", policy=f"restored from {where}")

    def restore_now(self, verdict: Verdict, source: PlanSource) -> Verdict | None:
        """Restore a task with setup tasks during its check.

        A restored task does not run its setup tasks. If the restore failed later, they would be
        missing when the actions run.

        :returns: None if it can't be restored
        """
        try:
            self.plan.source = AlreadyRestored(source.restore(self.plan, {}))
        except NotRestored as error:
            self.why_not = f"not restored: {error}"
            self.report_failure()
            return None
        self.task.setup_tasks = []
        self.adopt()
        return verdict._replace(status="run", policy="restored")

    def report_failure(self) -> None:
        """In a run, tell the user why a restore failed; a plain miss is not reported."""
        if self.session.runs:
            self.session.say(self.task.name, f"{self.why_not}; it runs")

    def changed_in_run(self) -> bool:
        """Return whether actions have changed a dependency of the task; set ``why_not`` then."""
        changed = changed_during_run(self.observation) if self.session.executed else ""
        if changed:
            self.why_not = f"{changed} changed since this run began"
        return bool(changed)

    def names(self) -> dict[str, str]:
        """Return the name of each target, which is the same in every checkout.

        :raises CannotFingerprint: if the result of the task can't be shared
        """
        if not self.observation.spec.share:
            raise CannotFingerprint("share is False")
        if not self.task.targets and not self.observation.spec.asked:
            raise CannotFingerprint(
                "it has no targets; to share its values, set 'cache' on the task itself"
            )
        return names_of_targets(self.observation)

    def signature_or_none(self) -> str | None:
        """Return the signature of the task, None if it has none."""
        try:
            return shared_signature(self.observation)
        except InvariantsError:
            return None

    def absolute(self, paths: dict[str, T]) -> dict[str, T]:
        """Make the keys absolute: an action may leave the directory of the project."""
        return {os.path.join(self.session.root, path): one for path, one in paths.items()}

    def is_asked_for_values(self) -> bool:
        """Return whether other tasks get values from the task."""
        return self.task.name in self.session.graph.value_providers(self.session.tasks)
