"""Puts the working directory back that an action has changed.

Paths of tasks are relative, and the directory belongs to the whole process: what one task leaves
makes the next ones read and write elsewhere, with success. It is put back after each task, not
after each action: ``[enter_sub, "make"]`` is one task, and meant.

Threads share the directory. There the tasks that run beside such a one are elsewhere until it
ends; it is put back to that in which the run began, whichever thread comes first.
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
    """Put the directory back after the actions ran, in the process and thread in which they did.

    :param failure: what doit got of the actions
    :returns: that, or a failure of our own
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
            f"an action changed the working directory to {shown}; it must change it back, or "
            'name the directory: open(os.path.join(...)), CmdAction(..., cwd="...")'
        )
    execution.left_in = shown
    return failure


@contextlib.contextmanager
def kept(session: Session, name: str, what: str) -> Iterator[None]:
    """Put the directory back that something else than an action changes, and say so.

    Not where tasks run in threads: the change may be that of an action beside it, which is put back
    when its task ends.

    :param name: of the task
    :param what: changes it: ``an uptodate item``
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
                pass  # it is gone: the next task says so
            else:
                shown = _shown(after, before)
                text = f"{what} changed the working directory to {shown}; it was put back"
                session.say(name, text)


def _runs_in_threads() -> bool:
    from doit.runner import MThreadRunner  # late: commands that only look need none

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
    """Tell the user that a task has left another directory; called in the main process."""
    left, execution.left_in = execution.left_in, ""
    if left:
        session.say(task, f"an action changed the working directory to {left}; it was put back")
