"""doit's dependency manager, with invariants: looks at a task, and decides.

doit calls this in its main process and thread, with any runner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from doit.dependency import DependencyStatus

from doit_invariants.adapters import stored
from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.freeze import freeze
from doit_invariants.adapters.host import HostFacts, evaluate_uptodate
from doit_invariants.adapters.inputs import compare_inputs
from doit_invariants.adapters.items import with_items
from doit_invariants.adapters.placeholders import placeholder_reason
from doit_invariants.adapters.quick import is_as_recorded
from doit_invariants.adapters.saving import INTERRUPTED, SavingDependency
from doit_invariants.adapters.session import PLAN, Session
from doit_invariants.adapters.signatures import Signer
from doit_invariants.adapters.snapshot import Look
from doit_invariants.adapters.specify import specify
from doit_invariants.adapters.status import failed, report
from doit_invariants.core.decide import decide
from doit_invariants.core.errors import InvariantsError
from doit_invariants.core.model import Reason, Verdict


class InvariantsDependency(SavingDependency):
    """doit's dependency manager, which also knows invariants, targets and directories."""

    @property
    def _damaged(self) -> dict[str, str]:
        """Why what the DB held of a task was discarded, by its name."""
        found: dict[str, str] = self.__dict__.setdefault("_invariants_damaged", {})
        return found

    def specify(self, task: Any, given: Mapping[str, Any]) -> None:
        """Bind our keys of a task dict to the task that was made of it."""
        specify(self.session, task, given)

    def status_is_ignore(self, task: Any) -> Any:
        """Return whether the task is to be ignored; doit asks this first of all."""
        try:
            return super().status_is_ignore(task)
        except Exception as error:
            self._damaged[task.name] = stored.discard(self, task.name, error)
            return None

    def ignore(self, task: Any) -> None:
        """Mark a task to be ignored, and keep what is known of it.

        doit's own drops that with two of its backends: they forget a task that is written unread.
        """
        self._get(task.name, "ignore:")
        super().ignore(task)

    def get_status(self, task: Any, tasks_dict: Any, get_log: bool = False) -> Any:
        """Decide whether a task is up-to-date; see doit's own for the parameters.

        Raises nothing but what a user's own ``uptodate`` raises, and with ``-n`` not even that:
        doit would wait for ever.

        :returns: doit's status object; ours has the verdict in ``verdict``
        """
        status = DependencyStatus(get_log)
        task.dep_changed = []
        task.__dict__.pop(PLAN, None)
        session = self.session
        session.batch = None
        facts = HostFacts()
        tasks = self.tasks = tasks_dict or {}
        accepted = session.resume and session.resume.accepted(task.name, tasks)
        if accepted:
            report(
                status,
                task,
                facts,
                Verdict(task.name, "up-to-date", policy=f"accepted by {accepted}"),
            )
            return status
        items, problems = self._uptodate(facts, task, tasks)
        try:
            if self._is_as_recorded(session, task, facts, items or problems):
                return self._unchanged(session, status, task)
            with session.project.as_directory():
                look = self._look(task, tasks, facts, items)
                look.snapshot.problems += problems
                verdict = decide(
                    look.before.record, look.snapshot, look.context, look.before.unreadable
                )
                if look.spec.policy.decides:
                    verdict = self._ask_policy(look, facts, verdict)
                self._after_check(task, look, verdict)
        except (Exception, SystemExit) as error:
            verdict = failed(task.name, error)
        report(status, task, facts, verdict)
        return status

    def _is_as_recorded(
        self, session: Session, task: Any, facts: HostFacts, more: list[Any]
    ) -> bool:
        if more or facts.uptodate_false or task.name in self._damaged:
            return False
        if os.getcwd() != session.root:
            return False  # an action has left it, where relative paths are something else
        spec = session.spec(task.name)
        return is_as_recorded(self, session, task, spec, counted=facts.counted)

    def _unchanged(self, session: Session, status: Any, task: Any) -> Any:
        status.verdict = Verdict(task.name, "up-to-date")
        if session.on_verdict is not None:
            self._tell(session.on_verdict, task, status.verdict)
        return status

    def _ask_policy(self, look: Look, facts: HostFacts, verdict: Verdict) -> Verdict:
        # Imported late: most projects have no use for it, and doit starts for every command.
        from doit_invariants.adapters.answers import Answers

        return Answers(self, look, facts).apply(verdict)

    def _uptodate(self, facts: HostFacts, task: Any, tasks: Any) -> tuple[list[Any], list[Reason]]:
        try:
            return evaluate_uptodate(facts, task, self, tasks), []
        except (Exception, SystemExit) as error:
            if not self.session.guarded:
                raise
            text = f"an uptodate item failed with {type(error).__name__}: {error}"
            return [], [Reason("cannot_check", "uptodate", text)]

    def _look(self, task: Any, tasks: Any, facts: HostFacts, items: list[Any]) -> Look:
        session = self.session
        spec = with_items(session, session.spec(task.name), items)
        before = stored.read(self, task.name)
        if task.name in self._damaged:
            before.unreadable = self._damaged[task.name]
        record = before.record
        executed_at = record.executed_at if record is not None else None
        context = TaskContext(session, task, executed_at, Signer(session, self, tasks))
        look = Look(session, task, spec, before, context)
        now = look.snapshot
        now.never_ran = record is None and self._get(task.name, "checker:") is None
        now.explicit = spec.own or bool(spec.invariants)
        changes = compare_inputs(self, look, facts, tasks)
        before.drop_what_plain_doit_did_not_see()
        facts.missing_targets = [p for p in task.targets if not self.checker.exists(p)]
        if spec.track_targets:
            look.targets()
        look.invariants()
        now.has_dependencies = bool(facts.counted or spec.own or now.inputs)
        now.host = [*facts.reasons(), *changes]
        placeholders = session.placeholders.among(task.targets)
        now.policy = [*spec.policy.reasons(), *map(placeholder_reason, placeholders)]
        if session.unfinished.read().get(task.name) == INTERRUPTED:
            now.policy.append(Reason("interrupted", "task", "its last execution did not end"))
        return look

    def _tell(self, listener: Callable[..., Any], task: Any, verdict: Verdict) -> None:
        try:
            listener(task=task, verdict=verdict)
        except Exception as error:
            text = f"the hook invariants_verdict failed with {type(error).__name__}: {error}"
            raise InvariantsError(text) from error

    def _after_check(self, task: Any, look: Look, verdict: Verdict) -> None:
        session = self.session
        if session.on_verdict is not None:
            self._tell(session.on_verdict, task, verdict)
        if verdict.status == "error":
            return
        if verdict.status == "up-to-date" and session.writes and not verdict.reasons:
            self._refresh(task, look)
        if verdict.status == "run" or session.always:
            self._pending[task.name] = look
            if session.runs:
                session.placeholders.remove(task.targets)
                if session.settings.store_link == "hardlink":
                    from doit_invariants.core.artifacts.unshare import unshare

                    for target in task.targets:
                        unshare(target)
                if session.durable is not None and task._actions:
                    session.durable.dispatch(task)
            if session.writes and task._actions:
                freeze(session, self.tasks)
                session.executed = True
