"""The exports of a task: where they are, and whether they belong to its last result."""

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

# In seconds. Earlier versions took the time of a result twice: for the record and for the export.
_SAME_SUCCESS = 1.0


def exporter_of(session: Session, task: Task, spec: TaskSpec) -> Exporter:
    """Return the exporter of a task whose policy exports targets."""
    how, overwrite = spec.export_how, spec.export_overwrite
    return Exporter(session.root, spec.export_dir or "", how, overwrite, task.name)


def is_outdated(root: str, record: Record | None, entry: ResultEntry | None) -> bool:
    """Return whether the exports of a task are older than its last result.

    :param root: directory of the project
    :param record: record of that result
    :param entry: entry of the exports, which another checkout may have made since

    If the contents are recorded, they decide and not the times. A later step may edit a target in
    place; then the export is still what its own task made, unless a user has accepted the edit.
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
