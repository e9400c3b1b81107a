"""The exports of a task: where they lie, and whether they are of its last result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.reuse.signature import name_of_target
from doit_invariants.engine.session import Session
from doit_invariants.exports.exporter import Exporter
from doit_invariants.results.entry import ResultEntry
from doit_invariants.rules.record import Record

if TYPE_CHECKING:
    from doit_invariants.engine.task import Task

# In seconds: versions before took the time of a result twice, for the record and for the export.
_SAME_SUCCESS = 1.0


def exporter_of(session: Session, task: Task, spec: TaskSpec) -> Exporter:
    """Return what exports the targets of a task whose policy keeps exports."""
    how, overwrite = spec.export_how, spec.export_overwrite
    return Exporter(session.root, spec.export_dir or "", how, overwrite, task.name)


def is_outdated(root: str, record: Record | None, entry: ResultEntry | None) -> bool:
    """Return whether what a task has exported is older than its last result.

    :param root: of the project
    :param record: of that result
    :param entry: of the exports, which another checkout may have made since

    Only the contents tell, where they are recorded: a later step may edit a target in place, and
    then the export is still what its own task made. That is not so where a user has accepted it.
    """
    if record is None or entry is None or record.executed_at is None:
        return False
    ahead = record.executed_at - entry.executed_at
    if record.targets is None:
        return ahead > _SAME_SUCCESS
    if ahead < 0 or (ahead == 0 and record.origin != "accept"):
        return False
    made = {one.path: one.state for one in entry.artifacts}
    for path, state in record.targets.items():
        exported = made.get(name_of_target(root, path))
        if exported and state is not None and exported != state.digest:
            return True
    return False
