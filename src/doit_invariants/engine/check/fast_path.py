"""The short way to the commonest answer: a task that is exactly as it was recorded.

Nearly every task of nearly every run is. Its stored record is compared as it was read, without
making of it what an explanation or a new record would need. Whatever is not exactly equal, or rare,
is left to the long way (:mod:`doit_invariants.engine.status`), which finds all of it again:
here no answer is ever "changed". A check takes less than a third of the time.

Files that have the same content under another stat, after a ``touch`` or a checkout, are exactly
equal as well: their new stats are put into the stored record as it is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from doit_invariants.core.model import Json
from doit_invariants.engine.options import TaskSpec
from doit_invariants.engine.session import Session
from doit_invariants.files.state import UNEQUAL, FileView, Stat
from doit_invariants.rules.invariant import Invariant
from doit_invariants.rules.schema import KEY, ORIGINS, SCHEMA

if TYPE_CHECKING:
    from doit_invariants.engine.context import TaskContext
    from doit_invariants.engine.task import Task


def look_again(session: Session) -> None:
    """Look again at what actions import when they run, if tasks of this run may have made it."""
    functions = session.memo.get("functions")
    if functions is not None and functions.uses_modules and functions.look_again_at_modules():
        session.trackers.forget_unchanged()


def is_unchanged(session: Session, task: Task, *, counted: bool = False) -> bool:
    """Return whether a cheap comparison proves that a task is up-to-date.

    To be asked of a task whose ``uptodate`` items are all true. Its record then is as a new one
    would be.

    :param counted: whether one of those items gave an answer
    """
    try:
        if task.name in session.damaged or os.getcwd() != session.root:
            return False  # an action has left it, where relative paths are something else
        return _is_unchanged(session, task, session.spec(task.name), counted=counted)
    except (Exception, SystemExit):
        return False  # of a plugin's policy: the full check says it


def _is_unchanged(session: Session, task: Task, spec: TaskSpec, *, counted: bool) -> bool:
    decides = spec.policy.decides
    if decides and spec.policy.keeps != "store":
        return False
    if (session.always and session.writes) or spec.policy.reasons() or task.calc_dep:
        return False
    if not (counted or spec.own or task.file_dep) or _is_marked(session, task):
        return False
    if session.host.checker is not None:
        return False
    try:
        row = session.db.row(task.name)
        record = row.get(KEY) if row is not None else None
        if record is None or not _is_of_here(record, session.root):
            return False
        if decides and not _is_kept(session, record):
            return False
        inputs: _Renewed = {}
        targets: _Renewed = {}
        same = (
            _inputs_are_same(row, session, task, record, inputs)
            and _targets_are_same(session, spec, task, record["targets"], targets)
            and _invariants_are_same(session, task, spec, record)
        )
        if same and session.writes and (inputs or targets):
            _renew(session, task.name, record, inputs, targets)
    except Exception:
        return False  # a file is gone, the record is damaged: the full check says what it is
    return same


def _is_kept(session: Session, record: Json) -> bool:
    """Return whether nothing is left to do for a task that is shared: the store has its result."""
    kept = record.get("kept")
    return bool(kept) and session.store is not None and kept == session.store.location


#: Paths that have the recorded content under another stat, with its digest and that stat.
_Renewed = dict[str, tuple[str, Stat]]


def _is_marked(session: Session, task: Task) -> bool:
    """Return whether something is remembered of a task or its targets beside its record."""
    if task.name in session.running or task.name in session.unfinished.read():
        return True
    return bool(task.targets) and bool(session.placeholders.among(task.targets))


def _is_of_here(record: Json, root: str) -> bool:
    """Return whether a record is one that this version can read, of this place."""
    return record["schema"] == SCHEMA and record["root"] == root and record["origin"] in ORIGINS


def _inputs_are_same(
    row: Json, session: Session, task: Task, record: Json, renewed: _Renewed
) -> bool:
    stats, trees, files = record["stats"], record["trees"], session.files
    if row["checker:"] != session.host.checker_name:
        return False
    if len(stats) + len(trees) != len(task.file_dep) or set(row["deps:"]) != set(task.file_dep):
        return False
    for path in task.file_dep:
        if path in trees:
            mtime, _, digest = row[path]  # of a directory the time does not count
            skip = (*task.targets, *session.db.files)
            if type(mtime) is not float:
                return False
            if not _is_same_directory(session, path, trees[path], digest, skip):
                return False
            continue
        info = os.stat(path)
        mtime, size, digest = row[path]
        if size != info.st_size or type(digest) is not str:
            return False
        stat = stats[path]
        if stat == [info.st_mtime_ns, size, info.st_ino, info.st_ctime_ns]:
            same = mtime == info.st_mtime
        else:
            same = mtime == _float_mtime(stat[0]) and _has(files, path, info, digest, stat, renewed)
        # Where plain doit has saved the file since, the time of its triple is another.
        if not same:
            return False
    return True


def _float_mtime(mtime_ns: int) -> float:
    from doit_invariants.engine.records.triples import float_mtime  # late: few files are touched

    return float_mtime(mtime_ns)


def _is_same_directory(*args: Any) -> bool:
    from doit_invariants.engine.check.directories import (
        is_same_directory,  # late: few tasks have any
    )

    return is_same_directory(*args)


def _is_large(recorded: Json) -> bool:
    from doit_invariants.files.tree import is_large

    return is_large(recorded)


def _has(
    files: FileView, path: str, info: os.stat_result, digest: str, stat: Json, renewed: _Renewed
) -> bool:
    """Return whether a file whose stat is not the recorded one has the recorded content."""
    state = files.state_of(path, info, None)
    if state.digest != digest or state.stat is None:
        return False
    if list(state.stat) != stat:
        renewed[path] = (digest, state.stat)
    return True


def _renew(session: Session, task: str, record: Json, inputs: _Renewed, targets: _Renewed) -> None:
    """Put the present stats of files into a record, so that the next check need not read them."""
    values: dict[str, Json] = {
        path: (_float_mtime(stat[0]), stat[1], digest) for path, (digest, stat) in inputs.items()
    }
    stats = {
        path: inputs[path][1] if path in inputs else stat for path, stat in record["stats"].items()
    }
    recorded = record["targets"] and [
        [path, targets.get(path, state)] for path, state in record["targets"]
    ]
    values[KEY] = {**record, "stats": stats, "targets": recorded}
    session.db.renew(task, values)


def _targets_are_same(
    session: Session, spec: TaskSpec, task: Task, recorded: Json, renewed: _Renewed
) -> bool:
    if not spec.track_targets:
        return recorded is None and all(map(os.path.exists, task.targets))
    if len(recorded) != len(task.targets):
        return False
    for path, (known, state) in zip(task.targets, recorded, strict=True):
        if path != known:
            return False
        if type(state) is dict:
            others = session.relations.others_inside(path, task.name, session.tasks)
            skip = session.db.files
            if not _is_same_directory(session, path, state, state["digest"], skip, others):
                return False
            continue
        digest, stat = state
        info = os.stat(path)
        now = [info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns]
        if type(digest) is not str:
            return False
        if stat != now and not _has(session.files, path, info, digest, stat, renewed):
            return False
    return True


def _invariants_are_same(session: Session, task: Task, spec: TaskSpec, record: Json) -> bool:
    tracked = session.trackers.of(task, spec)
    sources, listed = record["sources"], spec.invariants
    invariants: list[_Named] = [(key, None, one) for key, one in listed.items()]
    alike = type(sources) is str and task.name not in session.late
    if alike and tracked.unchanged_as == sources:
        # The very same functions, recorded alike: those of the tasks that one loop has made.
        same = list(record["entries"]) == list(listed)
        return same and _all_same(session, task, invariants, record)
    record = session.details.expand(record)
    if record["sources"] != list(tracked.sources):
        return False
    if list(record["entries"]) != [*listed, *tracked.entries]:
        return False
    invariants += [(key, plugin, one) for key, (plugin, one) in tracked.entries.items()]
    same = _all_same(session, task, invariants, record)
    if same and alike and all(one.stable_in_run for _, one in tracked.entries.values()):
        session.trackers.note_unchanged(tracked, sources)
    return same


#: An invariant with its id and the plugin that adds it, None if it is listed.
_Named = tuple[str, "str | None", Invariant]


def _all_same(
    session: Session,
    task: Task,
    invariants: Iterable[_Named],
    record: Json,
) -> bool:
    if not invariants:
        return True
    # Late: the invariants of most tasks are those of their functions, which many tasks share.
    from doit_invariants.engine.check.signer import Signer
    from doit_invariants.engine.context import TaskContext

    executed_at = record["executed_at"]
    if executed_at is not None and not math.isfinite(executed_at := float(executed_at)):
        return False
    sign = Signer(session)
    context = TaskContext(session, task, executed_at, sign)
    entries = record["entries"]
    return all(_is_same(one, entries[key], plugin, context) for key, plugin, one in invariants)


def _is_same(one: Invariant, entry: Json, plugin: str | None, context: TaskContext) -> bool:
    kind, version, label, recorded, source = entry
    if kind != one.kind or type(version) is not int or version != one.version or source != plugin:
        return False
    digest = recorded["digest"]
    if type(digest) is not str or digest in UNEQUAL or label != one.label():
        return False
    if "blocks" in recorded and _is_large(recorded):
        return False  # if it is not the same, the long way would look at all of it again
    now = one.fingerprint(context, recorded)
    return (now is recorded or now == recorded) and one.difference(recorded, now, context) is None
