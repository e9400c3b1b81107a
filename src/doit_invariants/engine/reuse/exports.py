"""Checks where the tasks of a dodo.py export to, once all of them are known."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from doit.exceptions import InvalidTask

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.reuse.signature import name_of_target
from doit_invariants.engine.session import Session
from doit_invariants.exports.exporter import Exporter
from doit_invariants.results.entry import ResultEntry
from doit_invariants.rules.record import Record

_EXPORT = "the export of"

# In seconds: versions before took the time of a result twice, for the record and for the export.
_SAME_SUCCESS = 1.0


def exporter_of(session: Session, task: Any, spec: TaskSpec) -> Exporter:
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


def check_exports(session: Session, tasks: Iterable[Any]) -> None:
    """Refuse exports that would overwrite each other, or what tasks make.

    :raises doit.exceptions.InvalidTask: in one line that names both tasks and the path
    """
    exports = [
        (place, f"{_EXPORT} {target!r} of task {name!r}")
        for task in tasks
        for place, name, target in _places(session, task)
    ]
    if not exports:
        return
    targets = [
        (os.path.abspath(target), f"the target {target!r} of task {task.name!r}")
        for task in tasks
        for target in task.targets
    ]
    around: list[tuple[tuple[str, ...], str]] = []
    for parts, what in sorted((tuple(p.split(os.sep)), what) for p, what in (*exports, *targets)):
        while around and parts[: len(around[-1][0])] != around[-1][0]:
            around.pop()
        for outer, other in around:
            if _EXPORT in (what[: len(_EXPORT)], other[: len(_EXPORT)]):
                raise InvalidTask(
                    f"{what} and {other} are the same path, or one is inside of the other: "
                    f"{os.path.relpath(os.sep.join(outer))}; give a task another export_dir"
                )
        around.append((parts, what))


def _places(session: Session, task: Any) -> Iterable[tuple[str, str, str]]:
    spec = session.spec(task.name)
    if not spec.exports or task.has_subtask:
        return
    exporter = exporter_of(session, task, spec)
    for target in task.targets:
        try:
            yield exporter.place(target), task.name, target
        except InvalidOption as error:
            raise InvalidTask(f"task {task.name!r}: option 'export_dir': {error}") from error
