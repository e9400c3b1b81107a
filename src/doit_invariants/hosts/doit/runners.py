"""doit's runners, extended: the order of tasks, the events of a run, a summary after Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from doit import cmd_run
from doit.control import TaskControl
from doit.exceptions import BaseFail, DependencyError, UnmetDependency
from doit.globals import Globals
from doit.runner import Runner

from doit_invariants.core.text import listing, printable
from doit_invariants.engine.events import TaskEnd, TaskOutcome
from doit_invariants.hosts.doit.sessions import session_of

if TYPE_CHECKING:
    from doit_invariants.engine.records.flags import How
    from doit_invariants.hosts.doit.sessions import DoitSession


def install() -> None:
    """Have doit use this runner without ``-n``; calling it again changes nothing.

    doit has no hook for its runners, so the name in its module is replaced.
    """
    if cmd_run.Runner is Runner:
        cmd_run.Runner = SerialRunner


def order_by_values() -> None:
    """Have doit check a task with ``getargs`` after the tasks that provide the values.

    Calling it again changes nothing. doit has no hook for its dispatcher, so a method is replaced.
    """
    TaskControl.task_dispatcher = _task_dispatcher


_DOITS_OWN = TaskControl.task_dispatcher


def _task_dispatcher(control: Any) -> Any:
    """Return our dispatcher, or doit's own if it does the same or if there is no session."""
    session, tasks = session_of(Globals.dep_manager), control.tasks.values()
    if session is None:
        return _DOITS_OWN(control)
    session.selected = list(control.selected_tasks)
    if any(task.loader for task in tasks):
        from doit_invariants.hosts.doit.delayed import watch_creators  # late: few projects have any

        watch_creators(tasks)
    if any(task.getargs or task.loader or task.calc_dep for task in tasks):
        from doit_invariants.hosts.doit.ordering import Dispatcher  # late: for the same reason

        return Dispatcher(control.tasks, control.targets, control.selected_tasks)
    return _DOITS_OWN(control)


def _how_it_ended(task: Any, fail: BaseFail) -> tuple[How, str]:
    """Return how a task ended, and the message or output that is recorded."""
    if isinstance(fail, UnmetDependency):
        return "unmet", str(fail.message)
    if isinstance(fail, DependencyError):
        return "unchecked", str(fail.message)
    printed = [str(text) for one in task.actions for text in (one.out, one.err) if text]
    return "failed", "\n".join([*printed, fail.get_msg()])


#: The outcome of a task that is not executed, by doit's status.
_NOT_EXECUTED: dict[str, TaskOutcome] = {"up-to-date": "up-to-date", "ignore": "ignored"}


class Noting:
    """Extends a runner of doit, serial or parallel. Without a session it changes nothing."""

    dep_manager: Any
    reporter: Any
    _progress: list[str] | None = None

    def _handle_task_error(self, node: Any, base_fail: Any) -> None:
        """Record how a task ended, before doit discards it."""
        session = session_of(self.dep_manager)
        if session is not None:
            # An error here must not end the run: the output may not fit into a DB.
            with contextlib.suppress(Exception):
                session.ends.note(
                    node.task.name, *_how_it_ended(node.task, base_fail), session.clock()
                )
        super()._handle_task_error(node, base_fail)  # type: ignore[misc]

    def select_task(self, node: Any, tasks_dict: Any) -> Any:
        """Send an event: the task starts, or is not executed.

        doit selects a task when it can start at once: with ``-n``, when a worker is free.
        """
        selected = super().select_task(node, tasks_dict)  # type: ignore[misc]
        session = session_of(self.dep_manager)
        if session is not None:
            outcome = _NOT_EXECUTED.get(node.run_status)
            if selected:
                session.events.task_begins(node.task)
            elif outcome is not None:
                session.events.task_ends(node.task, TaskEnd(outcome))
        return selected

    def finish(self) -> Any:
        """End the run; listeners get the event before the DB is written."""
        session = session_of(self.dep_manager)
        if session is not None:
            session.events.run_ends()
        return super().finish()  # type: ignore[misc]

    def run_tasks(self, task_dispatcher: Any) -> None:
        """Run all tasks; after Ctrl-C collect the progress, before doit closes its DB."""
        session = session_of(self.dep_manager)
        if session is not None:
            session.events.run_begins(task_dispatcher.tasks, task_dispatcher.selected_tasks)
        try:
            super().run_tasks(task_dispatcher)  # type: ignore[misc]
        except KeyboardInterrupt:
            if session is not None:
                with contextlib.suppress(Exception):
                    self._progress = _progress(session, self.dep_manager, task_dispatcher)
                    _end_results(self.reporter)
            raise

    def run_all(self, task_dispatcher: Any) -> Any:
        """Run all tasks; after Ctrl-C print the progress instead of a traceback."""
        try:
            return super().run_all(task_dispatcher)  # type: ignore[misc]
        except KeyboardInterrupt as error:
            if self._progress is not None:
                sys.stderr.write("".join(printable(f"{line}\n") for line in self._progress))
                hush(error)
            raise


class SerialRunner(Noting, Runner):  # type: ignore[misc]
    """Runs one task after another."""


def hush(error: BaseException) -> None:
    """Print no traceback if an exception ends the process.

    Everything else stays: a shell still sees that Ctrl-C ended the process, and a caller of doit
    still gets the exception.
    """
    known = sys.excepthook

    def hook(kind: Any, value: Any, traceback: Any) -> None:
        if value is not error:
            known(kind, value, traceback)

    sys.excepthook = hook


def _end_results(reporter: Any) -> None:
    """Give running tasks a result; doit's JSON reporter fails without one."""
    for one in getattr(reporter, "t_results", {}).values():
        if one._started_on is not None and one._finished_on is None:
            one.set_result("fail", "interrupted")


def _progress(session: DoitSession, dep_manager: Any, dispatcher: Any) -> list[str]:
    """Return the lines about an interrupted run: the running tasks, and how many are done."""
    running = session.host.journal.interrupted() if session.host.journal is not None else []
    tasks, nodes = dispatcher.tasks, dispatcher.nodes
    asked = session.graph.awaited(dispatcher.selected_tasks, tasks, dep_manager.get_values)
    work = [name for name in asked | set(nodes) if name in tasks and tasks[name]._actions]
    states = [nodes[name].run_status for name in work if name in nodes]
    done = sum(state in ("successful", "up-to-date", "ignore") for state in states)
    failed = states.count("failure")
    what = f"while {listing(running, 3)} ran" if running else "between two tasks"
    rest = f", {failed} failed or could not run" if failed else ""
    return [
        f"interrupted {what}",
        f"{done} of {len(work)} tasks are done{rest}",
        "finished tasks are saved: the next run does the rest and repeats what was interrupted",
    ]
