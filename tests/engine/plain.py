"""A host without doit: tasks are dataclasses, the database is a dict, any executor runs actions."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doit_invariants import Function, Settings, Verdict, hookimpl
from doit_invariants.engine.check.aspects import is_unchanged
from doit_invariants.engine.database import MemoryDatabase
from doit_invariants.engine.events import Listener, TaskEnd, successful_end
from doit_invariants.engine.execution import Execution
from doit_invariants.engine.executor import execute
from doit_invariants.engine.finish import save
from doit_invariants.engine.host import SimpleHost
from doit_invariants.engine.session import Mode, Session
from doit_invariants.engine.status import task_status
from doit_invariants.engine.task import SimpleTask
from doit_invariants.plugins.manager import create_plugins


@dataclass
class Job:
    """How a task is run; see :class:`~doit_invariants.engine.executor.Job`."""

    task: SimpleTask

    def run(self) -> str | None:
        """Call the actions; return how one failed."""
        self.task.executed = True
        try:
            for action in self.task.actions:
                self.task.result = action()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None

    def getargs(self) -> dict[str, Any]:
        """Return nothing: tasks give each other files."""
        return {}

    def output(self) -> list[tuple[None, None]]:
        """Return nothing: what an action prints is not caught."""
        return [(None, None)]

    def replay(self, output: Sequence[Any], *, shown: bool) -> None:
        """Show nothing."""


class TrackAction:
    """Tracks the function of a task."""

    name = "track-action"

    @hookimpl
    def invariants_for_task(self, task: Any) -> list[Function]:
        """Return the code of the action."""
        return [Function(one) for one in task.actions]


class PlainHost(SimpleHost):
    """The host."""

    trackers = frozenset({TrackAction.name})


@dataclass
class Project:
    """Tasks, their database, and the output of the last run."""

    tasks: list[SimpleTask]
    settings: Settings = field(default_factory=Settings)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    db: MemoryDatabase = field(default_factory=MemoryDatabase)

    def session(self, *, runs: bool) -> Session:
        """Return a new session in the present directory."""
        plugins = create_plugins(None, builtins=[TrackAction()], block=())
        mode = Mode(writes=runs, runs=runs)
        host = PlainHost(self.db)
        session = Session(self.settings, plugins, os.getcwd(), host, self.db, mode)
        session.tasks = {task.name: task for task in self.tasks}
        for name, given in self.options.items():
            session.specs[name] = session.parse(given)
            session.caches = True
        return session

    def verdicts(self) -> dict[str, Verdict]:
        """Return what a run would do with each task, without running it."""
        session = self.session(runs=False)
        return {task.name: task_status(session, task)[0] for task in self.tasks}

    def run(self, *listeners: Listener, executor: Executor | None = None) -> dict[str, str]:
        """Run what is not up-to-date; return what became of each task."""
        session = self.session(runs=True)
        outcomes = Outcomes()
        session.events.listeners += [*listeners, outcomes]
        session.events.run_begins(session.tasks, list(session.tasks))
        for task in self.tasks:
            task.executed, task.result = False, None
            session.events.task_ends(task, self._end_of(session, task, executor))
        session.events.run_ends()
        session.close()
        return outcomes.found

    def _end_of(self, session: Session, task: SimpleTask, executor: Executor | None) -> TaskEnd:
        if is_unchanged(session, task):
            return TaskEnd("up-to-date")
        verdict, _ = task_status(session, task, fast_path_tried=True)
        if verdict.status == "error":
            return TaskEnd("unchecked")
        if verdict.status == "up-to-date":
            return TaskEnd("up-to-date")
        session.events.task_begins(task)
        execution = session.execution(task.name)
        if executor is None:
            failure = execute(Job(task), execution)
        else:
            failure, execution, there = executor.submit(work, task, execution).result()
            task.executed, task.result, task.values = there.executed, there.result, there.values
            session.executions[task.name] = execution
        if failure is not None:
            return TaskEnd("failed", execution.took)
        save(session, task, task.result)
        return successful_end(execution)


def work(task: SimpleTask, execution: Execution) -> tuple[str | None, Execution, SimpleTask]:
    """Run a task in a worker; return what the main process has to know."""
    return execute(Job(task), execution), execution, task


@dataclass
class Outcomes(Listener):
    """Notes what became of each task."""

    found: dict[str, str] = field(default_factory=dict)

    def task_ends(self, task: Any, end: TaskEnd) -> None:
        """Note the end of a task."""
        self.found[task.name] = end.outcome


def rows(project: Project) -> dict[str, Any]:
    """Return what is recorded."""
    return copy.deepcopy(project.db.rows)


def text(path: str) -> str:
    """Return what a file holds."""
    return Path(path).read_text(encoding="utf-8")
