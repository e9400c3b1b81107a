"""The answers that need no look at a task: it always runs, or it never ran and is only asked about.

Neither has a record to compare with, and of the first none is made. To fingerprint them takes most
of the time of a run of tasks that always run, and of listing a fresh checkout.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.session import Session
from doit_invariants.rules.schema import KEY

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task


def runs_unlooked(session: Session, task: Task) -> bool:
    """Return whether a task runs for certain, whatever a look at it would find.

    To be asked of a task without ``uptodate`` items, where nobody wants the reasons. In a run the
    task is then ready to be run.
    """
    spec = session.spec(task.name)
    if not _is_plain(session, spec) or task.calc_dep or task.name in session.damaged:
        return False
    if not task.file_dep:
        if not _is_unrecorded(session, task.name):
            return False
        if session.runs:
            _prepare(session, task)
        return True
    # Without a row it never ran here. What a run looks at it needs for the record.
    return not session.writes and not session.db.has(task.name) and _are_files(task.file_dep)


def always_runs(session: Session, task: Task) -> bool:
    """Return whether a task runs in every run, and nothing of it is recorded."""
    if task.file_dep or task.uptodate or task.calc_dep:
        return False
    plain = _is_plain(session, session.spec(task.name))
    return plain and _is_unrecorded(session, task.name)


def _is_plain(session: Session, spec: TaskSpec) -> bool:
    """Return whether a task has nothing of ours that decides, or that can fail to be checked."""
    if spec.own or spec.invariants or spec.policy.decides or spec.policy.reasons():
        return False
    return session.trackers.ours_alone and session.settings.store_link != "hardlink"


def _is_unrecorded(session: Session, task: str) -> bool:
    return session.db.get(task, KEY) is None and task not in session.unfinished.read()


def _are_files(paths: Any) -> bool:
    """Return whether all are files that can be read: else it is said what is wrong with one."""
    for path in paths:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode) or not os.access(path, os.R_OK):
                return False
        except OSError:
            return False
    return True


def _prepare(session: Session, task: Task) -> None:
    """Do what is due before a task runs of which nothing will be recorded."""
    if task.targets:
        session.placeholders.remove(task.targets)
    if not session.host.actions(task):
        return
    session.host.about_to_run(task)
    if not session.frozen:
        from doit_invariants.engine.freeze import freeze

        freeze(session, always_runs)
    session.executed = True
