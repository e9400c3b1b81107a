"""The half of doit's dependency manager that records: what became of a task, in doit's DB.

What is recorded was seen *before* the actions ran, so that an input edited meanwhile leaves the
task not up-to-date. doit calls this in its main process and thread, with any runner.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doit.dependency import Dependency, get_md5

from doit_invariants.adapters import stored
from doit_invariants.adapters.anew import edited_meanwhile
from doit_invariants.adapters.checker import ContentChecker, to_triple
from doit_invariants.adapters.inputs import states_to_save
from doit_invariants.adapters.recording import make_record
from doit_invariants.adapters.session import PLAN, Session, ensure_session
from doit_invariants.adapters.snapshot import Look
from doit_invariants.adapters.untouched import LEFT, as_left
from doit_invariants.core.files import EDITED_MEANWHILE
from doit_invariants.core.records import Origin, PathState, Record

if TYPE_CHECKING:
    from doit_invariants.adapters.plan import Outcome, Plan

#: The mark and the reason of a task that had begun when its run was ended.
INTERRUPTED = "interrupted"


class SavingDependency(Dependency):  # type: ignore[misc]
    """doit's ``Dependency``, which also saves our records.

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

    def close(self) -> None:
        """Write the DB, without what no record refers to any more."""
        closed: bool = self._closed  # type: ignore[has-type]
        if closed:
            return
        session = self.session
        with contextlib.suppress(Exception):  # of a damaged DB: nothing is tidied then
            session.details.sweep()
            self._mark_interrupted()
        session.close()
        try:
            if session.durable is not None and session.runs:
                session.durable.writing()
            super().close()
        except Exception as error:
            if session.durable is None:
                raise
            self._closed = True
            rest = "what this run recorded is kept in its journal"
            if not os.path.exists(session.durable.path):
                rest = "what this run recorded is lost"
            elif not session.durable.complete:
                rest = "only a part of what this run recorded is kept in its journal"
            text = f"can't be written ({type(error).__name__}: {error}); {rest}"
            session.say(self.name, text)
        else:
            if session.durable is not None:
                session.durable.close()
        finally:
            session.unlock()

    def _mark_interrupted(self) -> None:
        """Remember tasks that were running when the run ended: by Ctrl-C, or an exception."""
        durable = self.session.durable
        for name in durable.interrupted() if durable is not None else ():
            self.remove(name)
            self.session.unfinished.set(name, INTERRUPTED)

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed."""
        plan: Plan | None = task.__dict__.get(PLAN)
        for warning in plan.outcome.warnings if plan is not None and plan.outcome else ():
            self.session.say(task.name, warning)
        self._pending.pop(task.name, None)
        if self.session.runs and task.executed:
            self.session.unfinished.set(task.name, "failed")
        super().remove_success(task)
        self._end(task)

    def _end(self, task: Any) -> None:
        if self.session.durable is not None:
            self.session.durable.end(task.name)

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or one that ``reset-dep`` or ``accept`` takes as valid.

        :raises FileNotFoundError: if a ``file_dep`` is gone; doit turns it into a failed task
        """
        with self.session.project.as_directory():
            self._save(task, result_hash)
        self._end(task)

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
            executed_at = previous.executed_at if previous is not None else None
            keeping.keep(look, plan, {}, executed_at or 0.0, self.tasks)
        else:
            executed_at = self.session.clock()
            inputs = self._save_as_run(task, look, result_hash)
            keeping.keep(look, plan, inputs, executed_at, self.tasks)

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
            look.targets()
            stats = task.__dict__.pop(LEFT, None)
            if stats is not None and look.snapshot.targets is not None:
                look.snapshot.targets = as_left(look.snapshot.targets, stats)
        if origin == "run":
            for key in edited_meanwhile(look):
                seen = look.snapshot.observed[key]
                look.snapshot.observed[key] = seen.spoiled(EDITED_MEANWHILE)
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
        except (Exception, SystemExit) as error:
            # The task has succeeded, and doit would end the whole run here.
            text = f"invariants_saved failed with {type(error).__name__}: {error}"
            sys.stderr.write(f"{task.name}: {text}\n")
