"""Restores the working directory after an action has changed it.

Paths of tasks are relative, and the working directory belongs to the whole process. If a task
changed it, the next tasks would read and write in another directory, and still succeed. The
directory is restored after each task, not after each action, because ``[enter_sub, "make"]`` is
valid in one task.

Threads share the directory: until it is restored, parallel tasks are in the wrong directory too.
The first task that ends, in any thread, restores the directory in which the run started.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

from doit.exceptions import TaskFailed

from doit_invariants.engine.execution import Execution
from doit_invariants.engine.session import Session


def put_back(execution: Execution, failure: Any = None) -> Any:
    """Restore the directory after the actions of a task, in their process and thread.

    :param failure: doit's failure of the task, None for success
    :returns: that failure; a new one if the directory was changed and can't be restored, or if the
        setting ``chdir`` is ``fail``; otherwise None
    """
    home, execution.home = execution.home, None
    if home is None:
        return failure
    present = _present()
    if present == home.directory:
        return failure
    try:
        os.chdir(home.directory)
    except OSError as error:
        text = f"its directory {home.directory} can't be entered again: {error.strerror}"
        return failure or TaskFailed(f"an action changed the working directory, and {text}")
    shown = _shown(present, home.directory)
    if home.fails:
        return failure or TaskFailed(
            f"an action changed the working directory to {shown}; change it back in the "
            "action, or "
            'name the directory instead: open(os.path.join(...)), CmdAction(..., cwd="...")'
        )
    execution.left_in = shown
    return failure


@contextlib.contextmanager
def kept(session: Session, name: str, what: str) -> Iterator[None]:
    """Restore the directory if code other than an action changes it, and report that.

    Nothing is restored while tasks run in threads: the change may be that of a parallel action, and
    is restored when its task ends.

    :param name: name of the task
    :param what: the code that may change the directory, like ``an uptodate item``
    """
    before = _present()
    try:
        yield
    finally:
        after = _present()
        if after != before and not _runs_in_threads():
            try:
                os.chdir(before)
            except OSError:
                pass  # it was removed: the next task reports it
            else:
                shown = _shown(after, before)
                text = f"{what} changed the working directory to {shown}; it was put back"
                session.say(name, text)


def _runs_in_threads() -> bool:
    from doit.runner import MThreadRunner  # late: read-only commands need none

    return any(isinstance(one, MThreadRunner.DaemonThread) for one in threading.enumerate())


def _present() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "one that does not exist any more"


def _shown(directory: str, home: str) -> str:
    inside = directory.startswith(home + os.sep)
    return os.path.relpath(directory, home) if inside else directory


def say(session: Session, task: str, execution: Execution) -> None:
    """Report that a task changed the directory; called in the main process."""
    left, execution.left_in = execution.left_in, ""
    if left:
        session.say(task, f"an action changed the working directory to {left}; it was put back")
