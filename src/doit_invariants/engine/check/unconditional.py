"""Verdicts without an observation: tasks that always run, and listed tasks that never ran.

These tasks have no record to compare with, and a task that always runs never gets one.
Fingerprinting them would take most of the time of such a run, or of listing a fresh checkout.
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


def runs_without_check(session: Session, task: Task) -> bool:
    """Return whether a task certainly runs, whatever a check would find.

    Only call this for a task without ``uptodate`` items, if nobody needs the reasons. If it returns
    True in a run, the task is prepared to run.
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
    # Without a row the task never ran here. A run still has to observe it for its record.
    return not session.writes and not session.db.has(task.name) and _are_files(task.file_dep)


def always_runs(session: Session, task: Task) -> bool:
    """Return whether a task runs in every run, and is never recorded."""
    if task.file_dep or task.uptodate or task.calc_dep:
        return False
    plain = _is_plain(session, session.spec(task.name))
    return plain and _is_unrecorded(session, task.name)


def _is_plain(session: Session, spec: TaskSpec) -> bool:
    """Return whether a task has no option of ours that can decide, or fail."""
    if spec.own or spec.invariants or spec.policy.decides or spec.policy.reasons():
        return False
    return session.trackers.ours_alone and session.settings.store_link != "hardlink"


def _is_unrecorded(session: Session, task: str) -> bool:
    return session.db.get(task, KEY) is None and task not in session.unfinished.read()


def _are_files(paths: Any) -> bool:
    """Return whether all are readable files; otherwise a full check has to report the problem."""
    for path in paths:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode) or not os.access(path, os.R_OK):
                return False
        except OSError:
            return False
    return True


def _prepare(session: Session, task: Task) -> None:
    """Prepare a task to run that will not be recorded."""
    if task.targets:
        session.placeholders.remove(task.targets)
    if not session.host.actions(task):
        return
    session.host.about_to_run(task)
    if not session.frozen:
        from doit_invariants.engine.freeze import freeze

        freeze(session, always_runs)
    session.executed = True
