"""doit's parallel runners, changed so that they never wait forever.

doit waits for the result of each task that it has handed out, and its workers wait for tasks. In
plain doit, four things make one of them wait forever:

- a message that can't be pickled is lost;
- a worker that is killed, exits or can't start sends no result;
- an exception while doit starts its workers leaves the first ones running;
- a worker does not notice that doit was killed.

Here each message is test-pickled before it is sent, and the waiting process regularly checks that
the other one is alive.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import multiprocessing
import pickle
import queue
import signal
from typing import Any

from doit import cmd_run
from doit.exceptions import InvalidTask, SetupError, TaskError, TaskFailed
from doit.runner import JobTaskPickle, MReporter, MRunner, MThreadRunner

from doit_invariants.files.loaded_sources import watch_imports
from doit_invariants.hosts.doit.runners import Noting
from doit_invariants.hosts.doit.sessions import session_of

#: Seconds between two checks of the other process, and seconds that a worker has to end.
_PAUSE = 0.5
_PATIENCE = 5.0
#: The attribute of a task, in a worker, with the attributes that could not be sent.
_UNSENT = "invariants_unsent"
#: The key of a message with the error of a teardown. doit's own messages need a task, which such an
#: error does not have: doit's worker raises an AttributeError instead, which ends the run.
_TEARDOWN_ERROR = "teardown_error"
#: The attributes of a task that a worker needs; it has all others since it was started.
_NEEDED = ("options", "values", "result", "file_dep", "dep_changed", "targets")


def install() -> None:
    """Have doit use these runners for ``-n``; calling it again changes nothing.

    doit has no hook for its runners, so the names in its module are replaced.
    """
    if cmd_run.MRunner is MRunner:
        cmd_run.MRunner = ProcessRunner
        cmd_run.MThreadRunner = ThreadRunner


class ThreadRunner(Noting, MThreadRunner):  # type: ignore[misc]
    """Runs tasks in threads."""

    def execute_task(self, task: Any) -> Any:
        """Run a task; doit calls this in a worker thread, which no exception may end."""
        try:
            return super().execute_task(task)
        except (Exception, KeyboardInterrupt, SystemExit):
            raise  # doit handles these
        except BaseException as error:
            return _failed_by(error)


class ProcessRunner(Noting, MRunner):  # type: ignore[misc]
    """Runs tasks in processes, and ends the run if a process dies."""

    def __new__(cls, dep_manager: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return doit's own runner if there is no session: plain doit in this process is unchanged.

        Without arguments, the runner is being unpickled in a worker that was spawned.
        """
        if dep_manager is not None and session_of(dep_manager) is None:
            return MRunner(dep_manager, *args, **kwargs)
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._workers: list[Any] = []
        self._released = 0
        self._came: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a worker, without the attributes that it does not need."""
        return {**super().__getstate__(), "_workers": [], "_job_q": None, "_came": None}

    # ------------------------------------------------------------ in the main process

    def get_next_job(self, completed: Any) -> Any:
        """Return the next job without what can't be pickled; count the workers that get none."""
        job = super().get_next_job(completed)
        self._released += job is None
        if isinstance(job, JobTaskPickle):
            unsent = _without_unpicklable(job.task_dict)
            job.task_dict[_UNSENT] = [text for name, text in unsent.items() if name in _NEEDED]
        return job

    def _run_start_processes(self, job_q: Any, result_q: Any) -> list[Any]:
        self._job_q, self._came = job_q, collections.deque()
        result_q.get = functools.partial(self._await_result, result_q)
        result_q.empty = functools.partial(self._nothing_came, result_q)
        for _ in range(self.num_process):
            job = self.get_next_job(None)
            if job is None:
                self._released = 0  # there is no worker for it
                break
            job_q.put(job)
            target, args = self.execute_task_subprocess, (job_q, result_q, type(self.reporter))
            worker = self.Child(target=target, args=args)
            worker.start()
            worker.join = functools.partial(self._join, worker, result_q)
            self._workers.append(worker)
        return self._workers

    def run_tasks(self, task_dispatcher: Any) -> None:
        """Run all tasks; after any exception, end all workers."""
        try:
            super().run_tasks(task_dispatcher)
        except BaseException:
            self._end_workers()
            raise

    def _end_workers(self) -> None:
        if not self._workers:
            return
        self._job_q.cancel_join_thread()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            type(worker).join(worker, _PATIENCE)
            if worker.is_alive():
                worker.kill()

    def _join(self, worker: Any, result_q: Any, timeout: float | None = None) -> None:
        """Wait for a worker to end, and receive its messages until then."""
        while worker.is_alive():
            self._receive(result_q, 0.02)
        type(worker).join(worker, timeout)

    def _await_result(self, result_q: Any) -> Any:
        while not self._came:
            if self._receive(result_q, _PAUSE):
                continue
            gone = [one for one in self._workers if not one.is_alive()]
            if len(gone) > self._released:
                raise InvalidTask(self._say(gone))
        return self._came.popleft()

    def _nothing_came(self, result_q: Any) -> bool:
        while not self._came and not type(result_q).empty(result_q):
            self._receive(result_q, _PAUSE)
        return not self._came

    def _receive(self, result_q: Any, seconds: float) -> bool:
        """Receive a message and keep it for doit, or report it if it is the error of a teardown.

        :param seconds: how long to wait for a message
        :returns: whether there was a message
        """
        try:
            message = type(result_q).get(result_q, timeout=seconds)
        except queue.Empty:
            return False
        if _TEARDOWN_ERROR in message:
            self.reporter.cleanup_error(message[_TEARDOWN_ERROR])
        else:
            self._came.append(message)
        return True

    def _say(self, gone: list[Any]) -> str:
        code = next((one.exitcode for one in gone if one.exitcode), 0)
        how = f"ended with exit code {code}"
        if code < 0:
            how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
        session = session_of(self.dep_manager)
        journal = session.host.journal if session is not None else None
        begun = journal.interrupted() if journal is not None else []
        rest = f"; unfinished tasks: {', '.join(begun)}" if begun else ""
        return f"a worker process {how}{rest}"

    # ------------------------------------------------------------ in a worker

    def execute_task_subprocess(self, job_q: Any, result_q: Any, reporter_class: Any) -> None:
        """Run tasks until there are no more, or until the main process is gone."""
        watch_imports()  # a spawned process has not loaded the tasks yet
        job_q.get = functools.partial(_await_job, job_q, result_q)
        super().execute_task_subprocess(job_q, result_q, reporter_class)

    def execute_task(self, task: Any) -> Any:
        """Run a task, and remove attributes that can't be sent back."""
        unsent = task.__dict__.pop(_UNSENT, None)
        if unsent:
            text = f"with -n the task can't be sent to a worker process: {'; '.join(unsent)}"
            failure = TaskFailed(text)
            return _sendable(task, failure)
        try:
            failure = super().execute_task(task)
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            failure = _failed_by(error)
        return _sendable(task, failure)

    def teardown(self) -> None:
        """Run the teardowns of the tasks of this process; send errors to the main process."""
        if isinstance(self.reporter, MReporter):
            self.reporter.cleanup_error = self._send_teardown_error
        super().teardown()

    def _send_teardown_error(self, error: SetupError) -> None:
        if _problem(error) is not None:
            error = SetupError(str(error.message))
        self.result_q.put({_TEARDOWN_ERROR: error})


def _failed_by(error: BaseException) -> TaskError:
    return TaskError(f"an action raised {type(error).__name__}: {error}", error)


def _without_unpicklable(attributes: dict[str, Any]) -> dict[str, str]:
    """Remove attributes that can't be pickled; return their names with the reasons."""
    if _problem(attributes) is None:
        return {}
    found = {}
    for name in list(attributes):
        problem = _problem(attributes[name])
        if problem is not None:
            del attributes[name]
            found[name] = f"{name}: {problem}"
    return found


def _problem(value: Any) -> str | None:
    try:
        pickle.dumps(value)
    except Exception as error:
        return str(error)
    return None


def _sendable(task: Any, failure: Any) -> Any:
    for action in task.actions:
        for name in ("out", "err"):
            if not isinstance(getattr(action, name), (str, type(None))):
                setattr(action, name, str(getattr(action, name)))
    unsent = _without_unpicklable(task.pickle_safe_dict())
    for name in unsent:
        del task.__dict__[name]
    problems = [unsent[name] for name in _NEEDED if name in unsent]
    if problems and failure is None:
        task.values, task.result = {}, None
        text = f"with -n the task can't be sent back from its worker process: {'; '.join(problems)}"
        failure = TaskFailed(text)
    if failure is not None and _problem(failure) is not None:
        kind = TaskFailed if isinstance(failure, TaskFailed) else TaskError
        failure = kind(str(failure.message), failure)
    return failure


def _await_job(job_q: Any, result_q: Any) -> Any:
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        with contextlib.suppress(queue.Empty):
            return type(job_q).get(job_q, timeout=_PAUSE)
    result_q.cancel_join_thread()
    return None
