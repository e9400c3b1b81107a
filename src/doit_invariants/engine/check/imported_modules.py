"""Detects edits of modules that actions import when they run.

A loaded module runs as it was loaded, whatever happens to its file. A module that an action imports
itself is read later, in a worker, at an unknown time. If its file, or the file of one of its
imports, is written between the check and the end of the task, nobody knows which content has run.
Comparing contents is not enough: the file may have been edited and restored in between.

A file that another task writes before this one begins is not edited if its content is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from doit_invariants.code.loaded.functions import functions_of
from doit_invariants.code.loaded.module_digests import FileEntries
from doit_invariants.engine.check.observe import TaskObservation
from doit_invariants.engine.execution import Execution
from doit_invariants.files.loaded_sources import edited_since_loaded
from doit_invariants.rules.decide import Observed


def begin(observation: TaskObservation) -> None:
    """Note what the actions of a task may import, right before they run."""
    paths: set[str] = set()
    for key, seen in observation.snapshot.observed.items():
        names = _modules(observation, seen)
        if not names:
            continue
        functions = functions_of(observation.context)
        looked, now = functions.imported_late(names, first=True), functions.imported_late(names)
        if looked or now:
            observation.imports[key] = (names, now if _contents(looked) == _contents(now) else None)
            paths.update(now)
    if paths:
        observation.session.execution(observation.task.name).imports = sorted(paths)


def end(execution: Execution) -> None:
    """Note which possible imports were edited, in the process where the actions ran.

    A worker may have loaded a module earlier, for another task, before it was edited.
    """
    execution.edited_imports = edited_since_loaded(execution.imports)


def edited(observation: TaskObservation) -> dict[str, bool]:
    """Return the ids of invariants whose modules may have run with another content.

    :returns: by id, whether the contents before and after are the same
    """
    if observation.imports_edited is None:
        observation.imports_edited = dict(_edited(observation)) if observation.imports else {}
    return observation.imports_edited


def _edited(observation: TaskObservation) -> Iterator[tuple[str, bool]]:
    in_worker = set(observation.execution.edited_imports)
    for key, (names, before) in observation.imports.items():
        now = functions_of(observation.context).imported_late(names)
        if before is None:
            yield key, False
        elif not in_worker.isdisjoint(before) or _written(before, now):
            yield key, _contents(before) == _contents(now)


def _modules(observation: TaskObservation, seen: Observed) -> list[str]:
    if seen.invariant.kind not in ("Function", "Action"):
        return []
    names: list[str] = seen.invariant.modules(observation.context)  # type: ignore[attr-defined]
    return names


def _contents(files: FileEntries) -> dict[str, str]:
    return {path: entry[1] for path, entry in files.items()}


def _written(before: FileEntries, now: FileEntries) -> bool:
    if _contents(before) != _contents(now):
        return True
    return any(_differ(before[path][0][1], now[path][0][1]) for path in before)


def _differ(one: Iterable[int] | None, other: Iterable[int] | None) -> bool:
    """Compare stats, including the change time: a file may be moved away and back."""
    before, after = list(one or ()), list(other or ())
    settled = -1 not in (*before[3:], *after[3:])
    return before[:3] != after[:3] or (settled and before != after)
