"""doit's dependency manager, extended with invariants.

doit calls it in the main thread of its main process, with any runner. In most runs, most tasks are
unchanged, which :mod:`doit_invariants.engine.check.aspects` finds cheaply, and many commands check
no task at all. So the modules that check and record all other tasks are imported on first use.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping
from typing import Any

from doit.dependency import Dependency, DependencyStatus

from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.unconditional import runs_without_check
from doit_invariants.engine.events import TaskEnd, TaskOutcome, successful_end
from doit_invariants.engine.execution import Execution
from doit_invariants.engine.records.flags import INTERRUPTED
from doit_invariants.hosts.doit.bind import bind_options
from doit_invariants.hosts.doit.sessions import DoitSession, ensure_session

_FAILED: dict[str, TaskOutcome] = {
    "failed": "failed",
    "unchecked": "unchecked",
    "unmet": "not-run",
}


@functools.cache
def _aspects() -> Any:
    """Return the module of the up-to-date rules. Imported late: many commands check no task."""
    from doit_invariants.engine.check import aspects

    return aspects


class InvariantsDependency(Dependency):  # type: ignore[misc]
    """doit's dependency manager, which also checks invariants, targets and directories.

    The loader changes the class of doit's object to this one, because some backends can't open the
    DB twice. So nothing here may rely on ``__init__``.
    """

    @functools.cached_property
    def session(self) -> DoitSession:
        """The session of this run."""
        return ensure_session(self)

    def specify(self, task: Any, given: Mapping[str, Any]) -> None:
        """Bind our keys of a task dict to the task that doit created from it."""
        bind_options(self.session, task, given)

    def status_is_ignore(self, task: Any) -> Any:
        """Return whether the task is ignored; doit calls this before anything else."""
        try:
            return super().status_is_ignore(task)
        except Exception as error:
            from doit_invariants.engine.records.recorded import discard

            self.session.damaged[task.name] = discard(self.session, task.name, error)
            return None

    def ignore(self, task: Any) -> None:
        """Mark a task as ignored, and keep its record.

        Two backends of doit drop a row that is written before it was read. So it is read first.
        """
        self._get(task.name, "ignore:")
        super().ignore(task)

    def get_status(self, task: Any, tasks_dict: Any, get_log: bool = False) -> Any:
        """Decide whether a task is up-to-date; the parameters are those of doit's method.

        Only exceptions of the user's own ``uptodate`` items are raised. With ``-n`` none is,
        because doit would then wait forever.

        :returns: doit's status object, with the verdict in the attribute ``verdict``
        """
        status = DependencyStatus(get_log)
        task.dep_changed = []
        session = self.session
        session.executions.pop(task.name, None)
        session.batch = None
        session.checked.add(task.name)
        if session.executed:
            with contextlib.suppress(Exception):  # with -n doit would wait forever
                _aspects().recheck_imports(session)
        session.tasks = tasks_dict or {}
        simple = not (task.uptodate or session.host.resume or session.on_verdict)
        if simple and not get_log and not session.explains and self._runs_unlooked(task):
            status.status = "run"
            status.verdict = Verdict(task.name, "run")
        elif simple and _aspects().is_unchanged(session, task):
            status.verdict = Verdict(task.name, "up-to-date")
            if session.runs and task.name in session.varying.read():
                session.varying.drop(task.name)
        else:
            self._check(task, status, simple)
        task.execution = session.executions.get(task.name)  # travels to a worker
        return status

    def _check(self, task: Any, status: Any, fast_path_tried: bool) -> None:
        from doit_invariants.engine.status import task_status
        from doit_invariants.hosts.doit.status import report

        if self.session.host.home is None:
            self.session.host.home = os.getcwd()  # no action has run yet
        verdict, facts = task_status(self.session, task, fast_path_tried=fast_path_tried)
        report(status, task, facts, verdict)

    def _runs_unlooked(self, task: Any) -> bool:
        try:
            # After an action changed the directory, relative paths mean other files.
            at_root = os.getcwd() == self.session.root
            return at_root and runs_without_check(self.session, task)
        except (Exception, SystemExit):
            return False  # from the policy of a plugin: the full check reports it

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or that ``reset-dep`` or ``accept`` records as valid.

        :raises FileNotFoundError: if a ``file_dep`` does not exist; doit then fails the task
        """
        session = self.session
        execution = self._came_back(task)
        with session.project.as_directory():
            if task.name not in session.pending and not (task.targets and task._actions):
                # It was not checked, like every group: there is nothing of ours to record.
                session.host.save(task, result_hash, None)
                session.executions.pop(task.name, None)
                if task.values:
                    from doit_invariants.engine.records.values import save_root

                    save_root(session, task.name, task.values)
            else:
                from doit_invariants.engine.finish import save

                save(session, task, result_hash)
        session.ends.drop(task.name)
        self._end(task, execution, successful_end(execution))

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed."""
        session = self.session
        execution = self._came_back(task)
        plan = execution.plan
        for warning in plan.outcome.warnings if plan is not None and plan.outcome else ():
            session.say(task.name, warning)
        session.pending.pop(task.name, None)
        session.executions.pop(task.name, None)
        if session.runs and task.executed:
            session.unfinished.set(task.name, "failed")
        super().remove_success(task)
        outcome = _FAILED[session.ends.now.get(task.name, "failed")]
        self._end(task, execution, TaskEnd(outcome, execution.took))

    def _came_back(self, task: Any) -> Execution:
        """Return the execution that came back with a task; from a worker process it is a copy."""
        found: Execution | None = getattr(task, "execution", None)
        if found is None:
            found = Execution()
        self.session.executions[task.name] = found
        return found

    def get_values(self, task_name: str) -> Any:
        """Return the saved values of a task, with paths adapted to this directory."""
        return self.get_here(task_name, "_values_:") or {}

    def get_result(self, task_name: str) -> Any:
        """Return the saved result of a task, with paths adapted to this directory."""
        return self.get_here(task_name, "result:")

    def get_here(self, task: str, key: str) -> Any:
        """Return an item of a task from doit's DB, with paths adapted to this directory."""
        found = self._get(task, key)
        if not found or key not in ("_values_:", "result:") or isinstance(found, str):
            return found
        from doit_invariants.engine.records.values import with_present_paths  # late: rarely needed

        return with_present_paths(self.session, task, found)

    def _end(self, task: Any, execution: Execution, end: TaskEnd) -> None:
        session = self.session
        if execution.left_in:
            from doit_invariants.hosts.doit import workdir  # late: rarely needed

            workdir.say(session, task.name, execution)
        if execution.plan is None:
            task.execution = None  # otherwise reporters look for the outcome of a plan
        if session.runs:
            session.events.task_ends(task, end)

    def close(self) -> None:
        """Write the DB, without details that no record refers to any more."""
        closed: bool = self._closed  # type: ignore[has-type]
        if closed:
            return
        session = self.session
        with contextlib.suppress(Exception):
            self._mark_interrupted()
        with contextlib.suppress(Exception):
            session.save_plugin_digests()
        with contextlib.suppress(Exception):  # a damaged DB is not tidied
            session.ends.sweep(session.tasks)
            session.details.sweep()
        session.close()
        try:
            if session.host.journal is not None and session.runs:
                session.host.journal.about_to_write()
            super().close()
        except Exception as error:
            if session.host.journal is None:
                raise
            self._closed = True
            rest = "what this run recorded is kept in its journal"
            if not os.path.exists(session.host.journal.path):
                rest = "what this run recorded is lost"
            elif not session.host.journal.complete:
                rest = "only part of what this run recorded is kept in its journal"
            text = f"can't be written ({type(error).__name__}: {error}); {rest}"
            session.say(self.name, text)
        else:
            if session.host.journal is not None:
                session.host.journal.close()
        finally:
            session.host.unlock()

    def _mark_interrupted(self) -> None:
        """Mark the tasks that were running when Ctrl-C or an exception ended the run."""
        journal = self.session.host.journal
        for name in journal.interrupted() if journal is not None else ():
            self.remove(name)
            self.session.unfinished.set(name, INTERRUPTED)
