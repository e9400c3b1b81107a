"""doit's dependency manager, with invariants: what doit asks of it, and what it keeps meanwhile.

doit calls this in its main process and thread, with any runner. Most tasks of most runs are as they
were recorded (:mod:`doit_invariants.engine.check.aspects`), and most commands look at none: what
looks at the others, and records them, is imported when it is needed.
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
    """Return the rules of being up-to-date. Imported late: most commands ask about no task."""
    from doit_invariants.engine.check import aspects

    return aspects


class InvariantsDependency(Dependency):  # type: ignore[misc]
    """doit's dependency manager, which also knows invariants, targets and directories.

    The loader puts it in the place of doit's by changing the class of the object that doit has
    opened: opening the DB a second time fails with some backends. Nothing here may therefore
    rely on ``__init__``.
    """

    @functools.cached_property
    def session(self) -> DoitSession:
        """The session of this run."""
        return ensure_session(self)

    def specify(self, task: Any, given: Mapping[str, Any]) -> None:
        """Bind our keys of a task dict to the task that was made of it."""
        bind_options(self.session, task, given)

    def status_is_ignore(self, task: Any) -> Any:
        """Return whether the task is to be ignored; doit asks this first of all."""
        try:
            return super().status_is_ignore(task)
        except Exception as error:
            from doit_invariants.engine.records.recorded import discard

            self.session.damaged[task.name] = discard(self.session, task.name, error)
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
        session = self.session
        session.executions.pop(task.name, None)
        session.batch = None
        session.checked.add(task.name)
        if session.executed:
            with contextlib.suppress(Exception):  # with -n doit would wait for ever
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
        task.execution = session.executions.get(task.name)  # doit sends it along to a worker
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
            # Where an action has left the directory paths are something else.
            at_root = os.getcwd() == self.session.root
            return at_root and runs_without_check(self.session, task)
        except (Exception, SystemExit):
            return False  # of a plugin's policy: the full check says it

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or one that ``reset-dep`` or ``accept`` takes as valid.

        :raises FileNotFoundError: if a ``file_dep`` is gone; doit turns it into a failed task
        """
        session = self.session
        execution = self._came_back(task)
        with session.project.as_directory():
            if task.name not in session.pending and not (task.targets and task._actions):
                # It was not looked at, as a group in every run: there is nothing of ours to record.
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
        """Take what came back from where the actions ran: from a worker that is a copy."""
        found: Execution | None = getattr(task, "execution", None)
        if found is None:
            found = Execution()
        self.session.executions[task.name] = found
        return found

    def get_values(self, task_name: str) -> Any:
        """Return the values that are saved of a task, with the paths that its files have here."""
        return self.get_here(task_name, "_values_:") or {}

    def get_result(self, task_name: str) -> Any:
        """Return the result that is saved of a task, with the paths that its files have here."""
        return self.get_here(task_name, "result:")

    def get_here(self, task: str, key: str) -> Any:
        """Return what doit keeps of a task, with the paths that its files have here."""
        found = self._get(task, key)
        if not found or key not in ("_values_:", "result:") or isinstance(found, str):
            return found
        from doit_invariants.engine.records.values import with_present_paths  # late: few have any

        return with_present_paths(self.session, task, found)

    def _end(self, task: Any, execution: Execution, end: TaskEnd) -> None:
        session = self.session
        if execution.left_in:
            from doit_invariants.hosts.doit import workdir  # late: few leave their directory

            workdir.say(session, task.name, execution)
        if execution.plan is None:
            task.execution = None  # else reporters ask what became of the plan
        if session.runs:
            session.events.task_ends(task, end)

    def close(self) -> None:
        """Write the DB, without what no record refers to any more."""
        closed: bool = self._closed  # type: ignore[has-type]
        if closed:
            return
        session = self.session
        with contextlib.suppress(Exception):
            self._mark_interrupted()
        with contextlib.suppress(Exception):
            session.save_plugin_digests()
        with contextlib.suppress(Exception):  # of a damaged DB: nothing is tidied then
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
        """Remember tasks that were running when the run ended: by Ctrl-C, or an exception."""
        journal = self.session.host.journal
        for name in journal.interrupted() if journal is not None else ():
            self.remove(name)
            self.session.unfinished.set(name, INTERRUPTED)
