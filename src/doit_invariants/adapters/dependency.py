"""doit's dependency manager, with invariants.

``get_status`` looks at a task and decides; ``save_success`` records what was seen *before* the
actions ran, so that an input edited meanwhile leaves the task not up-to-date. Both are called
by doit in its main process and thread, with any runner.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doit.dependency import Dependency, DependencyStatus, get_md5

from doit_invariants.adapters import stored
from doit_invariants.adapters.checker import ContentChecker, to_triple
from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.freeze import freeze
from doit_invariants.adapters.host import HostFacts, evaluate_uptodate
from doit_invariants.adapters.inputs import compare_inputs, states_to_save
from doit_invariants.adapters.items import with_items
from doit_invariants.adapters.placeholders import placeholder_reason
from doit_invariants.adapters.recording import make_record
from doit_invariants.adapters.session import PLAN, Session, ensure_session
from doit_invariants.adapters.signatures import Signer
from doit_invariants.adapters.snapshot import Look
from doit_invariants.adapters.status import failed, report
from doit_invariants.core.decide import decide
from doit_invariants.core.model import Reason, Verdict
from doit_invariants.core.records import Origin, PathState, Record

if TYPE_CHECKING:
    from doit_invariants.adapters.plan import Outcome, Plan


class InvariantsDependency(Dependency):  # type: ignore[misc]
    """doit's ``Dependency``, which also knows invariants, targets and directories.

    The loader puts it in the place of doit's by changing the class of the object that doit has
    opened: opening the DB a second time fails with some backends. Nothing here may therefore
    rely on ``__init__``.
    """

    @property
    def session(self) -> Session:
        """The session of this run."""
        return ensure_session(self)

    #: All tasks by name, as doit last handed them over.
    tasks: Mapping[str, Any] = MappingProxyType({})

    @property
    def _pending(self) -> dict[str, Look]:
        """What was seen of tasks that are not recorded yet, by their names."""
        found: dict[str, Look] = self.__dict__.setdefault("_invariants_pending", {})
        return found

    @property
    def _damaged(self) -> dict[str, str]:
        """Why what the DB held of a task was discarded, by its name."""
        found: dict[str, str] = self.__dict__.setdefault("_invariants_damaged", {})
        return found

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

    def close(self) -> None:
        """Write the DB, without what no record refers to any more."""
        if not self._closed:
            with contextlib.suppress(Exception):  # of a damaged DB: nothing is tidied then
                self.session.details.sweep()
            self.session.close()
        super().close()

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed."""
        plan: Plan | None = task.__dict__.get(PLAN)
        for warning in plan.outcome.warnings if plan is not None and plan.outcome else ():
            self.session.say(task.name, warning)
        self._pending.pop(task.name, None)
        if self.session.runs and task.executed:
            self.session.unfinished.set(task.name, "failed")
        super().remove_success(task)

    # ------------------------------------------------------------------ checking

    def get_status(self, task: Any, tasks_dict: Any, get_log: bool = False) -> Any:
        """Decide whether a task is up-to-date; see doit's own for the parameters.

        Raises nothing but what a user's own ``uptodate`` raises, and with ``-n`` not even that:
        doit would wait for ever.

        :returns: doit's status object; ours has the verdict in ``verdict``
        """
        status = DependencyStatus(get_log)
        task.dep_changed = []
        task.__dict__.pop(PLAN, None)
        self.session.batch = None
        facts = HostFacts()
        tasks = self.tasks = tasks_dict or {}
        accepted = self.session.resume and self.session.resume.accepted(task.name, tasks)
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
            with self.session.project.as_directory():
                look = self._look(task, tasks, facts, items)
                look.snapshot.problems += problems
                verdict = decide(
                    look.before.record, look.snapshot, look.context, look.before.unreadable
                )
                if look.spec.policy.decides:
                    verdict = self._ask_policy(look, facts, verdict)
                self._after_check(task, look, verdict)
        except Exception as error:
            verdict = failed(task.name, error)
        report(status, task, facts, verdict)
        return status

    def _ask_policy(self, look: Look, facts: HostFacts, verdict: Verdict) -> Verdict:
        # Imported late: most projects have no use for it, and doit starts for every command.
        from doit_invariants.adapters.answers import Answers

        return Answers(self, look, facts).apply(verdict)

    def _uptodate(self, facts: HostFacts, task: Any, tasks: Any) -> tuple[list[Any], list[Reason]]:
        try:
            return evaluate_uptodate(facts, task, self, tasks), []
        except Exception as error:
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
        return look

    def _after_check(self, task: Any, look: Look, verdict: Verdict) -> None:
        session = self.session
        if session.on_verdict is not None:
            session.on_verdict(task=task, verdict=verdict)
        if verdict.status == "error":
            return
        if verdict.status == "up-to-date" and session.writes and not verdict.reasons:
            self._refresh(task, look)
        if verdict.status == "run" or session.always:
            self._pending[task.name] = look
            if session.runs:
                session.placeholders.remove(task.targets)
            if session.writes and task._actions:
                freeze(session, self.tasks)
                session.executed = True

    # ------------------------------------------------------------------ recording

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or one that ``reset-dep`` or ``accept`` takes as valid.

        :raises FileNotFoundError: if a ``file_dep`` is gone; doit turns it into a failed task
        """
        with self.session.project.as_directory():
            self._save(task, result_hash)

    def _save(self, task: Any, result_hash: Any) -> None:
        look = self._pending.pop(task.name, None)
        plan: Plan | None = task.__dict__.get(PLAN)
        outcome = plan.outcome if plan is not None else None
        if look is None or plan is None or outcome is None:
            self._save_as_run(task, look, result_hash)
            return
        from doit_invariants.adapters import keeping

        keeping.learn(self.session, outcome)
        if outcome.source is not None:
            self._save_restored(task, look, plan, outcome)
        elif not plan.runs:
            previous = look.before.record
            keeping.keep(look, plan, {}, previous.executed_at or 0.0 if previous else 0.0)
        else:
            executed_at = self.session.clock()
            inputs = self._save_as_run(task, look, result_hash)
            keeping.keep(look, plan, inputs, executed_at)

    def _save_as_run(self, task: Any, look: Look | None, result_hash: Any) -> dict[str, PathState]:
        """Record a task that ran, or was accepted; return the states of its inputs."""
        inputs = self._save_host(task, look, result_hash)
        if look is not None:
            previous = look.before.record
            if task.executed:
                self.session.unfinished.drop(task.name)
                self.session.placeholders.drop(task.targets)
                self._save_record(task, look, inputs, "run", self.session.clock())
            else:
                executed_at = previous.executed_at if previous is not None else None
                self._save_record(task, look, inputs, "accept", executed_at)
        return inputs

    def _save_host(self, task: Any, look: Look | None, result_hash: Any) -> dict[str, PathState]:
        """Record what doit itself does of a task."""
        if look is None or not isinstance(self.checker, ContentChecker):
            super().save_success(task, result_hash)
            return {}
        states = states_to_save(self, look, task)
        self.checker.prepared = {path: triple for path, (_, triple) in states.items()}
        try:
            super().save_success(task, result_hash)
        finally:
            self.checker.prepared = {}
        return {path: state for path, (state, _) in states.items()}

    def _save_restored(self, task: Any, look: Look, plan: Plan, outcome: Outcome) -> None:
        """Record a task that was restored: as if it had run, where that would have made the same.

        An export that was made of something else, or by hand, serves for now; but once the policy
        is another, the task must run.
        """
        entry = outcome.entry
        self.session.restored(task, outcome)
        self.session.unfinished.drop(task.name)
        self.session.placeholders.drop(task.targets)
        if plan.valid and entry is not None:
            inputs = self._save_host(task, look, None)
            self._save_record(task, look, inputs, "restore", entry.executed_at)
        else:
            self.remove(task.name)  # what was recorded is not of these targets
            if entry is not None:
                self.save_values(task.name, entry.values, entry.result)

    def save_values(self, name: str, values: dict[str, Any], result: Any) -> None:
        """Save for other tasks what a task gave, and nothing that could make it up-to-date."""
        self._get(name, "result:")  # two backends forget a task that is written unread
        self._set(name, "_values_:", values)
        if result:
            self._set(name, "result:", result if isinstance(result, dict) else get_md5(result))

    def _save_record(
        self,
        task: Any,
        look: Look,
        inputs: dict[str, PathState],
        origin: Origin,
        executed_at: float | None,
    ) -> None:
        known = look.before.record is not None or look.before.unreadable is not None
        if not look.snapshot.has_dependencies and not known:
            return  # it runs every time: there is nothing to compare, unless there once was
        if look.spec.track_targets:
            look.targets()  # as the actions left them
        self._write(task, make_record(look, inputs, origin, executed_at))

    def _refresh(self, task: Any, look: Look) -> None:
        """Save for an up-to-date task what makes its next check cheaper, or was not known yet.

        After a ``touch`` the content is the same under another stat: without this every later
        run would hash it again. Where there is no record this adopts the task as it stands.
        """
        now, previous = look.snapshot, look.before.record
        if not now.has_dependencies or now.never_ran:
            return  # doit knows nothing of a task that `uptodate` alone keeps from running either
        inputs = now.inputs if isinstance(self.checker, ContentChecker) else {}
        origin: Origin = previous.origin if previous is not None else "adopt"
        executed_at = previous.executed_at if previous is not None else None
        record = make_record(look, inputs, origin, executed_at)
        if record == previous and not look.before.moved:
            return
        for path, state in inputs.items():
            self._set(task.name, path, to_triple(state, os.stat(path)))
        if inputs:
            self._set(task.name, "deps:", tuple(inputs))
        if previous is None:
            self._write(task, record)
        else:
            stored.write(self, task.name, record)

    def retarget(self, maker: str, path: str, state: PathState) -> None:
        """Record what a later step made of a target in place as what its maker left."""
        record = stored.read(self, maker).record
        if record is not None and record.targets is not None and path in record.targets:
            targets = {**record.targets, path: state}
            stored.write(self, maker, replace(record, targets=targets))

    def _write(self, task: Any, record: Record) -> None:
        stored.write(self, task.name, record)
        if self.session.on_saved is None:
            return
        try:
            self.session.on_saved(task=task, record=record)
        except Exception as error:
            # The task has succeeded, and doit would end the whole run here.
            text = f"invariants_saved failed with {type(error).__name__}: {error}"
            sys.stderr.write(f"{task.name}: {text}\n")
