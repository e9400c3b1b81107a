"""Checks the export paths of all tasks of a dodo.py for collisions."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from doit.exceptions import InvalidTask

from doit_invariants.core.errors import InvalidOption
from doit_invariants.engine.reuse.exports import exporter_of
from doit_invariants.engine.session import Session

_EXPORT = "the export of"


def check_exports(session: Session, tasks: Iterable[Any]) -> None:
    """Refuse exports that would overwrite each other or the targets of tasks.

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
                    f"{what} and {other} are the same path, or one is inside the other: "
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
