"""doit's dependency manager, with invariants: what doit asks of it, and what it keeps meanwhile.

doit calls this in its main process and thread, with any runner. Most tasks of most runs are as they
were recorded (:mod:`doit_invariants.engine.check.fast_path`), and most commands look at none: what
looks at the others, and records them, is imported when it is needed.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from doit.dependency import Dependency, DependencyStatus

from doit_invariants.core.model import Verdict
from doit_invariants.engine.check.fast_path import is_as_recorded, look_again
from doit_invariants.engine.check.unconditional import runs_unlooked
from doit_invariants.engine.records.flags import INTERRUPTED
from doit_invariants.engine.session import PLAN, Session, ensure_session
from doit_invariants.hosts.doit.bind import specify

if TYPE_CHECKING:
    from doit_invariants.engine.check.observe import Look
    from doit_invariants.engine.reuse.plan import Plan


class InvariantsDependency(Dependency):  # type: ignore[misc]
    """doit's dependency manager, which also knows invariants, targets and directories.

    The loader puts it in the place of doit's by changing the class of the object that doit has
    opened: opening the DB a second time fails with some backends. Nothing here may therefore
    rely on ``__init__``.
    """

    #: All tasks by name, as doit last handed them over.
    tasks: Mapping[str, Any] = MappingProxyType({})

    @functools.cached_property
    def session(self) -> Session:
        """The session of this run."""
        return ensure_session(self)

    @property
    def pending(self) -> dict[str, Look]:
        """What was seen of tasks that are not recorded yet, by their names."""
        found: dict[str, Look] = self.__dict__.setdefault("_invariants_pending", {})
        return found

    @property
    def damaged(self) -> dict[str, str]:
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
            from doit_invariants.engine.records.recorded import discard

            self.damaged[task.name] = discard(self, task.name, error)
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
        session.looked.add(task.name)
        if session.executed:
            with contextlib.suppress(Exception):  # with -n doit would wait for ever
                look_again(session)
        self.tasks = tasks_dict or {}
        simple = not (task.uptodate or session.resume or session.on_verdict)
        if simple and not get_log and not session.explains and self._runs_unlooked(task):
            status.status = "run"
            status.verdict = Verdict(task.name, "run")
        elif simple and self.is_as_recorded(task, counted=False):
            status.verdict = Verdict(task.name, "up-to-date")
            if session.runs and task.name in session.varying.read():
                session.varying.drop(task.name)
        else:
            from doit_invariants.engine.status import check

            check(self, task, status, asked=simple)
        return status

    def _runs_unlooked(self, task: Any) -> bool:
        try:
            # Where an action has left the directory paths are something else.
            at_root = os.getcwd() == self.session.root
            return at_root and runs_unlooked(self, self.session, task)
        except (Exception, SystemExit):
            return False  # of a plugin's policy: the long way says it

    def is_as_recorded(self, task: Any, *, counted: bool) -> bool:
        """Return whether a task is as it was recorded, where that is quickly told.

        :param counted: whether one of its ``uptodate`` items gave an answer
        """
        session = self.session
        try:
            if task.name in self.damaged or os.getcwd() != session.root:
                return False  # an action has left it, where relative paths are something else
            return is_as_recorded(self, session, task, session.spec(task.name), counted=counted)
        except (Exception, SystemExit):
            return False  # of a plugin's policy: the long way says it

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task that succeeded, or one that ``reset-dep`` or ``accept`` takes as valid.

        :raises FileNotFoundError: if a ``file_dep`` is gone; doit turns it into a failed task
        """
        with self.session.project.as_directory():
            if task.name not in self.pending and not (task.targets and task._actions):
                # It was not looked at, as a group in every run: there is nothing of ours to record.
                self.save_as_doit(task, result_hash)
            else:
                from doit_invariants.engine.finish import save

                save(self, task, result_hash)
        self.session.ends.drop(task.name)
        self._end(task)

    def remove_success(self, task: Any) -> None:
        """Forget a task that failed."""
        plan: Plan | None = task.__dict__.get(PLAN)
        for warning in plan.outcome.warnings if plan is not None and plan.outcome else ():
            self.session.say(task.name, warning)
        self.pending.pop(task.name, None)
        if self.session.runs and task.executed:
            self.session.unfinished.set(task.name, "failed")
        super().remove_success(task)
        self._end(task)

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
        from doit_invariants.engine.records.moved import values_here  # late: few tasks have values

        return values_here(self, task, found)

    def save_as_doit(self, task: Any, result_hash: Any) -> None:
        """Record what doit itself does of a task that succeeded."""
        super().save_success(task, result_hash)
        if task.values:
            from doit_invariants.engine.records.moved import save_root

            save_root(self, task.name, task.values)

    def _end(self, task: Any) -> None:
        if task._actions:
            from doit_invariants.hosts.doit import workdir  # late: most runs execute nothing

            workdir.say(self.session, task)
        if self.session.durable is not None:
            self.session.durable.end(task.name)

    def close(self) -> None:
        """Write the DB, without what no record refers to any more."""
        closed: bool = self._closed  # type: ignore[has-type]
        if closed:
            return
        session = self.session
        with contextlib.suppress(Exception):
            self._mark_interrupted()
        with contextlib.suppress(Exception):
            session.keep_taught()
        with contextlib.suppress(Exception):  # of a damaged DB: nothing is tidied then
            session.ends.sweep(self.tasks)
            session.details.sweep()
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
