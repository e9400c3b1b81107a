"""The short way to the commonest answer: a task that is exactly as it was recorded.

Nearly every task of nearly every run is. Its stored record is compared as it was read, without
making of it what an explanation or a new record would need. Whatever is not exactly equal, or rare,
is left to the long way (:mod:`doit_invariants.adapters.snapshot`), which finds all of it again:
here no answer is ever "changed". A check takes less than a third of the time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from doit_invariants.adapters.checker import ContentChecker
from doit_invariants.adapters.context import TaskContext
from doit_invariants.adapters.options import TaskSpec
from doit_invariants.adapters.session import Session
from doit_invariants.adapters.signatures import Signer
from doit_invariants.core.files import EDITED_MEANWHILE
from doit_invariants.core.invariant import Fingerprint, Invariant
from doit_invariants.core.model import Json
from doit_invariants.core.records import KEY, ORIGINS, SCHEMA

if TYPE_CHECKING:
    from doit_invariants.adapters.dependency import InvariantsDependency


def is_as_recorded(
    dep_manager: InvariantsDependency,
    session: Session,
    task: Any,
    spec: TaskSpec,
    *,
    counted: bool,
) -> bool:
    """Return whether a task is up-to-date for certain, and its record as a new one would be.

    To be asked in the directory of the project, of a task whose ``uptodate`` items are all true.

    :param counted: whether one of those gave an answer
    """
    if session.always or spec.policy.decides or spec.policy.reasons() or task.calc_dep:
        return False
    if not (counted or spec.own or task.file_dep) or _is_marked(session, task):
        return False
    if type(dep_manager.checker) is not ContentChecker:
        return False
    try:
        record = dep_manager._get(task.name, KEY)
        if record is None or not _is_of_here(record, session.root):
            return False
        return (
            _inputs_are_same(dep_manager, session, task, record)
            and _targets_are_same(session, spec, task, record["targets"])
            and _invariants_are_same(dep_manager, session, task, spec, record)
        )
    except Exception:
        return False  # a file is gone, the record is damaged: the long way says what it is


def _is_marked(session: Session, task: Any) -> bool:
    """Return whether something is remembered of a task or its targets beside its record."""
    if task.name in session.unfinished.read():
        return True
    return bool(task.targets) and bool(session.placeholders.among(task.targets))


#: Entries of a record that were found to be as they are now, with the invariants of which.
_SAME = "entries that are the same"


def _is_of_here(record: Json, root: str) -> bool:
    """Return whether a record is one that this version can read, of this place."""
    return record["schema"] == SCHEMA and record["root"] == root and record["origin"] in ORIGINS


def _inputs_are_same(dep_manager: Any, session: Session, task: Any, record: Json) -> bool:
    name, get = task.name, dep_manager._get
    stats, trees = record["stats"], record["trees"]
    if get(name, "checker:") != ContentChecker.__name__:
        return False
    count = len(stats) + len(trees)
    if count != len(task.file_dep) or set(get(name, "deps:")) != set(task.file_dep):
        return False
    skip = (*task.targets, *session.database)
    for path in task.file_dep:
        if path in trees:
            mtime, _, digest = get(name, path)  # of a directory the time does not count
            if not isinstance(mtime, (int, float)):
                return False
            if not _is_same_directory(session, path, trees[path], digest, skip):
                return False
            continue
        info = os.stat(path)
        mtime, size, digest = get(name, path)
        # Where plain doit has saved the file since, the time of its triple is another.
        if mtime != info.st_mtime or size != info.st_size or type(digest) is not str:
            return False
        if stats[path] != [info.st_mtime_ns, size, info.st_ino, info.st_ctime_ns]:
            return False
    return True


def _is_same_directory(*args: Any) -> bool:
    from doit_invariants.adapters.directories import is_same_directory

    return is_same_directory(*args)


def _is_large(recorded: Fingerprint) -> bool:
    from doit_invariants.core.trees import is_large

    return is_large(recorded)


def _targets_are_same(session: Session, spec: TaskSpec, task: Any, recorded: Json) -> bool:
    if not spec.track_targets:
        return recorded is None and all(map(os.path.exists, task.targets))
    if len(recorded) != len(task.targets):
        return False
    for path, (known, state) in zip(task.targets, recorded, strict=True):
        if path != known:
            return False
        if isinstance(state, dict):
            if not _is_same_directory(session, path, state, state["digest"], session.database):
                return False
            continue
        digest, stat = state
        info = os.stat(path)
        if stat != [info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns]:
            return False
        if type(digest) is not str:
            return False
    return True


def _invariants_are_same(
    dep_manager: InvariantsDependency, session: Session, task: Any, spec: TaskSpec, record: Json
) -> bool:
    found, asked = session.trackers.of(task, spec)
    entries = record["entries"]
    if record["sources"] != list(asked) or list(entries) != [*spec.invariants, *found]:
        return False
    shared = not spec.invariants and task.name not in session.late
    if shared and session.memo.get((_SAME, id(found))) == (found, entries):
        return True
    executed_at = record["executed_at"]
    if executed_at is not None and not math.isfinite(executed_at := float(executed_at)):
        return False
    sign = Signer(session, dep_manager, dep_manager.tasks)
    context = TaskContext(session, task, executed_at, sign)
    listed = ((key, None, one) for key, one in spec.invariants.items())
    implicit = ((key, plugin, one) for key, (plugin, one) in found.items())
    same = _all_same(listed, entries, context) and _all_same(implicit, entries, context)
    if same and shared and all(one.settled for _, one in found.values()):
        session.memo[_SAME, id(found)] = (found, entries)
    return same


def _all_same(
    invariants: Iterable[tuple[str, str | None, Invariant]],
    entries: Mapping[str, Json],
    context: TaskContext,
) -> bool:
    for key, plugin, one in invariants:
        kind, version, label, recorded, source = entries[key]
        if kind != one.kind or type(version) is not int or version != one.version:
            return False
        if source != plugin or label != one.label() or not isinstance(recorded["digest"], str):
            return False
        if recorded["digest"] == EDITED_MEANWHILE or not _is_same(one, recorded, context):
            return False
    return True


def _is_same(one: Invariant, recorded: Fingerprint, context: TaskContext) -> bool:
    if "blocks" in recorded and _is_large(recorded):
        return False  # if it is not the same, the long way would look at all of it again
    now = one.fingerprint(context, recorded)
    return (now is recorded or now == recorded) and one.difference(recorded, now, context) is None
